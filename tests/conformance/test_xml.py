"""Every example that HL7 publishes comes back from XML as it was, element for element.

https://hl7.org/fhir/R4/xml.html
"""

import json

import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse
from fhir_server.resources.xml import from_xml, to_xml
from tests.conformance.shared import archive

EXAMPLES = "hl7.fhir.r4.examples-4.0.1.tar.xz"
SYNTHEA = "synthea-r4-14-bundles.tar.xz"


@pytest.fixture(scope="module")
def examples():
    return archive(EXAMPLES)


def elements(raw):
    """Read JSON with every number as the client spelt it, apart from the strings."""
    return json.loads(raw, parse_float=lambda s: ("number", s), parse_int=lambda s: ("number", s))


@pytest.mark.parametrize("pretty", [False, True])
def test_every_example_is_the_same_after_xml(examples, pretty):
    definitions = load_definitions()

    changed = [
        name
        for name, raw in examples.items()
        if elements(from_xml(to_xml(raw, definitions, pretty=pretty), definitions)) != elements(raw)
    ]

    assert len(examples) == 720
    assert changed == []


def test_the_xml_of_every_example_is_the_same_after_json(examples):
    definitions = load_definitions()

    for name, raw in examples.items():
        written = to_xml(raw, definitions)
        assert to_xml(from_xml(written, definitions), definitions) == written, name


def test_every_example_is_judged_the_same_in_both_formats(examples):
    definitions = load_definitions()

    for name, raw in examples.items():
        read = from_xml(to_xml(raw, definitions), definitions)
        assert judged(read) == judged(raw), name


def judged(raw):
    return {(each.code, each.expression) for each in validate(parse(raw), load_definitions())}


def test_a_bundle_of_synthea_is_the_same_after_xml():
    definitions = load_definitions()

    for name, raw in archive(SYNTHEA).items():
        assert elements(from_xml(to_xml(raw, definitions), definitions)) == elements(raw), name
        break
