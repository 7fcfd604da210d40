"""A target without its engine: what a test lets it do, step by step."""

from dataclasses import replace
from datetime import UTC, datetime

from fhir_server.bridges.satusehat.target import make
from fhir_server.config import Settings
from fhir_server.delivery.target import Accepted, Rendered, Resource

FACILITY = "pkm-melati"
NIK = "https://fhir.kemkes.go.id/id/nik"
MOTHER, MIDWIFE = "9902014511980002", "9902011505990001"


class View:
    """Our resources in a dictionary, and their ids there."""

    def __init__(self, *documents):
        self.documents = {f"{each['resourceType']}/{each['id']}": each for each in documents}
        self.ids = {}

    def read(self, reference):
        return self.documents.get(reference)

    def find(self, resource_type, pairs):
        ((name, value),) = pairs
        return [
            each
            for each in self.documents.values()
            if each["resourceType"] == resource_type
            and value
            in {each.get(element, {}).get("reference") for element in (name, "subject", "patient")}
        ]

    def remote(self, reference, key=""):
        return self.ids.get((reference, key))


class Bridge:
    """A target, and the little of an engine that a test needs."""

    def __init__(self, simulator, *documents, **settings):
        given = simulator.settings(
            satusehat_facility=FACILITY, satusehat_location="poli-kia", satusehat_timeout=5.0
        )
        self.target = make(Settings(**{**given, **settings}))
        self.view = View(*documents)

    def rendered(self, reference):
        document = self.view.documents[reference]
        resource = Resource(*reference.split("/"), 1, datetime.now(UTC), document)
        return self.target.render(resource, self.view)

    def parcel(self, reference):
        """Give the one parcel of a resource, with the id it has there."""
        rendered = self.rendered(reference)
        assert isinstance(rendered, Rendered), rendered
        (parcel,) = rendered.parcels
        return replace(parcel, remote=self.view.ids.get((reference, parcel.key)))

    def send(self, reference):
        """Send a resource and keep the id it got."""
        parcel = self.parcel(reference)
        answer = self.target.send(parcel, self.view)
        self._keep(reference, parcel, answer)
        return answer

    def find(self, reference):
        parcel = self.parcel(reference)
        answer = self.target.find(parcel, self.view)
        self._keep(reference, parcel, answer)
        return answer

    def arrived(self, *references):
        for each in references:
            answer = self.send(each)
            assert isinstance(answer, Accepted), answer

    def _keep(self, reference, parcel, answer):
        if isinstance(answer, Accepted):
            self.view.ids[reference, parcel.key] = answer.remote


def person(kind, id, nik):
    return {"resourceType": kind, "id": id, "identifier": [{"system": NIK, "value": nik}]}


def room():
    return {
        "resourceType": "Location",
        "id": "poli-kia",
        "status": "active",
        "name": "Poli KIA",
        "physicalType": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/location-physical-type",
                    "code": "ro",
                }
            ]
        },
        "managingOrganization": {"reference": f"Organization/{FACILITY}"},
    }


def visit(id="kunjungan", status="in-progress", **more):
    start = "2024-05-17T02:10:00+07:00"
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/dewi"},
        "participant": [{"individual": {"reference": "Practitioner/rina"}}],
        "period": {"start": start},
        "statusHistory": [{"status": "arrived", "period": {"start": start}}],
        "location": [{"location": {"reference": "Location/poli-kia"}}],
        "serviceProvider": {"reference": f"Organization/{FACILITY}"},
        **more,
    }


def episode(program, status="active", **more):
    return {
        "resourceType": "EpisodeOfCare",
        "id": f"episode-{program.lower()}",
        "status": status,
        "type": [
            {
                "coding": [
                    {
                        "system": "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type",
                        "code": program,
                    }
                ]
            }
        ],
        "patient": {"reference": "Patient/dewi"},
        "managingOrganization": {"reference": f"Organization/{FACILITY}"},
        "period": {"start": "2024-05-17T04:36:00+07:00"},
        **more,
    }


def diagnosis():
    return {
        "resourceType": "Condition",
        "id": "diagnosis",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                        "code": "encounter-diagnosis",
                    }
                ]
            }
        ],
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                }
            ]
        },
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "O80.0"}]},
        "subject": {"reference": "Patient/dewi"},
        "encounter": {"reference": "Encounter/kunjungan"},
        "recordedDate": "2024-05-17T05:00:00+07:00",
    }


def known_people(simulator):
    """Let the national index know the mother and her midwife, each once."""
    simulator.people(
        "Patient",
        {"nik": MOTHER, "name": "Dewi Lestari", "gender": "female", "birthDate": "1998-11-05"},
    )
    simulator.people("Practitioner", {"nik": MIDWIFE, "name": "Rina Bidan"})


def clinic(simulator, *documents, **settings):
    """A puskesmas with a room, a midwife and a patient, all three known there already."""
    known_people(simulator)
    own = (room(), person("Practitioner", "rina", MIDWIFE), person("Patient", "dewi", MOTHER))
    bridge = Bridge(simulator, *own, *documents, **settings)
    bridge.arrived("Location/poli-kia", "Practitioner/rina", "Patient/dewi")
    return bridge
