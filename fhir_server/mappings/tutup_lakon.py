"""How a LAKON case ends before its time: turned away, withdrawn, or nobody to be reached.

Who lives outside the area is turned away (BR-D1), but an emergency is still answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.mappings import konsultasi_alur as courses
from fhir_server.mappings import pasien as patients
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import ids_of, instant_of
from fhir_server.mappings.rules import local
from fhir_server.mappings.tugas_lakon import LANGKAH, OPEN, given_up, start_of
from fhir_server.sop.wilayah_lakon import DI_LUAR_WILAYAH, di_luar, kalimat

if TYPE_CHECKING:
    from fhir_server.mappings.meja_lakon import Desk
    from fhir_server.resources.wire import Document

KATEGORI = code_system("kategori-komunikasi")


def turn_away(desk: Desk, case: Document) -> bool:
    """Reject a case from outside the area; say whether it was (BR-D1)."""
    state = courses.case_state(case)
    patient = desk.read(local(case.get("for"), "Patient"))
    if state not in {"diajukan", "darurat"} or patient is None or not desk.moved(case):
        return False
    district = patients.from_fhir({"": patient}).get("kecamatan")
    if not di_luar(district, desk.settings.lakon_kecamatan):
        return False
    if state == "darurat":
        _answer_emergency(desk, case)
        return True
    why = {"system": code_system("alasan-tolak"), "code": DI_LUAR_WILAYAH}
    end = desk.after(start_of(case)).isoformat()
    period = {**case.get("executionPeriod", {}), "end": end}
    rejected = {
        **case,
        "status": "rejected",
        "businessStatus": {"coding": [{"system": code_system("status-kasus"), "code": "ditolak"}]},
        "statusReason": {"coding": [why], "text": kalimat(desk.settings.lakon_kecamatan)},
        "executionPeriod": period,
        "lastModified": end,
    }
    desk.put({key: value for key, value in rejected.items() if key != "restriction"})
    close(desk, case, DI_LUAR_WILAYAH)
    if case.get("priority") == "stat":
        _answer_emergency(desk, case)
    visit = desk.read(local(case.get("encounter"), "Encounter"))
    if visit is not None:
        period = visit.get("period", {})
        over = desk.after(instant_of(period.get("start"))).isoformat()
        ended = {**period, "end": over}
        desk.put({**visit, "status": "cancelled", "period": ended})
    return True


def close(desk: Desk, case: Document, why: str) -> None:
    """Let go of the open steps of a case, and of the advice and requests nobody will send."""
    for kind in LANGKAH:
        for task in desk.steps(case, kind):
            if task.get("status") in OPEN:
                desk.put(given_up(task, desk.after(start_of(task)), why))
                _stop(desk, local(task.get("focus"), "Communication"))


def _stop(desk: Desk, name: str | None) -> None:
    advice = desk.read(name)
    if advice is None or advice.get("status") != "preparation":
        return
    desk.put({**advice, "status": "stopped"})
    linked = [each.get("contentReference") for each in advice.get("payload", ())]
    for kind, status in (("MedicationRequest", "cancelled"), ("ServiceRequest", "revoked")):
        for each in ids_of(linked, kind):
            request = desk.read(f"{kind}/{each}")
            if request is not None and request.get("status") == "draft":
                desk.put({**request, "status": status})


def _answer_emergency(desk: Desk, case: Document) -> None:
    """Write the message that sends an emergency elsewhere, and the operator's task to send it."""
    message_id = f"{case['id']}-darurat"
    if desk.read(f"Communication/{message_id}") is not None:
        return
    message: dict[str, Any] = {
        "resourceType": "Communication",
        "id": message_id,
        "basedOn": [{"reference": f"Task/{case['id']}"}],
        "status": "preparation",
        "category": [{"coding": [{"system": KATEGORI, "code": "pemberitahuan"}]}],
        "priority": "stat",
        "subject": case.get("for"),
        "encounter": case.get("encounter"),
        "recipient": [case["requester"]] if "requester" in case else None,
        "payload": [{"contentString": desk.settings.lakon_pesan_darurat}],
    }
    desk.put({key: value for key, value in message.items() if value})
    desk.open_step(
        f"{message_id}-kirim",
        "meneruskan-saran",
        {**case, "priority": "stat"},
        desk.now,
        focus=f"Communication/{message_id}",
        reason=DI_LUAR_WILAYAH,
    )
