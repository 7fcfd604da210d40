"""Holds what a database contains against what clients were answered."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import orjson

from fhir_server.commands.check import disagreements
from tests.soak.mixed import QUEUE
from tests.support.processes import until

NUMBERS = "sid/nomor-antrean/"
NUMBER = f"{QUEUE['unit']}-{QUEUE['tanggal'].replace('-', '')}-"


def lost(store, answered):
    """List answered versions that are not there, or are not what was written."""
    return [each for each in answered if not _is_there(store, *each)]


def _is_there(store, kind, name, version, token):
    found = store.vread(kind, name, version)
    if found is None:
        return False
    if token is None:
        return found.method == "DELETE"
    return found.text is not None and token.encode() in found.text.raw


def halves(store, transactions):
    """List transactions of which one part is there and another is not."""

    def parts(name):
        return {
            store.read("Basic", f"{name}-b") is None,
            store.read("Patient", f"{name}-p") is None,
        }

    return [name for name in transactions if len(parts(name)) > 1]


def untold(database, answered):
    """List answered versions of Basic that have not exactly one row in the outbox."""
    wanted = [(name, version) for kind, name, version, _ in answered if kind == "Basic"]
    rows = Counter()
    for batch in batched(sorted({name for name, _ in wanted})):
        found = database["_outbox"].find({"type": "Basic", "id": {"$in": batch}})
        rows.update((row["id"], row["v"]) for row in found)
    return [(each, rows[each]) for each in wanted if rows[each] != 1]


def batched(names, size=1000):
    """Give the names some at a time."""
    return (names[at : at + size] for at in range(0, len(names), size))


def doubled(store):
    """List conditions that made two resources, and gaps and doubles of the queue's numbers."""
    people = Counter(_values(store, "Patient", "urn:one"))
    wrong = [f"Patient urn:one|{each}" for each, times in people.items() if times > 1]
    numbers = sorted(int(each[len(NUMBER) :]) for each in _values(store, "Appointment", NUMBERS))
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append(f"queue numbers {numbers}")
    return wrong


def _values(store, kind, system):
    for stored, _ in store.walk(kind):
        for each in orjson.loads(stored.raw).get("identifier", ()):
            if system in each.get("system", ""):
                yield each["value"]


def torn(store):
    """List gaps of histories and faults of the outbox that stay, while workers go on."""
    kept: list[str] = []

    def whole():
        kept[:] = islice(store.torn(), 10)
        return not kept

    try:
        until(whole, 60)
    except AssertionError:
        return kept
    return []


def misread(context):
    """List resources whose search index is not what they say, and those that break R4."""
    kinds = context.store.statistics()
    return [
        each
        for kind in kinds
        for stored, held in context.store.walk(kind)
        for each in disagreements(context, stored, held)
    ]
