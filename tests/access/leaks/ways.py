"""Every way to ask, mixed: FHIR with and without HTTP, operations, the SOP API."""

from __future__ import annotations

from tests.access.leaks.calls import call
from tests.access.leaks.questions import PLAIN, by_http
from tests.access.leaks.sop_asked import asked_by_sop


def asked(chance, world, number):
    """Give so many questions."""
    return [_one(chance, world) for _ in range(number)]


def _one(chance, world):
    kind = chance.random()
    if kind < 0.2:
        return asked_by_sop(chance, world)
    if kind < 0.35:
        return call(chance, world)
    question = chance.choice(PLAIN)(chance, world)
    return by_http(question) if kind < 0.45 else question
