"""AnalisisPWS as Composition: reports, problems, their ranking, the plan, and who was told.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, part_id, r4b, rencana_rtl
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import ADMINISTRATIVE_AREA, code_system, sid
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
from fhir_server.mappings.masalah_pws import (
    PROBLEM,
    problem,
    ranked,
    ranking,
    read_problem,
    role_of,
)
from fhir_server.mappings.plain import as_json
from fhir_server.mappings.rules import has_code
from fhir_server.sop.analisis_pws import ALUR_ANALISIS, DataPws, lengkap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.analisis_pws import AnalisisPws

DOKUMEN: Final = code_system("jenis-dokumen")
BAGIAN: Final = code_system("bagian-analisis")
INDIKATOR: Final = code_system("indikator-pws")
SASARAN, SIFAT = code_system("sasaran-pws"), code_system("sifat-sasaran")
KOMUNIKASI: Final = code_system("kategori-komunikasi")
NOMOR: Final = "analisis-pws"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/"
STATUS: Final = {
    "disusun": "preliminary",
    "final": "final",
    "diralat": "amended",
    "salah-entri": "entered-in-error",
}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()}
BAGIAN_JUDUL: Final = {
    "data": "Data",
    "masalah": "Masalah",
    "prioritas": "Prioritas masalah",
    "rtl": "Rencana tindak lanjut",
    "wilayah": "Wilayah",
    "pemberitahuan": "Pemberitahuan",
}
TOLD: Final = "pemberitahuan-"
LONGEST_ID: Final = 64


def to_fhir(analisis: AnalisisPws, document_id: str) -> Resources:
    """Write the analysis; each problem is a Condition of its village's people."""
    problems = {role_of(each.nomor): each for each in analisis.masalah}
    villages = sorted({each.desa for each in analisis.masalah})
    parts = {
        **{f"desa-{code}": _people(analisis, [code]) for code in villages},
        **{role: problem(analisis, each, document_id) for role, each in problems.items()},
    }
    if analisis.masalah:
        parts["prioritas"] = ranking(analisis, document_id)
    if analisis.rtl:
        parts["wilayah"] = _people(analisis, villages)
        parts["rtl"] = rencana_rtl.write(analisis, document_id)
    for faskes in analisis.diberitahu:
        parts[_told(faskes, document_id)] = _notice(analisis, faskes, document_id)
    return {"": _composition(analisis, document_id, parts), **parts}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read an analysis, as far as its resources are there."""
    composition = resources[""]
    problems = [each for role, each in resources.items() if role.startswith(PROBLEM)]
    notices = [each for role, each in resources.items() if role.startswith(TOLD)]
    told = [name for each in notices for name in ids_of(each.get("recipient"), "Organization")]
    found = (read_problem(each) for each in problems)
    return {
        "faskes": id_of(composition.get("custodian"), "Organization"),
        "bulan": composition.get("identifier", {}).get("value"),
        "penyusun": next(iter(ids_of(composition.get("author"), "PractitionerRole")), None),
        "waktu": instant_of(composition.get("date")),
        "data": tuple(_data(_entries(composition, "data"))),
        "masalah": tuple(sorted((e for e in found if e), key=lambda each: each.nomor)),
        "prioritas": tuple(ranked(resources.get("prioritas", {}))),
        "rtl": rencana_rtl.read(resources.get("rtl", {})),
        "status": DIBACA.get(composition.get("status", "")),
        "diberitahu": tuple(told),
    }


def parts(primary: Document, _gathered: Table[str, Document]) -> dict[str, str]:
    """Find all that the sections name and that is the analysis's own."""
    own, found = f"{primary['id']}-", {}
    for name in BAGIAN_JUDUL:
        for each in _entries(primary, name):
            kind, _, resource_id = each.get("reference", "").rpartition("/")
            if resource_id.startswith(own):
                found[resource_id.removeprefix(own)] = f"{kind}/{resource_id}"
    return found


def complete(
    analisis: AnalisisPws, before: Table[str, Any] | None, _reader: Reader
) -> tuple[AnalisisPws, tuple[()]]:
    """Rank the problems, and say who is told; who was told once stays so."""
    known = tuple((before or {}).get("diberitahu", ()))
    return lengkap(replace(analisis, diberitahu=known)), ()


def amend(analisis: AnalisisPws, document_id: str, reader: Reader) -> dict[str, Document]:
    """Take back the problems that the analysis no longer has."""
    keeps = {part_id(document_id, role_of(each.nomor)) for each in analisis.masalah}
    composition = reader.read(f"Composition/{document_id}") or {}
    gone = [each for each in _entries(composition, "masalah") if id_of(each) not in keeps]
    read = (reader.read(each.get("reference", "")) for each in gone)
    wrong = concept(f"{CATEGORY}condition-ver-status", "entered-in-error")
    return {
        f"Condition/{each['id']}": {
            **{name: value for name, value in each.items() if name != "clinicalStatus"},
            "verificationStatus": as_json(wrong),
        }
        for each in read
        if each is not None
    }


def _composition(analisis: AnalisisPws, document_id: str, parts: Table[str, Any]) -> Any:
    return r4b.Composition(
        identifier=identifier(sid(NOMOR, analisis.faskes), analisis.bulan),
        status=STATUS[analisis.status],
        type=concept(DOKUMEN, "analisis-pws", "Analisis PWS"),
        date=analisis.waktu,
        author=[reference("PractitionerRole", analisis.penyusun)],
        title=f"Analisis PWS {analisis.bulan}",
        custodian=reference("Organization", analisis.faskes),
        event=several(_month(analisis.bulan)),
        section=[
            _section(name, entries)
            for name, entries in _sections(analisis, document_id, parts).items()
            if entries
        ],
    )


