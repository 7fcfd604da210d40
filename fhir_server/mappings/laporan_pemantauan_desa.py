"""LaporanPemantauanDesa as Composition, the doctor's Task, the notice to her, and its Group.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final, get_args

from fhir_server.mappings import Mapping, fixed, part_id, r4b
from fhir_server.mappings.codes import code_system, structure
from fhir_server.mappings.data_pemantauan import rows, waits
from fhir_server.mappings.elements import (
    code_of,
    concept,
    day_of,
    extension_of,
    id_of,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.sop.laporan_pemantauan_desa import (
    BarisLaporan,
    HasilKontak,
    KontakLaporan,
    hitung,
    menit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table
    from decimal import Decimal

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.laporan_pemantauan_desa import LaporanPemantauanDesa

DESA: Final = structure("desa-laporan")
JAWAB: Final = structure("menit-jawab")
TANGGAP: Final = structure("menit-tanggap")
DOKUMEN: Final = code_system("jenis-dokumen")
TUGAS: Final = code_system("jenis-tugas")
KATEGORI: Final = code_system("kategori-komunikasi")
STATUS_KONTAK: Final = code_system("status-kontak")
LAPORAN: Final = code_system("status-laporan")
JENIS: Final = "laporan-pemantauan-desa"
RINGKASAN: Final = "Ringkasan"
STATUS: Final = {
    "disusun": ("preliminary", "draft", "preparation"),
    "dikirim": ("final", "requested", "completed"),
    "ditinjau": ("final", "completed", "completed"),
    "salah-entri": ("entered-in-error", "entered-in-error", "entered-in-error"),
}
"""State of the report → status of the Composition, of the Task, of the Communication."""
HASIL: Final = {
    "terjadwal": "Jatuh tempo, belum dihubungi",
    "terlewat": "Terlewat: tidak dihubungi pada harinya",
    "menunggu-jawaban": "Dihubungi, menunggu jawaban",
    "dijawab": "Dihubungi dan dijawab",
    "terlambat": "Dihubungi sesudah hari jatuh tempo",
    "keluhan-sendiri": "Pasien menghubungi lebih dahulu",
    "di-luar-jadwal": "Kontak di luar jadwal",
}


def to_fhir(laporan: LaporanPemantauanDesa, own_id: str) -> Resources:
    """Write the report, what the doctor has to do with it, and who is in it."""
    return {
        "": _composition(laporan, own_id),
        "tugas": _task(laporan, own_id),
        "pemberitahuan": _notice(laporan, own_id),
        "sasaran": _group(laporan),
    }


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a report; a Task that the doctor completed by FHIR has reviewed it."""
    composition, task = resources[""], resources.get("tugas", {})
    events: list[Document] = composition.get("event") or [{}]
    event = events[0].get("period", {})
    sections = composition.get("section", ())
    rows = tuple(_row(each) for each in sections if id_of(each.get("focus"), "Patient"))
    notes = [each.get("text") for each in task.get("note", ())]
    return {
        "desa": (extension_of(composition, DESA) or {}).get("valueCode"),
        "mulai": day_of(event.get("start")),
        "sampai": day_of(event.get("end")),
        "bidan": next(iter(ids_of(composition.get("author"), "PractitionerRole")), None),
        "dokter": id_of(task.get("owner"), "PractitionerRole"),
        "dibuat": instant_of(composition.get("date")),
        "faskes": id_of(composition.get("custodian"), "Organization"),
        "baris": rows,
        "status": _status(composition, task),
        "ditinjau": instant_of(task.get("executionPeriod", {}).get("end")),
        "catatan": notes[0] if notes else None,
        "menitJawab": (extension_of(composition, JAWAB) or {}).get("valueDecimal"),
        "menitTanggap": (extension_of(composition, TANGGAP) or {}).get("valueDecimal"),
        **hitung(rows),
    }


def complete(
    laporan: LaporanPemantauanDesa, _before: Table[str, Any] | None, reader: Reader
) -> tuple[LaporanPemantauanDesa, tuple[()]]:
    """Fill the rows from what is recorded where none were given, and count them."""
    asked = (laporan.desa, laporan.mulai, laporan.sampai)
    found = laporan.baris or rows(reader, *asked)
    jawab, tanggap = map(menit, waits(reader, *asked))
    counted = hitung(found)
    return replace(laporan, baris=found, menitJawab=jawab, menitTanggap=tanggap, **counted), ()


