"""The danger signs of the SOP and what is published of them are one list."""

from __future__ import annotations

from fhir_server.sop.tanda_bahaya import TANDA
from tests.support.profiles import loaded

BASE = "https://puskesmas.example/fhir"
TARGETS = {
    "http://snomed.info/sct": "sct",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://smart.who.int/anc/CodeSystem/anc-custom-codes": "who",
}


def test_the_code_system_has_every_sign_by_its_name():
    published = loaded()[f"{BASE}/CodeSystem/tanda-bahaya"]["concept"]

    assert {each["code"]: each["display"] for each in published} == {
        kode: tanda.nama for kode, tanda in TANDA.items()
    }


def test_the_concept_map_says_the_codes_that_are_written():
    groups = loaded()[f"{BASE}/ConceptMap/tanda-bahaya"]["group"]

    found = {
        TARGETS[group["target"]]: {
            each["code"]: each["target"][0]["code"] for each in group["element"]
        }
        for group in groups
    }

    assert found == {
        name: {kode: code for kode, tanda in TANDA.items() if (code := getattr(tanda, name))}
        for name in TARGETS.values()
    }


def test_translate_gives_the_snomed_code(fhir):
    asked = "code=sakit-kepala-hebat&targetsystem=http://snomed.info/sct"
    said = fhir(
        "GET",
        f"ConceptMap/$translate?url={BASE}/ConceptMap/tanda-bahaya"
        f"&system={BASE}/CodeSystem/tanda-bahaya&{asked}",
    )

    assert said.status == 200
    match = next(each for each in said.json["parameter"] if each["name"] == "match")
    concept = next(each for each in match["part"] if each["name"] == "concept")
    assert concept["valueCoding"]["code"] == "25064002"
