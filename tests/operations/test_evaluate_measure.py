"""$evaluate-measure: what it takes, what it answers, and what each indicator of PWS counts."""

import json
from pathlib import Path

import pytest

PROFILES = Path(__file__).parents[2] / "profiles"
CANONICAL = "https://puskesmas.example/fhir"
ANC = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare/ANC"
AREA = "http://sys-ids.kemkes.go.id/administrative-area"
VILLAGE = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
SIDOREJO, KARANGANYAR, FAR = "9902012001", "9902012002", "9904012009"
YEAR = "periodStart=2024-01-01&periodEnd=2024-12-31"


@pytest.fixture
def area(fhir):
    """A puskesmas of two villages, with its Measures."""
    for path in (PROFILES / "measure").glob("pws-*.json"):
        fhir.kept(f"Measure/{path.stem}", json.loads(path.read_text("utf-8")))
    fhir.kept(
        "Organization/pkm",
        {
            "resourceType": "Organization",
            "id": "pkm",
            "name": "Puskesmas Todanan",
            "type": [
                {
                    "coding": [
                        {"system": f"{CANONICAL}/CodeSystem/jenis-faskes", "code": "puskesmas"}
                    ]
                }
            ],
            "extension": [
                {"url": f"{CANONICAL}/StructureDefinition/wilayah-kerja", "valueCode": code}
                for code in (SIDOREJO, KARANGANYAR)
            ],
        },
    )
    return fhir


@pytest.fixture
def person(fhir):
    """Register somebody who lives in a village; gives the reference."""

    def put(identity, village=SIDOREJO, **elements):
        codes = [{"url": "village", "valueCode": village}] if village else []
        address = [{"extension": [{"url": VILLAGE, "extension": codes}]}] if village else []
        document = {"resourceType": "Patient", "id": identity, **elements}
        fhir.kept(f"Patient/{identity}", {**document, **({"address": address} if address else {})})
        return f"Patient/{identity}"

    return put


@pytest.fixture
def contact(fhir):
    """Note a visit of somebody with an antenatal code."""

    def put(patient, code, day, episode=None, **elements):
        return fhir.made(
            "Encounter",
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"code": "AMB"},
                **({"identifier": [{"system": ANC, "value": code}]} if code else {}),
                "subject": {"reference": patient},
                "period": {"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
                **(
                    {"episodeOfCare": [{"reference": f"EpisodeOfCare/{episode}"}]}
                    if episode
                    else {}
                ),
                **elements,
            },
        )

    return put


def counts(group):
    """Give the counts of a group or stratum by population."""
    return {e["code"]["coding"][0]["code"]: e.get("count") for e in group["population"]}


def by_village(report, group=0):
    """Give the numerators of the strata by village."""
    strata = report["group"][group].get("stratifier", [{"stratum": []}])[0]["stratum"]
    return {e["value"]["coding"][0]["code"]: counts(e)["numerator"] for e in strata}


def test_k1_is_counted_once_a_pregnancy_by_village_of_residence(area, person, contact):
    siti, ani, far = person("siti"), person("ani", KARANGANYAR), person("far", FAR)
    contact(siti, "K1M", "2024-02-05")
    contact(siti, "K1A", "2024-05-05")
    contact(ani, "K1A", "2024-03-05")
    contact(far, "K1A", "2024-03-06")

    report = area.read(f"Measure/pws-k1/$evaluate-measure?{YEAR}")

    assert report["type"] == "summary"
    assert report["measure"] == f"{CANONICAL}/Measure/pws-k1|1.0.0"
    assert report["reporter"] == {"reference": "Organization/pkm"}
    assert report["period"] == {"start": "2024-01-01", "end": "2024-12-31"}
    assert counts(report["group"][0])["numerator"] == 2
    assert by_village(report) == {SIDOREJO: 1, KARANGANYAR: 1}
    assert by_village(report, 1) == {FAR: 1}
