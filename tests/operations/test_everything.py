"""$everything: the whole record, what it refers to, nobody else's, nothing cut off."""

import pytest

OWN = {
    "Patient/siti",
    "Encounter/visit-siti",
    "MedicationRequest/rx-siti",
    "Observation/temperature-siti",
    "AllergyIntolerance/allergy-siti",
}
SUPPORTING = {"Practitioner/ani", "Location/kia", "Organization/pkm", "Medication/paracetamol"}

pytestmark = pytest.mark.usefixtures("record")


def pages(fhir, path):
    """Follow the next links to the end."""
    found = []
    while path is not None:
        found.append(fhir.read(path))
        links = {each["relation"]: each["url"] for each in found[-1]["link"]}
        path = links.get("next", "").partition("/fhir/")[2] or None
    return found


def test_a_record_is_the_compartment_and_what_it_refers_to(fhir, ids):
    bundle = fhir.read("Patient/siti/$everything")

    assert bundle["type"] == "searchset"
    assert set(ids(bundle, "match")) == OWN
    assert set(ids(bundle, "include")) == SUPPORTING


def test_the_record_begins_with_its_patient(fhir, ids):
    assert ids(fhir.read("Patient/siti/$everything"))[0] == "Patient/siti"


def test_pages_hold_everything_once_and_tell_nothing_in_their_links(fhir, ids):
    found = pages(fhir, "Patient/siti/$everything?_count=2")

    matches = [each for page in found for each in ids(page, "match")]
    assert sorted(matches) == sorted(OWN)
    assert [len(ids(page, "match")) for page in found] == [2, 2, 1]
    assert {each for page in found for each in ids(page, "include")} == SUPPORTING
    assert "_count" not in found[0]["link"][1]["url"]


def test_post_takes_parameters_too(fhir, ids):
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_type", "valueString": "Patient,Observation"}],
    }

    said = fhir("POST", "Patient/siti/$everything", asked)

    assert set(ids(said.json)) == {"Patient/siti", "Observation/temperature-siti"}


def test_types_choose_among_what_is_referred_to_as_well(fhir, ids):
    bundle = fhir.read("Patient/siti/$everything?_type=Practitioner,Medication")

    assert set(ids(bundle)) == {"Practitioner/ani", "Medication/paracetamol"}


def test_a_range_of_care_keeps_what_is_undated(fhir, ids):
    bundle = fhir.read("Patient/siti/$everything?start=2024-03-02&end=2024-12-31")

    assert set(ids(bundle, "match")) == {"Patient/siti", "AllergyIntolerance/allergy-siti"}


def test_a_range_of_care_keeps_what_overlaps_it(fhir, ids):
    bundle = fhir.read("Patient/siti/$everything?start=2024-03-01&end=2024-03-01")

    assert set(ids(bundle, "match")) == OWN


def test_since_gives_what_was_changed_also_of_what_is_referred_to(fhir, ids, record):
    since = fhir.read("Patient/siti")["meta"]["lastUpdated"]
    before = fhir.read("Patient/siti/$everything?_since=2999-01-01T00:00:00Z")
    changed = record("Practitioner", "ani", name=[{"text": "Ani Lestari"}])

    after = fhir.read(f"Patient/siti/$everything?_since={changed['meta']['lastUpdated']}")

    assert ids(before) == []
    assert ids(after) == ["Practitioner/ani"]
    assert since < changed["meta"]["lastUpdated"]


def test_the_record_of_another_patient_is_never_followed(fhir, ids, record):
    record(
        "Observation",
        "mother",
        status="final",
        code={"text": "Contact"},
        subject={"reference": "Patient/siti"},
        focus=[{"reference": "Patient/budi"}],
        hasMember=[{"reference": "Observation/temperature-budi"}],
    )

    found = ids(fhir.read("Patient/siti/$everything"))

    assert "Observation/mother" in found
    assert not [each for each in found if "budi" in each]


def test_who_recorded_it_comes_along(fhir, ids, record):
    record(
        "Provenance",
        "rx",
        target=[{"reference": "MedicationRequest/rx-siti"}],
        recorded="2024-03-01T08:00:00Z",
        agent=[{"who": {"reference": "Practitioner/ani"}}],
    )

    assert "Provenance/rx" in ids(fhir.read("Patient/siti/$everything"), "include")


def test_all_patients_are_everything_of_the_type(fhir, ids):
    found = pages(fhir, "Patient/$everything?_count=3")

    matches = [each for page in found for each in ids(page, "match")]
    assert sorted(matches) == sorted(OWN | {each.replace("siti", "budi") for each in OWN})


def test_an_encounter_gives_its_record_and_its_patient(fhir, ids):
    bundle = fhir.read("Encounter/visit-siti/$everything")

    assert set(ids(bundle, "match")) == {
        "Encounter/visit-siti",
        "MedicationRequest/rx-siti",
        "Observation/temperature-siti",
    }
    assert set(ids(bundle, "include")) == SUPPORTING | {"Patient/siti"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/nobody/$everything", 404),
        ("Encounter/$everything", 404),
        ("Observation/1/$everything", 404),
        ("Patient/siti/$everything?_type=Patience", 400),
        ("Patient/siti/$everything?_count=0", 400),
        ("Patient/siti/$everything?_count=many", 400),
        ("Patient/siti/$everything?start=yesterday", 400),
        ("Patient/siti/$everything?since=2024", 400),
        ("Patient/siti/$everything?_page=forged", 400),
    ],
)
def test_what_cannot_be_answered_is_said(fhir, path, status):
    said = fhir("GET", path)

    assert said.status == status
    assert said.json["resourceType"] == "OperationOutcome"


def test_the_page_of_one_patient_is_not_for_another(fhir):
    link = fhir.read("Patient/siti/$everything?_count=1")["link"][1]["url"]

    said = fhir("GET", f"Patient/budi/$everything?{link.partition('?')[2]}")

    assert said.status == 400


def test_a_deleted_patient_is_gone(fhir):
    fhir("DELETE", "Patient/siti")

    assert fhir("GET", "Patient/siti/$everything").status == 410