def patients_of(composition: Document) -> set[str]:
    """Give the ids of the patients that a report is about, also of one that others wrote."""
    found = {id_of(each.get("focus"), "Patient") for each in _sections(composition)}
    listed = [e for each in _sections(composition) for e in each.get("entry", ())]
    return {each for each in (*found, *ids_of(listed, "Patient")) if each}


def cases_of(composition: Document) -> list[str]:
    """Give the ids of the Tasks that a report lists."""
    return [e for each in _sections(composition) for e in ids_of(each.get("entry"), "Task")]


def _sections(part: Document) -> Iterator[Document]:
    for each in part.get("section", ()):
        yield each
        yield from _sections(each)


def _composition(laporan: LaporanPemantauanDesa, own_id: str) -> Any:
    spell = f"{laporan.mulai} s.d. {laporan.sampai}"
    sections = [_summary(laporan), *(_patient(each) for each in laporan.baris)]
    return r4b.Composition(
        extension=several(
            r4b.Extension(url=DESA, valueCode=laporan.desa),
            _minutes(JAWAB, laporan.menitJawab),
            _minutes(TANGGAP, laporan.menitTanggap),
        ),
        status=STATUS[laporan.status][0],
        type=concept(DOKUMEN, JENIS),
        subject=reference("Group", part_id(own_id, "sasaran")),
        date=laporan.dibuat,
        author=[reference("PractitionerRole", laporan.bidan)],
        title=f"Laporan pemantauan desa {laporan.desa}, {spell}",
        custodian=reference("Organization", laporan.faskes),
        event=[{"period": period(laporan.mulai, laporan.sampai)}],
        section=sections,
    )


def _minutes(url: str, value: Decimal | None) -> Any:
    return None if value is None else r4b.Extension(url=url, valueDecimal=value)


def _summary(laporan: LaporanPemantauanDesa) -> Any:
    adherence = "tidak ada" if laporan.kepatuhan is None else f"{laporan.kepatuhan} %"
    lines = [
        f"Kontak jatuh tempo: {laporan.jatuhTempo}",
        f"Dihubungi pada harinya: {laporan.tepatWaktu}",
        f"Terlewat: {laporan.terlewat}",
        f"Kepatuhan jadwal: {adherence}",
    ]
    inner = "".join(f"<li>{escape(each)}</li>" for each in lines)
    return {"title": RINGKASAN, "text": _narrative(f"<ul>{inner}</ul>")}


def _narrative(inner: str) -> dict[str, str]:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'
    return {"status": "generated", "div": div}


def _patient(baris: BarisLaporan) -> Any:
    data = [
        *(reference("Observation", each) for each in baris.pengamatan),
        *(reference("QuestionnaireResponse", each) for each in baris.isian),
        *(reference("Condition", each) for each in baris.keluhan),
    ]
    return {
        "title": f"Pasien {baris.pasien}",
        "focus": reference("Patient", baris.pasien),
        "entry": several(*data),
        "section": [_contact(each) for each in baris.kontak],
    }


def _contact(kontak: KontakLaporan) -> dict[str, Any]:
    entries = several(
        reference("CommunicationRequest", kontak.jadwal),
        reference("Task", kontak.kasus),
        *(reference("Communication", each) for each in kontak.pesan),
    )
    says = HASIL[kontak.hasil]
    return {
        "title": kontak.tanggal.isoformat(),
        "code": concept(STATUS_KONTAK, kontak.hasil),
        "text": _narrative(f"<p>{says}</p>"),
        "entry": entries,
    }


def _row(section: Document) -> BarisLaporan:
    entries = section.get("entry", ())
    contacts = [found for each in section.get("section", ()) if (found := _read(each))]
    return BarisLaporan(
        pasien=id_of(section.get("focus"), "Patient") or "",
        kontak=tuple(contacts),
        pengamatan=ids_of(entries, "Observation"),
        isian=ids_of(entries, "QuestionnaireResponse"),
        keluhan=ids_of(entries, "Condition"),
    )


