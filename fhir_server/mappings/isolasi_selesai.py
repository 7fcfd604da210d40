"""The end of an isolation on the write road: by a nakes, and before its day only with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.elements import code_of, day_of
from fhir_server.mappings.isolasi_mandiri import STATUS, state_of
from fhir_server.mappings.rules import Rule, local, refuse
from fhir_server.sop.isolasi_mandiri import (
    ALUR_ISOMAN,
    BERAKHIR,
    ISOMAN,
    NAKES,
    hanya_nakes,
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

    return (Rule(ISOMAN, frozenset({"EpisodeOfCare"}), applies, check),)


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
