"""Changing parts of a resource."""

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_server.store.mongo import connect
from tests.support.fhir import Server, bundle, entry, json_patch, patient

MALE = [{"op": "add", "path": "/gender", "value": "male"}]
WEIGHT = b"""{"resourceType": "Observation", "id": "w", "status": "final", "code": {"text": "x"},
  "valueQuantity": {"value": 50.10, "unit": "kg"}, "note": [{"text": "\\u00e9"}]}"""


@pytest.fixture
def rose(ask):
    ask("PUT", "Patient/rose", patient(id="rose", identifier=[{"value": "1"}]))
    return "Patient/rose"


def etag(said):
    return said.headers["ETag"]


def test_a_patch_makes_a_version(ask, rose):
    said = ask("PATCH", rose, MALE)

    assert (said.status, etag(said), said.json["gender"]) == (200, 'W/"2"', "male")
    assert said.json == ask("GET", rose).json
    assert ask("GET", f"{rose}/_history").entries[0]["request"]["method"] == "PATCH"
    assert ask.count("Patient", "gender=male") == 1


def test_the_rest_keeps_its_text(ask):
    ask("PUT", "Observation/w", WEIGHT)

    said = ask(
        "PATCH",
        "Observation/w",
        b'[{"op":"add","path":"/referenceRange","value":[{"low":{"value":1.0}}]}]',
    )

    assert b'"value":50.10' in said.raw
    assert b'"value":1.0}' in said.raw
    assert json.loads(said.raw)["note"] == [{"text": "é"}]


def test_version_and_time_can_be_tested_and_are_the_servers(ask, rose):
    good = [{"op": "test", "path": "/meta/versionId", "value": "1"}, *MALE]
    bad = [{"op": "replace", "path": "/meta/versionId", "value": "77"}, *MALE]

    assert ask("PATCH", rose, good).json["meta"]["versionId"] == "2"
    assert ask("PATCH", rose, good).status == 422
    assert ask("PATCH", rose, bad).json["meta"]["versionId"] == "2"


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[", 400),
        ([{"op": "jump", "path": "/a"}], 400),
        (patient(id="rose"), 400),
        ([{"op": "replace", "path": "/birthDate", "value": "1990"}], 422),
        ([{"op": "test", "path": "/id", "value": "x"}], 422),
        ([{"op": "add", "path": "/gender", "value": "x"}], 422),
        ([{"op": "add", "path": "/genders", "value": "x"}], 422),
        ([{"op": "add", "path": "", "value": 1}], 422),
        ([{"op": "add", "path": "", "value": {}}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 400),
        ([{"op": "remove", "path": "/id"}], 400),
        ([{"op": "add", "path": "/resourceType", "value": "Group"}], 422),
    ],
)
def test_what_would_be_no_patient_is_not_stored(ask, rose, patch, status):
    assert ask("PATCH", rose, patch).status == status
    assert etag(ask("GET", rose)) == 'W/"1"'


def test_the_kind_of_patch_is_that_of_the_content_type(ask, rose):
    assert ask("PATCH", rose, b"{}", content_type="application/json-patch+json").status == 400
    assert ask("PATCH", rose, MALE, content_type="application/fhir+json").status == 415
    assert (
        ask("PATCH", rose, MALE, content_type="application/json-patch+json; charset=utf-8").status
        == 200
    )


def test_if_match_is_asked_before(ask, rose):
    assert ask("PATCH", rose, MALE, if_match='W/"2"').status == 412
    assert ask("PATCH", rose, MALE, if_match='W/"1"').status == 200


def test_there_must_be_something_to_patch(ask, rose):
    ask("DELETE", rose)

    assert ask("PATCH", rose, MALE).status == 410
    assert ask("PATCH", "Patient/never", MALE).status == 404


@pytest.mark.usefixtures("rose")
def test_by_criteria_it_must_be_one(ask):
    assert ask("PATCH", "Patient?identifier=1", MALE).json["id"] == "rose"
    assert ask("PATCH", "Patient?identifier=2", MALE).status == 404
    ask("POST", "Patient", patient(identifier=[{"value": "1"}]))
    assert ask("PATCH", "Patient?identifier=1", MALE).status == 412
    assert ask("PATCH", "Patient?", MALE).status == 400


