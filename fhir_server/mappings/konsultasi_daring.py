"""A consultation by chat: what its case and its virtual Encounter say in every service.

https://hl7.org/fhir/R4/encounter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import ACT_CODE, code_system, sid
from fhir_server.mappings.elements import concept, id_of, instant_of, period, reference, several
from fhir_server.mappings.pihak import party_of

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from datetime import datetime

    from fhir_server.resources.wire import Document

NO_KASUS: Final = sid("no-kasus")
TUGAS: Final = code_system("jenis-tugas")
LAYANAN: Final = code_system("layanan-konsultasi")
KONSULTASI: Final = "konsultasi"
RUNNING: Final = "in-progress"
CONSTANTS: Final = frozenset(
    {
        "Task.groupIdentifier.system",
        "Task.businessStatus.coding.system",
        "Task.intent",
        "Task.encounter",
        "Encounter.class",
    }
)


def case_code(layanan: str) -> Any:
    """Write the code of a case: a consultation by chat, of a service."""
    codings = (("konsultasi-daring", TUGAS), (layanan, LAYANAN))
    return r4b.CodeableConcept(coding=[r4b.Coding(system=s, code=code) for code, s in codings])


def consultation(  # noqa: PLR0913 - what a consultation says
    *,
    layanan: str,
    status: str,
    pasien: str,
    mulai: datetime,
    selesai: datetime | None,
    keluhan: str | None,
    faskes: str | None,
) -> Any:
    """Write the virtual Encounter of a case."""
    encounter: Any = r4b.Encounter  # its alias class_fhir is not typed
    return encounter(
        status=status,
        class_fhir=r4b.Coding(system=ACT_CODE, code="VR"),
        type=several(concept(LAYANAN, layanan)),
        subject=reference("Patient", pasien),
        period=period(mulai, selesai),
        reasonCode=several(keluhan and r4b.CodeableConcept(text=keluhan)),
        serviceProvider=reference("Organization", faskes),
    )


def told(resources: Table[str, Document]) -> dict[str, Any]:
    """Read what every case says."""
    case, encounter = resources[""], resources.get(KONSULTASI, {})
    return {
        "noKasus": case.get("groupIdentifier", {}).get("value"),
        "faskes": id_of(encounter.get("serviceProvider"), "Organization"),
        "pasien": id_of(case.get("for"), "Patient"),
        "pemohon": party_of(case.get("requester")),
        "keluhan": case.get("reasonCode", {}).get("text"),
        "alasan": case.get("statusReason", {}).get("text"),
        "selesai": instant_of(case.get("executionPeriod", {}).get("end")),
    }
