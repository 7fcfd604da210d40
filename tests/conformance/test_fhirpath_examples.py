"""Every invariant and every search expression of R4 has a value on every example of HL7."""

import orjson
import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.fhirpath import compiled, root
from fhir_server.resources.invariants import check
from fhir_server.resources.invariants.exact import EXACT
from fhir_server.resources.invariants.rules import CORRECTED, rules_at
from tests.conformance.shared import archive

EXAMPLES = "hl7.fhir.r4.examples-4.0.1.tar.xz"
WITHOUT_TEXT = {
    "ActivityDefinition-blood-tubes-supply.json",
    "ActivityDefinition-heart-valve-replacement.json",
    "EventDefinition-example.json",
    "Questionnaire-zika-virus-exposure-assessment.json",
}
"""Their narrative is white space, which txt-2 forbids."""

LARGE = 200_000
"""Bytes; the few examples above it repeat the types of the others hundreds of times."""


@pytest.fixture(scope="module")
def examples():
    return {name: orjson.loads(raw) for name, raw in archive(EXAMPLES).items()}


def test_every_invariant_can_be_evaluated_on_every_element(examples):
    """``EXACT`` says a few in Python: R4's dom-3 asks ``as()`` of many, which N1 refuses."""
    definitions = load_definitions()
    met = set()
    for document in examples.values():
        if len(orjson.dumps(document)) > LARGE:
            continue
        top = root(document)
        for node in (top, *top.descendants()):
            for rule in rules_at(node, definitions):
                exact = EXACT.get(rule.key)
                found = exact(node) if exact else compiled(rule.expression).items(node)
                assert isinstance(found, bool | list)
                met.add(rule.key)

    assert len(met) > 150


def test_the_examples_break_no_invariant_that_refuses(examples):
    definitions = load_definitions()
    broken = {}
    for name, document in examples.items():
        for issue in check(document, definitions):
            if issue.severity == "error" or "txt-2" in issue.diagnostics:
                broken.setdefault(name, []).append(issue.diagnostics)

    assert broken.keys() == WITHOUT_TEXT, broken


def test_every_search_expression_can_be_evaluated(examples):
    rows = load_definitions().search_parameters.values()
    expressions = {}
    for row in rows:
        for base in row.get("base", ()):
            if row.get("expression"):
                expressions.setdefault(base, set()).add(row["expression"])

    for document in examples.values():
        top = root(document)
        for base in (document["resourceType"], "DomainResource", "Resource"):
            for expression in expressions.get(base, ()):
                compiled(expression).items(top)

    assert len(expressions) > 100


def test_what_is_corrected_is_still_wrong_in_r4():
    rows = {row[0]: row[3] for rows in load_definitions().invariants.values() for row in rows}

    assert all(rows[key] != expression for key, expression in CORRECTED.items())
