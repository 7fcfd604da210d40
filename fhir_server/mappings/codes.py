"""System URIs shared by the mappings.

Ours stand below one canonical base; a server whose operator sets another base replaces it when
it loads profiles and when it writes or reads a SOP document (``exchange``).
"""

from __future__ import annotations

from fhir_server import config

CANONICAL = config.CANONICAL

NIK = "https://fhir.kemkes.go.id/id/nik"
NIK_IBU = "https://fhir.kemkes.go.id/id/nik-ibu"
IHS = "https://fhir.kemkes.go.id/id/ihs-number"
PATIENT_IHS = "https://fhir.kemkes.go.id/id/patient-ihs-number"
"""Another name that SATUSEHAT's pages give the same number."""
KK = "https://fhir.kemkes.go.id/id/kk"
NAKES_IHS = "https://fhir.kemkes.go.id/id/nakes-his-number"
ADMINISTRATIVE_CODE = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
ORGANIZATION = "http://sys-ids.kemkes.go.id/organization"
ADMINISTRATIVE_AREA = "http://sys-ids.kemkes.go.id/administrative-area"

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
UCUM = "http://unitsofmeasure.org"
KFA = "http://sys-ids.kemkes.go.id/kfa"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
MARITAL_STATUS = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"


def code_system(name: str) -> str:
    """Give the URI of one of our code systems (``profiles/codesystems``)."""
    return f"{CANONICAL}/CodeSystem/{name}"


def value_set(name: str) -> str:
    """Give the URI of one of our value sets."""
    return f"{CANONICAL}/ValueSet/{name}"


def structure(name: str) -> str:
    """Give the URI of one of our profiles or extensions."""
    return f"{CANONICAL}/StructureDefinition/{name}"


def sid(name: str, *within: str) -> str:
    """Give the URI of one of our identifier systems, within an organisation or not."""
    return "/".join((CANONICAL, "sid", name, *within))


def served(raw: bytes, canonical: str) -> bytes:
    """Write JSON of ours with our systems below the operator's canonical base."""
    return _rebased(raw, CANONICAL, canonical)


def as_mapped(raw: bytes, canonical: str) -> bytes:
    """Write stored JSON with our systems below the base the mappings know."""
    return _rebased(raw, canonical, CANONICAL)


def criterion(value: str, canonical: str) -> str:
    """Write the value of a search with our systems below the operator's canonical base."""
    base = canonical.rstrip("/")
    return value if base == CANONICAL else value.replace(f"{CANONICAL}/", f"{base}/")


def _rebased(raw: bytes, old: str, new: str) -> bytes:
    old, new = f'"{old.rstrip("/")}/', f'"{new.rstrip("/")}/'
    return raw if old == new else raw.replace(old.encode(), new.encode())
