"""RujukBalik as a request to the puskesmas, its work, the letter, a proposal, and the outcome.

It closes the referral it answers: the hospital's Task and, with it, the request (``amend``).

https://hl7.org/fhir/R4/servicerequest.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.errors import Invalid, Issue, RuleBroken
from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import LOINC, code_system
from fhir_server.mappings.elements import (
    code_of,
    concept,
    id_of,
    identifier,
    identifier_of,
    ids_of,
    instant_of,
    reference,
)
from fhir_server.mappings.ikut_tugas import newest
from fhir_server.mappings.pihak import party
from fhir_server.mappings.status_rujuk_balik import STATUS
from fhir_server.mappings.surat_rujuk_balik import (
    LETTER,
    diagnosis_references,
    findings,
    letter,
    plan,
    read_control,
    read_findings,
    supporting,
)
from fhir_server.mappings.tugas_rujuk_balik import (
    JENIS_TUGAS,
    NOMOR,
    OUTPUT,
    STATUS_BALIK,
    closed,
    is_task,
    output_of,
    priority_of,
    read_task,
    task_of,
)
from fhir_server.sop.rujuk_balik import HasilPemantauan
from fhir_server.sop.status_rujukan import BR_R1
from fhir_server.sop.waktu_rujukan import batas_kontak, batas_terima

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rujuk_balik import RujukBalik
    from fhir_server.store.ops import Condition

JENIS, PROGRAM = code_system("jenis-rujukan"), code_system("program-rujuk-balik")
KATEGORI, RISIKO = code_system("kategori-komunikasi"), code_system("kelompok-risiko-kspr")


def to_fhir(balik: RujukBalik, own_id: str) -> Resources:
    """Write the request, its work, what the letter says, and the outcome once there is one."""
    outcome = {} if balik.hasil is None else {"hasil": _outcome(balik, balik.hasil, own_id)}
    return {
        "": _request(balik, own_id),
        "tugas": task_of(balik, own_id),
        "surat": letter(balik, own_id),
        **findings(balik),
        "rencana": plan(balik, own_id),
        **outcome,
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a back-referral; where it stands is what its Task says."""
    request, task = resources[""], resources.get("tugas", {})
    composition = next((e for e in resources.values() if e["resourceType"] == "Composition"), {})
    codes = {code: name for name, (code, _) in LETTER.items()}
    return {
        "faskes": id_of(request.get("requester"), "Organization"),
        "nomor": identifier_of(request, f"{NOMOR}/"),
        "rujukanAsal": next(iter(ids_of(request.get("basedOn"), "ServiceRequest")), None),
        "pasien": id_of(request.get("subject"), "Patient"),
        "penerima": next(iter(ids_of(request.get("performer"), "Organization")), None),
        "perawatan": codes.get(code_of(composition.get("type"), LOINC) or ""),
        "anjuranPemantauan": request.get("code", {}).get("text"),
        "penulis": id_of(next(iter(composition.get("author", ())), None), "PractitionerRole"),
        "waktu": instant_of(request.get("authoredOn")),
        "kunjungan": id_of(request.get("encounter"), "Encounter"),
        "program": code_of(request.get("category"), PROGRAM) or "non-prb",
        **read_findings(resources.items()),
        **read_control(next((e for e in resources.values() if _is_plan(e)), None)),
        **read_task(task),
        "hasil": _read_outcome(resources.get("hasil")),
    }


def parts(request: Document, gathered: Table[str, Document]) -> dict[str, str]:
    """Find what belongs to a back-referral: by its references, its Task, its outcome."""
    own, found = f"{request['id']}-", {}
    tasks = [each for each in gathered.values() if is_task(each)]
    if tasks:
        found["tugas"] = f"Task/{newest(tasks)['id']}"
    for each in (*request.get("supportingInfo", ()), *request.get("reasonReference", ())):
        key = each.get("reference", "")
        resource_id = key.rpartition("/")[2]
        found[resource_id.removeprefix(own) if resource_id.startswith(own) else key] = key
    outcomes = [e for e in gathered.values() if _is_outcome(e)]
    if outcomes:
        last = max(outcomes, key=lambda each: (each.get("sent", ""), each["id"]))
        found["hasil"] = f"Communication/{last['id']}"
    return found


def complete(
    balik: RujukBalik, before: Table[str, Any] | None, reader: Reader
) -> tuple[RujukBalik, tuple[Condition, ...]]:
    """Say who works on it, whether the mother is KRST, and until when what is due."""
    was = before or {}
    krst = balik.krst
    if krst is None:
        krst = was.get("krst") if before else _is_krst(balik.pasien, reader)
    settings = reader.settings
    days = frozenset(int(each) for each in settings.hari_kerja if each.isdigit())
    moved = before is not None and was.get("status") != balik.status
    since = balik.waktuStatus if balik.waktuStatus != was.get("waktuStatus") else None
    return replace(
        balik,
        krst=bool(krst),
        pelaksana=balik.pelaksana or was.get("pelaksana") or f"faskes/{balik.penerima}",
        waktuStatus=since or (reader.now if moved else was.get("waktuStatus") or balik.waktu),
        batasTerima=was.get("batasTerima")
        or batas_terima(balik.waktu, settings.rujuk_balik_terima_hari, days),
        batasKontak=batas_kontak(
            balik.waktu,
            krst=bool(krst),
            hari=settings.rujuk_balik_kontak_hari,
            jam_krst=settings.rujuk_balik_kontak_krst_jam,
        ),
    ), ()


