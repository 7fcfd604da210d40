"""FHIRPath Patch on the text of a resource."""

import orjson
import pytest

from fhir_server.errors import BadRequest, Invalid
from fhir_server.resources.patch import patched

PATIENT = (
    b'{"resourceType":"Patient","id":"p","name":[{"given":["Siti","Nur"],'
    b'"_given":[null,{"id":"2"}]}],"birthDate":"1991-08-17","_birthDate":{"id":"b"},'
    b'"multipleBirthInteger":2,"extension":[{"url":"u","valueDecimal":1.00}]}'
)


def operation(kind, path, **parts):
    listed = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, part in parts.items():
        value = {"valueString": part} if isinstance(part, str) else part
        listed.append({"name": name} | ({"valueInteger": part} if type(part) is int else value))
    return {"name": "operation", "part": listed}


def text(*operations):
    parameters = {"resourceType": "Parameters", "parameter": list(operations)}
    return patched(PATIENT, orjson.dumps(parameters))


def changed(*operations):
    return orjson.loads(text(*operations))


def test_what_is_not_touched_stays_letter_for_letter():
    assert text() == PATIENT
    assert text(operation("replace", "Patient.name.given[0]", value="Ani")) == PATIENT.replace(
        b"Siti", b"Ani"
    )


def test_numbers_of_the_patch_keep_their_spelling():
    patch = (
        b'{"resourceType":"Parameters","parameter":[{"name":"operation","part":['
        b'{"name":"type","valueCode":"replace"},{"name":"path","valueString":"extension.value"},'
        b'{"name":"value","valueDecimal":2.50}]}]}'
    )

    assert b'"valueDecimal":2.50' in patched(PATIENT, patch)


def test_a_choice_changes_its_name_where_it_stands():
    done = text(operation("replace", "Patient.multipleBirth", value={"valueBoolean": True}))

    assert done == PATIENT.replace(b'"multipleBirthInteger":2', b'"multipleBirthBoolean":true')


def test_a_choice_is_added_under_the_name_of_its_type():
    done = changed(
        operation("delete", "Patient.multipleBirth"),
        operation("add", "Patient", name="multipleBirth", value={"valueInteger": 3}),
        operation("add", "Patient", name="deceased", value={"valueDateTime": "2024"}),
    )

    assert (done["multipleBirthInteger"], done["deceasedDateTime"]) == (3, "2024")


def test_values_and_extensions_of_a_list_stay_side_by_side():
    name = changed(operation("delete", "Patient.name.given[0]"))["name"][0]
    assert name == {"given": ["Nur"], "_given": [{"id": "2"}]}

    name = changed(operation("insert", "Patient.name.given", index=0, value="Ny."))["name"][0]
    assert name == {"given": ["Ny.", "Siti", "Nur"], "_given": [None, None, {"id": "2"}]}

    name = changed(operation("move", "Patient.name.given", source=1, destination=0))["name"][0]
    assert name == {"given": ["Nur", "Siti"], "_given": [{"id": "2"}, None]}


def test_a_deleted_primitive_takes_its_extension_along():
    assert {"birthDate", "_birthDate"}.isdisjoint(changed(operation("delete", "Patient.birthDate")))


def test_what_is_empty_goes_too():
    done = changed(
        operation("delete", "Patient.name.given[1]"), operation("delete", "Patient.name.given")
    )

    assert "name" not in done


def test_an_extension_is_added_to_a_primitive():
    extension = {"valueExtension": {"url": "x", "valueCode": "y"}}
    done = changed(operation("add", "Patient.birthDate", name="extension", value=extension))

    assert done["_birthDate"] == {"id": "b", "extension": [{"url": "x", "valueCode": "y"}]}


def test_an_element_without_a_type_is_made_of_parts():
    parts = {
        "part": [
            {"name": "relationship", "valueCodeableConcept": {"text": "suami"}},
            {"name": "name", "valueHumanName": {"text": "Agus"}},
        ]
    }
    done = changed(operation("add", "Patient", name="contact", value=parts))

    assert done["contact"] == [{"relationship": [{"text": "suami"}], "name": {"text": "Agus"}}]


def test_nothing_to_delete_is_no_failure():
    assert text(operation("delete", "Patient.photo")) == PATIENT


@pytest.mark.parametrize(
    "broken",
    [
        operation("replace", "Patient.gender", value={"valueCode": "female"}),
        operation("replace", "Patient", value={"valueString": "x"}),
        operation("delete", "Patient"),
        operation("delete", "Patient.name.given"),
        operation("add", "Patient", name="birthDate", value={"valueDate": "2024"}),
        operation("add", "Patient", name="surname", value="x"),
        operation("add", "Patient.photo", name="title", value="x"),
        operation("insert", "Patient.name.given", index=3, value="x"),
        operation("insert", "Patient.birthDate", index=0, value="x"),
        operation("move", "Patient.name.given", source=2, destination=0),
        operation("move", "Patient.name.given", source=-1, destination=0),
        operation("replace", "Patient.name.given.count()", value={"valueInteger": 1}),
        operation("replace", "Patient.name.", value="x"),
        operation("replace", "1 + 1", value="x"),
        operation("replace", "(" * 9000, value="x"),
    ],
)
def test_what_cannot_be_applied_is_told_with_its_place(broken):
    with pytest.raises(Invalid) as refused:
        text(operation("delete", "Patient.extension"), broken)

    (issue,) = refused.value.issues
    assert issue.expression == "Parameters.parameter[1]"


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "operation"},
        {"name": "operation", "part": ["x"]},
        {"name": "other", "part": []},
        operation("jump", "Patient"),
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]},
        operation("replace", "Patient.birthDate"),
        operation("replace", "Patient.birthDate", value={"part": []}),
        operation("insert", "Patient.name.given", index={"valueString": "0"}, value="x"),
        operation("add", "Patient", value="x"),
        7,
    ],
)
def test_what_is_no_operation_is_refused(parameter):
    with pytest.raises(BadRequest):
        text(parameter)


@pytest.mark.parametrize("patch", [b"1", b'{"resourceType":"Patient"}', b"null", b"{"])
def test_what_is_no_patch_is_refused(patch):
    with pytest.raises(BadRequest):
        patched(PATIENT, patch)


def test_a_patch_has_only_so_many_operations():
    with pytest.raises(BadRequest):
        text(*[operation("delete", "Patient.photo")] * 1001)


@pytest.mark.parametrize("name", [[], {}, None, 1])
def test_a_part_whose_name_is_no_text_is_no_part(name):
    with pytest.raises(BadRequest, match="The part type is missing"):
        text({"name": "operation", "part": [{"name": name, "valueCode": "add"}]})
