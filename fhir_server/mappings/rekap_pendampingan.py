"""RekapPendampingan as Composition, the counts, the step E8, and the Task of the Dinkes (E9).

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, hitungan_osoc, langkah_program, part_id, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
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
from fhir_server.mappings.laporan_pendampingan import KIND as REPORT
from fhir_server.mappings.laporan_pendampingan import section, told
from fhir_server.mappings.rules import has_code
from fhir_server.sop.langkah_program import LangkahProgram
from fhir_server.sop.rekap_pendampingan import ALUR_REKAP
from fhir_server.sop.sla import tenggat

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rekap_pendampingan import RekapPendampingan

DOKUMEN, TUGAS = code_system("jenis-dokumen"), code_system("jenis-tugas")
SLA, PARAMETER = code_system("sla"), code_system("parameter-tugas")
USE: Final = code_system("manfaat-laporan")
COUNTS, STEP, RECEIPT = "hitungan", "langkah", "penerimaan"
NUMBERS, REPORTS, CONCLUSION = "Hitungan", "Laporan mahasiswa", "Kesimpulan"
STATUS: Final = {
    "dikirim": "requested",
    "diterima": "completed",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {status: state for state, status in STATUS.items()} | {
    "received": "dikirim",
    "accepted": "dikirim",
    "in-progress": "dikirim",
}
WORDS: Final = {
    "klien": "Klien",
    "kunjungan": "Kunjungan pendampingan",
    "krt": "Klien risiko tinggi (KRT)",
    "krst": "Klien risiko sangat tinggi (KRST)",
    "tandaBahaya": "Tanda bahaya yang ditemukan",
}


def to_fhir(rekap: RekapPendampingan, own_id: str) -> Resources:
    """Write a recapitulation, its counts, the step it is, and the work of receiving it."""
    step = langkah_program.to_fhir(_step(rekap), own_id)[""]
    step.focus = reference("Composition", own_id)
    return {
        "": _composition(rekap, own_id),
        COUNTS: hitungan_osoc.written(rekap),
        STEP: step,
        RECEIPT: _receipt(rekap, own_id),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a recapitulation; whether it was received is what the Task says."""
    whole, task = resources[""], resources.get(RECEIPT, {})
    span: Document = next((e.get("period", {}) for e in whole.get("event", ())), {})
    said = {each.get("title"): each for each in whole.get("section", ())}
    ran, took = resources.get(STEP, {}).get("executionPeriod", {}), task.get("executionPeriod", {})
    ended = instant_of(whole.get("date"))
    return {
        "faskes": id_of(whole.get("custodian"), "Organization"),
        "penerima": id_of(task.get("owner"), "Organization"),
        "dari": day_of(span.get("start")),
        "sampai": day_of(span.get("end")),
        "penyusun": next(iter(ids_of(whole.get("author"), "PractitionerRole")), None),
        "mulai": instant_of(ran.get("start")) or ended,
        "selesai": ended,
        "kesimpulan": told(said.get(CONCLUSION)),
        "status": DIBACA.get(task.get("status", "")),
        "mulaiDiterima": instant_of(took.get("start")),
        "diterima": instant_of(took.get("end")),
        "hitungan": hitungan_osoc.read(resources.get(COUNTS)),
        "laporan": ids_of(said.get(REPORTS, {}).get("entry"), "Composition"),
    }


def complete(
    rekap: RekapPendampingan, before: Table[str, Any] | None, reader: Reader
) -> tuple[RekapPendampingan, tuple[()]]:
    """Count while it is being made; what was sent keeps its numbers."""
    if before and before.get("hitungan") is not None:
        return replace(rekap, hitungan=before["hitungan"], laporan=before.get("laporan", ())), ()
    found = hitungan_osoc.counted(reader, rekap.faskes, rekap.dari, rekap.sampai)
    visits = [each.partition("/")[2] for each in found["kunjungan"]]
    reports = _reports(reader, rekap, set(visits))
    return replace(rekap, hitungan=hitungan_osoc.summed(found), laporan=reports), ()


def _reports(reader: Reader, rekap: RekapPendampingan, visits: set[str]) -> tuple[str, ...]:
    """Find the final reports about visits of the period."""
    pairs = [("type", f"{DOKUMEN}|{REPORT}"), ("status", "final"), ("date", f"ge{rekap.dari}")]
    found = []
    for each in reader.find("Composition", pairs):
        details = [one for event in each.get("event", ()) for one in event.get("detail", ())]
        if visits & set(ids_of(details, "Encounter")):
            found.append(each["id"])
    return tuple(sorted(found))


