"""The work of a referral: one Task per facility that was asked, the present one last.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.status_rujukan import STATUS, state_of
from fhir_server.sop.rujukan import TujuanLama

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujukan import Rujukan

NOMOR = sid("no-rujukan")
JENIS_TUGAS, STATUS_RUJUKAN = code_system("jenis-tugas"), code_system("status-rujukan")
ALASAN_TOLAK, ALASAN_SELESAI = code_system("alasan-tolak"), code_system("alasan-selesai-rujukan")
PARAMETER, TACC = code_system("parameter-tugas"), code_system("tacc")
PRIORITY: Final = {"elektif": "routine", "segera": "urgent", "darurat": "stat"}
REFUSED, OTHER = "ditolak", "lainnya"


def tasks_of(rujukan: Rujukan, own_id: str) -> dict[str, Any]:
    """Write one Task per facility that was asked, the present one last."""
    now = TujuanLama(
        tujuan=rujukan.tujuan,
        dikirim=rujukan.dikirim,
        batasJawab=rujukan.batasJawab,
        alasanTolak=rujukan.alasanTolak,
        keterangan=rujukan.keterangan,
        dijawab=rujukan.waktuStatus,
    )
    given_up = rujukan.status == "dibatalkan" and rujukan.alasanTolak is not None
    states = [*(REFUSED for _ in rujukan.riwayatTujuan), REFUSED if given_up else rujukan.status]
    last = len(states) - 1
    return {
        role_of(place): _task(rujukan, own_id, asked, state, now=place == last)
        for place, (asked, state) in enumerate(
            zip((*rujukan.riwayatTujuan, now), states, strict=True)
        )
    }


def read_answer(task: Document) -> dict[str, Any]:
    """Read what the newest addressee was asked and why it refused."""
    if not task:
        return {}
    sent = None if state_of(task) == "disusun" else instant_of(task.get("authoredOn"))
    given = {code_of(e.get("type"), PARAMETER): e for e in task.get("input", ())}
    made = {code_of(e.get("type"), PARAMETER): e for e in task.get("output", ())}
    return {
        **{name: value for name, value in read_past(task).items() if name != "dijawab"},
        "dikirim": sent,
        "tujuan": _owner(task),
        "waktuStatus": instant_of(task.get("lastModified")),
        "alasanSelesai": code_of(task.get("statusReason"), ALASAN_SELESAI),
        "tacc": code_of(given.get("tacc", {}).get("valueCodeableConcept"), TACC),
        "alasanTacc": given.get("alasan-tacc", {}).get("valueString"),
        "janji": id_of(made.get("janji-layanan", {}).get("valueReference"), "Appointment"),
        "rujukBalik": id_of(made.get("rujuk-balik", {}).get("valueReference"), "ServiceRequest"),
    }


def read_past(task: Document) -> dict[str, Any]:
    """Read what a facility was asked, and how it answered.

    One that declines in words of its own has another reason than those of the SOP; so has, in
    loaded history, one that gave none.
    """
    reason, refused = task.get("statusReason", {}), bool(task) and state_of(task) == REFUSED
    return {
        "tujuan": _owner(task),
        "dikirim": instant_of(task.get("authoredOn")),
        "batasJawab": instant_of(task.get("restriction", {}).get("period", {}).get("end")),
        "alasanTolak": code_of(reason, ALASAN_TOLAK) or (OTHER if refused else None),
        "keterangan": reason.get("text"),
        "dijawab": instant_of(task.get("lastModified")),
    }


def refusal_of(before: Table[str, Any]) -> TujuanLama:
    """Keep what stood with a facility that refused, before another one is asked."""
    known: dict[str, Any] = {each.name: before.get(each.name) for each in fields(TujuanLama)}
    return TujuanLama(**{**known, "dijawab": before.get("waktuStatus")})


def is_task(resource: Document) -> bool:
    """Say whether a resource is the work of a referral."""
    ours = code_of(resource.get("code"), JENIS_TUGAS) == "rujukan"
    return resource["resourceType"] == "Task" and ours


def role_of(place: int) -> str:
    """Name the role of the facility that was asked at this place in time."""
    return f"tugas-{place + 1}" if place else "tugas"


def place_of(item: tuple[str, Document]) -> int:
    """Give the place in time of a role."""
    role = item[0]
    number = role.removeprefix("tugas-")
    return int(number) if role.startswith("tugas-") and number.isdigit() else 0


def _task(rujukan: Rujukan, own_id: str, asked: TujuanLama, state: str, *, now: bool) -> Any:
    tacc = concept(TACC, rujukan.tacc)
    back = reference("ServiceRequest", rujukan.rujukBalik if now else None)
    letter_of = reference("Composition", part_id(own_id, "surat"))
    new_task: Any = r4b.Task
    return new_task(
        groupIdentifier=identifier(f"{NOMOR}/{rujukan.faskes}", rujukan.nomor),
        status=STATUS.get(state, STATUS["dikirim"])[0],
        statusReason=_reason(asked, rujukan.alasanSelesai if now else None),
        businessStatus=concept(STATUS_RUJUKAN, state),
        intent="order",
        priority=PRIORITY.get(rujukan.prioritas),
        code=concept(JENIS_TUGAS, "rujukan"),
        focus=reference("ServiceRequest", own_id),
        for_fhir=reference("Patient", rujukan.pasien),
        encounter=reference("Encounter", rujukan.kunjungan),
        authoredOn=asked.dikirim or rujukan.waktu,
        lastModified=asked.dijawab,
        requester=reference("Organization", rujukan.faskes),
        owner=reference("Organization", asked.tujuan),
        restriction={"period": period(None, asked.batasJawab)} if asked.batasJawab else None,
        input=several(
            _parameter("surat-rujukan", valueReference=letter_of),
            tacc and _parameter("tacc", valueCodeableConcept=tacc),
            rujukan.alasanTacc and _parameter("alasan-tacc", valueString=rujukan.alasanTacc),
        ),
        output=several(back and _parameter("rujuk-balik", valueReference=back)),
    )


def _parameter(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": concept(PARAMETER, kind), **value}


def _reason(asked: TujuanLama, ended: str | None) -> Any:
    code = concept(ALASAN_TOLAK, asked.alasanTolak) or concept(ALASAN_SELESAI, ended)
    if asked.keterangan is None:
        return code
    return r4b.CodeableConcept(coding=code and code.coding, text=asked.keterangan)


def _owner(task: Document) -> str | None:
    return id_of(task.get("owner"), "Organization")
