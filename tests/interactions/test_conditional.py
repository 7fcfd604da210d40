"""Update and delete by criteria instead of an id."""

import dataclasses

import pytest

from tests.support.fhir import Server, bundle, entry, json_patch, patient

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


def rolled(ask, *entries):
    return ask("POST", "", bundle("transaction", *entries))


def test_a_transaction_updates_what_matches_and_creates_what_does_not(ask):
    first = ask("POST", "Patient", person()).json["id"]
    urn = "urn:uuid:3e1f0c9a-6c3c-4a52-9a4b-0b1a7f4f8c11"
    visit = {
        "resourceType": "Encounter",
        "status": "planned",
        "class": {"code": "AMB"},
        "subject": {"reference": urn},
    }

    said = rolled(
        ask,
        entry("PUT", f"Patient?{NIK}", person(gender="male"), urn),
        entry("PUT", "Patient?identifier=urn:nik|2", person("2")),
        entry("POST", "Encounter", visit),
    )

    assert [each["response"]["status"] for each in said.entries] == [
        "200 OK",
        "201 Created",
        "201 Created",
    ]
    assert said.entries[0]["response"]["location"] == f"Patient/{first}/_history/2"
    assert ask.count("Encounter", f"subject=Patient/{first}") == 1
    assert ask.count("Patient", "identifier=urn:nik|2") == 1


def test_deletions_come_first(ask):
    """What a transaction deletes by criteria matches nothing else in it."""
    ask("PUT", "Patient/old", person(id="old"))

    said = rolled(
        ask,
        entry("PUT", f"Patient?{NIK}", person()),
        entry("DELETE", f"Patient?{NIK}"),
        entry("DELETE", "Patient?identifier=urn:nik|9"),
    )

    assert [each["response"]["status"] for each in said.entries] == [
        "201 Created",
        "204 No Content",
        "204 No Content",
    ]
    assert said.entries[1]["response"]["etag"] == 'W/"2"'
    assert ask("GET", "Patient/old").status == 410
    assert ask.count("Patient", NIK) == 1


@pytest.mark.parametrize(
    "twice",
    [
        (("PUT", f"Patient?{NIK}", "there"), ("DELETE", "Patient/there", None)),
        (("PUT", f"Patient?{NIK}", None), ("PUT", "Patient/there", "there")),
        (("PUT", "Patient?identifier=new", None), ("PUT", "Patient?identifier=new", None)),
        (("DELETE", f"Patient?{NIK}", None), ("DELETE", "Patient?_id=there", None)),
        (("PUT", f"Patient?{NIK}", None), ("PATCH", "Patient/there", "patch")),
    ],
)
def test_two_entries_about_one_match_are_refused(ask, twice):
    ask("PUT", "Patient/there", person(id="there"))
    bodies = {"there": person(id="there"), "patch": json_patch(("add", "/gender", "male"))}
    entries = [
        entry(method, url, bodies.get(name, person()) if method != "DELETE" else None)
        for method, url, name in twice
    ]

    said = rolled(ask, *entries)

    assert said.status == 400
    assert ask("GET", "Patient/there").headers["ETag"] == 'W/"1"'
    assert ask.count("Patient") == 1


def test_types_may_share_criteria(ask):
    said = rolled(
        ask,
        entry("POST", "Patient", person(), ifNoneExist="identifier=1"),
        entry("POST", "Person", person() | {"resourceType": "Person"}, ifNoneExist="identifier=1"),
    )

    assert said.status == 200


def test_a_batch_has_every_method_and_all_criteria(ask):
    ask("PUT", "Patient/p", person(id="p"))

    said = ask(
        "POST",
        "",
        bundle(
            "batch",
            entry("PUT", f"Patient?{NIK}", person(gender="male")),
            entry("PATCH", f"Patient?{NIK}", json_patch(("add", "/active", True))),
            entry("DELETE", "Patient?identifier=urn:nik|9"),
            entry("POST", "Patient", person(), ifNoneExist=NIK),
            entry("GET", f"Patient?{NIK}"),
            entry("GET", "Patient/p", ifNoneMatch='W/"3"'),
            entry("GET", "Patient/p/_history"),
            entry("HEAD", "Patient/p"),
            entry("POST", "Patient/_search?gender=male"),
            entry("PUT", "Patient?identifier=", person()),
        ),
    )

    assert [each["response"]["status"][:3] for each in said.entries] == [
        *("200", "200", "204", "200", "200", "304", "200", "200", "200", "400")
    ]
    assert said.entries[8]["resource"]["total"] == 1
    assert ask("GET", "Patient/p").json["meta"]["versionId"] == "3"
