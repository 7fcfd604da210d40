"""EskalasiDarurat as Task, with the issue that was found and, once open, what calls the doctor.

A proposal is a Task (intent proposal) and a preliminary DetectedIssue. Once it is opened there are
a virtual Encounter of priority EM, the message that calls the doctor and a Flag on the patient.

https://hl7.org/fhir/R4/task.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, part_id, r4b
from fhir_server.mappings.alur import business_state
from fhir_server.mappings.codes import ACT_CODE, code_system
from fhir_server.mappings.diagnosis import TANDA_BAHAYA, signs
from fhir_server.mappings.elements import (
    code_of,
    codes_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.pihak import party, party_of
from fhir_server.sop.eskalasi_darurat import lengkap
from fhir_server.sop.tanda_bahaya import TANDA, KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.eskalasi_darurat import EskalasiDarurat

TUGAS: Final = code_system("jenis-tugas")
STATUS_ESKALASI: Final = code_system("status-eskalasi")
PEMICU: Final = code_system("pemicu-eskalasi")
PENANDA: Final = code_system("penanda")
KOMUNIKASI: Final = code_system("kategori-komunikasi")
LAYANAN: Final = code_system("layanan-konsultasi")
PARAMETER: Final = code_system("parameter-tugas")
PRIORITY: Final = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
FLAG: Final = "http://terminology.hl7.org/CodeSystem/flag-category"
ISSUE, VISIT, CALL, FLAGGED = "tanda", "konsultasi", "panggilan", "penanda"
STATUS: Final = {
    "diusulkan": "draft",
    "dibuka": "requested",
    "ditangani": "in-progress",
    "terkendali": "completed",
    "rujukan": "completed",
    "ambulans": "completed",
    "tidak-darurat": "cancelled",
    "salah-entri": "entered-in-error",
}
ALONE: Final = {
    "draft": "diusulkan",
    "requested": "dibuka",
    "in-progress": "ditangani",
    "completed": "terkendali",
    "cancelled": "tidak-darurat",
    "entered-in-error": "salah-entri",
}
ISSUE_STATUS: Final = {"diusulkan": "preliminary", "tidak-darurat": "cancelled"}
OVER: Final = ("terkendali", "rujukan", "ambulans", "tidak-darurat", "salah-entri")
state_of = business_state("status-eskalasi", STATUS, ALONE)


def to_fhir(eskalasi: EskalasiDarurat, document_id: str) -> Resources:
    """Write the escalation as far as it has come."""
    written = {"": _task(eskalasi, document_id), ISSUE: _issue(eskalasi)}
    if eskalasi.dibuka is not None:
        if eskalasi.kunjungan is None:
            written[VISIT] = _visit(eskalasi)
        written[CALL] = _call(eskalasi, document_id)
        written[FLAGGED] = _flag(eskalasi)
    return written


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an escalation."""
    task, issue, visit = resources[""], resources.get(ISSUE, {}), resources.get(VISIT)
    found = [each for e in issue.get("evidence", ()) for each in e.get("code", ())]
    given = task.get("input", ())
    notes = [each.get("text") for each in task.get("note", ())]
    times = task.get("executionPeriod", {})
    encounter = None if visit else id_of(task.get("encounter"), "Encounter")
    signs_seen = codes_of(found, TANDA_BAHAYA)
    return {
        "pasien": id_of(task.get("for"), "Patient"),
        "waktu": instant_of(issue.get("identifiedDateTime")) or instant_of(task.get("authoredOn")),
        "pemicu": code_of(task.get("reasonCode"), PEMICU),
        "pelapor": party_of(task.get("requester")),
        "tanda": tuple(each for each in signs_seen if each in get_args(KodeTanda)),
        "temuan": tuple(e["text"] for e in found if not e.get("coding") and e.get("text")),
        "pesan": id_of(task.get("focus"), "Communication"),
        "pengukuran": ids_of([each.get("valueReference") for each in given], "Observation"),
        "kunjungan": encounter,
        "faskes": _organisation(task),
        "penanggungJawab": id_of(task.get("owner"), "PractitionerRole"),
        "dikonfirmasiOleh": id_of(issue.get("author"), "PractitionerRole"),
        "dibuka": instant_of(resources.get(CALL, {}).get("sent")),
        "batas": instant_of(task.get("restriction", {}).get("period", {}).get("end")),
        "ditangani": instant_of(times.get("start")),
        "status": state_of(task),
        "alasan": task.get("statusReason", {}).get("text"),
        "rujukan": next(iter(ids_of(_outputs(task), "ServiceRequest")), None),
        "selesai": instant_of(times.get("end")),
        "catatan": notes[0] if notes else None,
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find the issue, and once it was opened the visit, the call and the flag."""
    own = primary["id"]
    found = {ISSUE: f"DetectedIssue/{part_id(own, ISSUE)}"}
    if "restriction" in primary:
        found |= {
            CALL: f"Communication/{part_id(own, CALL)}",
            FLAGGED: f"Flag/{part_id(own, FLAGGED)}",
        }
        if id_of(primary.get("encounter"), "Encounter") == part_id(own, VISIT):
            found[VISIT] = f"Encounter/{part_id(own, VISIT)}"
    return found


def complete(
    eskalasi: EskalasiDarurat, before: Table[str, Any] | None, reader: Reader
) -> tuple[EskalasiDarurat, tuple[()]]:
    """Fill when it was opened, when it is due, and whose patient it is."""
    was = (before or {}).get("dibuka")
    known = replace(eskalasi, dibuka=eskalasi.dibuka or was)
    patient = reader.read(f"Patient/{eskalasi.pasien}") or {}
    faskes = id_of(patient.get("managingOrganization"), "Organization")
    return lengkap(known, reader.now, reader.settings.escalation_minutes, faskes), ()


def summary(eskalasi: EskalasiDarurat) -> str:
    """Say in one line what the doctor is called for."""
    said = [*(TANDA[each].nama for each in eskalasi.tanda), *eskalasi.temuan]
    return f"DARURAT: {'; '.join(said) or eskalasi.catatan or 'pesan pasien'}"


def _task(eskalasi: EskalasiDarurat, own_id: str) -> Any:
    task: Any = r4b.Task  # its alias for_fhir is not typed
    proposed = eskalasi.dibuka is None
    due: Any = {"period": period(None, eskalasi.batas)} if eskalasi.batas else None
    visit = eskalasi.kunjungan or (None if proposed else part_id(own_id, VISIT))
    return task(
        status=STATUS[eskalasi.status],
        statusReason=r4b.CodeableConcept(text=eskalasi.alasan) if eskalasi.alasan else None,
        businessStatus=concept(STATUS_ESKALASI, eskalasi.status),
        intent="proposal" if proposed else "order",
        priority="stat",
        code=concept(TUGAS, "eskalasi-darurat"),
        description=summary(eskalasi),
        focus=reference("Communication", eskalasi.pesan),
        for_fhir=reference("Patient", eskalasi.pasien),
        encounter=reference("Encounter", visit),
        executionPeriod=period(eskalasi.ditangani, eskalasi.selesai),
        authoredOn=eskalasi.dibuka or eskalasi.waktu,
        requester=party(eskalasi.pelapor),
        owner=reference("PractitionerRole", eskalasi.penanggungJawab),
        reasonCode=concept(PEMICU, eskalasi.pemicu),
        reasonReference=reference("DetectedIssue", part_id(own_id, ISSUE)),
        note=several(eskalasi.catatan and {"text": eskalasi.catatan}),
        restriction=due,
        input=list(_given(eskalasi)) or None,
        output=_given_back(eskalasi),
    )


def _given(eskalasi: EskalasiDarurat) -> Iterator[Any]:
    for each in eskalasi.pengukuran:
        measured = reference("Observation", each)
        yield {"type": concept(PARAMETER, "pengukuran"), "valueReference": measured}
    if eskalasi.faskes is not None:
        where = reference("Organization", eskalasi.faskes)
        yield {"type": concept(PARAMETER, "faskes"), "valueReference": where}


def _given_back(eskalasi: EskalasiDarurat) -> Any:
    if eskalasi.rujukan is None:
        return None
    made = reference("ServiceRequest", eskalasi.rujukan)
    return [{"type": concept(PARAMETER, "rujukan"), "valueReference": made}]


def _organisation(task: Document) -> str | None:
    given = [each.get("valueReference") for each in task.get("input", ())]
    return next(iter(ids_of(given, "Organization")), None)


def _outputs(task: Document) -> list[Any]:
    return [each.get("valueReference") for each in task.get("output", ())]


def _issue(eskalasi: EskalasiDarurat) -> Any:
    wrong = eskalasi.status == "salah-entri"
    seen = [
        *(r4b.CodeableConcept(coding=signs(each)) for each in eskalasi.tanda),
        *(r4b.CodeableConcept(text=each) for each in eskalasi.temuan),
    ]
    causes = [
        reference("Communication", eskalasi.pesan),
        *(reference("Observation", each) for each in eskalasi.pengukuran),
    ]
    evidence: Any = [{"code": [each]} for each in seen]
    return r4b.DetectedIssue(
        status="entered-in-error" if wrong else ISSUE_STATUS.get(eskalasi.status, "final"),
        code=concept(PENANDA, "tanda-bahaya", "Tanda bahaya"),
        severity="high",
        patient=reference("Patient", eskalasi.pasien),
        identifiedDateTime=eskalasi.waktu,
        author=reference("PractitionerRole", eskalasi.dikonfirmasiOleh),
        implicated=several(*causes),
        evidence=evidence or None,
    )


def _visit(eskalasi: EskalasiDarurat) -> Any:
    encounter: Any = r4b.Encounter  # its alias class_fhir is not typed
    wrong = eskalasi.status == "salah-entri"
    ended = "entered-in-error" if wrong else "finished"
    return encounter(
        status=ended if eskalasi.status in OVER else "in-progress",
        class_fhir=r4b.Coding(system=ACT_CODE, code="VR"),
        type=[concept(LAYANAN, "pemantauan")],
        priority=concept(PRIORITY, "EM", "emergency"),
        subject=reference("Patient", eskalasi.pasien),
        period=period(eskalasi.dibuka, eskalasi.selesai),
        reasonCode=[r4b.CodeableConcept(text=summary(eskalasi))],
        serviceProvider=reference("Organization", eskalasi.faskes),
    )


def _call(eskalasi: EskalasiDarurat, own_id: str) -> Any:
    visit = eskalasi.kunjungan or part_id(own_id, VISIT)
    caller = reference("PractitionerRole", eskalasi.dikonfirmasiOleh) or party(eskalasi.pelapor)
    return r4b.Communication(
        basedOn=[reference("Task", own_id)],
        inResponseTo=several(reference("Communication", eskalasi.pesan)),
        status="in-progress" if eskalasi.status == "dibuka" else "completed",
        category=[concept(KOMUNIKASI, "pemberitahuan"), concept(KOMUNIKASI, "darurat")],
        priority="stat",
        subject=reference("Patient", eskalasi.pasien),
        about=[reference("DetectedIssue", part_id(own_id, ISSUE))],
        encounter=reference("Encounter", visit),
        sent=eskalasi.dibuka,
        received=eskalasi.ditangani,
        recipient=several(reference("PractitionerRole", eskalasi.penanggungJawab)),
        sender=caller,
        payload=[{"contentString": summary(eskalasi)}],
    )


def _flag(eskalasi: EskalasiDarurat) -> Any:
    over = eskalasi.status in {"terkendali", "tidak-darurat", "rujukan"}
    status = "entered-in-error" if eskalasi.status == "salah-entri" else "active"
    return r4b.Flag(
        status="inactive" if over else status,
        category=[concept(FLAG, "clinical")],
        code=r4b.CodeableConcept(
            coding=[r4b.Coding(system=PENANDA, code="tanda-bahaya")], text=summary(eskalasi)
        ),
        subject=reference("Patient", eskalasi.pasien),
        period=period(eskalasi.dibuka, eskalasi.selesai if over else None),
        author=reference("PractitionerRole", eskalasi.dikonfirmasiOleh),
    )


MAPPING = Mapping(
    resource_type="Task",
    profile="EskalasiDarurat",
    profiles={
        ISSUE: "TandaBahaya",
        VISIT: "KonsultasiDarurat",
        CALL: "PanggilanDarurat",
        FLAGGED: "PenandaDarurat",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    criteria=(("code", f"{TUGAS}|eskalasi-darurat"),),
    filters={
        "pasien": "patient=Patient/{}",
        "penanggungJawab": "owner=PractitionerRole/{}",
        "status": f"business-status={STATUS_ESKALASI}|{{}}",
        "waktu": "authored-on",
    },
    sort="-authored-on",
    constants=frozenset(
        {
            "Task.businessStatus.coding.system",
            "Task.intent",
            "Task.priority",
            "Task.code",
            "Task.encounter",
            "Task.reasonCode.coding.system",
            "Task.reasonReference",
            "Task.input.type",
            "Task.output.type",
            "DetectedIssue.code",
            "DetectedIssue.severity",
            "DetectedIssue.evidence.code.coding.system",
            "Encounter.class",
            "Encounter.type",
            "Encounter.priority",
            "Communication.basedOn",
            "Communication.category",
            "Communication.priority",
            "Communication.about",
            "Communication.encounter",
            "Flag.category",
            "Flag.code.coding",
        }
    ),
)
