"""Every example that HL7 publishes, and Synthea's patients, are valid and survive untouched.

https://hl7.org/fhir/R4/downloads.html
"""

import datetime as dt
import json

import orjson
import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse, text
from tests.conformance.shared import archive

EXAMPLES = "hl7.fhir.r4.examples-4.0.1.tar.xz"
SYNTHEA = "synthea-r4-14-bundles.tar.xz"
MOMENT = dt.datetime(2024, 5, 31, tzinfo=dt.UTC)

KNOWN_BAD = {
    "ImplementationGuide-fhir.json": ("required", "name and status are missing"),
    "ig-r4.json": ("required", "name and status are missing, the same guide again"),
    "Questionnaire-qs1.json": ("required", "linkId is missing in its items"),
    "DeviceMetric-example.json": ("value", "parent refers to a DeviceDefinition"),
    "DeviceUseStatement-example.json": ("value", "reasonReference refers to a Procedure"),
    "MedicationRequest-medrx0301.json": ("value", "performer refers to a Practitioner"),
    "Observation-clinical-gender.json": ("value", "performer refers to an Encounter"),
}
"""What HL7 published and R4 does not allow."""


@pytest.fixture(scope="module")
def examples():
    return archive(EXAMPLES)


@pytest.fixture(scope="module")
def bundles():
    return archive(SYNTHEA)


def issues(raw):
    return validate(parse(raw), load_definitions())


def numbers_as_written(raw):
    return json.loads(raw, parse_float=str, parse_int=str)


def test_every_example_is_accepted_but_those_known_bad(examples):
    refused = {name: issues(raw) for name, raw in examples.items() if issues(raw)}

    assert len(examples) == 720
    assert refused.keys() == KNOWN_BAD.keys(), refused


@pytest.mark.parametrize("name", KNOWN_BAD)
def test_a_known_bad_example_is_refused_for_the_reason_in_the_table(examples, name):
    assert {each.code for each in issues(examples[name])} == {KNOWN_BAD[name][0]}


def test_every_example_is_read_back_element_for_element_as_written(examples):
    for name, raw in examples.items():
        expected = numbers_as_written(raw)
        expected["id"] = "new"
        meta = expected.pop("meta", {})
        meta |= {"versionId": "7", "lastUpdated": "2024-05-31T00:00:00.000Z"}

        served = numbers_as_written(text(raw, "new").stamped(7, MOMENT))

        assert served.pop("meta") == meta, name
        assert served == expected, name
        assert json.dumps(served) == json.dumps(ordered_as(expected, served)), name


def ordered_as(document, served):
    """Give the document with ``id``, which it may have lacked, where it was served."""
    known = [name for name in document if name in served]
    assert [name for name in served if name != "id"] == [name for name in known if name != "id"]
    return {name: document[name] for name in served}


def test_every_resource_of_every_synthea_bundle_is_accepted(bundles):
    for name, raw in bundles.items():
        assert issues(raw) == [], name
        for entry in orjson.loads(raw)["entry"]:
            assert issues(orjson.dumps(entry["resource"])) == [], entry.get("fullUrl")

    assert len(bundles) == 14


def test_an_example_with_one_letter_changed_in_a_name_is_refused(examples):
    """The accepting tests would also pass for a validator that accepts everything."""
    accepted = []
    for name, raw in examples.items():
        document = orjson.loads(raw)
        *_, last = document
        if last == "resourceType":
            continue
        document[last + "x"] = document.pop(last)
        if not validate(document, load_definitions()):
            accepted.append(name)

    assert accepted == []