def test_who_changes_at_the_same_time_is_not_overwritten(ask, rose, context):
    """Another request comes between reading and writing."""
    read = context.store.read
    pending = [patient(id="rose", active=True), patient(id="rose", active=False)]

    def interrupted(*where):
        found = read(*where)
        if pending:
            ask("PUT", rose, pending.pop())
        return found

    context.store.read = interrupted
    said = ask("PATCH", rose, MALE)

    assert (etag(said), said.json["active"], said.json["gender"]) == ('W/"4"', True, "male")


def test_whoever_is_always_in_the_way_is_told_of(ask, rose, context):
    read, number = context.store.read, iter(range(99))

    def interrupted(*where):
        found = read(*where)
        ask("PUT", rose, patient(id="rose", name=[{"text": str(next(number))}]))
        return found

    context.store.read = interrupted

    assert ask("PATCH", rose, MALE).status == 409


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_patches_in_bundles(ask, rose, kind):
    said = ask(
        "POST",
        "",
        bundle(
            kind,
            entry("PATCH", rose, json_patch(("add", "/gender", "male")), ifMatch='W/"1"'),
            entry("POST", "Patient", patient(identifier=[{"value": "2"}])),
        ),
    )

    assert [each["response"]["status"] for each in said.entries] == ["200 OK", "201 Created"]
    assert said.entries[0]["response"]["etag"] == 'W/"2"'
    assert ask("GET", rose).json["gender"] == "male"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
@pytest.mark.parametrize(
    "resource",
    [
        None,
        patient(),
        {"resourceType": "Binary", "contentType": "text/plain", "data": "W10="},
        {"resourceType": "Binary", "contentType": "application/json-patch+json"},
        json_patch(("replace", "/nothing", 1)),
    ],
)
def test_what_is_no_patch_in_a_bundle_is_told_with_its_place(ask, rose, kind, resource):
    said = ask("POST", "", bundle(kind, entry("PATCH", rose, resource), entry("GET", rose)))

    if kind == "transaction":
        issue = said.issues[0]
        assert said.status in {400, 422}
        assert issue.expression.startswith("Bundle.entry[0]")
    else:
        response = said.entries[0]["response"]
        assert response["status"][:3] in {"400", "422"}
        assert response["outcome"]["issue"][0]["expression"][0].startswith("Bundle.entry[0]")
    assert etag(ask("GET", rose)) == 'W/"1"'


def test_a_patch_in_a_transaction_may_refer_to_its_other_entries(ask, rose, transact):
    urn = "urn:uuid:3e1f0c9a-6c3c-4a52-9a4b-0b1a7f4f8c11"
    link = [{"type": "seealso", "other": {"reference": urn}}]

    said = transact(
        entry("PATCH", "Patient?identifier=1", json_patch(("add", "/link", link))),
        entry("POST", "Patient", patient(), urn),
    )

    where = said.entries[1]["response"]["location"].partition("/_history")[0]
    assert ask("GET", rose).json["link"][0]["other"]["reference"] == where


def test_a_patch_in_a_transaction_begins_again_when_another_was_first(ask, rose, transact, context):
    search, pending = context.store.search_many, [patient(id="rose", active=True)]

    def interrupted(plans):
        found = search(plans)
        if pending:
            ask("PUT", rose, pending.pop())
        return found

    context.store.search_many = interrupted
    said = transact(entry("PATCH", rose, json_patch(("add", "/gender", "male"))))

    assert said.entries[0]["response"]["etag"] == 'W/"3"'
    stored = ask("GET", rose).json
    assert (stored["active"], stored["gender"]) == (True, "male")


def test_what_changes_nothing_makes_no_version(ask, rose):
    same = patient(id="rose", identifier=[{"value": "1"}])
    reordered = {"id": "rose", "identifier": [{"value": "1"}], "resourceType": "Patient"}
    read = ask("GET", rose).json

    for body in (same, reordered, read):
        said = ask("PUT", rose, body)
        assert (said.status, etag(said)) == (200, 'W/"1"')
    assert etag(ask("PATCH", rose, b"[]")) == 'W/"1"'
    assert (
        ask("POST", "", bundle("transaction", entry("PUT", rose, same)))
        .entries[0]["response"]["location"]
        .endswith("_history/1")
    )
    assert etag(ask("PUT", rose, same, if_match='W/"1"')) == 'W/"1"'
    assert ask("PUT", rose, same, if_match='W/"2"').status == 412
    assert len(ask("GET", f"{rose}/_history").entries) == 1


