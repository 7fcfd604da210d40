"""Field work as Encounter: what home visits and activities share, and what they do to their Task.

The Encounter says in extensions for which Task it is and what came of it. When it begins the Task
is in progress, when it ends the Task is closed by the result, and the Task refers to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fhir_server.config import CANONICAL
from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import ACT_CODE, code_system, sid, structure
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import (
    code_of,
    concept,
    extension_of,
    id_of,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.tindak_lanjut import HASIL, is_follow_up, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

JENIS_KUNJUNGAN: Final = code_system("jenis-kunjungan")
UNTUK_TUGAS, HASIL_URL = structure("untuk-tugas"), structure("hasil-kegiatan")
NOTE: Final = "catatan"
CONSTANTS: Final = frozenset(
    {
        "Encounter.extension.url",
        "Encounter.extension.valueCodeableConcept.coding.system",
        "Encounter.status",
        "Encounter.class",
        "QuestionnaireResponse.questionnaire",
        "QuestionnaireResponse.status",
        "QuestionnaireResponse.encounter",
        "QuestionnaireResponse.item.linkId",
    }
)
CLOSED: Final = ("completed", "failed", "rejected", "cancelled", "entered-in-error")


def frame(  # noqa: PLR0913 - what every field work says
    *,
    code: str,
    kind: str,
    begun: datetime,
    ended: datetime | None,
    result: str | None,
    task: str | None,
    staff: str,
    provider: str,
    place: str | None,
) -> dict[str, Any]:
    """Give the elements of the Encounter that every kind of field work has."""
    status, span = ("finished" if ended else "in-progress"), _period(begun, ended)
    where = reference("Location", place)
    return {
        "extension": several(
            task and r4b.Extension(url=UNTUK_TUGAS, valueReference=reference("Task", task)),
            result and r4b.Extension(url=HASIL_URL, valueCodeableConcept=concept(HASIL, result)),
        ),
        "status": status,
        "class_fhir": r4b.Coding(system=ACT_CODE, code=code),
        "type": [concept(JENIS_KUNJUNGAN, kind)],
        "participant": [{"individual": reference("PractitionerRole", staff)}],
        "period": span,
        "location": [{"location": where}] if where else None,
        "serviceProvider": reference("Organization", provider),
    }


def told(encounter: Document, numbers: str) -> dict[str, Any]:
    """Read what every kind of field work says; ``numbers``: the system of its number."""
    span = encounter.get("period", {})
    staff = [each.get("individual", {}) for each in encounter.get("participant", ())]
    places = [each.get("location", {}) for each in encounter.get("location", ())]
    return {
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "nomor": identifier_of(encounter, sid(numbers) + "/"),
        "petugas": next(iter(ids_of(staff, "PractitionerRole")), None),
        "lokasi": next(iter(ids_of(places, "Location")), None),
        "mulai": instant_of(span.get("start")),
        "selesai": instant_of(span.get("end")),
        "hasil": result_of(encounter),
        "tugas": task_of(encounter),
    }


def noted(  # noqa: PLR0913 - what every filled form says
    form: str, about: Any, own_id: str, *, when: datetime, staff: str, asked: dict[str, Any]
) -> dict[str, Any]:
    """Write the form that was filled in; none if nothing was. ``asked``: linkId → its answer."""
    items = [{"linkId": link, "answer": [said]} for link, said in asked.items()]
    if not items:
        return {}
    return {
        NOTE: r4b.QuestionnaireResponse(
            questionnaire=form,
            status="completed",
            subject=about,
            encounter=reference("Encounter", own_id),
            authored=when,
            author=reference("PractitionerRole", staff),
            item=items,
        )
    }


def task_of(resource: Document) -> str | None:
    """Read for which Task field work, or its evaluation, is."""
    return id_of((extension_of(resource, UNTUK_TUGAS) or {}).get("valueReference"), "Task")


def result_of(encounter: Document) -> str | None:
    """Read what came of field work."""
    found = extension_of(encounter, HASIL_URL) or {}
    return code_of(found.get("valueCodeableConcept"), HASIL)


def note_part(encounter: Document, _gathered: object) -> dict[str, str]:
    """Find the form that was filled in with field work."""
    return {NOTE: f"QuestionnaireResponse/{part_id(encounter['id'], NOTE)}"}


def answers(response: Document | None) -> dict[str, Any]:
    """Read the answers of a filled form: linkId → value."""
    found: dict[str, Any] = {}
    for item in (response or {}).get("item", ()):
        for answer in item.get("answer", ()):
            found[item.get("linkId", "")] = next(iter(answer.values()), None)
    return found


def effects(canonical: str) -> tuple[Effect, ...]:
    """Let the Task follow its field work."""
    base = canonical.rstrip("/")
    url, kinds = f"{base}/StructureDefinition/untuk-tugas", f"{base}/CodeSystem/jenis-kunjungan"

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        if extension_of(document, url) is None:
            return False
        coded = (c for each in document.get("type", ()) for c in each.get("coding", ()))
        return any(each.get("system") == kinds for each in coded)

    return (Effect("kegiatan-lapangan", frozenset({"Encounter"}), applies, follow),)


def follow(encounters: Sequence[Document], reader: Reader) -> Consequences:
    """Move the Task of each Encounter on."""
    changed: dict[str, Document] = {}
    for each in encounters:
        name = f"Task/{task_of(each)}"
        task = changed.get(name) or reader.read(name)
        if task is None or task.get("status") in CLOSED or not is_follow_up(task, CANONICAL):
            continue
        changed[name] = _moved(task, each)
    return Consequences(changed)


def with_output(task: Document, kind: str, **value: Any) -> Document:
    """Add an output to a Task unless it is there."""
    new = output(kind, **value)
    outputs = task.get("output", [])
    return task if new in outputs else {**task, "output": [*outputs, new]}


def _moved(task: Document, encounter: Document) -> Document:
    span, result = encounter.get("period", {}), result_of(encounter)
    begun = _begun(task, encounter)
    done = {**task.get("executionPeriod", {}), **({"start": begun} if begun else {})}
    refers = {"reference": f"Encounter/{encounter['id']}"}
    moved = with_output(task, "pelaksanaan", valueReference=refers)
    if encounter.get("status") != "finished" or result is None:
        return {**moved, "status": "in-progress", "executionPeriod": done}
    coded = {"coding": [{"system": HASIL, "code": result}]}
    closed = with_output(moved, "hasil-kegiatan", valueCodeableConcept=coded)
    status = "completed" if result == "selesai" else "failed"
    ended = {**done, "end": span["end"]} if "end" in span else done
    return {**closed, "status": status, "executionPeriod": ended}


def _begun(task: Document, encounter: Document) -> str | None:
    """Give the earlier start: a Task may have been moved on by hand after the visit itself."""
    spans = (task.get("executionPeriod", {}), encounter.get("period", {}))
    starts = [start for each in spans if "T" in (start := each.get("start", ""))]
    return min(starts, key=datetime.fromisoformat, default=None)


def _period(begun: datetime, ended: datetime | None) -> Any:
    return r4b.Period(start=begun, end=ended)
