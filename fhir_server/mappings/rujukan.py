"""Rujukan as ServiceRequest (what is asked), one Task per addressed facility (the work), letter.

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.codes import ROLE_CODE, SNOMED, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.status_rujukan import STATUS, state_of
from fhir_server.mappings.surat_rujukan import (
    diagnoses,
    diagnosis_references,
    findings,
    letter,
    payer,
    read_diagnosis,
    read_findings,
    read_payer,
    treatments,
)
from fhir_server.mappings.tugas_rujukan import (
    NOMOR,
    PRIORITY,
    REFUSED,
    STATUS_RUJUKAN,
    is_task,
    place_of,
    read_answer,
    read_past,
    refusal_of,
    role_of,
    tasks_of,
)
from fhir_server.sop.rujukan import LaporanSementara, TujuanLama, dialihkan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujukan import Rujukan
    from fhir_server.store.ops import Condition

JENIS, KATEGORI = code_system("jenis-rujukan"), code_system("kategori-komunikasi")
REFERRAL = ("3457005", "Patient referral")
SERVICE: Final = {
    "gawat-darurat": ("385868005", "Emergency treatment management"),
    "rawat-inap": ("737481003", "Inpatient care management"),
    "rawat-jalan": ("11429006", "Consultation"),
}
TRANSPORT: Final = {"ambulans": ("AMB", "Ambulance"), "lainnya": ("HOSP", "Hospital")}


def to_fhir(rujukan: Rujukan, own_id: str) -> Resources:
    """Write the request, the work of every facility that was asked, and what the letter says."""
    said = {**diagnoses(rujukan), **findings(rujukan), **treatments(rujukan), **payer(rujukan)}
    return {
        "": _request(rujukan, own_id),
        **tasks_of(rujukan, own_id),
        "surat": letter(rujukan, own_id),
        **said,
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a referral; where it stands is what its newest Task says."""
    request = resources[""]
    tasks = [each for role, each in sorted(resources.items(), key=place_of) if is_task(each)]
    task = tasks[-1] if tasks else {}
    observations = [e for e in resources.values() if e["resourceType"] == "Observation"]
    procedures = [e for e in resources.values() if e["resourceType"] == "Procedure"]
    return {
        "faskes": _faskes(request),
        "nomor": identifier_of(request, f"{NOMOR}/"),
        "pasien": id_of(request.get("subject"), "Patient"),
        "kunjungan": id_of(request.get("encounter"), "Encounter"),
        "jenis": code_of(request.get("category"), JENIS),
        "prioritas": _key(PRIORITY, request.get("priority", "routine")) or "segera",
        "layanan": _service(request),
        "spesialis": next((e.get("text") for e in request.get("orderDetail", ())), None),
        "tujuan": next(iter(ids_of(request.get("performer"), "Organization")), None),
        "alasan": request.get("code", {}).get("text"),
        "diagnosis": tuple(
            read_diagnosis(role, each)
            for role, each in resources.items()
            if each["resourceType"] == "Condition"
        ),
        "kondisi": read_findings(observations),
        "tindakanPra": tuple(w for e in procedures if (w := e.get("code", {}).get("text"))),
        "transport": _transport(request),
        "penjamin": read_payer(resources.get("penjamin")),
        "perujuk": id_of(request.get("requester"), "PractitionerRole"),
        "waktu": instant_of(request.get("authoredOn")),
        "estimasiTiba": instant_of(request.get("occurrenceDateTime")),
        "petunjukPasien": request.get("patientInstruction"),
        "status": _state(request, task),
        **read_answer(task),
        "rujukanAsal": next(iter(ids_of(request.get("basedOn"), "ServiceRequest")), None),
        "laporanSementara": _reports(resources.values()),
        "riwayatTujuan": tuple(TujuanLama(**read_past(each)) for each in tasks[:-1]),
    }


