"""The course of a queue number on the write road: an Appointment with a number of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.mappings.alur import Jaga
from fhir_server.mappings.antrean import DIBACA, NOMOR, STATUS
from fhir_server.sop.antrean import ALUR_ANTREAN

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document


def is_number(appointment: Document, canonical: str) -> bool:
    """Say whether an Appointment is a number in a queue."""
    own = f"{canonical}/sid/{NOMOR}/"
    return any(each.get("system", "").startswith(own) for each in appointment.get("identifier", ()))


def state_of(appointment: Document) -> str | None:
    """Read the state of a queue number; an extension tells being called from being served."""
    status = appointment.get("status", "")
    for each in appointment.get("extension", ()):
        if each.get("url", "").endswith("/StructureDefinition/status-antrean"):
            finer: str = each.get("valueCode", "")
            if STATUS.get(finer) == status:
                return finer
    return DIBACA.get(status)


JAGA: Final = Jaga(
    alur=ALUR_ANTREAN,
    resource_type="Appointment",
    applies=is_number,
    state_of=state_of,
    status=STATUS,
)
