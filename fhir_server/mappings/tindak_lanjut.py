"""TindakLanjut as Task; what the PWS asks for is also told to Pustu (C12) as a Communication.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    id_of,
    identifier,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.pihak import JENIS_TYPE, party, party_of
from fhir_server.mappings.rules import has_code
from fhir_server.sop.tindak_lanjut import ALUR_TINDAK_LANJUT, BERAKHIR

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.tindak_lanjut import TindakLanjut
    from fhir_server.store.ops import Condition

JENIS_TUGAS, PARAMETER = code_system("jenis-tugas"), code_system("parameter-tugas")
ASAL, HASIL = code_system("asal-tindak-lanjut"), code_system("hasil-tindak-lanjut")
KATEGORI = code_system("kategori-komunikasi")
NOMOR = "no-tindak-lanjut"
JENIS: Final = ("kunjungan-rumah", "posyandu", "kegiatan-pustu")
STATUS: Final = {
    "diminta": "requested",
    "diterima": "accepted",
    "dikerjakan": "in-progress",
    "selesai": "completed",
    "gagal": "failed",
    "ditolak": "rejected",
    "batal": "cancelled",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {task: status for status, task in STATUS.items()} | {
    "draft": "diminta",
    "received": "diminta",
    "ready": "diterima",
    "on-hold": "dikerjakan",
}


def to_fhir(tugas: TindakLanjut, own_id: str) -> Resources:
    """Write the work, and the message that tells Pustu or the cadres of it."""
    written: dict[str, Any] = {"": _task(tugas)}
    if tugas.asal == "pws":
        written["pemberitahuan"] = _notice(tugas, own_id)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a task, also one whose progress another system reported."""
    task = resources[""]
    number, limits = task.get("groupIdentifier", {}), task.get("restriction", {}).get("period", {})
    done = task.get("executionPeriod", {})
    start, end = day_of(limits.get("start")), day_of(limits.get("end"))
    basis = [e.get("valueReference") for e in _of(task, "input", "dasar-pws")]
    result = next(iter(_of(task, "output", "hasil-kegiatan")), {})
    return {
        "faskes": id_of(task.get("requester"), "Organization"),
        "nomor": number.get("value"),
        "jenis": code_of(task.get("code"), JENIS_TUGAS),
        "asal": code_of(task.get("reasonCode"), ASAL),
        "petugas": party_of(task.get("owner")),
        "jadwal": start,
        "batas": None if end == start else end,
        "waktu": instant_of(task.get("authoredOn")),
        "uraian": task.get("description"),
        "pasien": id_of(task.get("for"), "Patient"),
        "kelompok": id_of(task.get("for"), "Group"),
        "lokasi": id_of(task.get("location"), "Location"),
        "rencana": next(iter(ids_of(task.get("basedOn"), "CarePlan")), None),
        "permintaan": next(iter(ids_of(task.get("basedOn"), "ServiceRequest")), None),
        "laporan": ids_of(filter(None, basis), "MeasureReport"),
        "analisis": next(iter(ids_of(filter(None, basis), "Composition")), None),
        "status": DIBACA.get(task.get("status", "")),
        "alasan": task.get("statusReason", {}).get("text"),
        "hasil": code_of(result.get("valueCodeableConcept"), HASIL),
        "mulai": instant_of(done.get("start")),
        "selesai": instant_of(done.get("end")),
        "catatan": next((each.get("text") for each in task.get("note", ())), None),
        "pelaksanaan": _results(task, "pelaksanaan", "Encounter"),
        "evaluasi": _results(task, "evaluasi", "QuestionnaireResponse"),
    }