def parts(request: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find what belongs to a referral.

    What the SOP wrote has its role in its id; what another system wrote is read, and never
    written, as ``Type/id``. Tasks are told by their place in time.
    """
    tasks = [each for each in gathered.values() if is_task(each)]
    tasks.sort(key=lambda task: (task.get("authoredOn", ""), task["id"]))
    found = {role_of(place): f"Task/{task['id']}" for place, task in enumerate(tasks)}
    own = f"{request['id']}-"
    said = (
        *request.get("reasonReference", ()),
        *request.get("insurance", ()),
        *request.get("supportingInfo", ()),
    )
    for each in said:
        key = each.get("reference", "")
        resource_id = key.rpartition("/")[2]
        found[resource_id.removeprefix(own) if resource_id.startswith(own) else key] = key
    return found


def complete(
    rujukan: Rujukan, before: Table[str, Any] | None, reader: Reader
) -> tuple[Rujukan, tuple[Condition, ...]]:
    """Note when the present addressee was asked, until when it has to answer, who refused."""
    asked, past = rujukan.dikirim, tuple((before or {}).get("riwayatTujuan", ()))
    if before is not None and dialihkan(before, rujukan):
        past = (*past, refusal_of(before))
        asked = reader.now if asked == before.get("dikirim") else asked
        rujukan = replace(rujukan, alasanTolak=None, keterangan=None)
    elif before is not None:
        asked = asked or before.get("dikirim")
    if asked is None and rujukan.status != "disusun":
        asked = rujukan.waktu if before is None else reader.now
    moved = before is not None and before.get("status") != rujukan.status
    was = (before or {}).get("waktuStatus")
    since = rujukan.waktuStatus if rujukan.waktuStatus != was else None
    return replace(
        rujukan,
        dikirim=asked,
        batasJawab=asked and asked + _limit(rujukan.prioritas, reader),
        riwayatTujuan=past,
        waktuStatus=since or (reader.now if moved else was or asked),
        rujukBalik=(before or {}).get("rujukBalik"),
    ), ()


def _limit(prioritas: str, reader: Reader) -> timedelta:
    """Give how long a facility has to answer, as the clinic has decided."""
    return timedelta(minutes=getattr(reader.settings, f"rujukan_jawab_{prioritas}_menit"))


def _request(rujukan: Rujukan, own_id: str) -> Any:
    code, display = SERVICE.get(rujukan.layanan, SERVICE["rawat-jalan"])
    said = {"Observation": findings(rujukan), "Procedure": treatments(rujukan)}
    transport = TRANSPORT.get(rujukan.transport or "")
    return r4b.ServiceRequest(
        identifier=[identifier(f"{NOMOR}/{rujukan.faskes}", rujukan.nomor)],
        basedOn=several(reference("ServiceRequest", rujukan.rujukanAsal)),
        status=_statuses(rujukan)[1],
        intent="order",
        category=[
            r4b.CodeableConcept(
                coding=[
                    r4b.Coding(system=SNOMED, code=REFERRAL[0], display=REFERRAL[1]),
                    r4b.Coding(system=JENIS, code=rujukan.jenis),
                ]
            )
        ],
        priority=PRIORITY.get(rujukan.prioritas),
        code=r4b.CodeableConcept(
            coding=[r4b.Coding(system=SNOMED, code=code, display=display)], text=rujukan.alasan
        ),
        orderDetail=several(rujukan.spesialis and r4b.CodeableConcept(text=rujukan.spesialis)),
        subject=reference("Patient", rujukan.pasien),
        encounter=reference("Encounter", rujukan.kunjungan),
        occurrenceDateTime=rujukan.estimasiTiba,
        authoredOn=rujukan.waktu,
        requester=reference("PractitionerRole", rujukan.perujuk),
        performer=[reference("Organization", rujukan.tujuan)],
        locationCode=several(transport and concept(ROLE_CODE, *transport)),
        reasonReference=diagnosis_references(rujukan, own_id) or None,
        insurance=several(*(reference("Coverage", part_id(own_id, r)) for r in payer(rujukan))),
        supportingInfo=[
            reference("Composition", part_id(own_id, "surat")),
            *(reference(kind, part_id(own_id, r)) for kind, of in said.items() for r in of),
        ],
        patientInstruction=rujukan.petunjukPasien,
    )


def _reports(resources: Iterable[Document]) -> tuple[LaporanSementara, ...]:
    """Read the interim reports of the facilities that were asked, in the order of time."""
    found = [
        each
        for each in resources
        if each["resourceType"] == "Communication"
        and code_of(each.get("category"), KATEGORI) == "laporan-sementara"
    ]
    return tuple(
        LaporanSementara(waktu=instant_of(each.get("sent")), isi=words)
        for each in sorted(found, key=lambda each: (each.get("sent", ""), each["id"]))
        if (words := " ".join(p.get("contentString", "") for p in each.get("payload", ())).strip())
    )


def _state(request: Document, task: Document) -> str | None:
    """Read the state; a request that was revoked after its last refusal is given up."""
    if not task:
        states = {status: state for state, (_, status) in reversed(STATUS.items())}
        return states.get(request.get("status", ""))
    state = state_of(task)
    return "dibatalkan" if state == REFUSED and request.get("status") == "revoked" else state


def _statuses(rujukan: Rujukan) -> tuple[str, str]:
    return STATUS.get(rujukan.status, STATUS["dikirim"])


def _service(request: Document) -> str | None:
    codes = {code: name for name, (code, _) in SERVICE.items()}
    return codes.get(code_of(request.get("code"), SNOMED) or "")


def _transport(request: Document) -> str | None:
    codes = {code: name for name, (code, _) in TRANSPORT.items()}
    return codes.get(code_of(request.get("locationCode"), ROLE_CODE) or "")


def _key(table: Table[str, str], value: str) -> str | None:
    return next((key for key, each in table.items() if each == value), None)


def _faskes(request: Document) -> str | None:
    for each in request.get("identifier", ()):
        if each.get("system", "").startswith(f"{NOMOR}/"):
            return str(each["system"]).removeprefix(f"{NOMOR}/")
    return None


MAPPING = Mapping(
    resource_type="ServiceRequest",
    profile="Rujukan",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={"Task": "TugasRujukan", "Composition": "SuratRujukan"},
    gather=(("_revinclude", "Task:focus"), ("_revinclude", "Communication:based-on")),
    complete=complete,
    criteria=(("category", f"{SNOMED}|{REFERRAL[0]}"),),
    filters={
        "nomor": "identifier",
        "pasien": "patient=Patient/{}",
        "jenis": f"category={JENIS}|{{}}",
        "tujuan": "performer=Organization/{}",
        "status": f"_tag={STATUS_RUJUKAN}|{{}}",
    },
    sort="-authored",
    versioned=True,
    constants=frozenset(
        {
            "ServiceRequest.intent",
            "ServiceRequest.category.coding.system",
            "ServiceRequest.category.coding.display",
            "ServiceRequest.category.coding.code",
            "ServiceRequest.code.coding.system",
            "ServiceRequest.locationCode.coding.system",
            "ServiceRequest.reasonReference",
            "ServiceRequest.insurance",
            "ServiceRequest.supportingInfo",
            "Task.intent",
            "Task.code",
            "Task.status",
            "Task.businessStatus",
            "Task.statusReason.coding.system",
            "Task.focus",
            "Task.input",
            "Task.output.type",
            "Composition.type",
            "Composition.event",
            "Composition.section",
            "Condition.clinicalStatus",
            "Condition.category",
            "Condition.code.coding.system",
            "Observation.status",
            "Observation.category",
            "Observation.code",
            "Observation.component.code",
            "Observation.valueQuantity",
            "Observation.component.valueQuantity",
            "Observation.valueCodeableConcept.coding.system",
            "Procedure.status",
            "Coverage.status",
            "Coverage.type.coding.system",
            "Coverage.payor",
        }
    ),
)
