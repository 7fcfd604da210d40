"""HasilUkur as Observations, one a measure; blood pressure is one panel with two components.

https://hl7.org/fhir/R4/observation-vitalsigns.html
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import part_id, r4b
from fhir_server.mappings.codes import LOINC, SNOMED
from fhir_server.mappings.elements import code_of, concept, day_of, id_of, reference, several
from fhir_server.mappings.episode_kehamilan import CATEGORY, CLINICAL_TERM, quantity
from fhir_server.mappings.kontak_kia import EPISODE_TYPE
from fhir_server.sop.hasil_ukur import HasilUkur, PenandaUkur
from fhir_server.sop.napas_cepat import umur_bulan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table
    from datetime import date, datetime

    from fhir_server.mappings import Reader
    from fhir_server.resources.wire import Document

INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
STATUS: Final = {"akhir": "final", "dikoreksi": "amended", "salah-entri": "entered-in-error"}
DIBACA: Final = {fhir: sop for sop, fhir in STATUS.items()} | {"corrected": "dikoreksi"}
MEANING: Final = {
    "normal": (INTERPRETATION, "N"),
    "rendah": (INTERPRETATION, "L"),
    "tinggi": (INTERPRETATION, "H"),
    "kritis-rendah": (INTERPRETATION, "LL"),
    "kritis-tinggi": (INTERPRETATION, "HH"),
    "kek": (CLINICAL_TERM, "OI000018"),
    "risiko-kek": (CLINICAL_TERM, "OI000035"),
}
PRESSURE: Final = "tekanan-darah"
BLOOD_PRESSURE: Final = (
    LOINC,
    "85354-9",
    "Blood pressure panel with all children optional",
)
SIDES: Final = {
    "sistolik": ("8480-6", "Systolic blood pressure"),
    "diastolik": ("8462-4", "Diastolic blood pressure"),
}
MEASURES: Final = {
    "nadi": ("nadi", (LOINC, "8867-4", "Heart rate"), "/min"),
    "suhu": ("suhu", (LOINC, "8310-5", "Body temperature"), "Cel"),
    "napas": ("napas", (LOINC, "9279-1", "Respiratory rate"), "/min"),
    "spo2": (
        "spo2",
        (LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
        "%",
    ),
    "berat": ("berat", (LOINC, "29463-7", "Body weight"), "kg"),
    "tinggi": ("tinggi", (LOINC, "8302-2", "Body height"), "cm"),
    "lila": ("lila", (SNOMED, "284473002", "Mid upper arm circumference"), "cm"),
    "lingkar-kepala": (
        "lingkarKepala",
        (LOINC, "9843-4", "Head Occipital-frontal circumference"),
        "cm",
    ),
}
"""Role → field, code, unit."""
ROLES: Final = (PRESSURE, *MEASURES)
CONSTANTS: Final = frozenset(
    {
        "Observation.category",
        "Observation.code",
        "Observation.hasMember",
        "Observation.component.code",
        "Observation.component.valueQuantity.unit",
        "Observation.component.valueQuantity.system",
        "Observation.component.valueQuantity.code",
        "Observation.valueQuantity.unit",
        "Observation.valueQuantity.system",
        "Observation.valueQuantity.code",
        "Observation.interpretation.coding.system",
    }
)
"""What no field of a panel of measures decides."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Of whom something was measured, when and by whom."""

    pasien: str
    kunjungan: str | None
    waktu: datetime
    pemeriksa: str
    status: str = "akhir"
    penanda: tuple[PenandaUkur, ...] = ()


def measured(hasil: HasilUkur, taken: Taken) -> dict[str, Any]:
    """Write every value that was measured, by role."""
    found = {}
    if hasil.sistolik is not None or hasil.diastolik is not None:
        found[PRESSURE] = observed(PRESSURE, BLOOD_PRESSURE, taken, component=sides(hasil))
    for role, (field, code, unit) in MEASURES.items():
        value = getattr(hasil, field)
        if value is not None:
            found[role] = observed(role, code, taken, valueQuantity=quantity(value, unit))
    return found


