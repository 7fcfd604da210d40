"""BR-C5 on the write road: a visit with an infection gets all its services in one room.

A visit is such a one while a Flag ``infeksi`` of it is active. Rooms are told by the unit in
``Location.type``; a place of which nothing is known lies outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.kunjungan_selesai import encounter_of, is_slip
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.penanda_infeksi import BOLEH, BR_C5, di_luar_ruang_infeksi
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

PLACED: Final = ("Task", "MedicationDispense", "Procedure")
"""What happens in a visit and may say where; a lab slip has to."""
FREE: Final = ("EMER", "IMP")
AWAY: Final = "other-hcf"


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-C5 for the codes below a canonical base."""
    base = canonical.rstrip("/")
    kinds, units = f"{base}/CodeSystem/jenis-tugas", f"{base}/CodeSystem/unit-layanan"
    flags = f"{base}/CodeSystem/penanda"

    def applies(document: Document, new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        if document["resourceType"] == "Flag":
            return "encounter" in document and has_code(document.get("code"), flags, "infeksi")
        if document["resourceType"] == "Encounter":
            return not new and "location" in document and _is_ours(document, units)
        if document["resourceType"] == "Task":
            return is_slip(document, kinds)
        return "location" in document and visit_of(document) is not None

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        visits = sorted({found for each in concerns if (found := visit_of(each.document))})
        places = sorted({each for c in concerns for each in _all_places(c.document)})
        plans = (
            facts(
                "Flag",
                [
                    ("encounter", ",".join(visits)),
                    ("code", f"{flags}|infeksi"),
                    ("status", "active"),
                ],
            ),
            facts("Location", [("_id", ",".join(e.partition("/")[2] for e in places) or "-")]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            flagged = {local(each.get("encounter"), "Encounter") for each in documents(found[0])}
            of = {f"Location/{each['id']}": _units(each, units) for each in documents(found[1])}
            judged = (each for each in concerns if visit_of(each.document) in flagged)
            refuse(verdict for each in judged for verdict in verdicts(each, of))

        return Check(tuple(f"{BR_C5}|{each}" for each in visits), plans, decide, when="after")

    return (Rule(BR_C5, frozenset({"Encounter", "Flag", *PLACED}), applies, check),)


def verdicts(
    concern: Concern, units: Mapping[str, set[str]]
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge where a visit, or what happens in it, takes place; a flag only meets them here."""
    document = concern.document
    if document["resourceType"] == "Flag":
        return
    if document["resourceType"] != "Encounter":
        place = local(document.get("location"), "Location")
        if not units.get(place or "", set()) & {"infeksi"}:
            yield concern, "location", di_luar_ruang_infeksi(_named(place))
        return
    for number, place in outside(document, units):
        yield concern, f"location[{number}]", di_luar_ruang_infeksi(_named(place))


def outside(encounter: Document, units: Mapping[str, set[str]]) -> Iterator[tuple[int, str | None]]:
    """Give the places of a visit that are outside: all from the infection room on.

    Before the room was entered only the place where the patient is now counts, and a waiting room
    (which belongs to no unit) is none.
    """
    places = [local(e.get("location"), "Location") for e in encounter["location"]]
    entered = [n for n, each in enumerate(places) if "infeksi" in units.get(each or "", ())]
    for number, place in enumerate(places):
        known = units.get(place or "")
        if known is not None and known & set(BOLEH):
            continue
        if entered:
            if number > entered[0] or encounter["location"][number].get("status") == "active":
                yield number, place
        elif known and encounter["location"][number].get("status") == "active":
            yield number, place


def visit_of(document: Document) -> str | None:
    """Give ``Encounter/id`` of the visit a resource is or happens in."""
    if document["resourceType"] == "MedicationDispense":
        return local(document.get("context"), "Encounter")
    return encounter_of(document)


def _all_places(document: Document) -> Iterator[str]:
    found: Any = document.get("location", ())
    references = [found] if isinstance(found, dict) else [e.get("location") for e in found]
    for each in references:
        if place := local(each, "Location"):
            yield place


def _units(location: Document, system: str) -> set[str]:
    codings = [c for each in location.get("type", ()) for c in each.get("coding", ())]
    return {str(c.get("code")) for c in codings if c.get("system") == system}


def _is_ours(encounter: Document, units: str) -> bool:
    """Say whether a visit of a puskesmas is still there: no emergency, no ward, not referred."""
    codings = encounter.get("serviceType", {}).get("coding", ())
    leaving = encounter.get("hospitalization", {}).get("dischargeDisposition", {})
    away = any(each.get("code") == AWAY for each in leaving.get("coding", ()))
    free = away or encounter.get("class", {}).get("code") in FREE
    return not free and any(each.get("system") == units for each in codings)


def _named(place: str | None) -> str:
    return (place or "tempat yang tidak disebut").removeprefix("Location/")
