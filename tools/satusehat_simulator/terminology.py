"""The code systems SATUSEHAT looks into, and those it takes unseen (LOINC, SNOMED CT)."""

from __future__ import annotations

import re

KEMKES = "http://terminology.kemkes.go.id/CodeSystem"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CLINICAL_TERM = f"{KEMKES}/clinical-term"
EPISODE_TYPE = f"{KEMKES}/episodeofcare-type"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
ATC = "http://www.whocc.no/atc"
KFA = "http://sys-ids.kemkes.go.id/kfa"
V2_0443 = "http://terminology.hl7.org/CodeSystem/v2-0443"

KNOWN = {
    ACT_CODE: re.compile(r"AMB|EMER|FLD|HH|IMP|ACUTE|NONAC|OBSENC|PRENC|SS|VR"),
    CLINICAL_TERM: re.compile(r"(OC|OV|OI|ED|MN|FO|TK)\d{6}|249111004|62098001"),
    EPISODE_TYPE: re.compile(r"ANC|PNC|Neonate|cancer|TB-[A-Z]+|TB|HIV"),
    ICD10: re.compile(r"[A-Z]\d{2}(\.\d{1,4})?"),
    ICD9: re.compile(r"\d{2}(\.\d{1,2})?"),
    ATC: re.compile(
        r"Inhal|Instill|Implant|N|O|P|R|SL|TD|V|urethral|ocular|ointment|otic"
        r"|inj\.(intramuscular|subcutaneous|intravenous|intradermal)"
    ),
    KFA: re.compile(r"9[1-4]\d{6}|VG\d+"),
}

CLAIMED_VISITS = {
    f"{KEMKES}/episodeofcare/puerperium": re.compile(r"KF[1-4]"),
    f"{KEMKES}/episodeofcare/neonate": re.compile(r"KN[1-3]"),
    f"{KEMKES}/episodeofcare/ANC": re.compile(r"K\d[A-Z]?"),
}
"""Identifiers of an Encounter that say which visit of an episode it is."""


def knows(system: str, code: str) -> bool:
    """Say whether a code is one of its system; systems not looked into know every code."""
    pattern = KNOWN.get(system)
    return pattern is None or pattern.fullmatch(code) is not None
