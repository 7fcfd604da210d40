"""BR-A0 and BR-A5 on the write road: who is monitored, by whom; who may write to a doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.mappings.pihak import JENIS_TYPE, is_public
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.resources.wire import parse
from fhir_server.sop.percakapan_konsultasi import (
    BR_A0,
    PERAN_PESERTA,
    hanya_risti_atau_isoman,
    peserta_tertutup,
)
from fhir_server.sop.pesan_chat import BR_A5, langsung_ke_dokter_hanya_darurat
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.config import Settings
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

MONITORED = ("ibu-hamil-risti", "isoman")
FAMILY, STAFF = "RelatedPerson", "PractitionerRole"
DOCTORS = ("dokter", "dokter-gigi")
NONE = "-"
LINES = frozenset({"Organization", "CareTeam"})
"""What answers for the clinic: its line, not a person."""


def rules_of(settings: Settings) -> tuple[Rule, ...]:
    """Give both rules for the operator's code systems, and for who reads the clinic's line."""
    systems = f"{settings.canonical.rstrip('/')}/CodeSystem/"
    reader = reader_of(settings)

    def is_monitoring(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        open_thread = document.get("status") == "in-progress"
        return open_thread and _is(document, f"{systems}layanan-konsultasi", "pemantauan")

    def check_thread(concerns: Sequence[Concern], facts: Facts) -> Check:
        people = sorted({p for c in concerns if (p := _subject(c))})
        subject = ("subject", ",".join(people) or f"Patient/{NONE}")
        plans = (
            facts("Flag", [subject]),
            facts("CarePlan", [subject, ("status", "active")]),
            *(
                facts(kind, [("_id", ",".join(ids_named(concerns, kind)) or NONE)])
                for kind in (FAMILY, STAFF)
            ),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            flags, careplans, family, staff = ([parse(e.raw) for e in some] for some in found)
            monitored = {
                local(each.get("subject"), "Patient")
                for each in flags
                if each.get("status") == "active" and _marks(each.get("code"), f"{systems}penanda")
            } | {
                local(each.get("subject"), "Patient")
                for each in careplans
                if any(_marks(c, f"{systems}kategori-rencana") for c in each.get("category", ()))
            }
            refuse(thread_verdicts(concerns, monitored))
            known = {f"{each['resourceType']}/{each['id']}": each for each in (*family, *staff)}
            known.pop(reader, None)
            refuse(participant_verdicts(concerns, known, f"{systems}peran-petugas"))

        return Check(tuple(f"{BR_A0}|{each}" for each in people), plans, decide, when="after")

    def is_direct(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if not is_public(document.get("sender")) or not _staff(document):
            return False
        return not _is(document, f"{systems}kategori-komunikasi", "darurat")

    def check_message(concerns: Sequence[Concern], facts: Facts) -> Check:
        staff = sorted({each for c in concerns for each in _staff(c.document)})
        ids = ",".join(each.partition("/")[2] for each in staff)
        roles = ",".join(f"{systems}peran-petugas|{each}" for each in DOCTORS)
        plans = (facts("PractitionerRole", [("_id", ids), ("role", roles)]),)

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            doctors = {f"PractitionerRole/{each.id}" for each in found[0]}
            refuse(message_verdicts(concerns, doctors))

        return Check((), plans, decide, when="after")

    return (
        Rule(BR_A0, frozenset({"Communication"}), is_monitoring, check_thread),
        Rule(BR_A5, frozenset({"Communication"}), is_direct, check_message),
    )


def reader_of(settings: Settings) -> str:
    """Give who reads the clinic's line, as ``Type/id``; that is the clinic, whoever it is."""
    jenis, _, who = settings.whatsapp_penerima.partition("/")
    return f"{JENIS_TYPE.get(jenis, '')}/{who}"


def thread_verdicts(
    concerns: Sequence[Concern], monitored: set[str | None]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every monitoring thread."""
    for each in concerns:
        subject = _subject(each)
        known = subject is not None and subject in monitored
        if reproof := hanya_risti_atau_isoman(dipantau=known):
            yield each, "subject", reproof


def participant_verdicts(
    concerns: Sequence[Concern], known: Mapping[str, Document], roles: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge who takes part in every monitoring thread; ``known``: family and staff, as stored.

    A number that nobody is matched with yet is nobody; who is not ``known`` is not judged.
    """
    for each in concerns:
        for element, party in parties(each.document):
            name = named(party)
            if name and not takes_part(name, _subject(each), known.get(name), roles):
                yield each, element, peserta_tertutup(name)


def takes_part(name: str, subject: str | None, stored: Document | None, roles: str) -> bool:
    """Say whether somebody (``Type/id``) may take part in the monitoring of ``subject``."""
    kind = name.partition("/")[0]
    if kind == "Patient":
        return name == subject
    if kind not in {FAMILY, STAFF}:
        return kind in LINES
    if stored is None:
        return True
    if kind == FAMILY:
        return local(stored.get("patient"), "Patient") == subject
    codes = stored.get("code", ())
    return any(has_code(code, roles, role) for code in codes for role in PERAN_PESERTA)


def message_verdicts(
    concerns: Sequence[Concern], doctors: set[str]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge every message of a patient to staff that is no emergency."""
    for each in concerns:
        reproof = langsung_ke_dokter_hanya_darurat(None)
        if reproof is not None and doctors.intersection(_staff(each.document)):
            yield each, "recipient", reproof


def _subject(concern: Concern) -> str | None:
    return local(concern.document.get("subject"), "Patient")


def parties(document: Document) -> Iterator[tuple[str, Document]]:
    """Give who a Communication names as sender and recipients, each with its element."""
    if "sender" in document:
        yield "sender", document["sender"]
    for place, each in enumerate(document.get("recipient", ())):
        yield f"recipient[{place}]", each


def named(party: Document) -> str:
    """Give ``Type/id`` of a reference, absolute or relative; empty where it is none."""
    parts = party.get("reference", "").split("/_history/")[0].split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else ""


def ids_named(concerns: Sequence[Concern], kind: str) -> list[str]:
    """Give the ids of a type that Communications name as sender or recipient."""
    names = {named(party) for each in concerns for _, party in parties(each.document)}
    return sorted(e.partition("/")[2] for e in names if e.startswith(f"{kind}/"))


def _is(document: Document, system: str, code: str) -> bool:
    return any(has_code(each, system, code) for each in document.get("category", ()))


def _marks(concept: Document | None, system: str) -> bool:
    return any(has_code(concept, system, each) for each in MONITORED)


def _staff(document: Document) -> list[str]:
    found = (local(each, "PractitionerRole") for each in document.get("recipient", ()))
    return [each for each in found if each]
