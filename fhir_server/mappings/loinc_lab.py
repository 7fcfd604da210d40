"""The lab tests of ``sop.pemeriksaan_lab`` and their answers in LOINC, SNOMED CT and UCUM.

https://loinc.org
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.mappings import r4b
from fhir_server.mappings.codes import LOINC, SNOMED, code_system
from fhir_server.mappings.elements import code_of
from fhir_server.sop.pemeriksaan_lab import DAFTAR

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

TESTS: Final[dict[str, tuple[str, str]]] = {
    "hb": ("718-7", "Hemoglobin [Mass/volume] in Blood"),
    "hematokrit": ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count"),
    "leukosit": ("6690-2", "Leukocytes [#/volume] in Blood by Automated count"),
    "trombosit": ("777-3", "Platelets [#/volume] in Blood by Automated count"),
    "golongan-darah": ("883-9", "ABO group [Type] in Blood"),
    "rhesus": ("10331-7", "Rh [Type] in Blood"),
    "hiv": (
        "68961-2",
        "HIV 1 Ab [Presence] in Serum, Plasma or Blood by Rapid immunoassay",
    ),
    "sifilis-rpr": ("20508-8", "Reagin Ab [Units/volume] in Serum or Plasma by RPR"),
    "sifilis-vdrl": ("14904-7", "Reagin Ab [Presence] in Specimen by VDRL"),
    "hbsag": (
        "75410-1",
        "Hepatitis B virus surface Ag [Presence] in Serum, Plasma or Blood by Rapid immunoassay",
    ),
    "ns1": (
        "75377-2",
        "Dengue virus NS1 Ag [Presence] in Serum, Plasma or Blood by Rapid immunoassay",
    ),
    "gds": ("74774-1", "Glucose [Mass/volume] in Serum, Plasma or Blood"),
    "kolesterol": ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma"),
    "protein-urin": ("5804-0", "Protein [Mass/volume] in Urine by Test strip"),
    "bta": ("11477-7", "Microscopic observation [Identifier] in Sputum by Acid fast stain"),
}
REPORT: Final = ("11502-2", "Laboratory report")

ANSWERS: Final[dict[str, tuple[str, str] | None]] = {
    "reaktif": ("11214006", "Reactive"),
    "non-reaktif": ("131194007", "Non-Reactive"),
    "positif": ("10828004", "Positive"),
    "negatif": ("260385009", "Negative"),
    "A": ("112144000", "Blood group A"),
    "B": ("112149005", "Blood group B"),
    "AB": ("165743006", "Blood group AB"),
    "O": ("58460004", "Blood group O"),
    "trace": ("260405006", "Trace"),
    "scanty": None,
    "+1": ("260347006", "+"),
    "+2": ("260348001", "++"),
    "+3": ("260349009", "+++"),
    "+4": ("260350009", "++++"),
}
SPECIMENS: Final[dict[str, tuple[str, str]]] = {
    "darah": ("119297000", "Blood specimen"),
    "urin": ("122575003", "Urine specimen"),
    "dahak": ("119334006", "Sputum specimen"),
}
HASIL_LAB = code_system("hasil-lab")
_KODE = {loinc: kode for kode, (loinc, _) in TESTS.items()}
_JAWABAN = {found[0]: jawaban for jawaban, found in ANSWERS.items() if found is not None}


def test_concept(kode: str) -> Any:
    """Write a test as a LOINC code; a code that is none of ours is LOINC's own."""
    code, display = TESTS.get(kode, (kode, None))
    text = DAFTAR[kode].nama if kode in DAFTAR else None
    coding = r4b.Coding(system=LOINC, code=code, display=display)
    return r4b.CodeableConcept(coding=[coding], text=text)


def test_of(concept: Document | None) -> str | None:
    """Read a test: our code where we have one, else the LOINC code."""
    loinc = code_of(concept, LOINC)
    return _KODE.get(loinc, loinc) if loinc else None


def own_code(kode: str) -> str:
    """Give our code of a test that was named by its LOINC code."""
    return _KODE.get(kode, kode)


def answer_concept(jawaban: str) -> Any:
    """Write an answer as our code, and as SNOMED CT where there is one."""
    sct = ANSWERS.get(jawaban)
    codings = [] if sct is None else [r4b.Coding(system=SNOMED, code=sct[0], display=sct[1])]
    return r4b.CodeableConcept(coding=[*codings, r4b.Coding(system=HASIL_LAB, code=jawaban)])


def answer_of(concept: Document | None) -> str | None:
    """Read an answer that we know, in either system."""
    sct = code_of(concept, SNOMED)
    return code_of(concept, HASIL_LAB) or (_JAWABAN.get(sct) if sct else None)


def specimen_of(kode: str) -> str | None:
    """Say what is taken from the patient for a test."""
    return DAFTAR[kode].spesimen if kode in DAFTAR else None
