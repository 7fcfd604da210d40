"""DocumentReference/$docref: stored documents and Compositions of one patient, by date of care."""

import pytest

from tests.operations.conftest import parameters

LETTER = {"coding": [{"system": "http://loinc.org", "code": "57133-1"}], "text": "Surat rujukan"}
NOTE = {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]}
PROFILE = "https://profiles.example/ringkasan"
ASK = "DocumentReference/$docref"
RANGE = "start=2024-01-01&end=2024-12-31"


@pytest.fixture
def scan(record):
    """Store a scanned document of a day of care."""

    def put(identity, day=None, who="siti", **elements):
        return record(
            "DocumentReference",
            identity,
            **{"status": "current", "type": NOTE} | elements,
            subject={"reference": f"Patient/{who}"},
            content=[{"attachment": {"contentType": "text/plain", "data": "eA=="}}],
            **({"context": {"period": {"start": day, "end": day}}} if day else {}),
        )

    return put


@pytest.fixture
def letter(record):
    """Store a Composition of a day."""

    def put(identity, day, who="siti", **elements):
        return record(
            "Composition",
            identity,
            **{"status": "final", "type": LETTER} | elements,
            subject={"reference": f"Patient/{who}"},
            date=day,
            author=[{"reference": "Practitioner/ani"}],
            title="Surat",
        )

    return put


def described(bundle):
    """Name what was found: a stored document by its id, one on demand by what it leads to."""
    found = [each["resource"] for each in bundle.get("entry", [])]
    assert bundle["total"] == len(found)
    return [
        each.get("id") or each["content"][0]["attachment"]["url"].split("/Composition/")[1]
        for each in found
    ]


def test_what_is_stored_and_what_is_written_on_demand_the_newest_care_first(fhir, scan, letter):
    scan("january", "2024-01-10")
    letter("march", "2024-03-01")
    scan("february", "2024-02-10")
    scan("of-budi", "2024-02-10", "budi")
    letter("budis", "2024-03-01", "budi")

    bundle = fhir.read(f"{ASK}?patient=siti&{RANGE}")

    assert described(bundle) == ["march/$document", "february", "january"]
    assert {each["search"]["mode"] for each in bundle["entry"]} == {"match"}


def test_without_a_range_it_is_the_most_recent_one(fhir, scan, letter):
    letter("march", "2024-03-01")
    scan("april", "2024-04-10")

    assert described(fhir.read(f"{ASK}?patient=siti")) == ["april"]
    assert described(fhir.read(f"{ASK}?patient=siti&on-demand=true")) == ["march/$document"]


def test_one_end_of_the_range_is_enough_and_the_undated_is_never_lost(fhir, scan):
    scan("january", "2024-01-10")
    scan("march", "2024-03-10")
    scan("undated")

    assert described(fhir.read(f"{ASK}?patient=siti&start=2024-02-01")) == ["march", "undated"]
    assert described(fhir.read(f"{ASK}?patient=siti&end=2024-02-01")) == ["january", "undated"]


def test_an_event_is_the_date_of_care_of_a_composition_not_the_day_it_was_written(fhir, letter):
    event = [{"period": {"start": "2023-11-01", "end": "2023-11-02"}}]
    letter("late", "2024-03-01", event=event)

    assert described(fhir.read(f"{ASK}?patient=siti&{RANGE}")) == []
    assert described(fhir.read(f"{ASK}?patient=siti&end=2023-11-02")) == ["late/$document"]


def test_only_what_is_on_demand(fhir, scan, letter):
    scan("january", "2024-01-10")
    letter("march", "2024-03-01")

    assert described(fhir.read(f"{ASK}?patient=siti&on-demand=true&{RANGE}")) == ["march/$document"]


def test_a_type_is_posted_by_its_code_or_its_text(fhir, scan, letter):
    scan("january", "2024-01-10")
    letter("march", "2024-03-01")

    def asked(kind):
        given = parameters(
            patient__valueId="siti",
            type__valueCodeableConcept=kind,
            start__valueDateTime="2024-01-01",
        )
        return described(fhir("POST", ASK, given).json)

    assert asked(NOTE) == ["january"]
    assert asked({"coding": [{"code": "57133-1"}]}) == ["march/$document"]
    assert asked({"text": "surat RUJUKAN"}) == ["march/$document"]
    assert asked({"coding": [{"system": "urn:other", "code": "11506-3"}]}) == []
    assert asked({"coding": [{"display": "Surat"}]}) == []


def test_a_profile_that_a_document_claims(fhir, scan, letter):
    scan("january", "2024-01-10")
    letter("march", "2024-03-01", meta={"profile": [PROFILE]})

    query = f"{ASK}?patient=siti&{RANGE}&profile={PROFILE}"

    assert described(fhir.read(query)) == ["march/$document"]
    assert described(fhir.read(f"{query}x")) == []


def test_what_was_replaced_or_written_by_mistake_is_no_document(fhir, scan, letter):
    scan("old", "2024-01-10", status="superseded")
    letter("wrong", "2024-03-01", status="entered-in-error")

    assert described(fhir.read(f"{ASK}?patient=siti&{RANGE}")) == []


def test_nobody_is_an_empty_bundle_and_no_patient_an_error(fhir, scan):
    scan("january", "2024-01-10")

    assert described(fhir.read(f"{ASK}?patient=nobody")) == []
    assert fhir("GET", ASK).status == 400


def test_one_on_demand_leads_to_the_document_is_valid_and_is_not_stored(fhir, client, letter):
    letter("march", "2024-03-01")

    (entry,) = fhir.read(f"{ASK}?patient=siti")["entry"]
    url, page = (each["attachment"]["url"] for each in entry["resource"]["content"][:2])

    document = fhir.read(url.partition("/fhir/")[2])
    assert document["entry"][0]["resource"]["id"] == "march"
    assert client.get(f"/fhir/{page.partition('/fhir/')[2]}").mimetype == "text/html"
    assert entry["fullUrl"].startswith("urn:uuid:")
    said = fhir("POST", "DocumentReference/$validate", entry["resource"])
    assert {each["severity"] for each in said.json["issue"]} <= {"information", "warning"}
    assert fhir.read("DocumentReference?_summary=count")["total"] == 0
