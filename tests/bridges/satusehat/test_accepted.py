"""What SOP documents become is accepted by the simulator, which refuses as SATUSEHAT does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.bridges.satusehat.connection import Address, Connection
from fhir_server.bridges.satusehat.payload import LookUp, Payload, Unmappable, bundle, within
from fhir_server.bridges.satusehat.render import ORDER
from fhir_server.config import Settings
from tests.bridges.satusehat.samples import MODULES
from tests.bridges.satusehat.stories import CHOICES, resources
from tests.bridges.satusehat.world import OURS, World, cases
from tests.support.satusehat import ORGANIZATION

NIK = "https://fhir.kemkes.go.id/id/nik"
REGISTERED = {"system": "http://sys-ids.kemkes.go.id/organization", "value": ORGANIZATION}
"""The one facility that the simulator has registered; a referral must go to such a one."""
PERSONS = ("Patient", "Practitioner")

REFUSED = {
    "Patient/salin-dewi-bayi-1",  # newborns of 2024, more than 60 days old
    "Patient/bayi-dewi-2",
    "EpisodeOfCare/nifas-selesai",  # the episode nifas-dewi once more, at its end
}


class Sender:
    """Sends a world resource by resource, and keeps what was refused."""

    def __init__(self, simulator, world):
        settings = replace(Settings(), **simulator.settings())
        self.line = Connection(Address.from_settings(settings))
        self.world = world
        self.refused, self.accepted, self.done = [], [], set()
        for kind in PERSONS:
            simulator.people(kind, *self._registered(kind))

    def _registered(self, kind):
        """Give everybody of the world to the national index."""
        numbers = {
            each["value"]: resource
            for name, resource in self.world.own.items()
            for each in resource.get("identifier", ())
            if name.startswith(f"{kind}/") and each.get("system") == NIK
        }
        return [
            {
                "nik": nik,
                "name": resource["name"][0]["text"],
                "gender": resource.get("gender", "female"),
                "birthDate": resource.get("birthDate", "1990-01-01"),
            }
            for nik, resource in numbers.items()
        ]

    def everything(self, rounds=3):
        """Send what can be sent, until nothing waits for anything that came."""
        for _ in range(rounds):
            for kind in ORDER:
                for name in [each for each in self.world.own if each.startswith(f"{kind}/")]:
                    if name not in self.done:
                        self.one(name)
        return self

    def one(self, name):
        result = self.world.render(name)
        if isinstance(result, LookUp):
            found = self.line.ask("GET", result.type, search=result.search).document
            self.world.remote[result.key] = found["entry"][0]["resource"]["id"]
        if isinstance(result, Payload):
            done = [self._sent(each) for each in result.requests]
            if result.again and all(done):
                self.one(name)
            elif all(done):
                self.done.add(name)

    def _sent(self, request):
        path = request.type if request.remote is None else f"{request.type}/{request.remote}"
        said = self.line.ask(request.method, path, request.body)
        if said.status not in {200, 201}:
            self.refused.append((request.key, said.text))
            return False
        self.accepted.append((request.key, request.body))
        self.world.remote[request.key] = said.document["id"]
        return True


def story(name):
    """Give the world of a story, without the visits that tell the same one at another time."""
    known = {
        key: each
        for key, each in resources(name).items()
        if not key.endswith(("-rujuk", "-tutup", "-pulang"))
    }
    known["Organization/rs-uji"] = known["Organization/rs-uji"] | {"identifier": [REGISTERED]}
    choices = replace(CHOICES, organization=ORGANIZATION, medication="contained")
    return World(*known.values(), choices=choices)


@pytest.mark.parametrize("module", MODULES)
def test_the_story_of_a_module_is_accepted_as_a_whole(satusehat, module):
    sender = Sender(satusehat, story(module)).everything()

    assert sender.refused == []
    kinds = {key.partition("/")[0] for key, _ in sender.accepted}
    assert kinds >= {"Organization", "Location", "Encounter", "Condition"}


@pytest.mark.parametrize("module", MODULES)
def test_a_visit_as_one_transaction_is_accepted_as_a_whole(satusehat, module):
    world = story(module)
    directory = ("Organization", "Location", *PERSONS)
    sender = Sender(satusehat, world)
    for kind in directory:
        for name in [each for each in world.own if each.startswith(f"{kind}/")]:
            sender.one(name)
    visit = [name for name in world.own if name.partition("/")[0] in ORDER]
    visit = [name for name in visit if not name.startswith(directory)]

    sent = bundle(payloads(world, visit))
    said = sender.line.ask("POST", "", sent)

    assert sender.refused == []
    assert (said.status, said.text if said.status != 200 else "") == (200, "")
    assert len(said.document["entry"]) == len(sent["entry"]) >= 4


def payloads(world, names):
    """Render resources into one transaction; what is not sent is not referred to."""
    keys, found = set(names), []
    for _ in range(3):
        inside = within(world.known, keys)
        rendered = {name: world.render_with(name, inside) for name in names}
        found = [each for each in rendered.values() if isinstance(each, Payload)]
        keys = {request.key for each in found for request in each.requests}
    return found


def test_every_resource_of_our_cases_is_accepted_but_for_what_the_cases_themselves_are(satusehat):
    named = {each["reference"] for found in cases() for each in references(found)}
    patients = {each for each in named if each.startswith("Patient/")}
    world = World(*map(patient, sorted(patients)), *cases(), choices=OURS)

    sender = Sender(satusehat, world).everything(rounds=2)

    assert {key for key, _ in sender.refused} == REFUSED
    assert len(sender.accepted) >= 40
    assert isinstance(world.render("Encounter/kunjungan-s7"), Unmappable)


def patient(name):
    """Give a person to whom the cases refer without telling more."""
    number = str(sum(ord(letter) * 31**place for place, letter in enumerate(name)))[:10]
    return {
        "resourceType": "Patient",
        "id": name.partition("/")[2],
        "identifier": [{"system": NIK, "value": f"990201{number:0>10}"}],
        "name": [{"text": "Pasien Uji"}],
    }


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value
        for each in value.values():
            yield from references(each)
    if isinstance(value, list):
        for each in value:
            yield from references(each)