def observed(
    role: str, code: tuple[str, str, str], taken: Taken, category: str | None = None, **value: Any
) -> Any:
    """Write one Observation; a body measure that is no vital sign is an examination."""
    kind = category or ("exam" if role == "lila" else "vital-signs")
    return r4b.Observation(
        status=STATUS[taken.status],
        category=[concept(CATEGORY, kind)],
        code=concept(*code),
        subject=reference("Patient", taken.pasien),
        encounter=reference("Encounter", taken.kunjungan),
        effectiveDateTime=taken.waktu,
        performer=several(reference("PractitionerRole", taken.pemeriksa)),
        interpretation=several(*(_meaning(e) for e in taken.penanda if e.ukuran == role)),
        **value,
    )


def members(document_id: str, roles: Iterable[str]) -> list[Any] | None:
    """Refer to the parts of a panel."""
    return [reference("Observation", part_id(document_id, role)) for role in roles] or None


def read_measured(resources: Table[str, Document]) -> HasilUkur | None:
    """Read what was measured; None if nothing was."""
    found: dict[str, Any] = {
        field: number
        for role, (field, _, _) in MEASURES.items()
        if (number := number_of(resources.get(role))) is not None
    }
    for side, (loinc, _) in SIDES.items():
        for each in resources.get(PRESSURE, {}).get("component", ()):
            if code_of(each.get("code"), LOINC) == loinc:
                found[side] = number_of(each)
    whole = {each.name for each in fields(HasilUkur) if each.type == "int | None"}
    known: dict[str, Any] = {
        name: int(value) if name in whole else value
        for name, value in found.items()
        if value is not None
    }
    return HasilUkur(**known) if known else None


def read_meanings(resources: Table[str, Document]) -> tuple[PenandaUkur, ...]:
    """Read the marks, in the order in which they are made."""
    found = []
    for role in ORDER:
        for each in resources.get(role, {}).get("interpretation", ()):
            meaning = next((m for m, (s, c) in MEANING.items() if code_of(each, s) == c), None)
            if meaning is not None:
                text = each.get("text")
                found.append(PenandaUkur(ukuran=role, penanda=meaning, alasan=text))  # type: ignore[arg-type]
    return tuple(found)


ORDER: Final = (PRESSURE, "nadi", "suhu", "napas", "spo2", "lila")


def number_of(found: Document | None) -> Decimal | None:
    """Read the number of a Quantity with its digits."""
    value = ((found or {}).get("valueQuantity") or {}).get("value")
    return None if value is None else Decimal(str(value))


def age_of(reader: Reader, pasien: str, day: date) -> int | None:
    """Give the age of a patient in completed months; None if nobody knows the day of birth."""
    born = day_of((reader.read(f"Patient/{pasien}") or {}).get("birthDate"))
    return None if born is None or born > day else umur_bulan(born, day)


def pregnancy_of(reader: Reader, pasien: str) -> Document | None:
    """Give the running pregnancy of a patient."""
    pairs = [
        ("patient", f"Patient/{pasien}"),
        ("type", f"{EPISODE_TYPE}|ANC"),
        ("status", "active,onhold"),
    ]
    return next(iter(reader.find("EpisodeOfCare", pairs)), None)


def about(panel: Document) -> dict[str, Any]:
    """Read of whom, when and by whom a panel is."""
    performers = (id_of(each, "PractitionerRole") for each in panel.get("performer", ()))
    return {
        "pasien": id_of(panel.get("subject"), "Patient"),
        "kunjungan": id_of(panel.get("encounter"), "Encounter"),
        "pemeriksa": next(filter(None, performers), None),
        "status": DIBACA.get(panel.get("status", "")),
    }


def sides(hasil: HasilUkur) -> list[Any]:
    """Write a blood pressure as the components of its panel."""
    return [
        {"code": concept(LOINC, *code), "valueQuantity": quantity(value, "mm[Hg]")}
        for side, code in SIDES.items()
        if (value := getattr(hasil, side)) is not None
    ]


def _meaning(each: PenandaUkur) -> Any:
    system, code = MEANING[each.penanda]
    coding = r4b.Coding(system=system, code=code)
    return r4b.CodeableConcept(coding=[coding], text=each.alasan)
