import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import MOST_ISSUES, validate
from tests.resources.documents import (
    ALL,
    BUNDLE,
    CONDITION,
    OBSERVATION,
    PARAMETERS,
    PATIENT,
    changed,
)

ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}

REFUSED = [
    # unknown elements
    (PATIENT, "gendr", "male", "structure", "Patient.gendr", '"gender"'),
    (PATIENT, "name.0.familly", "x", "structure", "Patient.name[0].familly", '"family"'),
    (PATIENT, "_nama", {"id": "x"}, "structure", "Patient._nama", "not an element"),
    (PATIENT, "_id", {"id": "x"}, "structure", "Patient._id", "not an element"),
    (PATIENT, "_name", [{"id": "x"}], "structure", "Patient._name", "not an element"),
    (PATIENT, "name.0.resourceType", "HumanName", "structure", "Patient.name[0].resourceType", ""),
    (OBSERVATION, "value", 5, "structure", "Observation.value", '"valueQuantity"'),
    (OBSERVATION, "valueDecimal", 5, "structure", "Observation.valueDecimal", '"value'),
    (PATIENT, "a b\n", 5, "structure", "Patient", "not an element"),
    # cardinality
    (OBSERVATION, "status", ..., "required", "Observation.status", "status is missing"),
    (PATIENT, "communication.0.language", ..., "required", "Patient.communication[0].language", ""),
    (PATIENT, "name", {"text": "Siti"}, "structure", "Patient.name", "array"),
    (PATIENT, "gender", ["female"], "structure", "Patient.gender", "not an array"),
    (PATIENT, "name.0.given", "Siti", "structure", "Patient.name[0].given", "array"),
    (
        PATIENT,
        "managingOrganization",
        [{"display": "x"}],
        "structure",
        "Patient.managingOrganization",
        "not an array",
    ),
    # nothing is empty
    (PATIENT, "name", [], "structure", "Patient.name", "empty"),
    (PATIENT, "name", None, "structure", "Patient.name", "empty"),
    (PATIENT, "name.0", {}, "structure", "Patient.name[0]", "empty"),
    (PATIENT, "name.0", None, "structure", "Patient.name[0]", "empty"),
    (PATIENT, "gender", None, "structure", "Patient.gender", "empty"),
    (PATIENT, "gender", "", "structure", "Patient.gender", "empty"),
    (PATIENT, "name.0.given", [], "structure", "Patient.name[0].given", "empty"),
    (PATIENT, "name.0.given.1", "", "structure", "Patient.name[0].given[1]", "empty"),
    (PATIENT, "name.0.given.1", None, "structure", "Patient.name[0].given[1]", "_given"),
    (PATIENT, "managingOrganization", {}, "structure", "Patient.managingOrganization", "empty"),
    (PATIENT, "_birthDate", {}, "structure", "Patient.birthDate", "empty"),
    (PATIENT, "contained", [], "structure", "Patient.contained", "empty"),
    # another JSON type
    (PATIENT, "name", ["Siti"], "structure", "Patient.name[0]", "object of type HumanName"),
    (
        PATIENT,
        "managingOrganization",
        "x",
        "structure",
        "Patient.managingOrganization",
        "Reference",
    ),
    (PATIENT, "contact.0.name", 5, "structure", "Patient.contact[0].name", "HumanName"),
    (PATIENT, "active", "true", "value", "Patient.active", "true or false"),
    (PATIENT, "active", 1, "value", "Patient.active", "true or false"),
    (PATIENT, "birthDate", 1991, "value", "Patient.birthDate", "YYYY-MM-DD"),
    (PATIENT, "gender", {"code": "female"}, "value", "Patient.gender", "a code"),
    (PATIENT, "name.0.text", True, "value", "Patient.name[0].text", "text"),
    (PATIENT, "name.0.given", [["x"]], "structure", "Patient.name[0].given[0]", "not an array"),
    (OBSERVATION, "valueQuantity.value", "72", "value", "Observation.value.value", "number"),
    (OBSERVATION, "valueQuantity.value", True, "value", "Observation.value.value", "number"),
    (PATIENT, "telecom.0.rank", 1.0, "value", "Patient.telecom[0].rank", "whole number from 1"),
    # ranges
    (PATIENT, "telecom.0.rank", 0, "value", "Patient.telecom[0].rank", "from 1 to 2147483647"),
    (PATIENT, "photo.0.size", -1, "value", "Patient.photo[0].size", "from 0 to 2147483647"),
    (
        PATIENT,
        "extension.1.extension.0.valueInteger",
        2**31,
        "value",
        "Patient.extension[1].extension[0].value",
        "-2147483648",
    ),
    # choices
    (PATIENT, "deceasedDateTime", "2020", "structure", "Patient.deceased", '"deceasedBoolean"'),
    (OBSERVATION, "_valueString", ABSENT, "structure", "Observation.value", "Only one"),
    # codes
    (PATIENT, "gender", "perempuan", "code-invalid", "Patient.gender", '"female"'),
    (OBSERVATION, "status", "finale", "code-invalid", "Observation.status", '"final"'),
    (
        CONDITION,
        "clinicalStatus.coding.0.code",
        "aktif",
        "code-invalid",
        "Condition.clinicalStatus",
        '"active"',
    ),
    (
        CONDITION,
        "clinicalStatus.coding.0.system",
        "http://example.org",
        "code-invalid",
        "Condition.clinicalStatus",
        "condition-clinical",
    ),
    # extensions
    (PATIENT, "extension.0.valueCode", ..., "invariant", "Patient.extension[0]", "either"),
    (PATIENT, "extension.1.valueCode", "x", "invariant", "Patient.extension[1]", "either"),
    (PATIENT, "extension.0.url", ..., "required", "Patient.extension[0].url", "url is missing"),
    # extensions of primitives
    (PATIENT, "_gender", "x", "structure", "Patient.gender", "object of type Element"),
    (PATIENT, "_gender", {"value": "x"}, "structure", "Patient.gender.value", "not an element"),
    (PATIENT, "name.0._given", {"id": "x"}, "structure", "Patient.name[0].given", "array"),
    (PATIENT, "name.0._given", [{"id": "x"}], "structure", "Patient.name[0].given", "same length"),
    (
        changed(PATIENT, "name.0.given.1", None),
        "name.0._given",
        [{"id": "x"}, None],
        "structure",
        "Patient.name[0].given[1]",
        "_given",
    ),
    # resources in resources
    (PATIENT, "contained.0.nama", "x", "structure", "Patient.contained[0].nama", '"name"'),
    (PATIENT, "contained.0.resourceType", ..., "structure", "Patient.contained[0]", "resourceType"),
    (
        PATIENT,
        "contained.0.resourceType",
        "Organisation",
        "structure",
        "Patient.contained[0]",
        '"Organization"',
    ),
    (
        PATIENT,
        "contained.0.contained",
        [{"resourceType": "Location"}],
        "structure",
        "Patient.contained[0].contained",
        "must not contain",
    ),
    (PATIENT, "contained.0", "x", "structure", "Patient.contained[0]", "object"),
    (
        BUNDLE,
        "entry.0.resource.birthDate",
        "1991-02-30",
        "value",
        "Bundle.entry[0].resource.birthDate",
        "calendar",
    ),
    (
        BUNDLE,
        "entry.1.request.method",
        "post",
        "code-invalid",
        "Bundle.entry[1].request.method",
        "",
    ),
    (BUNDLE, "entry.1.resource.status", ..., "required", "Bundle.entry[1].resource.status", ""),
    (
        PARAMETERS,
        "parameter.0.resource.status",
        "x",
        "code-invalid",
        "Parameters.parameter[0].resource.status",
        "",
    ),
    (
        PARAMETERS,
        "parameter.1.part.0.valueUnsignedInt",
        -1,
        "value",
        "Parameters.parameter[1].part[0].value",
        "from 0",
    ),
    (
        PARAMETERS,
        "parameter.1.part.0.name",
        ...,
        "required",
        "Parameters.parameter[1].part[0].name",
        "",
    ),
    # references
    (
        PATIENT,
        "managingOrganization.reference",
        "Practitioner/1",
        "value",
        "Patient.managingOrganization.reference",
        'may not refer to a Practitioner; allowed: "Organization"',
    ),
    (
        CONDITION,
        "subject.reference",
        "http://example.org/fhir/Device/1/_history/2",
        "value",
        "Condition.subject.reference",
        '"Group", "Patient"',
    ),
    (
        CONDITION,
        "subject.reference",
        "Observation?code=1",
        "value",
        "Condition.subject.reference",
        "Observation",
    ),
    # narrative
    (PATIENT, "text.div", "Siti", "value", "Patient.text.div", "<div"),
    (PATIENT, "text.status", ..., "required", "Patient.text.status", "status is missing"),
]

