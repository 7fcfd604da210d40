"""BR-A0 on the write road, message by message: who sends and reads in a monitoring thread.

``percakapan_pemantauan`` judges the thread; a message of it names its own sender and recipients.
Most messages name a patient and a line: for those the thread is all that is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.elements import ids_of
from fhir_server.mappings.percakapan_pemantauan import (
    FAMILY,
    LINES,
    STAFF,
    ids_named,
    named,
    parties,
    reader_of,
    takes_part,
)
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.resources.wire import parse
from fhir_server.sop.percakapan_konsultasi import BR_A0, peserta_tertutup
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

WRONG: Final = "entered-in-error"


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Give the rule for the operator's code systems, and for who reads the clinic's line."""
    systems = f"{settings.canonical.rstrip('/')}/CodeSystem/"
    reader = reader_of(settings)

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if "partOf" not in document or document.get("status") == WRONG:
            return False
        names = (named(party) for _, party in parties(document))
        return any(name and name.partition("/")[0] not in LINES for name in names)

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        threads = sorted({each for c in concerns for each in _threads(c.document)})
        people = [(kind, found) for kind in (FAMILY, STAFF) if (found := ids_named(concerns, kind))]
        asked = [("Communication", threads), *people] if threads else []
        plans = tuple(facts(kind, [("_id", ",".join(ids))]) for kind, ids in asked)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            stored = [[parse(each.raw) for each in some] for some in found]
            monitoring = {e["id"]: e for some in stored[:1] for e in some if _monitors(e, systems)}
            known = {f"{e['resourceType']}/{e['id']}": e for some in stored[1:] for e in some}
            known.pop(reader, None)
            refuse(verdicts(concerns, monitoring, known, f"{systems}peran-petugas"))

        return Check((), plans, decide, when="after")

    return (Rule(f"{BR_A0} pesan", frozenset({"Communication"}), applies, check),)


def verdicts(
    concerns: Sequence[Concern],
    monitoring: Mapping[str, Document],
    known: Mapping[str, Document],
    roles: str,
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge who sends and reads each message of the threads ``monitoring``, by id.

    ``known``: family and staff, as stored; who is not ``known`` is not judged.
    """
    for each in concerns:
        subjects = [
            local(monitoring[thread].get("subject"), "Patient")
            for thread in _threads(each.document)
            if thread in monitoring
        ]
        for element, party in parties(each.document):
            name = named(party)
            stored = known.get(name)
            if name and not all(takes_part(name, who, stored, roles) for who in subjects):
                yield each, element, peserta_tertutup(name)


def _threads(document: Document) -> list[str]:
    return list(ids_of(document.get("partOf"), "Communication"))


def _monitors(thread: Document, systems: str) -> bool:
    """Tell whether a Communication is a thread of the monitoring."""
    kinds = (("kategori-komunikasi", "utas"), ("layanan-konsultasi", "pemantauan"))
    said = thread.get("category", ())
    return thread.get("status") != WRONG and all(
        any(has_code(each, f"{systems}{system}", code) for each in said) for system, code in kinds
    )
