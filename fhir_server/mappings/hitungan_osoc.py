"""What the accompaniment of a puskesmas came to in a period: Measure osoc-rekap (§1.E E8).

Clients and visits are those that ended in the period; a client's risk is that of her newest card
up to its end; every danger sign noted on a visit counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import CANONICAL, code_system
from fhir_server.mappings.elements import code_of, concept, day_of, id_of, reference
from fhir_server.mappings.kegiatan_lapangan import JENIS_KUNJUNGAN
from fhir_server.mappings.pendampingan import KIND, signs_of
from fhir_server.mappings.skor_poedji_rochjati import KELOMPOK
from fhir_server.sop.rekap_pendampingan import HitunganPendampingan

if TYPE_CHECKING:
    from datetime import date

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document
    from fhir_server.sop.rekap_pendampingan import RekapPendampingan

COUNTED: Final = code_system("hitungan-osoc")
MEASURE: Final = f"{CANONICAL}/Measure/osoc-rekap"
POPULATION: Final = "http://terminology.hl7.org/CodeSystem/measure-population"
FIELDS: Final = {
    "klien": "klien",
    "kunjungan": "kunjungan",
    "krt": "krt",
    "krst": "krst",
    "tanda-bahaya": "tandaBahaya",
}
"""Codes of what is counted → fields of the SOP."""
AT_ONCE: Final = 100


def counted(reader: Reader, faskes: str | None, first: date, last: date) -> dict[str, list[str]]:
    """Count a period; each code of ``FIELDS`` with what was counted, ``Type/id`` by ``Type/id``."""
    pairs = [("type", f"{JENIS_KUNJUNGAN}|{KIND}"), ("status", "finished")]
    pairs += [("date", f"ge{first}"), ("date", f"le{last}")]
    pairs += [("service-provider", f"Organization/{faskes}")] if faskes else []
    found = reader.find("Encounter", pairs)
    visits = [f"Encounter/{each['id']}" for each in found]
    clients = sorted({f"Patient/{who}" for e in found if (who := id_of(e.get("subject")))})
    risk = risks(reader, clients, last)
    return {
        "klien": clients,
        "kunjungan": sorted(visits),
        "krt": [each for each in clients if risk.get(each) == "KRT"],
        "krst": [each for each in clients if risk.get(each) == "KRST"],
        "tanda-bahaya": _signs(reader, visits),
    }


def summed(found: dict[str, list[str]]) -> HitunganPendampingan:
    """Give the numbers of a count."""
    return HitunganPendampingan(**{field: len(found[code]) for code, field in FIELDS.items()})


def written(rekap: RekapPendampingan) -> Any:
    """Write the numbers as MeasureReport."""
    groups = [
        {"code": concept(COUNTED, code), "population": [_population(getattr(rekap.hitungan, name))]}
        for code, name in FIELDS.items()
        if rekap.hitungan is not None
    ]
    report: Any = r4b.MeasureReport
    return report(
        status="complete",
        type="summary",
        measure=MEASURE,
        date=rekap.selesai,
        reporter=reference("Organization", rekap.faskes),
        period={"start": rekap.dari, "end": rekap.sampai},
        group=groups or None,
    )


def read(report: Document | None) -> HitunganPendampingan | None:
    """Read the numbers of a MeasureReport."""
    found: dict[str, int] = {}
    for group in (report or {}).get("group", ()):
        name = FIELDS.get(code_of(group.get("code"), COUNTED) or "")
        for each in group.get("population", ()):
            if name and "count" in each:
                found[name] = each["count"]
    return HitunganPendampingan(**found) if set(found) == set(FIELDS.values()) else None


def _population(count: int) -> dict[str, Any]:
    return {"code": concept(POPULATION, "initial-population"), "count": count}


def risks(reader: Reader, clients: list[str], last: date) -> dict[str, str | None]:
    """Give the risk group of each ``Patient/id`` by her newest card up to a day."""
    newest: dict[str, tuple[str, str | None]] = {}
    for place in range(0, len(clients), AT_ONCE):
        some = ",".join(clients[place : place + AT_ONCE])
        for card in reader.find("RiskAssessment", [("subject", some)]):
            when, who = card.get("occurrenceDateTime", ""), card["subject"]["reference"]
            groups = [each.get("qualitativeRisk") for each in card.get("prediction", ())]
            group = code_of([each for each in groups if each], KELOMPOK)
            day = day_of(when)
            valid = card.get("status") not in {"entered-in-error", "cancelled"}
            if group and valid and day is not None and day <= last:
                newest[who] = max(newest.get(who, ("", None)), (when, group))
    return {who: group for who, (_, group) in newest.items()}


def _signs(reader: Reader, visits: list[str]) -> list[str]:
    signs: list[str] = []
    for place in range(0, len(visits), AT_ONCE):
        some = ",".join(visits[place : place + AT_ONCE])
        for note in reader.find("QuestionnaireResponse", [("encounter", some)]):
            if note.get("status") != "entered-in-error":
                signs += [f"QuestionnaireResponse/{note['id']}"] * len(signs_of(note))
    return sorted(signs)