ACCEPTED = [
    (PATIENT, "_gender", ABSENT),
    (changed(OBSERVATION, "status", ...), "_status", ABSENT),
    (changed(OBSERVATION, "valueQuantity", ...), "valueInteger", 0),
    (changed(OBSERVATION, "valueQuantity", ...), "valueBoolean", False),
    (changed(OBSERVATION, "valueQuantity", ...), "valueString", "satu\n\tdua\r\n"),
    (changed(OBSERVATION, "valueQuantity", ...), "_valueString", ABSENT),
    (changed(OBSERVATION, "valueQuantity", ...), "valueTime", "23:59:60"),
    (OBSERVATION, "valueQuantity.value", 0),
    (OBSERVATION, "valueQuantity.value", 0.0),
    (OBSERVATION, "valueQuantity.value", 10**30),
    (PATIENT, "name.0._given", [None, {"id": "x"}]),
    (changed(PATIENT, "name.0.given", [None, "Nur"]), "name.0._given", [ABSENT, None]),
    (changed(PATIENT, "name.0.given", ...), "name.0._given", [ABSENT]),
    (PATIENT, "photo.0.size", 0),
    (CONDITION, "subject.reference", "http://example.org/fhir/Patient/1/_history/2"),
    (CONDITION, "subject.reference", "Patient?identifier=http://example.org/Device/|1"),
    (CONDITION, "subject.reference", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    (CONDITION, "subject.reference", "urn:oid:1.2.3"),
    (CONDITION, "subject.reference", "http://example.org/orang/1"),
    (CONDITION, "subject.reference", "Patient/\u00e9\u00a0"),
    (OBSERVATION, "focus", [{"reference": "Device/1"}]),
    (CONDITION, "subject", {"display": "Siti"}),
    (PATIENT, "name.0.text", "Ni Luh\u00a0Putu \u200e\U0001f600"),
    (PATIENT, "name.0.id", "any string at all"),
    (PATIENT, "contained", [OBSERVATION | {"id": "org"}]),
    (CONDITION, "clinicalStatus.coding.0.display", "Active"),
    (BUNDLE, "entry.0.fullUrl", "http://example.org/fhir/Patient/1"),
    (PARAMETERS, "parameter.0.resource", BUNDLE),
]


def issues(document):
    return validate(document, load_definitions())


@pytest.mark.parametrize("document", ALL, ids=lambda document: document["resourceType"])
def test_a_valid_resource_has_no_issues(document):
    assert issues(document) == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[4]}-{case[3]}")
