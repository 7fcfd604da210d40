"""A small world to render in: our resources, and the ids that SATUSEHAT has for some of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from fhir_server.bridges.satusehat.choices import Choices
from fhir_server.bridges.satusehat.payload import Known, Payload
from fhir_server.bridges.satusehat.render import ORDER, render
from fhir_server.mappings import part_id

CASES = Path(__file__).parents[2] / "mappings"
OURS = Choices(organization="10000004", facility="pkm-dharma-rini")
ELEMENTS = {"patient": "subject", "encounter": "encounter"}


class World:
    """Resources of ours by `Type/id`, and what is known of them there by key."""

    def __init__(self, *resources, choices=OURS, remote=None):
        self.own = {f"{each['resourceType']}/{each['id']}": each for each in resources}
        self.choices = choices
        self.remote = dict(remote or {})

    @property
    def known(self):
        """Give what a rendering may know."""
        return Known(self.remote.get, self.own.get, self.referring, self.choices)

    def referring(self, kind, parameter, reference):
        """Find our resources that refer to one of ours."""
        element = ELEMENTS[parameter]
        return [
            each
            for each in self.own.values()
            if each["resourceType"] == kind
            and (each.get(element) or {}).get("reference") == reference
        ]

    def render(self, name):
        """Render one of our resources."""
        return self.render_with(name, self.known)

    def render_with(self, name, known):
        """Render one of our resources with other knowledge than this world's."""
        return render(self.own[name], known)

    def send(self, name):
        """Render one of our resources and take it as accepted."""
        result = self.render(name)
        assert isinstance(result, Payload), result
        for request in result.requests:
            self.remote[request.key] = "there-" + request.key.replace("/", "-")
        return result

    def body(self, name):
        """Give the body of the only request of a resource."""
        (request,) = self.send(name).requests
        return request.body

    def send_all(self):
        """Send everything in its order, twice over; give every request that was made."""
        requests = []
        for _ in range(2):
            for kind in ORDER:
                for name in [each for each in self.own if each.startswith(f"{kind}/")]:
                    result = self.render(name)
                    if isinstance(result, Payload):
                        requests += self.send(name).requests
        return requests


PATIENT = {
    "resourceType": "Patient",
    "id": "ibu",
    "identifier": [
        {"system": "https://fhir.kemkes.go.id/id/nik", "value": "9902015203860001"},
    ],
    "birthDate": "1986-03-12",
}
PERSON = {
    "resourceType": "Practitioner",
    "id": "bidan",
    "identifier": [{"system": "https://fhir.kemkes.go.id/id/nik", "value": "9901015508900004"}],
}
ROLE = {
    "resourceType": "PractitionerRole",
    "id": "bidan-kia",
    "practitioner": {"reference": "Practitioner/bidan"},
}
ROOM = {
    "resourceType": "Location",
    "id": "ruang",
    "name": "Ruang KIA",
    "physicalType": {"coding": [{"code": "ro"}]},
    "managingOrganization": {"reference": "Organization/pkm-dharma-rini"},
}
VISIT = {
    "resourceType": "Encounter",
    "id": "kunjungan",
    "identifier": [
        {"system": "https://puskesmas.example/fhir/sid/no-registrasi/p", "value": "RG-1"}
    ],
    "status": "in-progress",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/ibu"},
    "participant": [{"individual": {"reference": "PractitionerRole/bidan-kia"}}],
    "period": {"start": "2024-04-02T07:45:00+07:00"},
    "location": [{"location": {"reference": "Location/ruang"}}],
    "serviceProvider": {"reference": "Organization/pkm-dharma-rini"},
}
THERE = {
    "Patient/ibu": "P02000000001",
    "Practitioner/bidan": "N10000001",
    "Location/ruang": "room-1",
    "Encounter/kunjungan": "visit-1",
}


def clinic(*resources, choices=OURS, without=()):
    """Give a world with a patient, a midwife, a room and a visit, all known there."""
    known = {key: value for key, value in THERE.items() if key not in without}
    return World(PATIENT, PERSON, ROLE, ROOM, VISIT, *resources, choices=choices, remote=known)


@cache
def cases():
    """Give every resource of every case of our mappings."""
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
            for role, written in case["fhir"].items():
                found.append({**written, "id": part_id(case["id"], role)})
    return tuple(found)
