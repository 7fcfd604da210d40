"""What an open escalation brings about: priority EM of its consultation, the case that is darurat.

Its outcome moves the monitoring case on: dirujuk, or terkendali (domain §1.A, case state machine).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import id_of
from fhir_server.mappings.eskalasi_darurat import PRIORITY, is_escalation, state_of
from fhir_server.mappings.kasus_pemantauan import moved
from fhir_server.mappings.kasus_pemantauan import state_of as case_state
from fhir_server.mappings.rules import has_code
from fhir_server.sop.kasus_pemantauan import ALUR_PEMANTAUAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

TUGAS: Final = code_system("jenis-tugas")
EMERGENCY: Final = {"coding": [{"system": PRIORITY, "code": "EM", "display": "emergency"}]}
CASE: Final = {
    "dibuka": "darurat",
    "ditangani": "darurat",
    "rujukan": "dirujuk",
    "ambulans": "dirujuk",
    "terkendali": "terkendali",
    "tidak-darurat": "terkendali",
}


def effects(canonical: str) -> tuple[Effect, ...]:
    """Give the effect for the code systems below a canonical base."""
    base = canonical.rstrip("/")

    def applies(document: Document, new: bool) -> bool:  # noqa: ARG001, FBT001 - as Effect has it
        return is_escalation(document, base) and state_of(document) in CASE

    return (Effect("akibat eskalasi", frozenset({"Task"}), applies, follow),)


def follow(tasks: Sequence[Document], reader: Reader) -> Consequences:
    """Say what follows from escalations."""
    changed: dict[str, Document] = {}
    for each in tasks:
        changed |= _consultation(each, reader)
        changed |= _cases(each, reader)
    return Consequences(changed)


def _consultation(task: Document, reader: Reader) -> dict[str, Document]:
    """Raise the priority of the consultation in which the emergency came up."""
    visit_id = id_of(task.get("encounter"), "Encounter")
    visit = reader.read(f"Encounter/{visit_id}") if visit_id and "restriction" in task else None
    if visit is None or has_code(visit.get("priority"), PRIORITY, "EM"):
        return {}
    return {f"Encounter/{visit_id}": {**visit, "priority": EMERGENCY}}


def _cases(task: Document, reader: Reader) -> dict[str, Document]:
    patient = id_of(task.get("for"), "Patient")
    target = CASE.get(state_of(task) or "")
    if patient is None or target is None:
        return {}
    pairs = [
        ("patient", f"Patient/{patient}"),
        ("code", f"{TUGAS}|konsultasi-daring"),
        ("status", "requested,in-progress"),
    ]
    return {
        f"Task/{case['id']}": moved(case, target)
        for case in reader.find("Task", pairs)
        if (now := case_state(case)) is not None
        and now != target
        and ALUR_PEMANTAUAN.boleh(now, target)
    }
