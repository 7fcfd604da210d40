"""$paket-rujukan: what is in the package of a referral, and what is refused."""

import pytest

from fhir_server.mappings.codes import code_system

CODE = {"coding": [{"system": code_system("jenis-tugas"), "code": "rujukan"}]}
DOCTOR = {"resourceType": "Practitioner", "id": "dokter"}
LETTER = {
    "resourceType": "Composition",
    "id": "surat",
    "status": "final",
    "type": {"text": "Surat rujukan"},
    "date": "2024-08-20",
    "title": "Surat rujukan",
    "author": [{"reference": "Practitioner/dokter"}],
}
REQUEST = {
    "resourceType": "ServiceRequest",
    "id": "rj",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/siti"},
    "supportingInfo": [{"reference": "Composition/surat"}],
}
SITI = {"resourceType": "Patient", "id": "siti", "name": [{"text": "Siti"}]}


def task(id, status, authored, owner):
    return {
        "resourceType": "Task",
        "id": id,
        "status": status,
        "intent": "order",
        "code": CODE,
        "focus": {"reference": "ServiceRequest/rj"},
        "authoredOn": authored,
        "owner": {"reference": f"Organization/{owner}"},
    }


@pytest.fixture
def put(fhir):
    def store(*resources):
        for each in resources:
            fhir.kept(f"{each['resourceType']}/{each['id']}", each)

    return store


def found(said):
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in said["entry"]]


def test_the_work_of_who_declined_is_not_in_the_package(fhir, put):
    other = {"resourceType": "Observation", "id": "x", "status": "final", "code": {"text": "HIV"}}
    put(DOCTOR, LETTER, SITI, REQUEST, {**other, "subject": {"reference": "Patient/siti"}})
    put(*({"resourceType": "Organization", "id": each, "name": each} for each in ("rs-a", "rs-b")))
    put(task("t1", "rejected", "2024-08-20T19:42:00+07:00", "rs-a"))
    put(task("t2", "requested", "2024-08-20T13:00:00Z", "rs-b"))

    said = fhir.read("ServiceRequest/rj/$paket-rujukan")

    assert said["type"] == "document"
    assert found(said)[:3] == ["Composition/surat", "ServiceRequest/rj", "Task/t2"]
    assert set(found(said)[3:]) == {"Practitioner/dokter", "Patient/siti", "Organization/rs-b"}


def test_what_cannot_be_packed(fhir, put):
    put(REQUEST)

    missing = fhir("GET", "ServiceRequest/tidak-ada/$paket-rujukan")
    unwritten = fhir("GET", "ServiceRequest/rj/$paket-rujukan")
    put(LETTER)
    holed = fhir("GET", "ServiceRequest/rj/$paket-rujukan")
    fhir("DELETE", "ServiceRequest/rj")
    deleted = fhir("GET", "ServiceRequest/rj/$paket-rujukan")

    assert (missing.status, deleted.status) == (404, 410)
    assert unwritten.status == 422
    assert "supportingInfo" in unwritten.issues[0]["diagnostics"]
    assert holed.status == 422
    assert "Practitioner/dokter" in holed.issues[0]["diagnostics"]
