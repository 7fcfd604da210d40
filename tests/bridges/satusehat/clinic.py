"""A server that sends to the simulator: written to through FHIR, delivered by the real engine."""

import threading
import time
from dataclasses import replace

from mongoengine import connection

from fhir_server import targets
from fhir_server.app import build_context, create_app
from fhir_server.delivery.engine import Engine
from tests.bridges.satusehat.acting import FACILITY, MIDWIFE, MOTHER, known_people, person, room
from tests.support.processes import PATIENCE_SECONDS


def settings_for(settings, simulator, **more):
    """Give settings with which a server sends to the simulator."""
    own = {"satusehat_facility": FACILITY, "satusehat_location": "poli-kia"}
    return replace(settings, **simulator.settings(**own), **more)


class Server:
    """One application over a database of the test's own, and the engine that delivers for it."""

    def __init__(self, settings, uri):
        self.context = build_context(settings, uri)
        self.client = create_app(self.context).test_client()
        (self.target,) = targets.load(settings)

    def close(self):
        self.context.store.close()
        connection.disconnect_all()

    def put(self, *documents):
        """Write resources in one transaction."""
        entries = [
            {
                "resource": each,
                "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
            }
            for each in documents
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = self.client.post("/fhir", json=bundle)
        assert answer.status_code == 200, answer.text

    def deliver(self):
        """Deliver until nothing is due."""
        Engine(self.context, self.target, threading.Event()).drain()

    def all(self):
        return self.context.store.dispatches.page("satusehat", limit=100_000)

    def states(self):
        """Give the state of every delivery by reference."""
        return {each.reference: each.state for each in self.all()}

    def state(self, reference):
        return self.context.store.dispatches.find("satusehat", [reference])[reference]

    def deliver_all(self, seconds=PATIENCE_SECONDS):
        """Deliver until everything is settled; what failed is tried again after its pause."""
        deadline = time.monotonic() + seconds
        self.deliver()
        while unsettled := self.unsettled():
            assert time.monotonic() < deadline, unsettled
            self.deliver()
            time.sleep(0.01)

    def unsettled(self):
        """Give what has not arrived yet, with its reason."""
        over = {"accepted", "adopted", "skipped"}
        return {
            each.reference: (each.state, each.reason)
            for each in self.all()
            if each.state not in over
        }


def house():
    """Our own facility, with what every visit there needs."""
    facility = {"resourceType": "Organization", "id": FACILITY, "name": "Puskesmas Melati"}
    return [
        facility,
        room(),
        {**person("Practitioner", "rina", MIDWIFE), "name": [{"text": "Rina"}]},
        {**person("Patient", "dewi", MOTHER), "name": [{"text": "Dewi"}]},
    ]


def opened(settings, uri, simulator, **more):
    """Give a server whose people the national index knows."""
    known_people(simulator)
    server = Server(settings_for(settings, simulator, **more), uri)
    server.put(*house())
    return server
