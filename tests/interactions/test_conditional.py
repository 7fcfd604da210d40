"""Update and delete by criteria instead of an id."""

import dataclasses

import pytest

from tests.support.fhir import Server, patient

NIK = "identifier=urn:nik|1"


def person(number="1", **elements):
    return patient(identifier=[{"system": "urn:nik", "value": number}], **elements)


def test_an_update_that_matches_nothing_creates(ask):
    said = ask("PUT", f"Patient?{NIK}", person(gender="male"))

    assert said.status == 201
    assert said.json["meta"]["versionId"] == "1"
    assert said.headers["Location"].endswith(f"Patient/{said.json['id']}/_history/1")
    assert ask.count("Patient", NIK) == 1


def test_an_update_that_matches_one_replaces_it(ask):
    first = ask("POST", "Patient", person()).json["id"]

    said = ask("PUT", f"Patient?{NIK}", person(gender="female"))

    assert (said.status, said.json["id"], said.json["meta"]["versionId"]) == (200, first, "2")
    assert ask("GET", f"Patient/{first}").json["gender"] == "female"
    assert [e["request"]["method"] for e in ask("GET", f"Patient/{first}/_history").entries] == [
        "PUT",
        "POST",
    ]


def test_an_update_that_matches_several_is_refused(ask):
    for _ in range(2):
        ask("POST", "Patient", person())

    said = ask("PUT", f"Patient?{NIK}", person(gender="female"))

    assert said.status == 412
    assert ask.count("Patient", "gender=female") == 0


def test_the_id_in_the_body_is_taken_when_nothing_matches(ask):
    said = ask("PUT", f"Patient?{NIK}", person(id="mine"))

    assert (said.status, said.json["id"]) == (201, "mine")


def test_the_id_in_the_body_may_not_be_that_of_another(ask):
    ask("PUT", "Patient/mine", patient(id="mine"))
    ask("PUT", "Patient/match", person(id="match"))

    taken = ask("PUT", "Patient?identifier=urn:nik|2", person("2", id="mine"))
    other = ask("PUT", f"Patient?{NIK}", person(id="mine"))
    same = ask("PUT", f"Patient?{NIK}", person(id="match", gender="male"))

    assert [taken.status, other.status, same.status] == [409, 400, 200]
    assert other.issues[0].expression == "Patient.id"
    assert ask("GET", "Patient/mine").json["meta"]["versionId"] == "1"


def test_what_was_deleted_does_not_match(ask):
    first = ask("POST", "Patient", person()).json["id"]
    ask("DELETE", f"Patient/{first}")

    said = ask("PUT", f"Patient?{NIK}", person())

    assert said.status == 201
    assert said.json["id"] != first


def test_if_match_holds_for_the_match(ask):
    ask("POST", "Patient", person())

    assert ask("PUT", f"Patient?{NIK}", person(gender="male"), if_match='W/"2"').status == 412
    assert ask("PUT", f"Patient?{NIK}", person(gender="male"), if_match='W/"1"').status == 200
    assert ask("PUT", "Patient?identifier=3", person("3"), if_match='W/"1"').status == 412


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?identifier=",
        "?_format=json",
        "?identifir=1",
        "?_count=1",
        "?_sort=name",
        "?name:oops=x",
    ],
)
def test_criteria_that_ask_nothing_or_are_not_understood_are_refused(ask, method, query):
    ask("POST", "Patient", person())

    said = ask(method, f"Patient{query}", person(gender="male") if method == "PUT" else b"")

    assert said.status == 400
    assert ask.count("Patient") == 1


def test_the_body_is_judged_as_in_any_update(ask):
    assert ask("PUT", f"Patient?{NIK}", person(gender="x")).status == 422
    assert ask("PUT", f"Observation?{NIK}", person()).status == 400
    assert ask("PUT", f"Patient?{NIK}", b"").status == 400
    assert ask.count("Patient") == 0


def test_an_update_may_name_the_format_beside_its_criteria(ask):
    assert ask("PUT", f"Patient?{NIK}&_format=json&_pretty=true", person()).status == 201


def test_a_delete_that_matches_one_deletes_it(ask):
    first = ask("POST", "Patient", person()).json["id"]

    said = ask("DELETE", f"Patient?{NIK}")

    assert (said.status, said.raw, said.headers["ETag"]) == (204, b"", 'W/"2"')
    assert ask("GET", f"Patient/{first}").status == 410


def test_a_delete_that_matches_nothing_is_none(ask):
    assert ask("DELETE", f"Patient?{NIK}").status == 204
    said = ask("DELETE", f"Patient?{NIK}", prefer="return=OperationOutcome")
    assert (said.status, said.json["issue"][0]["diagnostics"]) == (200, "Deleted: 0 Patient.")


def test_a_delete_that_matches_several_is_refused_by_default(ask):
    for _ in range(2):
        ask("POST", "Patient", person())

    assert ask("DELETE", f"Patient?{NIK}").status == 412
    assert ask.count("Patient") == 2


def test_the_operator_may_allow_several_up_to_a_bound(ask, context, settings):
    several = dataclasses.replace(
        settings, conditional_delete="multiple", conditional_delete_limit=3
    )
    bold = Server(dataclasses.replace(context, settings=several))
    for number in range(4):
        ask("POST", "Patient", person(gender="male" if number else "female"))

    assert bold("DELETE", f"Patient?{NIK}").status == 412
    assert ask.count("Patient") == 4
    assert bold("DELETE", f"Patient?{NIK}&gender=male").status == 204
    assert ask.count("Patient") == 1


def test_no_criterion_is_repeated_in_a_refusal(ask):
    for _ in range(2):
        ask("POST", "Patient", person("3171234567890001"))

    for method in ("PUT", "DELETE"):
        said = ask(method, "Patient?identifier=3171234567890001", person())
        assert said.status == 412
        assert "3171234567890001" not in said.issues[0].diagnostics


def test_chains_may_be_criteria(ask):
    mother = ask("POST", "Patient", person()).json["id"]
    visit = {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{mother}"},
    }
    ask("POST", "Encounter", visit)

    said = ask("PUT", f"Encounter?patient.{NIK}", visit | {"status": "arrived"})

    assert (said.status, ask.count("Encounter", "status=arrived")) == (200, 1)
