"""PenandaInfeksi as Flag.

https://hl7.org/fhir/R4/flag.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import Mapping, r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import concept, id_of, instant_of, period, reference

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from fhir_server.mappings import Resources
    from fhir_server.resources.wire import Document
    from fhir_server.sop.penanda_infeksi import PenandaInfeksi

PENANDA: Final = code_system("penanda")
CATEGORY: Final = ("http://terminology.hl7.org/CodeSystem/flag-category", "safety", "Safety")
STATUS: Final = {"aktif": "active", "berakhir": "inactive", "salah-entri": "entered-in-error"}


def to_fhir(penanda: PenandaInfeksi, _id: str) -> Resources:
    """Write a flag."""
    coding = r4b.Coding(system=PENANDA, code="infeksi")
    flag = r4b.Flag(
        status=STATUS[penanda.status],
        category=[concept(*CATEGORY)],
        code=r4b.CodeableConcept(coding=[coding], text=penanda.alasan),
        subject=reference("Patient", penanda.pasien),
        period=period(penanda.mulai, penanda.selesai),
        encounter=reference("Encounter", penanda.kunjungan),
    )
    return {"": flag}


def from_fhir(resources: Table[str, Document]) -> dict[str, Any]:
    """Read a flag."""
    flag = resources[""]
    statuses = {fhir: sop for sop, fhir in STATUS.items()}
    span = flag.get("period", {})
    return {
        "pasien": id_of(flag.get("subject"), "Patient"),
        "mulai": instant_of(span.get("start")),
        "kunjungan": id_of(flag.get("encounter"), "Encounter"),
        "alasan": flag.get("code", {}).get("text"),
        "status": statuses.get(flag.get("status", "")),
        "selesai": instant_of(span.get("end")),
    }


MAPPING = Mapping(
    resource_type="Flag",
    profile="PenandaInfeksi",
    to_fhir=to_fhir,
    from_fhir=from_fhir,
    criteria=(("code", f"{PENANDA}|infeksi"),),
    filters={
        "pasien": "patient=Patient/{}",
        "kunjungan": "encounter=Encounter/{}",
        "status": lambda status: f"status={STATUS.get(status, status)}",
    },
    constants=frozenset({"Flag.category", "Flag.code.coding"}),
)
