"""The procedures of contraception and their codes, ours and those that others use.

ICD-9-CM 69.7, 97.71 and 99.24 and SNOMED CT 65200003 and 169553002 are those SATUSEHAT uses (domain
§2.1/17). ICD-9-CM has no implant: 86.09 is local usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import ICD_9_CM, SNOMED, code_system

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

TINDAKAN: Final = code_system("tindakan-kb")
ALSO: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "suntik-1bl": ((ICD_9_CM, "99.24"),),
    "suntik-3bl": ((ICD_9_CM, "99.24"),),
    "pasang-implan": ((ICD_9_CM, "86.09"), (SNOMED, "169553002")),
    "pasang-iud": ((ICD_9_CM, "69.7"), (SNOMED, "65200003")),
    "cabut-iud": ((ICD_9_CM, "97.71"),),
}
"""Our code → those of others."""
UNAMBIGUOUS: Final = {(SNOMED, "169553002"): "pasang-implan"}
"""Codes of others that say of themselves that a drug must have been fetched (BR-B9)."""
INJECTION: Final = (ICD_9_CM, "99.24")
"""An injection of any hormone; contraception if it is done for it (Z30)."""


def code_of_tindakan(tindakan: str) -> Any:
    """Write a procedure's code, with its codes in ICD-9-CM and SNOMED CT."""
    codes = ((TINDAKAN, tindakan), *ALSO.get(tindakan, ()))
    return r4b.CodeableConcept(coding=[r4b.Coding(system=s, code=c) for s, c in codes])


def tindakan_of(procedure: Document, system: str = TINDAKAN) -> str | None:
    """Name the procedure in our code, also where only others' codes say what was done."""
    codes = _codes(procedure)
    for kind, code in codes:
        if kind == system:
            return str(code)
    for pair, tindakan in UNAMBIGUOUS.items():
        if pair in codes:
            return tindakan
    return "suntik-3bl" if INJECTION in codes and _for_contraception(procedure) else None


def is_perhaps(procedure: Document, tindakan: str) -> bool:
    """Say whether a code of others can mean a procedure of ours."""
    return not set(ALSO.get(tindakan, ())).isdisjoint(_codes(procedure))


def _codes(procedure: Document) -> list[tuple[Any, Any]]:
    codings = procedure.get("code", {}).get("coding", ())
    return [(each.get("system"), each.get("code")) for each in codings]


def _for_contraception(procedure: Document) -> bool:
    codings = [c for each in procedure.get("reasonCode", ()) for c in each.get("coding", ())]
    return any(str(each.get("code", "")).startswith("Z30") for each in codings)
