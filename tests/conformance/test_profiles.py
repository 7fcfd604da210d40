"""HL7's own examples by everything that $validate knows: R4, its profiles, its extensions."""

from __future__ import annotations

import orjson

from fhir_server.config import CANONICAL
from fhir_server.interactions.declared import urls_of
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles.codes import judge_codes
from fhir_server.resources.profiles.judge import Hooks, judge, judge_extensions
from fhir_server.resources.terminology import Terminology, bundled
from fhir_server.resources.validate import validate
from tests.conformance.shared import archive
from tests.conformance.test_examples import EXAMPLES, KNOWN_BAD
from tests.support.profiles import library

REFUSED = {**KNOWN_BAD, "Basic-referral.json": ("extension", "modifier extensions nobody knows")}
"""What is refused, and why: HL7's own faults, and what may not be accepted unknown."""


def errors(document):
    hooks = Hooks(member=Terminology(bundled(CANONICAL)).member)
    found = validate(document, load_definitions())
    if not found:
        found += judge(library(), document, urls_of(document), hooks)
        found += judge_extensions(library(), document, hooks)
        found += judge_codes(document, load_definitions(), hooks.member)
    return [each for each in found if each.severity in {"fatal", "error"}]


def test_712_of_the_720_examples_pass():
    examples = archive(EXAMPLES)

    refused = {name: found for name, raw in examples.items() if (found := errors(_read(raw)))}

    assert len(examples) == 720
    assert refused.keys() == REFUSED.keys(), refused


def _read(raw):
    return orjson.loads(raw)


def test_every_profile_of_hl7_can_be_used():
    profiles = [library().find(url) for url in load_definitions().profiles]

    assert len(profiles) == 441
    assert [each.url for each in profiles if each.problem] == []


def test_the_profiles_of_hl7_are_not_merely_read():
    """An observation that says it is a heart rate, and is none."""
    url = "http://hl7.org/fhir/StructureDefinition/heartrate"
    right = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2024-01-01",
        "valueQuantity": {
            "value": 44,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }
    wrong = right | {"code": {"text": "?"}, "valueQuantity": {"value": 44}}

    def places(document):
        found = judge(library(), document, [url], informing=False)
        return {each.expression for each in found if each.severity == "error"}

    assert places(right) == set()
    assert {"Observation.value.code", "Observation.value.unit"} <= places(wrong)


CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