def amend(balik: RujukBalik, own_id: str, reader: Reader) -> dict[str, Document]:
    """Close the work of the referral that this one answers; its request follows (BR-R1)."""
    request = reader.read(f"ServiceRequest/{balik.rujukanAsal}")
    if request is None:
        raise _wrong("rujukanAsal", f"rujukan {balik.rujukanAsal} tidak ada.")
    if id_of(request.get("subject"), "Patient") != balik.pasien:
        raise _wrong("pasien", f"rujukan {balik.rujukanAsal} bukan milik pasien {balik.pasien}.")
    pairs = [("focus", f"ServiceRequest/{request['id']}"), ("code", f"{JENIS_TUGAS}|rujukan")]
    tasks = reader.find("Task", pairs)
    if not tasks or balik.status in {"dibatalkan", "salah-entri"}:
        return {}
    task = newest(tasks)
    answered = output_of(task, OUTPUT, "ServiceRequest")
    if answered == own_id:
        return {}
    if answered is not None:
        raise _answered(balik, answered)
    return {f"Task/{task['id']}": closed(task, balik, own_id)}


def _request(balik: RujukBalik, own_id: str) -> Any:
    return r4b.ServiceRequest(
        identifier=[identifier(f"{NOMOR}/{balik.faskes}", balik.nomor)],
        basedOn=[reference("ServiceRequest", balik.rujukanAsal)],
        status=STATUS.get(balik.status, STATUS["dikirim"])[1],
        intent="order",
        category=[concept(JENIS, "rujuk-balik"), concept(PROGRAM, balik.program)],
        priority=priority_of(balik),
        code=r4b.CodeableConcept(text=balik.anjuranPemantauan),
        subject=reference("Patient", balik.pasien),
        encounter=reference("Encounter", balik.kunjungan),
        authoredOn=balik.waktu,
        requester=reference("Organization", balik.faskes),
        performer=[reference("Organization", balik.penerima)],
        reasonReference=diagnosis_references(balik, own_id) or None,
        supportingInfo=supporting(balik, own_id),
    )


def _outcome(balik: RujukBalik, hasil: HasilPemantauan, own_id: str) -> Any:
    return r4b.Communication(
        basedOn=[reference("ServiceRequest", own_id)],
        status="completed",
        category=[concept(KATEGORI, "hasil-pemantauan")],
        subject=reference("Patient", balik.pasien),
        sent=hasil.waktu,
        recipient=[reference("Organization", balik.faskes)],
        sender=party(balik.pelaksana or f"faskes/{balik.penerima}"),
        payload=[{"contentString": hasil.isi}],
    )


def _read_outcome(found: Document | None) -> HasilPemantauan | None:
    sent = instant_of((found or {}).get("sent"))
    words = next((p["contentString"] for p in (found or {}).get("payload", ()) if p), None)
    return HasilPemantauan(waktu=sent, isi=words) if sent and words else None


def _is_krst(pasien: str, reader: Reader) -> bool:
    """Tell whether the newest risk assessment of a patient puts her into the highest group."""
    pairs = [("patient", f"Patient/{pasien}"), ("_sort", "-date")]
    for risk in reader.find("RiskAssessment", pairs):
        concepts = [each.get("qualitativeRisk", {}) for each in risk.get("prediction", ())]
        if found := code_of(concepts, RISIKO):
            return found == "KRST"
    return False


def _is_plan(resource: Document) -> bool:
    return bool(resource["resourceType"] == "CarePlan")


def _is_outcome(resource: Document) -> bool:
    category = code_of(resource.get("category"), KATEGORI) if "category" in resource else None
    return resource["resourceType"] == "Communication" and category == "hasil-pemantauan"


def _wrong(field: str, says: str) -> Invalid:
    return Invalid([Issue("value", f"{field}: {says}", field, indonesian=f"{field}: {says}")])


def _answered(balik: RujukBalik, other: str) -> RuleBroken:
    says = (
        f"rujukanAsal: rujukan {balik.rujukanAsal} sudah dirujuk balik (rujuk balik {other}). "
        f"Seharusnya: ubah rujuk balik itu ({BR_R1})"
    )
    return RuleBroken(says, expression="rujukanAsal", indonesian=says, rule=BR_R1)


MAPPING = Mapping(
    resource_type="ServiceRequest",
    profile="RujukBalik",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    profiles={
        "tugas": "TugasRujukBalik",
        "surat": "SuratRujukBalik",
        "hasil": "HasilPemantauan",
    },
    gather=(("_revinclude", "Task:focus"), ("_revinclude", "Communication:based-on")),
    complete=complete,
    amend=amend,
    criteria=(("category", f"{JENIS}|rujuk-balik"),),
    filters={
        "nomor": "identifier",
        "rujukanAsal": "based-on=ServiceRequest/{}",
        "pasien": "patient=Patient/{}",
        "penerima": "performer=Organization/{}",
        "status": f"_tag={STATUS_BALIK}|{{}}",
    },
    sort="-authored",
    versioned=True,
    constants=frozenset(
        {
            "ServiceRequest.intent",
            "ServiceRequest.category.coding.system",
            "ServiceRequest.category.coding.code",
            "ServiceRequest.supportingInfo",
            "ServiceRequest.reasonReference",
            "Task.intent",
            "Task.code",
            "Task.status",
            "Task.businessStatus",
            "Task.statusReason.coding.system",
            "Task.focus",
            "Task.input",
            "Composition.type",
            "Composition.event",
            "Composition.section",
            "Condition.clinicalStatus",
            "Condition.category",
            "Condition.code.coding.system",
            "Procedure.status",
            "Observation.status",
            "MedicationStatement.status",
            "MedicationStatement.medicationCodeableConcept.coding.system",
            "CarePlan.status",
            "CarePlan.intent",
            "CarePlan.category",
            "CarePlan.addresses",
            "CarePlan.activity.detail",
            "Communication.status",
            "Communication.category",
            "Communication.basedOn",
        }
    ),
)
