"""LaporanPendampingan as Composition, with the timed step E7; final only once verified.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed, langkah_program, r4b
from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.codes import code_system, sid
from fhir_server.mappings.elements import (
    concept,
    id_of,
    identifier,
    ids_of,
    instant_of,
    period,
    reference,
    several,
)
from fhir_server.mappings.rules import Rule, has_code, local, refuse
from fhir_server.sop.langkah_program import LangkahProgram
from fhir_server.sop.laporan_pendampingan import (
    ALUR_LAPORAN_PENDAMPINGAN,
    E7,
    tanpa_verifikasi,
)
from fhir_server.store.ops import Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.mappings.rules import Facts
    from fhir_server.resources.wire import Document
    from fhir_server.sop.dokumen import Teguran
    from fhir_server.sop.laporan_pendampingan import LaporanPendampingan
    from fhir_server.store.ops import Concern

DOKUMEN: Final = code_system("jenis-dokumen")
KIND, NOMOR, STEP = "laporan-pendampingan", "laporan-pendampingan", "langkah"
SUMMARY, VISITS, ADVICE = "Ringkasan", "Pendampingan", "Saran"
STATUS: Final = {"draf": "preliminary", "final": "final", "salah-entri": "entered-in-error"}
DIBACA: Final = {status: state for state, status in STATUS.items()} | {"amended": "final"}
XHTML: Final = '<div xmlns="http://www.w3.org/1999/xhtml">'


def to_fhir(laporan: LaporanPendampingan, own_id: str) -> Resources:
    """Write a report and the step it is."""
    step = langkah_program.to_fhir(_step(laporan), own_id)[""]
    step.focus = reference("Composition", own_id)
    return {"": _composition(laporan, own_id), STEP: step}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a report."""
    report, ran = resources[""], resources.get(STEP, {}).get("executionPeriod", {})
    signed: Document = next(iter(report.get("attester", ())), {})
    visits = [each for event in report.get("event", ()) for each in event.get("detail", ())]
    said = {each.get("title"): each for each in report.get("section", ())}
    ended = instant_of(report.get("date"))
    return {
        "faskes": id_of(report.get("custodian"), "Organization"),
        "pasien": id_of(report.get("subject"), "Patient"),
        "mahasiswa": next(iter(ids_of(report.get("author"), "PractitionerRole")), None),
        "mulai": instant_of(ran.get("start")) or ended,
        "selesai": ended,
        "pendampingan": ids_of(visits, "Encounter"),
        "ringkasan": told(said.get(SUMMARY)),
        "saran": told(said.get(ADVICE)),
        "status": DIBACA.get(report.get("status", "")),
        "verifikator": id_of(signed.get("party"), "PractitionerRole"),
        "diverifikasi": instant_of(signed.get("time")),
    }


def section(title: str, text: str | None = None, entry: list[Any] | None = None) -> Any:
    """Write a section; None where it would be empty."""
    if text is None and not entry:
        return None
    inner = f"{XHTML}{escape(text)}</div>" if text is not None else None
    words = {"status": "generated", "div": inner} if inner else None
    return {"title": title, "text": words, "entry": entry or None}


def told(found: Document | None) -> str | None:
    """Read the text of a section."""
    div: str = (found or {}).get("text", {}).get("div", "")
    return unescape(div.partition(">")[2].rpartition("</div>")[0]) or None


def _composition(laporan: LaporanPendampingan, own_id: str) -> Any:
    visits = [reference("Encounter", each) for each in laporan.pendampingan]
    return r4b.Composition(
        identifier=identifier(sid(NOMOR, laporan.faskes), own_id),
        status=STATUS[laporan.status],
        type=concept(DOKUMEN, KIND),
        subject=reference("Patient", laporan.pasien),
        date=laporan.selesai,
        author=[reference("PractitionerRole", laporan.mahasiswa)],
        title="Laporan pendampingan ibu hamil",
        attester=_attester(laporan),
        custodian=reference("Organization", laporan.faskes),
        event=[{"period": period(None, laporan.selesai), "detail": visits}],
        section=several(
            section(SUMMARY, laporan.ringkasan),
            section(VISITS, entry=visits),
            section(ADVICE, laporan.saran),
        ),
    )


def _attester(laporan: LaporanPendampingan) -> Any:
    if laporan.verifikator is None:
        return None
    by = reference("PractitionerRole", laporan.verifikator)
    return [{"mode": "professional", "time": laporan.diverifikasi, "party": by}]


def _step(laporan: LaporanPendampingan) -> LangkahProgram:
    wrong = laporan.status == "salah-entri"
    return LangkahProgram(
        langkah="sla-e7",
        faskes=laporan.faskes,
        pemberi=f"faskes/{laporan.faskes}",
        pelaksana=f"petugas/{laporan.mahasiswa}",
        ditugaskan=laporan.mulai,
        mulai=laporan.mulai,
        selesai=laporan.selesai,
        status="dibatalkan" if wrong else "selesai",
        alasan="salah entri" if wrong else None,
    )


def is_report(composition: Document, canonical: str) -> bool:
    """Say whether a Composition is a student's report."""
    return has_code(composition.get("type"), f"{canonical}/CodeSystem/jenis-dokumen", KIND)


def rules(canonical: str) -> tuple[Rule, ...]:
    """Give E7, that a final report was verified, for the codes below a canonical base."""
    base = canonical.rstrip("/")

    def applies(report: Document, _new: bool) -> bool:  # noqa: FBT001 - as Rule has it
        return report.get("status") in {"final", "amended"} and is_report(report, base)

    def check(concerns: Sequence[Concern], _facts: Facts) -> Check:
        refuse(_unverified(concerns))
        return Check((), (), lambda _: None)

    return (Rule(E7, frozenset({"Composition"}), applies, check),)


def _unverified(concerns: Sequence[Concern]) -> Iterator[tuple[Concern, str, Teguran]]:
    for concern in concerns:
        report = concern.document
        authors = {local(each, "PractitionerRole") for each in report.get("author", ())}
        signed = {
            local(each.get("party"), "PractitionerRole")
            for each in report.get("attester", ())
            if each.get("mode") in {"professional", "official"}
        }
        if not signed - authors - {None}:
            yield concern, "attester", tanpa_verifikasi()


def _state(report: Document) -> str | None:
    return DIBACA.get(report.get("status", ""))


JAGA: Final = Jaga(ALUR_LAPORAN_PENDAMPINGAN, "Composition", is_report, _state, STATUS)

MAPPING = Mapping(
    resource_type="Composition",
    profile="LaporanPendampingan",
    profiles={STEP: "LangkahProgram"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(langkah="Task"),
    criteria=(("type", f"{DOKUMEN}|{KIND}"),),
    filters={
        "pasien": "patient=Patient/{}",
        "mahasiswa": "author=PractitionerRole/{}",
        "status": lambda word: f"status={STATUS.get(word, word)}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Composition.identifier",
            "Composition.type",
            "Composition.title",
            "Composition.attester.mode",
            "Composition.section.title",
            "Composition.section.text.status",
            "Task.intent",
            "Task.code",
            "Task.focus",
        }
    ),
)
