"""$meta, $meta-add, $meta-delete: labels are sets, and every change is a version."""

import pytest

from tests.operations.conftest import parameters

RED = {"system": "https://labels.example", "code": "red", "display": "Red"}
BLUE = {"system": "https://labels.example", "code": "blue"}
SECRET = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}

pytestmark = pytest.mark.usefixtures("siti")


def labels(**meta):
    return parameters(meta__valueMeta=meta)


def returned(said):
    (only,) = said.json["parameter"]
    assert only["name"] == "return"
    return only["valueMeta"]


@pytest.fixture
def siti(fhir):
    return fhir.kept(
        "Patient/siti",
        {"resourceType": "Patient", "id": "siti", "meta": {"tag": [RED]}, "active": True},
    )


def test_the_meta_of_a_resource_is_what_a_read_has(fhir, siti):
    assert returned(fhir("GET", "Patient/siti/$meta")) == siti["meta"]


def test_the_meta_of_a_past_version(fhir, siti):
    fhir("POST", "Patient/siti/$meta-add", labels(tag=[BLUE]))

    assert returned(fhir("GET", "Patient/siti/_history/1/$meta")) == siti["meta"]
    assert len(returned(fhir("GET", "Patient/siti/$meta"))["tag"]) == 2


def test_added_labels_are_a_new_version_and_are_found(fhir):
    said = fhir("POST", "Patient/siti/$meta-add", labels(tag=[BLUE], security=[SECRET]))

    meta = returned(said)
    assert (meta["tag"], meta["security"]) == ([RED, BLUE], [SECRET])
    assert meta["versionId"] == "2"
    assert said.headers["ETag"] == 'W/"2"'
    assert fhir.read("Patient?_tag=blue&_security=R")["total"] == 1
    assert fhir.read("Patient/siti")["active"] is True


def test_a_label_that_is_there_changes_nothing(fhir, siti):
    meta = returned(
        fhir("POST", "Patient/siti/$meta-add", labels(tag=[{**RED, "display": "Merah"}]))
    )

    assert meta == siti["meta"]


def test_deleted_labels_are_gone_and_others_stay(fhir):
    fhir("POST", "Patient/siti/$meta-add", labels(tag=[BLUE]))

    meta = returned(fhir("POST", "Patient/siti/$meta-delete", labels(tag=[RED, SECRET])))

    assert meta["tag"] == [BLUE]
    assert fhir.read("Patient?_tag=red")["total"] == 0


def test_deleting_what_is_not_there_changes_nothing(fhir, siti):
    assert returned(fhir("POST", "Patient/siti/$meta-delete", labels(tag=[BLUE]))) == siti["meta"]


def test_another_version_than_expected_is_not_changed(fhir, siti):
    said = fhir("POST", "Patient/siti/$meta-add", labels(tag=[BLUE]), If_Match='W/"7"')

    assert said.status == 412
    assert fhir.read("Patient/siti")["meta"] == siti["meta"]


def test_all_labels_of_a_type_and_of_everything(fhir):
    fhir.made("Observation", {
        "resourceType": "Observation",
        "meta": {"security": [SECRET]},
        "status": "final",
        "code": {"text": "x"},
    })  # fmt: skip

    of_type = returned(fhir("GET", "Patient/$meta"))
    of_all = returned(fhir("GET", "$meta"))

    assert of_type["tag"] == [{"system": RED["system"], "code": "red"}]
    assert "security" not in of_type
    assert of_all["security"] == [SECRET]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "Patient/nobody/$meta", None, 404),
        ("GET", "Patient/siti/_history/9/$meta", None, 404),
        ("GET", "Patient/siti/_history/x/$meta", None, 404),
        ("GET", "Patient/siti/$meta-add", None, 405),
        ("POST", "Patient/$meta-add", labels(tag=[BLUE]), 404),
        ("POST", "Patient/nobody/$meta-add", labels(tag=[BLUE]), 404),
        ("POST", "Patient/siti/$meta-add", {"resourceType": "Parameters"}, 400),
        ("POST", "Patient/siti/$meta-add", labels(source="x"), 400),
        ("POST", "Patient/siti/$meta-add", labels(tag="x"), 400),
        ("POST", "Patient/siti/$meta-add", parameters(meta__valueString="x"), 400),
        ("POST", "Patient/siti/$meta-add", labels(tag=[{"code": 7}]), 422),
    ],
)
def test_what_cannot_be_done_is_said(fhir, method, path, body, status):
    before = fhir.read("Patient/siti")

    said = fhir(method, path, body)

    assert said.status == status, said.json
    assert said.json["resourceType"] == "OperationOutcome"
    assert fhir.read("Patient/siti") == before


def test_a_batch_calls_operations(fhir):
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {
                "request": {"method": "POST", "url": "Patient/siti/$meta-add"},
                "resource": labels(tag=[BLUE]),
            },
            {"request": {"method": "GET", "url": "Patient/siti/$meta"}},
            {"request": {"method": "GET", "url": "Patient/siti/$nonsense"}},
        ],
    }

    added, read, unknown = fhir("POST", "", batch).json["entry"]

    assert added["response"]["status"].startswith("200")
    assert len(read["resource"]["parameter"][0]["valueMeta"]["tag"]) == 2
    assert unknown["response"]["status"].startswith("404")


def test_a_transaction_calls_what_changes_nothing(fhir):
    def asked(url, method="GET", **entry):
        return {"request": {"method": method, "url": url}, **entry}

    def sent(*entries):
        return fhir(
            "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        )

    new = {"resourceType": "Patient", "id": "siti", "meta": {"tag": [BLUE]}}
    refused = sent(asked("Patient/siti/$meta-add", "POST", resource=labels(tag=[BLUE])))
    done = sent(asked("Patient/siti", "PUT", resource=new), asked("Patient/siti/$meta"))

    assert refused.status == 400
    assert refused.issues[0]["expression"] == ["Bundle.entry[0]"]
    assert done.status == 200
    assert done.json["entry"][1]["resource"]["parameter"][0]["valueMeta"]["tag"] == [BLUE]


@pytest.mark.parametrize(
    "path", ["$meta/../$meta", "_history/$meta", "metadata/x/$meta", "Patien/x/$meta", "/$meta"]
)
def test_what_is_no_type_has_no_meta(fhir, path):
    assert fhir("GET", path).status == 404
