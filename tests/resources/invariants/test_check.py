"""R4's invariants: each case breaks one, or is just right."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.fhirpath import root
from fhir_server.resources.invariants import check, holds
from fhir_server.resources.invariants.lines import lines
from fhir_server.resources.structure import Structure
from fhir_server.resources.validate import validate
from tests.resources.documents import ALL, CONDITION, OBSERVATION, PATIENT, changed

DEFINITIONS = load_definitions()
PLAIN = Structure(DEFINITIONS)
SURE = Structure(DEFINITIONS, lines)
VER_STATUS = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
ORGANIZATION = {"resourceType": "Organization", "name": "Puskesmas Sukajadi"}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "batch",
    "entry": [
        {"fullUrl": "urn:uuid:1", "request": {"method": "GET", "url": "Patient/1"}},
        {"request": {"method": "GET", "url": "Patient/1"}},
    ],
}


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def text(content):
    return {"status": "generated", "div": DIV.format(content)}


BROKEN = [
    ("pat-1", PATIENT, "contact", [{"gender": "male"}], "Patient.contact[0]"),
    ("cpt-2", PATIENT, "telecom", [{"value": "0812"}], "Patient.telecom[0]"),
    ("ele-1", PATIENT, "name", [{"id": "only"}], "Patient.name[0]"),
    ("ele-1", PATIENT, "_language", {"id": "only"}, None),
    ("per-1", PATIENT, "name.0.period", {"start": "2024", "end": "2023"}, "Patient.name[0].period"),
    ("att-1", PATIENT, "photo", [{"data": "aGFsbw=="}], "Patient.photo[0]"),
    ("ref-1", PATIENT, "generalPractitioner", [{"reference": "#no"}, {"reference": "#org"}], None),
    ("dom-3", PATIENT, "generalPractitioner", ..., "Patient"),
    ("dom-4", PATIENT, "contained.0.meta", {"versionId": "1"}, "Patient"),
    ("dom-5", PATIENT, "contained.0.meta", {"security": [{"code": "R"}]}, "Patient"),
    ("txt-1", PATIENT, "text", text("<script>x</script>"), "Patient.text.div"),
    ("txt-1", PATIENT, "text", text('<p onclick="x()">x</p>'), "Patient.text.div"),
    ("txt-1", PATIENT, "text", text('<a href="javascript:x()">x</a>'), "Patient.text.div"),
    ("txt-1", PATIENT, "text", text("<p>x"), "Patient.text.div"),
    ("org-1", ORGANIZATION, "name", ..., "Organization"),
    ("org-3", ORGANIZATION, "telecom", [{"rank": 1}, {"use": "home"}], "Organization.telecom[1]"),
    ("org-2", ORGANIZATION, "address", [{"use": "home"}], "Organization.address[0]"),
    ("obs-6", OBSERVATION, "dataAbsentReason", {"text": "x"}, "Observation"),
    ("obs-7", OBSERVATION, "component", [{"code": OBSERVATION["code"]}], "Observation"),
    ("obs-3", OBSERVATION, "referenceRange", [{"age": {"low": {"value": 1}}}], None),
    ("qty-3", OBSERVATION, "valueQuantity", {"value": 1, "code": "g"}, None),
    ("con-5", CONDITION, "verificationStatus", coded(VER_STATUS, "entered-in-error"), "Condition"),
    ("con-4", CONDITION, "abatementString", "sembuh", "Condition"),
    ("con-1", CONDITION, "stage", [{"type": {"text": "x"}}], "Condition.stage[0]"),
    ("bdl-1", BUNDLE, "total", 2, "Bundle"),
    ("bdl-3", BUNDLE, "type", "collection", "Bundle"),
    ("bdl-5", BUNDLE, "entry.1", {"link": [{"relation": "self", "url": "x"}]}, None),
    ("bdl-8", BUNDLE, "entry.0.fullUrl", "http://e.org/Patient/1/_history/1", "Bundle.entry[0]"),
    ("que-2", {"resourceType": "Questionnaire", "status": "draft"}, "item",
     [{"linkId": "1", "type": "group", "item": [{"linkId": "1", "type": "display"}]}],
     "Questionnaire"),
    ("que-7", {"resourceType": "Questionnaire", "status": "draft"}, "item",
     [{"linkId": "1", "type": "string",
       "enableWhen": [{"question": "1", "operator": "exists", "answerString": "x"}]}],
     "Questionnaire.item[0].enableWhen[0]"),
    ("csd-1", {"resourceType": "CodeSystem", "status": "draft", "content": "complete"}, "concept",
     [{"code": "a"}, {"code": "b", "concept": [{"code": "a"}]}], "CodeSystem"),
]  # fmt: skip

RIGHT = [
    (PATIENT, "name.0.period", {"start": "2024-05-31", "end": "2024-05-31T08:00:00+07:00"}),
    (
        PATIENT,
        "name.0.period",
        {"start": "2024-05-31T23:00:00+09:00", "end": "2024-05-31T22:00:00Z"},
    ),
    (PATIENT, "name.0.period", {"start": "2024", "_end": {"id": "e"}, "end": "2024"}),
    (PATIENT, "text", text('<p class="a">x &amp; y&nbsp;<img src="#a" alt="b"/></p>')),
    (PATIENT, "contained.0.partOf", {"reference": "#"}),
    (ORGANIZATION, "telecom", [{"system": "phone", "value": "1"}]),
    (CONDITION, "verificationStatus", coded(VER_STATUS, "confirmed")),
    (OBSERVATION, "component", [{"code": {"text": "lain"}}]),
    (BUNDLE, "entry.0.fullUrl", ...),
    (BUNDLE, "type", "transaction"),
]


def errors(document):
    return check(document, DEFINITIONS, warnings=False)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_what_breaks_an_invariant_is_refused_with_its_key_and_place(case):
    key, document, path, value, place = case
    broken = changed(document, path, value)

    found = validate(broken, DEFINITIONS)

    keys = {each.diagnostics.partition(":")[0]: each for each in found}
    assert key in keys, found
    assert keys[key].code == "invariant"
    assert keys[key].severity == "error"
    assert place in {None, keys[key].expression}


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_or_not_known_is_accepted(case):
    assert validate(changed(*case), DEFINITIONS) == []


def test_what_r4_only_recommends_does_not_refuse():
    bare = {"resourceType": "Patient", "text": text(" ")}

    warned = {each.diagnostics.partition(":")[0] for each in check(bare, DEFINITIONS)}

    assert warned == {"txt-2"}
    assert {each.severity for each in check(bare, DEFINITIONS)} == {"warning"}
    assert validate(bare, DEFINITIONS) == []


def test_an_expression_that_does_not_tell_is_not_false():
    node = root(PATIENT)

    assert holds("name.exists()", node) is True
    assert holds("name.empty()", node) is False
    assert holds("photo.title = 'x'", node) is None
    assert holds("name.nothing(", node) is None
    assert holds("name.memberOf('http://example.org/vs')", node) is None


def test_the_lines_are_python_for_every_type():
    asked = 0
    for kind in sorted(DEFINITIONS.types | DEFINITIONS.data_types):
        for path in {
            kind,
            *(each.rpartition(".")[0] for each in DEFINITIONS.row(kind)["elements"]),
        }:
            written, _ = lines(path, DEFINITIONS)
            for line in written:
                compile(f"def judged(value):\n    {line}", path, "exec")
                asked += line.startswith("if not (False or")

    assert asked < 25


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_fast_judge_and_the_exact_one_agree(data):
    document = copy.deepcopy(data.draw(st.sampled_from([*ALL, ORGANIZATION, BUNDLE])))
    case = data.draw(st.sampled_from(BROKEN))
    if document["resourceType"] == case[1]["resourceType"] and data.draw(st.booleans()):
        document = changed(document, case[2], case[3])
    for name in data.draw(st.sets(st.sampled_from(sorted(document)))) - {"resourceType"}:
        del document[name]

    if PLAIN.accepts(document):
        assert not SURE.accepts(document) or not errors(document)
        assert validate(document, DEFINITIONS) == errors(document)
