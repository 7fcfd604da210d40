"""LaporanPustu as Composition, the puskesmas's Task to receive it, and the counts (C14, C13).

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from dataclasses import replace
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import Mapping, fixed, part_id, r4b
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
from fhir_server.mappings.rekap_tugas import read_counts, tally, written_counts
from fhir_server.mappings.rules import has_code
from fhir_server.sop.laporan_pustu import ALUR_LAPORAN_PUSTU, periode_berkala, rekap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.sop.laporan_pustu import LaporanPustu
    from fhir_server.store.ops import Condition

DOKUMEN, BAGIAN = code_system("jenis-dokumen"), code_system("bagian-laporan")
TUGAS: Final = code_system("jenis-tugas")
NOMOR: Final = "laporan-pustu"
STATUS: Final = {
    "dikirim": "requested",
    "diterima": "completed",
    "dikembalikan": "rejected",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {task: status for status, task in STATUS.items()} | {
    "draft": "dikirim",
    "received": "dikirim",
    "accepted": "dikirim",
    "in-progress": "dikirim",
}


def to_fhir(laporan: LaporanPustu, own_id: str) -> Resources:
    """Write the report, the work of receiving it, and its counts."""
    return {
        "": _composition(laporan, own_id),
        "tugas": _task(laporan, own_id),
        "cakupan": written_counts(laporan),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a report; whether it was received is what the Task says."""
    report, task = resources[""], resources.get("tugas", {})
    span: Document = next((e.get("period", {}) for e in report.get("event", ())), {})
    parts = {code_of(e.get("code"), BAGIAN): e for e in report.get("section", ())}
    return {
        "pustu": next(iter(ids_of(report.get("author"), "Organization")), None),
        "faskes": id_of(report.get("custodian"), "Organization"),
        "mulai": day_of(span.get("start")),
        "sampai": day_of(span.get("end")),
        "penyusun": next(iter(ids_of(report.get("author"), "PractitionerRole")), None),
        "waktu": instant_of(report.get("date")),
        "tugas": ids_of(parts.get("tugas", {}).get("entry"), "Task"),
        "evaluasi": ids_of(parts.get("evaluasi", {}).get("entry"), "QuestionnaireResponse"),
        "kendala": _said(parts.get("kendala")),
        "usul": _said(parts.get("usul")),
        "status": state_of(task),
        "alasan": task.get("statusReason", {}).get("text"),
        "diterima": instant_of(task.get("executionPeriod", {}).get("end")),
        **read_counts(resources.get("cakupan")),
    }


def complete(
    laporan: LaporanPustu, before: Table[str, Any] | None, reader: Reader
) -> tuple[LaporanPustu, tuple[Condition, ...]]:
    """Hold the period against the clinic's setting, count the tasks, note when it was received."""
    months = reader.settings.laporan_pustu_bulan
    if (wrong := periode_berkala(laporan.mulai, laporan.sampai, months)) is not None:
        raise Invalid([_issue(wrong)])
    states = tally(laporan.tugas, reader)
    received = laporan.diterima or (before or {}).get("diterima")
    if received is None and laporan.status == "diterima":
        received = reader.now
    return replace(
        laporan,
        kunjunganRumah=rekap(s for kind, s in states if kind == "kunjungan-rumah"),
        kegiatan=rekap(s for kind, s in states if kind != "kunjungan-rumah"),
        diterima=received,
    ), ()


def is_receipt(task: Document, canonical: str) -> bool:
    """Say whether a Task is the receiving of a report."""
    return has_code(task.get("code"), f"{canonical}/CodeSystem/jenis-tugas", "terima-laporan")


def state_of(task: Document) -> str | None:
    """Read from its Task whether a report was received."""
    return DIBACA.get(task.get("status", ""))


def _composition(laporan: LaporanPustu, own_id: str) -> Any:
    return r4b.Composition(
        identifier=identifier(sid(NOMOR, laporan.pustu), own_id),
        status="entered-in-error" if laporan.status == "salah-entri" else "final",
        type=concept(DOKUMEN, "laporan-pustu"),
        subject=reference("Organization", laporan.pustu),
        date=laporan.waktu,
        author=[
            reference("Organization", laporan.pustu),
            reference("PractitionerRole", laporan.penyusun),
        ],
        title=f"Laporan Pustu {laporan.mulai} s.d. {laporan.sampai}",
        custodian=reference("Organization", laporan.faskes),
        event=[{"period": period(laporan.mulai, laporan.sampai)}],
        section=several(
            _section("tugas", "Tugas", entry=[reference("Task", e) for e in laporan.tugas]),
            _section(
                "evaluasi",
                "Evaluasi",
                entry=[reference("QuestionnaireResponse", e) for e in laporan.evaluasi],
            ),
            _section(
                "cakupan",
                "Cakupan",
                entry=[reference("MeasureReport", part_id(own_id, "cakupan"))],
            ),
            _section("kendala", "Kendala", text=laporan.kendala),
            _section("usul", "Usul", text=laporan.usul),
        ),
    )


def _section(
    code: str, title: str, *, entry: list[Any] | None = None, text: str | None = None
) -> Any:
    if not entry and text is None:
        return None
    words = text and f'<div xmlns="http://www.w3.org/1999/xhtml">{escape(text)}</div>'
    return {
        "title": title,
        "code": concept(BAGIAN, code),
        "text": {"status": "generated", "div": words} if words else None,
        "entry": entry or None,
    }


def _said(section: Document | None) -> str | None:
    div: str = (section or {}).get("text", {}).get("div", "")
    inner = div.partition(">")[2].rpartition("</div>")[0]
    return unescape(inner) or None


def _task(laporan: LaporanPustu, own_id: str) -> Any:
    new_task: Any = r4b.Task
    return new_task(
        status=STATUS[laporan.status],
        statusReason=r4b.CodeableConcept(text=laporan.alasan) if laporan.alasan else None,
        intent="order",
        code=concept(TUGAS, "terima-laporan"),
        focus=reference("Composition", own_id),
        authoredOn=laporan.waktu,
        requester=reference("Organization", laporan.pustu),
        owner=reference("Organization", laporan.faskes),
        executionPeriod=period(None, laporan.diterima),
    )


def _issue(wrong: Teguran) -> Issue:
    english = wrong.english or wrong.kalimat
    return Issue("value", english, wrong.bidang, indonesian=wrong.kalimat, rule=wrong.aturan)


MAPPING = Mapping(
    resource_type="Composition",
    profile="LaporanPustu",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(tugas="Task", cakupan="MeasureReport"),
    profiles={"tugas": "TugasTerimaLaporan"},
    complete=complete,
    criteria=(("type", f"{DOKUMEN}|laporan-pustu"),),
    filters={"pustu": "author=Organization/{}", "mulai": "period"},
    sort="-date",
    constants=frozenset(
        {
            "Composition.identifier.value",
            "Composition.status",
            "Composition.type",
            "Composition.section",
            "Task.intent",
            "Task.code",
            "Task.focus",
            "MeasureReport.status",
            "MeasureReport.type",
            "MeasureReport.measure",
            "MeasureReport.group",
        }
    ),
)

JAGA = Jaga(
    alur=ALUR_LAPORAN_PUSTU,
    resource_type="Task",
    applies=is_receipt,
    state_of=state_of,
    status=STATUS,
)
