"""The course of a visit on the write road: an Encounter whose service type is one of our units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.kunjungan import DIBACA, STATUS
from fhir_server.sop.kunjungan import ALUR_KUNJUNGAN

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document


def is_visit(encounter: Document, canonical: str) -> bool:
    """Say whether an Encounter is a visit to a unit of a puskesmas."""
    units = f"{canonical}/CodeSystem/unit-layanan"
    codings = encounter.get("serviceType", {}).get("coding", ())
    return any(each.get("system") == units for each in codings)


def state_of(encounter: Document) -> str | None:
    """Read the state of a visit."""
    return DIBACA.get(encounter.get("status", ""))


JAGA: Final = Jaga(
    alur=ALUR_KUNJUNGAN,
    resource_type="Encounter",
    applies=is_visit,
    state_of=state_of,
    status=STATUS,
)