def _composition(rekap: RekapPendampingan, own_id: str) -> Any:
    wrong = rekap.status == "salah-entri"
    numbers = section(NUMBERS, "", [reference("MeasureReport", part_id(own_id, COUNTS))])
    numbers["text"] = {"status": "generated", "div": _table(rekap)}
    return r4b.Composition(
        identifier=identifier(sid("rekap-pendampingan", rekap.faskes), own_id),
        status="entered-in-error" if wrong else "final",
        type=concept(DOKUMEN, "rekap"),
        subject=reference("Organization", rekap.faskes),
        date=rekap.selesai,
        author=[reference("PractitionerRole", rekap.penyusun)],
        title=f"Rekap pendampingan {rekap.dari} s.d. {rekap.sampai}",
        custodian=reference("Organization", rekap.faskes),
        event=[{"period": period(rekap.dari, rekap.sampai)}],
        section=several(
            numbers,
            section(REPORTS, entry=[reference("Composition", each) for each in rekap.laporan]),
            section(CONCLUSION, rekap.kesimpulan),
        ),
    )


def _table(rekap: RekapPendampingan) -> str:
    rows = "".join(
        f"<tr><td>{said}</td><td>{getattr(rekap.hitungan, name, 0)}</td></tr>"
        for name, said in WORDS.items()
    )
    table = f"<table><tbody>{rows}</tbody></table>"
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{table}</div>'


def _step(rekap: RekapPendampingan) -> LangkahProgram:
    wrong = rekap.status == "salah-entri"
    return LangkahProgram(
        langkah="sla-e8",
        faskes=rekap.faskes,
        pemberi=f"faskes/{rekap.faskes}",
        pelaksana=f"petugas/{rekap.penyusun}",
        ditugaskan=rekap.mulai,
        mulai=rekap.mulai,
        selesai=rekap.selesai,
        status="dibatalkan" if wrong else "selesai",
        alasan="salah entri" if wrong else None,
    )


def _receipt(rekap: RekapPendampingan, own_id: str) -> Any:
    task: Any = r4b.Task  # its alias for_fhir is not typed
    begun = rekap.mulaiDiterima or rekap.selesai
    use = {"type": concept(PARAMETER, "manfaat"), "valueCodeableConcept": _use()}
    return task(
        status=STATUS[rekap.status],
        intent="order",
        code=r4b.CodeableConcept(
            coding=[
                r4b.Coding(system=TUGAS, code="terima-rekap"),
                r4b.Coding(system=SLA, code="sla-e9"),
            ]
        ),
        focus=reference("Composition", own_id),
        for_fhir=reference("Organization", rekap.faskes),
        executionPeriod=period(rekap.mulaiDiterima, rekap.diterima),
        authoredOn=rekap.selesai,
        requester=reference("Organization", rekap.faskes),
        owner=reference("Organization", rekap.penerima),
        restriction={"period": period(None, tenggat("sla-e9", begun))},
        output=[use] if rekap.status == "diterima" else None,
    )


def _use() -> Any:
    return concept(USE, "bahan-perencanaan")


def is_receipt(task: Document, canonical: str) -> bool:
    """Say whether a Task is the receiving of a recapitulation."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "terima-rekap")


def _state(task: Document) -> str | None:
    return DIBACA.get(task.get("status", "")) if "focus" in task else None


JAGA: Final = Jaga(ALUR_REKAP, "Task", is_receipt, _state, STATUS)

MAPPING = Mapping(
    resource_type="Composition",
    profile="RekapPendampingan",
    profiles={
        COUNTS: "HitunganPendampingan",
        STEP: "LangkahProgram",
        RECEIPT: "TugasTerimaRekap",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(hitungan="MeasureReport", langkah="Task", penerimaan="Task"),
    complete=complete,
    criteria=(("type", f"{DOKUMEN}|rekap"),),
    filters={
        "faskes": "subject=Organization/{}",
        "status": lambda word: f"_has:Task:focus:status={STATUS.get(word, word)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Composition.identifier",
            "Composition.type",
            "Composition.section",
            "Task.intent",
            "Task.code",
            "Task.focus",
            "Task.output",
            "MeasureReport.status",
            "MeasureReport.type",
            "MeasureReport.measure",
            "MeasureReport.group",
        }
    ),
)
