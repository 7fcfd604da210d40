"""The complications of a delivery, of mother or newborn, as Conditions.

https://hl7.org/fhir/R4/condition.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import ICD_10
from fhir_server.mappings.elements import code_of, concept, reference

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Table

    from fhir_server.resources.wire import Document
    from fhir_server.sop.persalinan import Persalinan

CONDITION: Final = "http://terminology.hl7.org/CodeSystem/condition-"
COMPLICATION: Final = "komplikasi-"


def complications(
    persalinan: Persalinan, codes: Iterable[str], whose: str, before: str = ""
) -> dict[str, Any]:
    """Write diagnoses of the delivery, each in the role of its code; ``whose``: a Patient's id."""
    return {role_of(code, before): _condition(persalinan, code, whose) for code in codes}


def role_of(icd10: str, before: str = "") -> str:
    """Name the role of a complication: ``komplikasi-o721``."""
    return f"{before}{COMPLICATION}{icd10.lower().replace('.', '')}"


def codes_in(resources: Table[str, Document], before: str = "") -> tuple[str, ...]:
    """Read the diagnoses of mother (no ``before``) or newborn."""
    start = f"{before}{COMPLICATION}"
    found = (code_of(e.get("code"), ICD_10) for r, e in resources.items() if r.startswith(start))
    return tuple(code for code in found if code)


def _condition(persalinan: Persalinan, code: str, whose: str) -> Any:
    is_void = persalinan.status == "salah-entri"
    status = "entered-in-error" if is_void else "confirmed"
    return r4b.Condition(
        clinicalStatus=None if is_void else concept(f"{CONDITION}clinical", "active"),
        verificationStatus=concept(f"{CONDITION}ver-status", status),
        category=[concept(f"{CONDITION}category", "encounter-diagnosis")],
        code=concept(ICD_10, code),
        subject=reference("Patient", whose),
        encounter=reference("Encounter", persalinan.kunjungan),
        onsetDateTime=persalinan.waktu,
        recordedDate=persalinan.waktu,
        recorder=reference("PractitionerRole", persalinan.penolong),
    )
