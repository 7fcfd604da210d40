"""What follows when a unit takes over a patient (C4a, C7), and C7 on the write road.

The order follows its Task. When the other unit begins, the visit is there: same Encounter, new
unit and room; for the ward a new Encounter of class IMP, part of the visit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings import part_id
from fhir_server.mappings.codes import ACT_CODE, structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import code_of, id_of
from fhir_server.mappings.permintaan_layanan import STATUS, UNIT, is_internal, state_of
from fhir_server.mappings.rekomendasi import recommended
from fhir_server.mappings.rules import Rule, documents, has_code, local, refuse
from fhir_server.sop.permintaan_layanan import DENGAN_REKOMENDASI, tanpa_rekomendasi
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Concern, Stored

C7: Final = "C7"
WARD: Final = "rawat-inap"
KLASTER: Final = structure("klaster")
KEPT: Final = ("episodeOfCare", "serviceProvider")
"""What a stay in the ward takes over from the visit, besides its cluster and patient."""
PRESENT: Final = ("arrived", "triaged", "in-progress", "onleave")


def effects(canonical: str) -> tuple[Effect, ...]:
    """Let order and visit follow the Task of a request between units."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return is_internal(document, base)

    return (Effect("pindah-unit", frozenset({"Task"}), applies, follow),)


def follow(tasks: Sequence[Document], reader: Reader) -> Consequences:
    """Say what becomes of the orders and visits of these Tasks."""
    changed: dict[str, Document] = {}
    for task in tasks:
        name = f"ServiceRequest/{id_of(task.get('focus'), 'ServiceRequest')}"
        order = reader.read(name)
        state = state_of(task)
        if order is None or state is None:
            continue
        if order.get("status") != (status := STATUS[state][1]):
            changed[name] = {**order, "status": status}
        if task.get("status") == "in-progress":
            changed |= _taken_over(task, order, reader)
    return Consequences(changed)


def _taken_over(task: Document, order: Document, reader: Reader) -> dict[str, Document]:
    unit = code_of(order.get("code"), UNIT)
    name = f"Encounter/{id_of(task.get('encounter'), 'Encounter')}"
    encounter = reader.read(name)
    if unit is None or encounter is None or encounter.get("status") not in PRESENT:
        return {}
    if unit == WARD:
        own = part_id(task["id"], "inap")
        stay = (
            None if reader.read(f"Encounter/{own}") else _stay(own, encounter, task, order, reader)
        )
        return {f"Encounter/{own}": stay} if stay else {}
    moved = _moved(encounter, task, unit, reader)
    return {} if moved == encounter else {name: moved}


def _moved(encounter: Document, task: Document, unit: str, reader: Reader) -> Document:
    """Give a visit that is with another unit now, in its room if that is known."""
    moved = {**encounter, "serviceType": {"coding": [{"system": UNIT, "code": unit}]}}
    room = task.get("location")
    places = encounter.get("location", [])
    here = [each["location"].get("reference") for each in places if each.get("status") == "active"]
    if room is None or here == [room.get("reference")]:
        return moved
    since = _since(task, reader)
    left = [_left(each, since) if each.get("status") == "active" else each for each in places]
    return {**moved, "location": [*left, _place(room, since)]}


def _stay(
    own: str, encounter: Document, task: Document, order: Document, reader: Reader
) -> Document:
    """Give the stay in the ward, part of the visit from which it came."""
    since = _since(task, reader)
    kept: Document = {name: encounter[name] for name in KEPT if name in encounter}
    klaster = [e for e in encounter.get("extension", ()) if e.get("url") == KLASTER]
    status = {"status": "in-progress", "period": {"start": since}}
    return {
        "resourceType": "Encounter",
        "id": own,
        "meta": {"profile": [structure("RawatInap")]},
        **({"extension": klaster} if klaster else {}),
        **kept,
        "status": "in-progress",
        "statusHistory": [status],
        "class": {"system": ACT_CODE, "code": "IMP"},
        "serviceType": {"coding": [{"system": UNIT, "code": WARD}]},
        "subject": encounter["subject"],
        "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
        "period": {"start": since},
        **({"location": [_place(task["location"], since)]} if "location" in task else {}),
        "partOf": {"reference": f"Encounter/{encounter['id']}"},
    }


def _since(task: Document, reader: Reader) -> str:
    start: str | None = task.get("executionPeriod", {}).get("start")
    return start or reader.now.isoformat()


def _place(room: Document, since: str) -> Document:
    return {"location": room, "status": "active", "period": {"start": since}}


def _left(place: Document, end: str) -> Document:
    return {**place, "status": "completed", "period": {**place.get("period", {}), "end": end}}


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give C7: physiotherapy and ward rest on a recommendation that is there."""
    base = canonical.rstrip("/")
    kinds, units = f"{base}/CodeSystem/jenis-rujukan", f"{base}/CodeSystem/unit-layanan"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Rule has it
        internal = any(has_code(each, kinds, "internal") for each in document.get("category", ()))
        return (
            internal
            and document.get("status") in {"draft", "active"}
            and code_of(document.get("code"), units) in DENGAN_REKOMENDASI
        )

    def check(concerns: Sequence[Concern], facts: Facts) -> Check:
        named = {
            "ClinicalImpression": _named(concerns, "supportingInfo", "ClinicalImpression"),
            "CarePlan": _named(concerns, "basedOn", "CarePlan"),
        }
        plans = tuple(facts(kind, [("_id", ",".join(ids) or "-")]) for kind, ids in named.items())

        def decide(found: Sequence[Sequence[Stored]]) -> None:
            advised = {
                f"ClinicalImpression/{each['id']}": recommended(each, base)
                for each in documents(found[0])
            }
            planned = {f"CarePlan/{each.id}" for each in found[1]}
            refuse(
                (each, "supportingInfo", tanpa_rekomendasi(unit))
                for each in concerns
                if (unit := code_of(each.document.get("code"), units))
                and not _rests(each.document, unit, advised, planned)
            )

        return Check((), plans, decide, when="after")

    return (Rule(C7, frozenset({"ServiceRequest"}), applies, check),)


def _rests(
    order: Document, unit: str, advised: dict[str, tuple[str, ...]], planned: set[str]
) -> bool:
    said = (local(each, "ClinicalImpression") for each in order.get("supportingInfo", ()))
    plans = (local(each, "CarePlan") for each in order.get("basedOn", ()))
    return any(unit in advised.get(each or "", ()) for each in said) or any(
        each in planned for each in plans
    )


def _named(concerns: Sequence[Concern], element: str, kind: str) -> list[str]:
    found = (local(e, kind) for c in concerns for e in c.document.get(element, ()))
    return sorted({each.partition("/")[2] for each in found if each})