def test_what_is_wrong_is_named_with_its_place(case):
    document, path, value, code, expression, says = case
    found = issues(changed(document, path, value))

    assert [(each.code, each.expression) for each in found] == [(code, expression)]
    assert says in found[0].diagnostics
    assert found[0].severity == "error"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[4]}-{case[3]}")
def test_every_issue_is_also_said_in_indonesian(case):
    document, path, value, *_ = case

    (found,) = issues(changed(document, path, value))

    assert found.indonesian
    assert found.indonesian != found.diagnostics
    assert "{" not in found.indonesian.replace("{}", "")


@pytest.mark.parametrize(("document", "path", "value"), ACCEPTED)
def test_what_r4_allows_is_accepted(document, path, value):
    assert issues(changed(document, path, value)) == []


@pytest.mark.parametrize("missing", [PATIENT["id"], None, 5, [], {}])
def test_a_resource_type_that_is_none_is_an_issue_not_a_crash(missing):
    assert issues({"resourceType": missing})


def test_all_issues_of_a_resource_are_listed():
    document = {"resourceType": "Patient", "gender": "x", "birthDate": "x", "active": "x"}

    assert {each.expression for each in issues(document)} == {
        "Patient.gender",
        "Patient.birthDate",
        "Patient.active",
    }


def test_more_issues_than_anyone_reads_are_counted_not_hidden():
    document = {"resourceType": "Patient", "name": [{"use": "x"}] * (MOST_ISSUES * 2)}

    found = issues(document)

    assert len(found) == MOST_ISSUES + 1
    assert found[-1].code == "too-costly"


def test_nesting_without_end_is_an_issue_not_a_crash():
    extension = {"url": "x", "valueString": ""}
    for _ in range(5000):
        extension = {"url": "x", "extension": [extension]}

    (found,) = issues({"resourceType": "Patient", "extension": [extension]})

    assert found.code == "too-long"


def test_a_string_longer_than_r4_allows_is_named_when_a_resource_is_refused():
    document = {"resourceType": "Basic", "language": "", "implicitRules": "x", "id": "1"}
    document["code"] = {"text": "x" * (1024 * 1024 + 1)}

    assert {each.expression for each in issues(document)} == {"Basic.language", "Basic.code.text"}


def test_a_long_value_is_not_repeated_in_the_message():
    (found,) = issues({"resourceType": "Patient", "birthDate": "9" * 10_000})

    assert len(found.diagnostics) < 300


@pytest.mark.parametrize("name", sorted(load_definitions().types))
def test_every_type_refuses_what_it_does_not_know(name):
    found = issues({"resourceType": name, "bukanElemen": 1})

    assert f"{name}.bukanElemen" in {each.expression for each in found}


@pytest.mark.parametrize("name", sorted(load_definitions().types))
def test_every_type_asks_for_what_it_must_have(name):
    elements = load_definitions().elements(name).values()
    required = {f"{name}.{each.choice or each.name}" for each in elements if each.minimum}

    found = issues({"resourceType": name})

    assert {each.expression for each in found if each.code != "invariant"} == required


@pytest.mark.parametrize("document", [None, "Patient", 5, []])
def test_what_is_no_object_is_an_issue(document):
    (found,) = issues(document)

    assert found.code == "structure"


def test_codes_and_days_without_end_are_judged_all_the_same():
    for number in range(9000):
        system = f"https://example.org/{number}"
        assert issues({"resourceType": "Basic", "code": {"coding": [{"system": system}]}}) == []

    assert issues({"resourceType": "Basic", "code": {"coding": [{"system": "a b"}]}})
