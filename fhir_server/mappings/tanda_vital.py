"""TandaVital as a panel Observation with one member a measure.

https://hl7.org/fhir/R4/observation-vitalsigns.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, fixed
from fhir_server.mappings.codes import LOINC
from fhir_server.mappings.elements import instant_of
from fhir_server.mappings.encounter_lab import visit
from fhir_server.mappings.episode_kehamilan import quantity
from fhir_server.mappings.ukur import (
    CONSTANTS,
    ROLES,
    Taken,
    about,
    age_of,
    measured,
    members,
    number_of,
    observed,
    pregnancy_of,
    read_meanings,
    read_measured,
)
from fhir_server.sop.tanda_vital import lengkap

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.tanda_vital import TandaVital
    from fhir_server.store.ops import Condition

PANEL: Final = (
    LOINC,
    "85353-1",
    "Vital signs, weight, height, head circumference, oxygen saturation and BMI panel",
)
BMI: Final = (LOINC, "39156-5", "Body mass index (BMI) [Ratio]")


def to_fhir(tanda: TandaVital, document_id: str) -> Resources:
    """Write the panel and its members."""
    taken = Taken(
        tanda.pasien, tanda.kunjungan, tanda.waktu, tanda.pemeriksa, tanda.status, tanda.penanda
    )
    found = measured(tanda.hasil, taken)
    if tanda.imt is not None:
        found["imt"] = observed("imt", BMI, taken, valueQuantity=quantity(tanda.imt, "kg/m2"))
    return {"": observed("", PANEL, taken, hasMember=members(document_id, found)), **found}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read the panel from its members."""
    panel = resources[""]
    return {
        **about(panel),
        "waktu": instant_of(panel.get("effectiveDateTime")),
        "hasil": read_measured(resources),
        "imt": number_of(resources.get("imt")),
        "penanda": read_meanings(resources),
    }


def complete(
    tanda: TandaVital, _before: Table[str, Any] | None, reader: Reader
) -> tuple[TandaVital, tuple[Condition, ...]]:
    """Mark the values by the patient's age, and as a pregnant woman's where she is one."""
    if tanda.kunjungan is not None:
        visit(reader, tanda.kunjungan, tanda.pasien)
    age = age_of(reader, tanda.pasien, tanda.waktu.date())
    hamil = pregnancy_of(reader, tanda.pasien) is not None
    return lengkap(tanda, age, hamil=hamil), ()


MAPPING = Mapping(
    resource_type="Observation",
    profile="TandaVital",
    profiles={"tekanan-darah": "TekananDarah", "Observation": "HasilUkur"},
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    parts=fixed(**dict.fromkeys((*ROLES, "imt"), "Observation")),
    complete=complete,
    criteria=(("code", "|".join(PANEL[:2])),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "waktu": "date",
    },
    constants=CONSTANTS,
)
