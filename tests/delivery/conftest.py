"""A server with a target that a test watches."""

from __future__ import annotations

import threading
from dataclasses import replace

import orjson
import pytest

from fhir_server.delivery.engine import Engine
from fhir_server.interactions.write import commit, prepare
from fhir_server.store.ops import Delete, Notice
from tests.delivery.fake import Fake


class Bench:
    """Writes resources that a target is told of, and delivers them."""

    def __init__(self, context, target):
        def notices(document):
            return (Notice(target.name),) if target.wants(document) else ()

        self.target = target
        self.context = replace(context, notices=notices)
        self.store = context.store
        self.silent = context
        self.engine = Engine(self.context, target, threading.Event())

    def write(self, reference, *, silently=False, **more):
        kind, name = reference.split("/")
        body = orjson.dumps({"resourceType": kind, "id": name, **more})
        context = self.silent if silently else self.context
        return commit(context, [prepare(context, body, name)])[0].stored

    def delete(self, reference):
        commit(self.context, [Delete(*reference.split("/"))])

    def deliver(self):
        self.engine.drain()

    def again(self):
        """Start over as a new process would."""
        self.engine = Engine(self.context, self.target, threading.Event())
        self.deliver()

    def state(self, reference):
        return self.store.dispatches.find(self.target.name, [reference]).get(reference)


@pytest.fixture
def quick(settings):
    return replace(settings, delivery_lease_seconds=1)


@pytest.fixture
def bench(context):
    return Bench(context, Fake())


@pytest.fixture
def bench_of(context):
    return lambda target: Bench(context, target)


VISIT = {
    "status": "finished",
    "class": {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "code": "AMB",
    },
}


@pytest.fixture
def visit():
    """An Encounter of a Patient, as its elements."""
    return lambda patient: VISIT | {"subject": {"reference": patient}}
