"""Isolation on the write road: one at a time, ended by a nakes, early only with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.elements import code_of, day_of
from fhir_server.mappings.isolasi_mandiri import STATUS, state_of
from fhir_server.mappings.rules import Rule, documents, local, refuse
from fhir_server.sop.isolasi_mandiri import (
    ALUR_ISOMAN,
    BERAKHIR,
    ISOMAN,
    NAKES,
    hanya_nakes,
    satu_berjalan,
    tidak_sebelum_waktunya,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored


def is_isolation(episode: Document, canonical: str) -> bool:
    """Say whether an EpisodeOfCare is an isolation at home."""
    return code_of(episode.get("type"), f"{canonical}/CodeSystem/jenis-episode") == "isoman"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give the rule for the code systems below a canonical base."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return document.get("status") == "finished" and is_isolation(document, base)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        enders = sorted({each for c in concerns if (each := ended_by(c.document, base))})
        ids = ",".join(each.partition("/")[2] for each in enders) or "-"
        roles = ",".join(f"{base}/CodeSystem/peran-petugas|{each}" for each in NAKES)
        plans = (facts("PractitionerRole", [("_id", ids), ("role", roles)]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            nakes = {f"PractitionerRole/{each.id}" for each in found[0]}
            refuse(_verdicts(concerns, nakes, base))

        return Check((), plans, decide)

    def runs(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        return document.get("status") == "active" and is_isolation(document, base)

    def check_one(concerns: Sequence[Concern], facts: Facts) -> Check:
        people = sorted({p for c in concerns if (p := local(c.document.get("patient"), "Patient"))})
        kind = f"{base}/CodeSystem/jenis-episode|isoman"
        pairs = [("patient", ",".join(people) or "Patient/-"), ("type", kind), ("status", "active")]

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            refuse(_second(concerns, documents(found[0])))

        guards = tuple(f"isoman|{each}" for each in people)
        return Check(guards, (facts("EpisodeOfCare", pairs),), decide, when="after")

    kinds = frozenset({"EpisodeOfCare"})
    return (Rule(ISOMAN, kinds, applies, check), Rule(f"{ISOMAN} satu", kinds, runs, check_one))


def _second(
    concerns: Sequence[Concern], running: Sequence[Document]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every isolation that runs by the others of its patient."""
    for concern in concerns:
        patient = local(concern.document.get("patient"), "Patient")
        others = sorted(
            str(each["id"])
            for each in running
            if each["id"] != concern.document["id"]
            and local(each.get("patient"), "Patient") == patient
        )
        if others and patient:
            yield concern, "patient", satu_berjalan(", ".join(others))


def ended_by(episode: Document, canonical: str) -> str | None:
    """Read who ended an isolation, as ``PractitionerRole/id``."""
    said = _said(episode, canonical, "diakhiriOleh").get("valueReference")
    return local(said, "PractitionerRole")


def _verdicts(
    concerns: Sequence[Concern], nakes: set[str], base: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    for each in concerns:
        episode = each.document
        if reproof := hanya_nakes(ended_by(episode, base) in nakes):
            yield each, "extension", reproof
        ended = day_of(episode.get("period", {}).get("end"))
        due = day_of(_said(episode, base, "selesaiDihitung").get("valueDate"))
        why = bool(_said(episode, base, "alasan").get("valueString"))
        state = _said(episode, base, "akhir").get("valueCode", "selesai")
        state = state if state in BERAKHIR else "selesai"
        if reproof := tidak_sebelum_waktunya(state, ended, due, alasan=why):
            yield each, "period.end", reproof


def _said(episode: Document, base: str, name: str) -> dict[str, Any]:
    url = f"{base}/StructureDefinition/isolasi-mandiri"
    for extension in episode.get("extension", ()):
        if extension.get("url") == url:
            for each in extension.get("extension", ()):
                if each.get("url") == name:
                    found: dict[str, Any] = each
                    return found
    return {}


JAGA: Final = Jaga(
    alur=ALUR_ISOMAN,
    resource_type="EpisodeOfCare",
    applies=is_isolation,
    state_of=state_of,
    status=STATUS,
)
