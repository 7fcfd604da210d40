"""Write docs/exchange/satusehat-mapping.md: what of ours goes to SATUSEHAT as what.

Run after changing constants, mappers or choices: ``python tools/build_satusehat.py``.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.choices import Choices
from fhir_server.bridges.satusehat.render import ORDER
from fhir_server.config import Settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "exchange" / "satusehat-mapping.md"
HEAD: Final = """# What goes to SATUSEHAT

Written by `tools/build_satusehat.py` from the tables in `fhir_server/bridges/satusehat/`.

`render(resource, known)` makes of one of our resources the requests SATUSEHAT takes for it, and
asks nothing: what it needs is given with it. It answers one of five things.

| answer | meaning |
| --- | --- |
| `Payload` | POST, PUT (if it is there) or PATCH, in order; `again`: once more after them |
| `LookUp` | a person: exactly one match by NIK, else a person decides |
| `Waiting` | what must have an id there first |
| `NotWanted` | SATUSEHAT has no place for it; that is no fault |
| `Unmappable` | what SATUSEHAT would refuse, with element, rule and what would be right |

Where ours and the public samples differ, and why: [deviations](satusehat-deviations.md). Why it is
cut this way: [ADR 13](../adr/0013-satusehat-payloads.md).

## Resources, in the order in which they are sent

| ours | there | our identifier there | note |
| --- | --- | --- | --- |
"""
NOTES: Final = {
    "Organization": "units below our puskesmas; other facilities are referred to by number",
    "Location": "rooms, beds, buildings; no villages or homes",
    "Practitioner": "looked up by NIK, else IHS number; also for a PractitionerRole",
    "Patient": "looked up by NIK; newborns are registered by their mother's NIK",
    "EpisodeOfCare": "ANC, PNC, Neonate: opened by POST, closed by PATCH",
    "Encounter": "with course, room and K, KF or KN code; finished after its diagnoses",
    "Condition": "diagnoses, problems and complaints at a visit",
    "AllergyIntolerance": "as it is",
    "Observation": "a blood pressure goes as two; our panels stay; ANC elements, see below",
    "ServiceRequest": "examinations; referrals with reasons as ICD-10; coming back",
    "Specimen": "with the requests it was taken for",
    "DiagnosticReport": "one for each examination of a laboratory report",
    "Procedure": "with a national code",
    "Medication": "inside of its prescription, or by itself before it",
    "MedicationRequest": "`3 x 1 tablet` also as timing, dose and route",
    "MedicationDispense": "products (KFA 93…) only, with number and dosage as prescribed",
    "MedicationStatement": "as it is",
    "Immunization": "with lot, expiry, dose and function as the rules demand",
    "CarePlan": "plans made at a visit",
    "ClinicalImpression": "those with a prognosis",
    "QuestionnaireResponse": "forms of Kemkes; of the KSPR card the four “Terlalu” of Q0002",
    "Composition": "resumes of visits; letters of referral go as ServiceRequest",
}
ABSENT: Final = """## What does not go, and why

* **What other facilities did or wrote**: visits elsewhere with all their results, requests and
  letters of a hospital. They send it themselves.
* **What no visit carries**: readings of monitoring at home, chats, complaints outside a visit,
  teleconsultations unless `FHIR_SATUSEHAT_VIRTUAL_CLASS` says how.
* **What has no national code**: the KSPR score, 10T, contraception as a request, internal, social
  and legal referrals, danger signs in our words. Its data stay here.
* **What was withdrawn before it was sent.** What was sent is corrected there.
* **SATUSEHAT Rujukan**, unless `FHIR_SATUSEHAT_RUJUKAN` switches the pilot on for inpatient and
  emergency care ([how](satusehat-rujukan.md)); otherwise a referral goes as the ServiceRequest of
  the visit. Rujuk balik has no public payload (`FHIR_SATUSEHAT_BACK_REFERRAL` sends it as
  ServiceRequest).
* **The consent API**: nothing is asked of it, so its address is no setting. Consent is the
  patient's here, and SATUSEHAT's own answers are obeyed.
* **Images**: a DICOM router sends them; a report keeps its `imagingStudy`.

Resources go one by one, each as soon as it can. With `FHIR_SATUSEHAT_BUNDLE` a visit waits until it
is finished and goes, with all that names it, as one transaction, as the samples of whole visits do;
a transaction that is not taken goes one by one.
"""
LOOKED_UP: Final = ("Patient", "Practitioner")


def text() -> str:
    """Give the whole page."""
    return "\n".join([HEAD.rstrip("\n"), *_resources(), "", ABSENT, *_choices(), "", *_codes(), ""])


def _resources() -> list[str]:
    return [f"| {each} | {each} | {_identifier(each)} | {NOTES[each]} |" for each in ORDER]


def _identifier(kind: str) -> str:
    if kind in LOOKED_UP:
        return "NIK"
    if kind == "EpisodeOfCare":
        return f"`{c.EPISODE_IDENTIFIER}`"
    tail = "/lab` or `/rad" if kind == "DiagnosticReport" else ""
    system = f"`{c.SYS_IDS}/{c.IDENTIFIERS[kind]}/{{org}}{tail}`"
    is_prescribed = c.IDENTIFIERS[kind] == "prescription-item"
    return f"`{c.SYS_IDS}/{c.PRESCRIPTION}/{{org}}` and {system}" if is_prescribed else system


def _choices() -> list[str]:
    """List what is a setting because the sources are silent or at odds."""
    known = {each.name: each for each in fields(Settings)}
    found = [known[f"satusehat_{e.name}"] for e in fields(Choices) if e.name != "canonical"]
    rows = (
        f"| `{e.metadata['variable']}` | {f'`{e.default}`' if e.default != '' else 'empty'} | "
        f"{e.metadata['says']} |"
        for e in found
    )
    head = ["## Where the sources are silent or at odds", "", "| setting | default | says |"]
    return [*head, "| --- | --- | --- |", *rows]


def _codes() -> list[str]:
    elements = (
        f"| `{own[0]}` | `{own[1]}` | `{theirs[0]}` | `{theirs[1]}` |"
        for own, theirs in c.ANC_CODES.items()
    )
    head = ["## The second code of an observation at an antenatal visit", ""]
    table = [
        "| system | code | system of the data element | element |",
        "| --- | --- | --- | --- |",
    ]
    return [*head, *table, *elements]


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