def test_another_spelling_of_a_number_is_a_change(ask):
    ask("PUT", "Observation/w", WEIGHT)

    said = ask("PUT", "Observation/w", WEIGHT.replace(b"50.10", b"50.1"))

    assert etag(said) == 'W/"2"'


def test_the_operator_may_want_a_version_of_every_update(rose, ask, context, settings):
    eager = dataclasses.replace(settings, noop_updates=True)
    store = connect(settings.mongodb_uri, eager)
    server = Server(dataclasses.replace(context, settings=eager, store=store))

    said = server("PUT", rose, ask("GET", rose).json)

    assert etag(said) == 'W/"2"'
    store.close()


def test_provenance_comes_with_what_it_is_about(ask, rose):
    who = {
        "resourceType": "Provenance",
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "Bidan Sari é"}}],
    }
    header = json.dumps(who, ensure_ascii=False)

    new = ask("POST", "Patient", patient(), x_provenance=header).json["id"]
    ask("PATCH", rose, MALE, x_provenance=header.encode().decode("latin-1"))

    for where in (f"Patient/{new}", rose):
        (found,) = ask("GET", f"Provenance?target={where}").entries
        assert found["resource"]["target"] == [{"reference": where}]
        assert found["resource"]["agent"] == who["agent"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("é", 400),
        ('{"resourceType":"Patient"}', 422),
        ('{"resourceType":"Provenance"}', 422),
    ],
)
def test_a_provenance_that_is_none_refuses_the_write(ask, header, status):
    said = ask("POST", "Patient", patient(), x_provenance=header)

    assert said.status == status
    assert said.issues[0].diagnostics.startswith("X-Provenance: ")
    assert ask.count("Patient") == 0


def test_a_bundle_brings_its_own_provenance(ask):
    said = ask("POST", "", bundle("transaction"), x_provenance="{}")

    assert said.status == 400


def fhirpath_patch(kind, path, **value):
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    parts += [{"name": name, "valueString": each} for name, each in value.items() if name == "name"]
    parts += [{"name": "value", **value["value"]}] if "value" in value else []
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


FEMALE = fhirpath_patch("add", "Patient", name="gender", value={"valueCode": "female"})


def test_a_fhirpath_patch_is_a_patch_too(ask, rose, transact):
    alone = ask("PATCH", rose, FEMALE, content_type="application/fhir+json")
    change = fhirpath_patch("replace", "Patient.gender", value={"valueCode": "male"})
    bundled = transact(entry("PATCH", "Patient?identifier=1", change))
    batched = ask("POST", "", bundle("batch", entry("PATCH", rose, FEMALE | change)))

    assert (etag(alone), alone.json["gender"]) == ('W/"2"', "female")
    assert bundled.entries[0]["response"]["etag"] == 'W/"3"'
    assert batched.entries[0]["response"]["status"] == "200 OK"
    assert ask("GET", rose).json["gender"] == "male"


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        (fhirpath_patch("replace", "Patient.birthDate", value={"valueDate": "1990-01-01"}), 422),
        (fhirpath_patch("replace", "Patient.id", value={"valueId": "other"}), 400),
        (fhirpath_patch("delete", "Patient.(("), 422),
        (fhirpath_patch("jump", "Patient.gender"), 400),
        (fhirpath_patch("add", "Patient", name="gender", value={"valueCode": "x"}), 422),
    ],
)
def test_a_fhirpath_patch_that_cannot_be_is_refused(ask, rose, patch, status):
    assert ask("PATCH", rose, patch).status == status
    assert etag(ask("GET", rose)) == 'W/"1"'


def test_many_patches_at_once_all_happen(ask, rose):
    def append(number):
        patch = [{"op": "add", "path": "/identifier/-", "value": {"value": f"n{number}"}}]
        return ask("PATCH", rose, patch).status

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(append, range(16))) == [200] * 16
    stored = ask("GET", rose).json
    assert len({each["value"] for each in stored["identifier"]}) == 17
    assert stored["meta"]["versionId"] == "17"
