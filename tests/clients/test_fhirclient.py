"""The life of a Patient with fhirclient (SMART's Python client)."""

import pytest
from fhirclient import client as smart
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException


@pytest.fixture
def connection(server):
    return smart.FHIRClient(settings={"app_id": "uji", "api_base": server.fhir}).server


def person(family):
    name = HumanName()
    name.family = family
    patient = Patient()
    patient.name = [name]
    return patient


def test_creates_reads_updates_and_deletes(connection):
    created = person("Klien").create(connection)
    patient = Patient.read(created["id"], connection)
    patient.gender = "female"

    patient.update(connection)

    assert Patient.read(created["id"], connection).gender == "female"
    patient.delete(connection)
    with pytest.raises(Exception, match="410") as gone:
        Patient.read(created["id"], connection)
    assert not isinstance(gone.value, FHIRNotFoundException)


def test_searches_through_all_pages(connection):
    for _ in range(5):
        person("Halamanklien").create(connection)

    search = Patient.where(struct={"family": "halamanklien", "_count": "2"})

    assert len({patient.id for patient in search.perform_resources_iter(connection)}) == 5
