"""Every search parameter of R4 compiles, and indexes what HL7's own examples hold."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.search.expressions import Unreadable, read
from fhir_server.search.parameters import load_parameters

SHARED = Path(os.environ.get("FHIR_SHARED", Path(__file__).parents[3] / "shared"))
EXAMPLES = SHARED / "r4" / "hl7.fhir.r4.examples-4.0.1.tar.xz"
NOT_ASKED = {
    ("Patient", "part-agree"),  # HL7's expression is about DocumentReference
    ("Patient", "phonetic"),
    ("InsurancePlan", "phonetic"),
    ("Organization", "phonetic"),
    ("Person", "phonetic"),
    ("Practitioner", "phonetic"),
    ("RelatedPerson", "phonetic"),
}


def is_answered(parameter):
    return bool(parameter.fields or parameter.pairs) and not parameter.refused


def test_every_parameter_with_an_expression_is_compiled(searching):
    rows = load_definitions().search_parameters.values()
    expected = {
        (base, row["code"])
        for row in rows
        if "expression" in row
        for base in row["base"]
        if base in load_definitions().types
    }
    found = {
        (kind, code) for kind in load_definitions().types for code in searching.parameters.of(kind)
    }
    assert len([row for row in rows if "expression" in row]) == 1384
    assert expected <= found


def test_every_parameter_can_be_asked_but_those_that_say_why_not(searching):
    refused = {
        (kind, code)
        for kind in load_definitions().types
        for code, parameter in searching.parameters.of(kind).items()
        if not is_answered(parameter)
    }
    assert refused == NOT_ASKED
    assert all(searching.parameters.of(kind)[code].refused for kind, code in refused)


def test_examples_are_indexed(searching):
    if not EXAMPLES.exists():
        pytest.skip(f"HL7's examples are not there: {EXAMPLES}")
    written, readable = set(), 0
    with tarfile.open(EXAMPLES) as archive:
        for member in archive:
            if not member.name.endswith(".json"):
                continue
            document = json.load(archive.extractfile(member))
            if document.get("resourceType") in load_definitions().types:
                readable += 1
                written |= {(document["resourceType"], key) for key in searching.index(document)}
    assert readable > 700
    assert len(written) > 900


def test_a_union_of_other_parameters_is_not_written_twice(searching):
    of = searching.parameters.of("Observation")
    paths = {field.path for field in of["combo-code"].fields}
    assert paths == {"ix.code", "ix.component-code"}


def test_patient_is_one_scalar_where_there_can_be_one(searching):
    assert not searching.parameters.of("Observation")["patient"].fields[0].many
    assert searching.parameters.of("Coverage")["patient"].fields[0].path == "ix.patient"
    assert searching.parameters.of("Appointment")["patient"].fields[0].many


def test_a_parameter_of_our_own_over_nested_extensions():
    url = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
    desa = {
        "resourceType": "SearchParameter",
        "url": "https://puskesmas.example/fhir/SearchParameter/Patient-desa",
        "code": "desa",
        "type": "token",
        "base": ["Patient"],
        "expression": f"Patient.address.extension('{url}').extension('village').value",
    }
    parameters = load_parameters(load_definitions(), extra=[desa])
    ix: dict = {}
    document = {
        "resourceType": "Patient",
        "address": [
            {
                "extension": [
                    {
                        "url": url,
                        "extension": [
                            {"url": "village", "valueCode": "3374010001"},
                            {"url": "rt", "valueCode": "2"},
                        ],
                    }
                ]
            }
        ],
    }
    parameters.compiled("Patient").index(document, ix)
    assert ix["desa"] == ["3374010001"]


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.name.given.join(',')",
        "Patient.name.where(use='official'",
        "Patient.name +",
        "Patient.name[x]",
    ],
)
def test_unreadable_expressions_are_refused(expression):
    with pytest.raises(Unreadable):
        read(expression)


def test_the_truth_of_deceased(searching):
    written = [
        searching.index({"resourceType": "Patient", **more}).get("deceased")
        for more in (
            {},
            {"deceasedBoolean": False},
            {"deceasedBoolean": True},
            {"deceasedDateTime": "2024-01-01"},
        )
    ]
    assert written == ["false", "false", "true", "true"]


def test_references_are_followed_by_type(searching):
    document = {
        "resourceType": "Appointment",
        "participant": [
            {"actor": {"reference": "Patient/1"}},
            {"actor": {"reference": "https://here.example/fhir/Patient/2/_history/3"}},
            {"actor": {"reference": "Location/3"}},
        ],
    }
    ix = searching.index(document)
    assert ix["patient"] == ["Patient/1", "Patient/2"]
    assert ix["location"] == ["Location/3"]
    assert ix["actor"] == ["Patient/1", "Patient/2", "Location/3"]


@pytest.mark.parametrize("expression", ["Patient.nmae", "Patient.name.join(',')"])
def test_a_parameter_of_our_own_that_cannot_be_compiled_is_named(expression):
    wrong = {
        "url": "https://puskesmas.example/fhir/SearchParameter/wrong",
        "code": "wrong",
        "type": "string",
        "base": ["Patient"],
        "expression": expression,
    }
    with pytest.raises(ValueError, match="SearchParameter/wrong"):
        load_parameters(load_definitions(), extra=[wrong])


def test_a_parameter_of_our_own_replaces_one_of_r4(searching):
    own = {
        "url": "https://puskesmas.example/fhir/SearchParameter/Patient-gender",
        "code": "gender",
        "type": "token",
        "base": ["Patient"],
        "expression": "Patient.maritalStatus",
    }
    parameters = load_parameters(load_definitions(), extra=[own])
    ix: dict = {}
    parameters.compiled("Patient").index({"resourceType": "Patient", "gender": "male"}, ix)
    assert "gender" not in ix
    assert searching.index({"resourceType": "Patient", "gender": "male"})["gender"] == "male"


@pytest.mark.parametrize(
    ("codings", "written", "words"),
    [
        ([("s", "a", "Ä")], ["a", "s|a"], ["a"]),
        ([("s", "a", "x"), ("s", "a", "X")], ["a", "s|a"], ["x"]),
        ([("s", "a", "x"), ("t", "a", "y")], ["a", "s|a", "t|a"], ["x", "y"]),
        ([("s", None, "x"), ("s", None, None)], ["s|"], ["x"]),
        ([(None, "a", None)], ["a", "|a"], None),
    ],
)
def test_a_code_is_written_once_however_often_it_is_said(searching, codings, written, words):
    names = ("system", "code", "display")
    coding = [{n: v for n, v in zip(names, each, strict=True) if v} for each in codings]
    document = {"resourceType": "Basic", "code": {"coding": coding}}

    ix = searching.index(document)

    assert ix["code"] == written
    assert ix.get("code:text") == words


def test_a_reference_by_identifier_stands_beside(searching):
    subject = {"reference": "Patient/1", "identifier": {"system": "s", "value": "7"}}
    ix = searching.index({"resourceType": "Basic", "subject": subject})

    assert ix["subject"] == "Patient/1"
    assert ix["subject:identifier"] == ["7", "s|7"]
    plain = {"resourceType": "Basic", "subject": {"reference": "Patient/1"}}
    assert "subject:identifier" not in searching.index(plain)