def parts(task: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the message that told of the work."""
    if code_of(task.get("reasonCode"), ASAL) != "pws":
        return {}
    return {"pemberitahuan": f"Communication/{part_id(task['id'], 'pemberitahuan')}"}


def complete(
    tugas: TindakLanjut, before: Table[str, Any] | None, reader: Reader
) -> tuple[TindakLanjut, tuple[Condition, ...]]:
    """Note when the work began and ended, and keep what came of it."""
    known = before or {}
    begun = tugas.mulai or known.get("mulai")
    ended = tugas.selesai or known.get("selesai")
    if begun is None and tugas.status == "dikerjakan":
        begun = reader.now
    if ended is None and tugas.status in BERAKHIR:
        ended = reader.now
    done, judged = tuple(known.get("pelaksanaan", ())), tuple(known.get("evaluasi", ()))
    whole = replace(tugas, mulai=begun, selesai=ended, pelaksanaan=done, evaluasi=judged)
    return whole, ()


def output(kind: str, **value: Any) -> dict[str, Any]:
    """Write an input or output of a Task as JSON: ``kind`` is a code of parameter-tugas."""
    return {"type": {"coding": [{"system": PARAMETER, "code": kind}]}, **value}


def is_follow_up(task: Document, canonical: str) -> bool:
    """Say whether a Task is field work of this SOP."""
    kinds = f"{canonical}/CodeSystem/jenis-tugas"
    return any(has_code(task.get("code"), kinds, each) for each in JENIS)


def state_of(task: Document) -> str | None:
    """Read the state of the work from its Task."""
    return DIBACA.get(task.get("status", ""))


def _task(tugas: TindakLanjut) -> Any:
    new_task: Any = r4b.Task
    return new_task(
        groupIdentifier=identifier(sid(NOMOR, tugas.faskes), tugas.nomor),
        basedOn=several(
            reference("CarePlan", tugas.rencana), reference("ServiceRequest", tugas.permintaan)
        ),
        status=STATUS[tugas.status],
        statusReason=r4b.CodeableConcept(text=tugas.alasan) if tugas.alasan else None,
        intent="order",
        priority="routine",
        code=concept(JENIS_TUGAS, tugas.jenis),
        description=tugas.uraian,
        for_fhir=_whom(tugas),
        executionPeriod=period(tugas.mulai, tugas.selesai),
        authoredOn=tugas.waktu,
        requester=reference("Organization", tugas.faskes),
        owner=party(tugas.petugas),
        location=reference("Location", tugas.lokasi),
        reasonCode=concept(ASAL, tugas.asal),
        note=several(tugas.catatan and r4b.Annotation(text=tugas.catatan)),
        restriction={"period": period(tugas.jadwal, tugas.batas or tugas.jadwal)},
        input=[_refers("dasar-pws", each) for each in _basis(tugas)] or None,
        output=_outputs(tugas) or None,
    )


def _notice(tugas: TindakLanjut, own_id: str) -> Any:
    return r4b.Communication(
        status="entered-in-error" if tugas.status == "salah-entri" else "completed",
        category=[concept(KATEGORI, "pemberitahuan")],
        subject=_whom(tugas),
        about=[reference("Task", own_id), *_basis(tugas)],
        sent=tugas.waktu,
        sender=reference("Organization", tugas.faskes),
        recipient=[party(tugas.petugas)],
        payload=[{"contentString": tugas.uraian}],
    )


def _outputs(tugas: TindakLanjut) -> list[Any]:
    result = concept(HASIL, tugas.hasil)
    visits = (reference("Encounter", each) for each in tugas.pelaksanaan)
    judged = (reference("QuestionnaireResponse", each) for each in tugas.evaluasi)
    return [
        *([output("hasil-kegiatan", valueCodeableConcept=result)] if result else ()),
        *(_refers("pelaksanaan", each) for each in visits),
        *(_refers("evaluasi", each) for each in judged),
    ]


def _refers(kind: str, target: Any) -> dict[str, Any]:
    return output(kind, valueReference=target)


def _basis(tugas: TindakLanjut) -> list[Any]:
    reports = [reference("MeasureReport", each) for each in tugas.laporan]
    return several(*reports, reference("Composition", tugas.analisis)) or []


def _whom(tugas: TindakLanjut) -> Any:
    return reference("Patient", tugas.pasien) or reference("Group", tugas.kelompok)


def _of(task: Document, side: str, kind: str) -> list[Document]:
    return [each for each in task.get(side, ()) if code_of(each.get("type"), PARAMETER) == kind]


def _results(task: Document, kind: str, resource_type: str) -> tuple[str, ...]:
    found = [each.get("valueReference") for each in _of(task, "output", kind)]
    return ids_of(filter(None, found), resource_type)


def _owner_filter(petugas: str) -> str:
    jenis, _, name = petugas.partition("/")
    return f"owner={JENIS_TYPE.get(jenis, 'PractitionerRole')}/{name or jenis}"


def _status_filter(status: str) -> str:
    return "status=" + ",".join(task for task, each in DIBACA.items() if each == status)


MAPPING = Mapping(
    resource_type="Task",
    profile="TugasTindakLanjut",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"pemberitahuan": "PemberitahuanTindakLanjut"},
    complete=complete,
    criteria=(("code", ",".join(f"{JENIS_TUGAS}|{each}" for each in JENIS)),),
    filters={
        "nomor": "group-identifier",
        "jenis": f"code={JENIS_TUGAS}|{{}}",
        "petugas": _owner_filter,
        "pasien": "patient=Patient/{}",
        "status": _status_filter,
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.intent",
            "Task.priority",
            "Task.code.coding.system",
            "Task.reasonCode.coding.system",
            "Task.input.type",
            "Task.output.type",
            "Task.output.valueCodeableConcept.coding.system",
            "Communication.status",
            "Communication.category",
            "Communication.about",
        }
    ),
)

JAGA = Jaga(
    alur=ALUR_TINDAK_LANJUT,
    resource_type="Task",
    applies=is_follow_up,
    state_of=state_of,
    status=STATUS,
)
