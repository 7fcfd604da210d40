"""The counts of a Pustu's report as MeasureReport: planned and done, visits apart from activities.

https://hl7.org/fhir/R4/measurereport.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.errors import Invalid, Issue
from fhir_server.mappings import r4b
from fhir_server.mappings.codes import CANONICAL, UCUM, code_system
from fhir_server.mappings.elements import code_of, concept, period, reference
from fhir_server.mappings.tindak_lanjut import DIBACA
from fhir_server.sop.laporan_pustu import RekapTugas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.laporan_pustu import LaporanPustu

TUGAS: Final = code_system("jenis-tugas")
POPULATION: Final = "http://terminology.hl7.org/CodeSystem/measure-population"
MEASURE: Final = f"{CANONICAL}/Measure/pws-kr"
GROUPS: Final = {"kunjunganRumah": "kunjungan-rumah", "kegiatan": "posyandu"}
"""Field of the report → the code of jenis-tugas that stands for its group."""


def tally(tasks: Sequence[str], reader: Reader) -> list[tuple[str | None, str | None]]:
    """Give kind and state of every task of a report; Invalid names those that are not there."""
    found = {each: reader.read(f"Task/{each}") for each in dict.fromkeys(tasks)}
    if missing := sorted(each for each, task in found.items() if task is None):
        says = f"tugas {', '.join(missing)} tidak ada."
        english = f"tugas: there is no Task {', '.join(missing)}."
        raise Invalid([Issue("not-found", english, "tugas", indonesian=f"tugas: {says}")])
    return [
        (code_of(task.get("code"), TUGAS), DIBACA.get(task.get("status", "")))
        for task in found.values()
        if task is not None
    ]


def written_counts(laporan: LaporanPustu) -> Any:
    """Write the counts of a report."""
    return r4b.MeasureReport(
        status="complete",
        type="summary",
        measure=MEASURE,
        date=laporan.waktu,
        reporter=reference("Organization", laporan.pustu),
        period=period(laporan.mulai, laporan.sampai),
        group=[
            _group(code, counts)
            for name, code in GROUPS.items()
            if (counts := getattr(laporan, name)) is not None
        ]
        or None,
    )


def read_counts(report: Document | None) -> dict[str, Any]:
    """Read the counts of a report."""
    groups = {code_of(each.get("code"), TUGAS): each for each in (report or {}).get("group", ())}
    return {name: _counts(groups[code]) for name, code in GROUPS.items() if code in groups}


def _group(code: str, counts: RekapTugas) -> dict[str, Any]:
    numbers = {"denominator": counts.direncanakan, "numerator": counts.selesai}
    score = counts.cakupan
    return {
        "code": concept(TUGAS, code),
        "population": [
            {"code": concept(POPULATION, name), "count": number} for name, number in numbers.items()
        ],
        "measureScore": None
        if score is None
        else r4b.Quantity(value=score, unit="%", system=UCUM, code="%"),
    }


def _counts(group: Document) -> RekapTugas:
    numbers = {
        code_of(each.get("code"), POPULATION): each.get("count", 0)
        for each in group.get("population", ())
    }
    score = group.get("measureScore", {}).get("value")
    return RekapTugas(
        direncanakan=numbers.get("denominator", 0),
        selesai=numbers.get("numerator", 0),
        cakupan=None if score is None else Decimal(str(score)),
    )