def _read(section: Document) -> KontakLaporan | None:
    day: Any = day_of(section.get("title"))
    result: Any = code_of(section.get("code"), STATUS_KONTAK)
    if day is None or result not in get_args(HasilKontak):
        return None
    entries = section.get("entry", ())
    return KontakLaporan(
        tanggal=day,
        hasil=result,
        jadwal=next(iter(ids_of(entries, "CommunicationRequest")), None),
        kasus=next(iter(ids_of(entries, "Task")), None),
        pesan=ids_of(entries, "Communication"),
    )


def _task(laporan: LaporanPemantauanDesa, own_id: str) -> Any:
    task: Any = r4b.Task  # its alias for_fhir is not typed
    return task(
        status=STATUS[laporan.status][1],
        businessStatus=concept(LAPORAN, laporan.status),
        intent="order",
        code=concept(TUGAS, "tinjau-laporan"),
        focus=reference("Composition", own_id),
        for_fhir=reference("Group", part_id(own_id, "sasaran")),
        authoredOn=laporan.dibuat,
        requester=reference("PractitionerRole", laporan.bidan),
        owner=reference("PractitionerRole", laporan.dokter),
        executionPeriod=period(laporan.dibuat, laporan.ditinjau),
        note=several(laporan.catatan and r4b.Annotation(text=laporan.catatan)),
    )


def _notice(laporan: LaporanPemantauanDesa, own_id: str) -> Any:
    says = (
        f"Laporan pemantauan desa {laporan.desa} {laporan.mulai} s.d. {laporan.sampai}: "
        f"{len(laporan.baris)} pasien, {laporan.terlewat} kontak terlewat."
    )
    payload: Any = [{"contentString": says}]
    return r4b.Communication(
        basedOn=several(reference("Task", part_id(own_id, "tugas"))),
        status=STATUS[laporan.status][2],
        category=[concept(KATEGORI, "pemberitahuan")],
        subject=reference("Group", part_id(own_id, "sasaran")),
        about=[reference("Composition", own_id)],
        sent=laporan.dibuat,
        recipient=[reference("PractitionerRole", laporan.dokter)],
        sender=reference("PractitionerRole", laporan.bidan),
        payload=payload,
    )


def _group(laporan: LaporanPemantauanDesa) -> Any:
    members = [{"entity": reference("Patient", each.pasien)} for each in laporan.baris]
    return r4b.Group(
        active=True,
        type="person",
        actual=True,
        code=r4b.CodeableConcept(text="Sasaran pemantauan desa"),
        name=f"Sasaran pemantauan desa {laporan.desa}",
        quantity=len(members),
        managingEntity=reference("Organization", laporan.faskes),
        member=several(*members),
    )


def _status(composition: Document, task: Document) -> str | None:
    status = composition.get("status")
    if status == "final":
        return "ditinjau" if task.get("status") == "completed" else "dikirim"
    found = {codes[0]: word for word, codes in STATUS.items()}
    return found.get(status or "")


MAPPING = Mapping(
    resource_type="Composition",
    profile="LaporanPemantauanDesa",
    profiles={
        "tugas": "TugasTinjauLaporan",
        "pemberitahuan": "PemberitahuanLaporan",
        "sasaran": "SasaranPemantauan",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(tugas="Task", pemberitahuan="Communication", sasaran="Group"),
    complete=complete,
    criteria=(("type", f"{DOKUMEN}|{JENIS}"),),
    filters={
        "desa": "desa",
        "mulai": "period",
        "bidan": "author=PractitionerRole/{}",
        "status": lambda word: f"status={STATUS[word][0]}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Composition.extension.url",
            "Composition.type",
            "Composition.subject",
            "Composition.section.title",
            "Composition.section.text.status",
            "Composition.section.section.code.coding.system",
            "Composition.section.section.text.status",
            "Task.businessStatus.coding.system",
            "Task.intent",
            "Task.code",
            "Task.focus",
            "Task.for",
            "Communication.basedOn",
            "Communication.category",
            "Communication.subject",
            "Communication.about",
            "Group.active",
            "Group.type",
            "Group.actual",
            "Group.code",
            "Group.quantity",
        }
    ),
)
