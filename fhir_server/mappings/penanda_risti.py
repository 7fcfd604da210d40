"""The Flag of a high-risk pregnancy: its group, and the records that speak for it.

R4's Flag has no reason; what it rests on stands in HL7's extension flag-detail.

https://hl7.org/fhir/R4/extension-flag-detail.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import code_system
from fhir_server.mappings.elements import code_of, concept, ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.resources.wire import Document

PENANDA: Final = code_system("penanda")
KELOMPOK: Final = code_system("kelompok-risiko-kspr")
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/flag-category"
DETAIL: Final = "http://hl7.org/fhir/StructureDefinition/flag-detail"


def penanda_risti(  # noqa: PLR0913 - what a flag says
    subject: Any,
    kelompok: str | None,
    period: Any,
    *,
    encounter: Any,
    author: Any,
    details: Sequence[Any],
    active: bool = True,
) -> Any:
    """Write the flag of a woman whose pregnancy is at high risk."""
    codings = [r4b.Coding(system=PENANDA, code="ibu-hamil-risti")]
    if kelompok is not None:
        codings.append(r4b.Coding(system=KELOMPOK, code=kelompok))
    return r4b.Flag(
        extension=[r4b.Extension(url=DETAIL, valueReference=each) for each in details] or None,
        status="active" if active else "inactive",
        category=[concept(CATEGORY, "clinical")],
        code=r4b.CodeableConcept(
            coding=codings, text=f"Ibu hamil risiko tinggi ({kelompok})" if kelompok else None
        ),
        subject=subject,
        encounter=encounter,
        period=period,
        author=author,
    )


def kelompok_of(flag: Document) -> str | None:
    """Read the risk group of a flag."""
    return code_of(flag.get("code"), KELOMPOK)


def conditions_of(flag: Document) -> tuple[str, ...]:
    """Read the ids of the Conditions that speak for a flag."""
    found = [e.get("valueReference") for e in flag.get("extension", ()) if e.get("url") == DETAIL]
    return ids_of(found, "Condition")


def assessments_of(flag: Document) -> tuple[str, ...]:
    """Read the ids of the risk assessments that speak for a flag."""
    found = [e.get("valueReference") for e in flag.get("extension", ()) if e.get("url") == DETAIL]
    return ids_of(found, "RiskAssessment")
