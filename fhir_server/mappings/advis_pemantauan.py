"""Advice of the monitoring on the write road (SOP Chat, step 4): what it must say, what it moves.

It is of one of three kinds, says which data it answers, and is linked to what it asks for; no
approval is demanded. When it goes out, the reported case of its patient has been advised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import id_of, ids_of
from fhir_server.mappings.kasus_pemantauan import moved, state_of
from fhir_server.mappings.konsultasi_daring import LAYANAN
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.sop.advis import A4, sesuai_data
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

SENT: Final = ("in-progress", "completed")
ELEMENT: Final = {"jenis": "category", "dasar": "about", "permintaan": "payload"}
STATUS_PEMANTAUAN: Final = code_system("status-pemantauan")


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give A4 for the code systems below a canonical base."""
    systems = f"{canonical.rstrip('/')}/CodeSystem/"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        stands = document.get("status") not in {"entered-in-error", "stopped"}
        return stands and _visit(document) is not None and _is_advice(document, systems)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        ids = ",".join(sorted({_visit(each.document) or "" for each in concerns}))
        service = f"{systems}layanan-konsultasi|pemantauan"
        plans = (facts("Encounter", [("_id", ids), ("type", service)]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            monitored = {each.id for each in found[0]}
            mine = [each for each in concerns if _visit(each.document) in monitored]
            refuse(_verdicts(mine, f"{systems}jenis-advis"))

        return Check((), plans, decide, when="after")

    return (Rule(A4, frozenset({"Communication"}), applies, check),)


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give what an advice that goes out moves, for the code systems below a canonical base."""
    systems = f"{canonical.rstrip('/')}/CodeSystem/"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return document.get("status") in SENT and _is_advice(document, systems)

    return (Effect("advis pemantauan", frozenset({"Communication"}), applies, follow),)


def follow(advices: Sequence[Document], reader: Reader) -> Consequences:
    """Move the reported case that an advice belongs to: it names it, or is of its consultation."""
    changed = {}
    for each in advices:
        for case in _cases(each, reader):
            if state_of(case) == "dilaporkan":
                changed[f"Task/{case['id']}"] = moved(case, "diberi-advis")
    return Consequences(changed)


def _cases(advice: Document, reader: Reader) -> list[Document]:
    named = ids_of(advice.get("basedOn"), "Task")
    found = [task for each in named if (task := reader.read(f"Task/{each}"))]
    visit = id_of(advice.get("encounter"), "Encounter")
    if visit and not found:
        pairs = [("encounter", f"Encounter/{visit}"), ("code", f"{LAYANAN}|pemantauan")]
        found = reader.find("Task", pairs)
    return found


def _verdicts(concerns: Sequence[Concern], kinds: str) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        advice = concern.document
        linked = [each.get("contentReference") for each in advice.get("payload", ())]
        codes = [
            coding.get("code", "")
            for each in advice.get("category", ())
            for coding in each.get("coding", ())
            if coding.get("system") == kinds
        ]
        about, asked = bool(advice.get("about")), bool(ids_of(linked, "ServiceRequest"))
        for part, reproof in sesuai_data(codes, dasar=about, permintaan=asked):
            yield concern, ELEMENT[part], reproof


def _is_advice(document: Document, systems: str) -> bool:
    categories = document.get("category", ())
    return any(
        has_code(each, f"{systems}kategori-komunikasi", "advis-dokter") for each in categories
    )


def _visit(document: Document) -> str | None:
    name = local(document.get("encounter"), "Encounter")
    return name.partition("/")[2] if name else None
