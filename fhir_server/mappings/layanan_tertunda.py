"""The services a visit leaves undone, listed on its Encounter, and BR-C4 on the write road.

Every appointment for a postponed service puts itself on the list of its visit (extension
``layanan-tertunda``); one that is cancelled goes off it. A visit with such a list is finished only
when the patient has accepted each appointment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings.codes import structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import id_of, ids_of
from fhir_server.mappings.janji_layanan import UNIT, is_agreed, is_promised, visit_of
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.janji_layanan import BR_C4, belum_disepakati
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.store.ops import Concern, Stored

TERTUNDA: Final = structure("layanan-tertunda")
GIVEN_UP: Final = ("cancelled", "entered-in-error")
OPEN: Final = ("proposed", "pending", "booked", "waitlist")
STANDS: Final = ("booked", "arrived", "checked-in", "fulfilled")
ENDED: Final = ("finished", "cancelled", "entered-in-error")
WALK_IN: Final = ("http://terminology.hl7.org/CodeSystem/v2-0276", "WALKIN")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Keep the list of a visit; an appointment without a type counts if it is for an order."""

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if has_code(document.get("appointmentType"), *WALK_IN):
            return False
        return is_promised(document, canonical) or "basedOn" in document

    return (Effect("layanan-tertunda", frozenset({"Appointment"}), applies, follow),)


def follow(appointments: Sequence[Document], reader: Reader) -> Consequences:
    """Put each appointment on the list of its visit, or take it off."""
    changed: dict[str, Document] = {}
    for each in appointments:
        name = f"Encounter/{visit_of(each) or _ordered_in(each, reader)}"
        encounter = changed.get(name) or reader.read(name)
        if encounter is None or encounter.get("status") in ENDED:
            continue
        listed = _listed(encounter, each)
        if listed != encounter.get("extension", []):
            changed[name] = {**encounter, "extension": listed}
            if not listed:
                del changed[name]["extension"]
    return Consequences(changed)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give BR-C4 for the extension below a canonical base."""
    url = f"{canonical.rstrip('/')}/StructureDefinition/layanan-tertunda"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        if document["resourceType"] == "Appointment":
            open_one = document.get("status") in OPEN and not is_agreed(document)
            return open_one and visit_of(document) is not None
        return document.get("status") == "finished" and any(postponed(document, url))

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        visits = sorted({_visit(each.document) for each in concerns})
        wanted = sorted({i for c in concerns for _, i in postponed(c.document, url) if i})
        plans = (
            facts("Encounter", [("_id", ",".join(visits)), ("status", "finished")]),
            facts("Appointment", [("_id", ",".join(wanted) or "-")]),
        )

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            closed = {each.id for each in found[0]}
            promised = {each["id"]: each for each in documents(found[1])}
            refuse(v for each in concerns for v in verdicts(each, closed, promised, url))

        return Check(tuple(f"{BR_C4}|{each}" for each in visits), plans, decide, when="after")

    return (Rule(BR_C4, frozenset({"Encounter", "Appointment"}), applies, check),)


def verdicts(
    concern: Concern, closed: set[str], promised: Mapping[str, Document], url: str
) -> Iterator[tuple[Concern, str, Teguran]]:
    """Judge a closed visit by its appointments, and an open appointment by its closed visit."""
    document = concern.document
    if document["resourceType"] == "Appointment":
        if _visit(document) in closed:
            yield concern, "participant", belum_disepakati(f"Appointment/{document['id']}")
        return
    for service, appointment_id in postponed(document, url):
        found = promised.get(appointment_id or "")
        if found is None or found.get("status") not in STANDS or not is_agreed(found):
            yield concern, "status", belum_disepakati(service)


def postponed(encounter: Document, url: str = TERTUNDA) -> Iterator[tuple[str, str | None]]:
    """Give each postponed service of a visit: its code, and the id of its appointment."""
    for each in encounter.get("extension", ()):
        if each.get("url") == url:
            inner = {part.get("url"): part for part in each.get("extension", ())}
            promise = local(inner.get("janji", {}).get("valueReference"), "Appointment")
            service = inner.get("layanan", {}).get("valueCode", "yang tidak disebut")
            yield str(service), promise and promise.removeprefix("Appointment/")


def _listed(encounter: Document, appointment: Document) -> list[Any]:
    own = appointment["id"]
    kept = [each for each in encounter.get("extension", []) if not _is_of(each, own)]
    if appointment.get("status") in GIVEN_UP:
        return kept
    codings = [c for s in appointment.get("serviceType", ()) for c in s.get("coding", ())]
    units = [c["code"] for c in codings if c.get("system") == UNIT]
    reasons = [r["text"] for r in appointment.get("reasonCode", ()) if r.get("text")]
    parts = [
        *({"url": "layanan", "valueCode": each} for each in units[:1]),
        *({"url": "alasan", "valueString": each} for each in reasons[:1]),
        {"url": "janji", "valueReference": {"reference": f"Appointment/{own}"}},
    ]
    entry = {"url": TERTUNDA, "extension": parts}
    return encounter["extension"] if entry in encounter.get("extension", ()) else [*kept, entry]


def _is_of(extension: Document, appointment_id: str) -> bool:
    found = {"extension": [extension]}
    return any(each == appointment_id for _, each in postponed(found))


def _ordered_in(appointment: Document, reader: Reader) -> str | None:
    for each in ids_of(appointment.get("basedOn"), "ServiceRequest"):
        order = reader.read(f"ServiceRequest/{each}") or {}
        if found := id_of(order.get("encounter"), "Encounter"):
            return found
    return None


def _visit(document: Document) -> str:
    own: str = document["id"]
    return own if document["resourceType"] == "Encounter" else visit_of(document) or own
