"""SkriningVisual as Observation; its Encounter gets priority and arrangements (C1, C2).

https://hl7.org/fhir/R4/observation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import (
    code_of,
    codes_of,
    concept,
    id_of,
    ids_of,
    instant_of,
    reference,
    several,
)
from fhir_server.mappings.encounter_lab import visit

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Reader, Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.skrining_visual import SkriningVisual
    from fhir_server.store.ops import Condition

LOKAL: Final = code_system("observasi-lokal")
BANTUAN, TRIASE = code_system("bantuan-pasien"), code_system("triase")
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
CODE: Final = "skrining-visual"
DARURAT: Final = "gawat-darurat"
HELP: Final = "bantuan"


def to_fhir(skrining: SkriningVisual, _id: str) -> Resources:
    """Write a screening; what help is needed are components of their own."""
    danger = {"code": concept(LOKAL, DARURAT), "valueBoolean": skrining.gawatDarurat}
    helps = [
        {"code": concept(LOKAL, HELP), "valueCodeableConcept": concept(BANTUAN, each)}
        for each in skrining.bantuan
    ]
    observation = r4b.Observation(
        status="final",
        category=[concept(CATEGORY, "survey")],
        code=concept(LOKAL, CODE),
        subject=reference("Patient", skrining.pasien),
        encounter=reference("Encounter", skrining.kunjungan),
        effectiveDateTime=skrining.waktu,
        performer=[reference("PractitionerRole", skrining.oleh)],
        valueCodeableConcept=concept(TRIASE, skrining.triase),
        note=several(skrining.catatan and r4b.Annotation(text=skrining.catatan)),
        component=[danger, *helps],
    )
    return {"": observation}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a screening."""
    observation = resources[""]
    return {
        "pasien": id_of(observation.get("subject"), "Patient"),
        "kunjungan": id_of(observation.get("encounter"), "Encounter"),
        "gawatDarurat": is_emergency(observation),
        "oleh": next(iter(ids_of(observation.get("performer"), "PractitionerRole")), None),
        "waktu": instant_of(observation.get("effectiveDateTime")),
        "bantuan": helps_of(observation),
        "triase": code_of(observation.get("valueCodeableConcept"), TRIASE),
        "catatan": next((each.get("text") for each in observation.get("note", ())), None),
    }


def complete(
    skrining: SkriningVisual, _before: Table[str, Any] | None, reader: Reader
) -> tuple[SkriningVisual, tuple[Condition, ...]]:
    """Refuse the screening of a visit that is not there or is another patient's."""
    visit(reader, skrining.kunjungan, skrining.pasien)
    return skrining, ()


def is_emergency(observation: Document) -> bool | None:
    """Read whether the patient is in danger; None where the screening does not say."""
    found = [e for e in observation.get("component", ()) if _is(e, DARURAT)]
    return found[0].get("valueBoolean") if found else None


def helps_of(observation: Document) -> tuple[str, ...]:
    """Read which help the patient needs."""
    found = [e for e in observation.get("component", ()) if _is(e, HELP)]
    return codes_of((each.get("valueCodeableConcept", {}) for each in found), BANTUAN)


def _is(component: Document, code: str) -> bool:
    return code_of(component.get("code"), LOKAL) == code


MAPPING = Mapping(
    resource_type="Observation",
    profile="SkriningVisual",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    complete=complete,
    criteria=(("code", f"{LOKAL}|{CODE}"),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "triase": f"value-concept={TRIASE}|{{}}",
    },
    sort="-date",
    constants=frozenset(
        {
            "Observation.status",
            "Observation.category",
            "Observation.code",
            "Observation.component.code",
            "Observation.component.valueCodeableConcept.coding.system",
            "Observation.valueCodeableConcept.coding.system",
        }
    ),
)
