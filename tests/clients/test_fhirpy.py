"""The life of a Patient with fhirpy, as an integrator would write it."""

import pytest
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ResourceNotFound


@pytest.fixture
def client(server):
    return SyncFHIRClient(server.fhir)


def test_creates_reads_updates_and_deletes(client):
    patient = client.resource("Patient", name=[{"text": "Sari Uji"}], gender="female")
    patient.save()

    read = client.reference("Patient", patient["id"]).to_resource()
    read["gender"] = "other"
    read.save()

    assert client.get("Patient", patient["id"])["gender"] == "other"
    assert client.get("Patient", patient["id"])["meta"]["versionId"] == "2"
    read.delete()
    with pytest.raises(ResourceNotFound):
        client.get("Patient", patient["id"])


def test_searches_with_paging(client):
    for number in range(7):
        client.resource("Patient", name=[{"family": "Halamanpy"}], active=number % 2 == 0).save()

    found = client.resources("Patient").search(family="halamanpy").limit(3).fetch_all()

    assert len({each["id"] for each in found}) == 7
    assert client.resources("Patient").search(family="Halamanpy", active="true").count() == 4


def test_includes(client):
    patient = client.resource("Patient", name=[{"family": "Sertapy"}])
    patient.save()
    client.resource(
        "Encounter",
        status="arrived",
        **{"class": {"code": "AMB"}},
        subject=patient.to_reference(),
    ).save()

    found = (
        client.resources("Encounter")
        .search(patient__Patient__family="sertapy")
        .include("Encounter", "patient")
        .fetch_raw()
    )

    assert [entry["resource"]["resourceType"] for entry in found["entry"]] == [
        "Encounter",
        "Patient",
    ]