def _month(text: str) -> dict[str, Any] | None:
    """Write a month as the event that is described; what is no month describes none."""
    first = day_of(f"{text}-01")
    if first is None:
        return None
    return {"period": period(first, first.replace(day=monthrange(first.year, first.month)[1]))}


def _sections(
    analisis: AnalisisPws, document_id: str, parts: Table[str, Any]
) -> dict[str, list[Any]]:
    """Give what each section names, in the order of reading."""

    def named(*starts: str) -> list[Any]:
        return [
            reference(type(each).__name__, part_id(document_id, role))
            for role, each in parts.items()
            if role.startswith(starts)
        ]

    reports = [
        r4b.Reference(
            reference=f"MeasureReport/{each.laporan}",
            identifier=identifier(INDIKATOR, each.indikator),
        )
        for each in analisis.data
    ]
    return {
        "data": reports,
        "masalah": named(PROBLEM),
        "prioritas": named("prioritas"),
        "rtl": named("rtl"),
        "wilayah": named("desa-", "wilayah"),
        "pemberitahuan": named(TOLD),
    }


def _section(name: str, entries: list[Any]) -> dict[str, Any]:
    return {"title": BAGIAN_JUDUL[name], "code": concept(BAGIAN, name), "entry": entries}


def _people(analisis: AnalisisPws, villages: list[str]) -> Any:
    """Write the people of villages as a Group without members."""
    return r4b.Group(
        active=True,
        type="person",
        actual=False,
        code=concept(SASARAN, "wilayah"),
        managingEntity=reference("Organization", analisis.faskes),
        characteristic=[
            {
                "code": concept(SIFAT, "desa"),
                "valueCodeableConcept": concept(ADMINISTRATIVE_AREA, village),
                "exclude": False,
            }
            for village in villages
        ]
        or None,
    )


def _told(faskes: str, document_id: str) -> str:
    """Name the notice to a facility; by a digest where the whole is too long."""
    role = f"{TOLD}{faskes}"
    if len(part_id(document_id, role)) <= LONGEST_ID:
        return role
    return f"{TOLD}{sha256(faskes.encode()).hexdigest()[:12]}"


def _notice(analisis: AnalisisPws, faskes: str, document_id: str) -> Any:
    """Tell a Pustu what it has to do, and on which reports that rests (C12)."""
    own = [each for each in analisis.rtl if each.pelaksana == f"faskes/{faskes}"]
    words = "; ".join(f"{each.uraian} ({each.mulai} s.d. {each.sampai})" for each in own)
    reports = [reference("MeasureReport", each.laporan) for each in analisis.data]
    return r4b.Communication(
        status="completed",
        category=[concept(KOMUNIKASI, "pemberitahuan")],
        about=[reference("Composition", document_id), *reports],
        sent=analisis.waktu,
        recipient=[reference("Organization", faskes)],
        sender=reference("Organization", analisis.faskes),
        payload=[{"contentString": f"Hasil PWS {analisis.bulan}: {words or 'tidak ada tugas'}."}],
    )


def _data(entries: Iterable[Document]) -> Iterator[DataPws]:
    for each in entries:
        report = id_of(each, "MeasureReport")
        code = each.get("identifier", {}).get("value")
        if report and code:
            yield DataPws(indikator=code, laporan=report)


def _entries(composition: Document, name: str) -> list[Document]:
    for section in composition.get("section", ()):
        if code_of(section.get("code"), BAGIAN) == name:
            found: list[Document] = section.get("entry", [])
            return found
    return []


def _is_analysis(composition: Document, canonical: str) -> bool:
    system = f"{canonical.rstrip('/')}/CodeSystem/jenis-dokumen"
    return has_code(composition.get("type"), system, "analisis-pws")


JAGA: Final = Jaga(
    alur=ALUR_ANALISIS,
    resource_type="Composition",
    applies=_is_analysis,
    state_of=lambda composition: DIBACA.get(composition.get("status", "")),
    status=STATUS,
)

MAPPING = Mapping(
    resource_type="Composition",
    profile="AnalisisPWS",
    profiles={
        "prioritas": "PrioritasMasalah",
        "rtl": "RencanaTindakLanjutPWS",
        "Condition": "MasalahPWS",
        "Group": "WilayahAnalisis",
        "Communication": "PemberitahuanPWS",
    },
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=parts,
    complete=complete,
    amend=amend,
    criteria=(("type", f"{DOKUMEN}|analisis-pws"),),
    filters={
        "faskes": lambda faskes: f"identifier={sid(NOMOR, faskes)}|",
        "bulan": "identifier",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Composition.identifier.system",
            "Composition.type",
            "Composition.title",
            "Composition.event",
            "Composition.section",
            "Group.active",
            "Group.type",
            "Group.actual",
            "Group.code",
            "Group.characteristic.code",
            "Group.characteristic.exclude",
            "Group.characteristic.valueCodeableConcept.coding.system",
            "Condition.extension.url",
            "Condition.extension.extension.url",
            "Condition.clinicalStatus",
            "Condition.verificationStatus",
            "Condition.category",
            "Condition.code.coding.system",
            "Condition.subject",
            "List.status",
            "List.mode",
            "List.title",
            "List.code",
            "List.orderedBy",
            "List.entry",
            "CarePlan.status",
            "CarePlan.intent",
            "CarePlan.category",
            "CarePlan.title",
            "CarePlan.subject",
            "CarePlan.supportingInfo",
            "CarePlan.activity.detail.status",
            "CarePlan.activity.detail.code.coding.system",
            "CarePlan.activity.detail.reasonReference",
            "Communication.status",
            "Communication.category",
            "Communication.about",
        }
    ),
)
