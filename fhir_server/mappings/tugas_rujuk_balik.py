"""The work of a back-referral, and the end of the referral that it answers.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

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
)
from fhir_server.mappings.pihak import party, party_of
from fhir_server.mappings.status_rujuk_balik import STATUS, state_of
from fhir_server.mappings.status_rujukan import state_of as state_of_referral
from fhir_server.sop.rujuk_balik import DataPRB

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujuk_balik import RujukBalik

NOMOR = sid("no-rujukan")
JENIS_TUGAS, PARAMETER = code_system("jenis-tugas"), code_system("parameter-tugas")
STATUS_BALIK, STATUS_RUJUKAN = code_system("status-rujuk-balik"), code_system("status-rujukan")
ALASAN = code_system("alasan-rujuk-balik")
PRB: Final = {
    "noSep": "prb-no-sep",
    "program": "prb-program",
    "kodeDPJP": "prb-kode-dpjp",
    "keterangan": "prb-keterangan",
    "saran": "prb-saran",
}
OUTPUT, LETTER_OUTPUT = "rujuk-balik", "surat-rujuk-balik"


def task_of(balik: RujukBalik, own_id: str) -> Any:
    """Write the work of the puskesmas: who does it, until when, what the letter is."""
    letter_of = reference("Composition", part_id(own_id, "surat"))
    due = balik.batasKontak and _input("batas-kontak", valueDateTime=balik.batasKontak)
    prb = [
        _input(kind, valueString=value)
        for name, kind in PRB.items()
        if balik.prb is not None and (value := getattr(balik.prb, name)) is not None
    ]
    ended = balik.hasil.waktu if balik.hasil else None
    new_task: Any = r4b.Task
    return new_task(
        groupIdentifier=identifier(f"{NOMOR}/{balik.faskes}", balik.nomor),
        status=STATUS.get(balik.status, STATUS["dikirim"])[0],
        statusReason=_reason(balik),
        businessStatus=concept(STATUS_BALIK, balik.status),
        intent="order",
        priority=priority_of(balik),
        code=concept(JENIS_TUGAS, "rujuk-balik"),
        focus=reference("ServiceRequest", own_id),
        for_fhir=reference("Patient", balik.pasien),
        executionPeriod=period(balik.kontakPertama, ended if balik.kontakPertama else None),
        authoredOn=balik.waktu,
        lastModified=balik.waktuStatus,
        requester=reference("Organization", balik.faskes),
        owner=party(balik.pelaksana or f"faskes/{balik.penerima}"),
        restriction={"period": period(None, balik.batasTerima)} if balik.batasTerima else None,
        input=[_input("surat-rujuk-balik", valueReference=letter_of), *filter(None, [due]), *prb],
    )


def read_task(task: Document) -> dict[str, Any]:
    """Read where a back-referral stands, and who works on it."""
    reason = task.get("statusReason", {})
    said = {code_of(each.get("type"), PARAMETER): each for each in task.get("input", ()) if each}
    due = said.get("batas-kontak", {}).get("valueDateTime")
    prb = {name: said.get(kind, {}).get("valueString") for name, kind in PRB.items()}
    return {
        "pelaksana": party_of(task.get("owner")),
        "krst": task["priority"] != "routine" if "priority" in task else None,
        "status": state_of(task) if task else None,
        "waktuStatus": instant_of(task.get("lastModified")),
        "alasan": code_of(reason, ALASAN),
        "keterangan": reason.get("text"),
        "kontakPertama": instant_of(task.get("executionPeriod", {}).get("start")),
        "batasTerima": instant_of(task.get("restriction", {}).get("period", {}).get("end")),
        "batasKontak": instant_of(due),
        "prb": DataPRB(**prb) if prb["noSep"] else None,
    }


def closed(task: Document, balik: RujukBalik, own_id: str) -> Document:
    """Close the work of the referral that a back-referral answers."""
    letter_of = {"reference": f"Composition/{part_id(own_id, 'surat')}"}
    others = [e for e in task.get("output", ()) if code_of(e.get("type"), PARAMETER) != OUTPUT]
    new = [
        {"type": _coded(PARAMETER, LETTER_OUTPUT), "valueReference": letter_of},
        {
            "type": _coded(PARAMETER, OUTPUT),
            "valueReference": {"reference": f"ServiceRequest/{own_id}"},
        },
    ]
    closing = {**task, "output": [*others, *new]}
    if state_of_referral(task) == "dirujuk-balik":
        return closing
    return {
        **closing,
        "status": "completed",
        "businessStatus": _coded(STATUS_RUJUKAN, "dirujuk-balik"),
        "lastModified": balik.waktu.isoformat(),
    }


def output_of(task: Document, kind: str, resource_type: str) -> str | None:
    """Give the id of what a Task brought about, or None."""
    for each in task.get("output", ()):
        if code_of(each.get("type"), PARAMETER) == kind:
            return id_of(each.get("valueReference"), resource_type)
    return None


def is_task(resource: Document) -> bool:
    """Say whether a resource is the work of a back-referral."""
    return (
        resource["resourceType"] == "Task"
        and code_of(resource.get("code"), JENIS_TUGAS) == "rujuk-balik"
    )


def priority_of(balik: RujukBalik) -> str:
    """Give the priority: what concerns a mother of KRST is urgent."""
    return "urgent" if balik.krst else "routine"


def _reason(balik: RujukBalik) -> Any:
    code = concept(ALASAN, balik.alasan)
    if balik.keterangan is None:
        return code
    return r4b.CodeableConcept(coding=code and code.coding, text=balik.keterangan)


def _input(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": concept(PARAMETER, kind), **value}


def _coded(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}
