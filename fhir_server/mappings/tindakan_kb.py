"""The procedures of contraception and their codes, ours and those that others use.

ICD-9-CM 69.7, 97.71 and 99.24 and SNOMED CT 65200003 and 169553002 are those SATUSEHAT uses (domain
§2.1/17). ICD-9-CM has no implant: its code is the operator's (``FHIR_KB_IMPLAN_ICD9CM``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import ICD_9_CM, SNOMED, code_system

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

TINDAKAN: Final = code_system("tindakan-kb")
IMPLAN: Final = "pasang-implan"
ALSO: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "suntik-1bl": ((ICD_9_CM, "99.24"),),
    "suntik-3bl": ((ICD_9_CM, "99.24"),),
    IMPLAN: ((SNOMED, "169553002"),),
    "pasang-iud": ((ICD_9_CM, "69.7"), (SNOMED, "65200003")),
    "cabut-iud": ((ICD_9_CM, "97.71"),),
}
"""Our code → those of others."""
UNAMBIGUOUS: Final = {(SNOMED, "169553002"): IMPLAN}
"""Codes of others that say of themselves that a drug must have been fetched (BR-B9)."""
INJECTION: Final = (ICD_9_CM, "99.24")
"""An injection of any hormone; contraception if it is done for it (Z30)."""


def code_of_tindakan(tindakan: str, icd_9: str | None = None) -> Any:
    """Write a procedure's code, with its codes in ICD-9-CM (``icd_9`` too) and SNOMED CT."""
    own = ((ICD_9_CM, icd_9),) if icd_9 else ()
    codes = ((TINDAKAN, tindakan), *own, *ALSO.get(tindakan, ()))
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


def is_perhaps(procedure: Document, tindakan: str, implan: str) -> bool:
    """Say whether a code of others can mean a procedure of ours; ``implan``: ICD-9-CM of one."""
    codes = {*ALSO.get(tindakan, ()), *([(ICD_9_CM, implan)] if tindakan == IMPLAN else ())}
    return not codes.isdisjoint(_codes(procedure))


def icd_9_of(procedure: Document) -> str | None:
    """Read the ICD-9-CM code of an implant that was inserted."""
    codes = _codes(procedure)
    if (TINDAKAN, IMPLAN) not in codes:
        return None
    return next((str(code) for system, code in codes if system == ICD_9_CM), None)


def _codes(procedure: Document) -> list[tuple[Any, Any]]:
    codings = procedure.get("code", {}).get("coding", ())
    return [(each.get("system"), each.get("code")) for each in codings]


def _for_contraception(procedure: Document) -> bool:
    codings = [c for each in procedure.get("reasonCode", ()) for c in each.get("coding", ())]
    return any(str(each.get("code", "")).startswith("Z30") for each in codings)
