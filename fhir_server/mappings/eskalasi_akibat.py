"""What an open escalation brings about: priority EM of its consultation, the case that is darurat.

Its outcome moves the monitoring case on: dirujuk, or terkendali (domain §1.A, case state machine).
What is under control is watched for the days after: one contact a day (domain §3.3).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fhir_server.mappings.codes import code_system
from fhir_server.mappings.consequence import id_from, whole
from fhir_server.mappings.effects import Consequences, Effect
from fhir_server.mappings.elements import id_of, instant_of
from fhir_server.mappings.eskalasi_alur import is_escalation
from fhir_server.mappings.eskalasi_darurat import PRIORITY, state_of
from fhir_server.mappings.isolasi_mandiri import isolation_of
from fhir_server.mappings.jadwal_pemantauan import MAPPING as SCHEDULE
from fhir_server.mappings.kasus_pemantauan import moved
from fhir_server.mappings.kasus_pemantauan import state_of as case_state
from fhir_server.mappings.kontak_terjadwal import habits
from fhir_server.mappings.rules import has_code
from fhir_server.sop.jadwal_pemantauan import JadwalPemantauan, lengkap
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
        changed |= _watch(each, reader)
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


def _watch(task: Document, reader: Reader) -> dict[str, Document]:
    """Plan the daily contacts after a danger sign was treated (domain §3.3).

    Somebody in isolation at home is asked daily anyway.
    """
    patient = id_of(task.get("for"), "Patient")
    ended = instant_of(task.get("executionPeriod", {}).get("end"))
    own_id = id_from("jaga", task)
    if state_of(task) != "terkendali" or patient is None or ended is None:
        return {}
    staff = _who_watches(task, reader)
    if staff is None or isolation_of(patient, reader) or reader.read(f"CarePlan/{own_id}"):
        return {}
    planned = JadwalPemantauan(
        pasien=patient,
        alasan="sesudah-tanda-bahaya",
        pelaksana=staff,
        dibuat=ended,
        mulai=ended.astimezone(reader.now.tzinfo).date() + timedelta(days=1),
    )
    return whole(SCHEDULE, lengkap(planned, (), habits(reader.settings)), own_id, task)


def _who_watches(task: Document, reader: Reader) -> str | None:
    """Give the bidan who confirmed the emergency, else who raised it."""
    issue_id = id_of(task.get("reasonReference"), "DetectedIssue")
    issue = reader.read(f"DetectedIssue/{issue_id}") if issue_id else None
    confirmed = id_of((issue or {}).get("author"), "PractitionerRole")
    return confirmed or id_of(task.get("requester"), "PractitionerRole")
