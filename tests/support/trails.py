"""Processes that record into the trail, as many as a test wants, and how they die."""

from __future__ import annotations

from pymongo.errors import AutoReconnect

from fhir_server.auth.principals import Principal
from fhir_server.resources.wire import text
from fhir_server.store.ops import Put
from fhir_server.store.trail import Told
from fhir_server.store.trail.blocks import TRAIL
from fhir_server.store.trail.chain import opened
from fhir_server.store.trail.heads import HEADS


def put(identity, method="POST", content=b""):
    """Write a version that speaks of a patient."""
    raw = b'{"resourceType":"Basic","code":{},%b"subject":{"reference":"Patient/p1"}}' % content
    index = {"patient": "Patient/p1"}
    new = method == "POST"
    return Put("Basic", identity, text(raw, identity), index, method, False if new else None)


def tell(event):
    access = event.access
    row = [event.moment, "E", "x", 200, {}, "", access.request, event.path, None, []]
    return Told([*row, [list(each) for each in access.changes or ()], access.number, None])


def crash(store, raw):
    """Let a process be gone: whatever it had not stored is lost, and its head says it is dead."""
    recorder, store.trail._recorder = store.trail._recorder, None
    recorder._storing.end()
    recorder._keeping.end()
    if recorder._spool:
        recorder._spool.close()
    raw[HEADS].update_many({"open": True}, {"$set": {"boot": "another", "at": 0}})


def told(raw):
    """Give the versions of which the trail says that they were written, and by whom."""
    found = {}
    for block in raw[TRAIL].find():
        people, rows = opened(block)
        for row in rows:
            for letter, kind, identity, version, patients in row[10]:
                who = people[row[4]].get("subject")
                found[f"{kind}/{identity}/{version}"] = (letter, who, tuple(patients))
    return found


def look(store, *requests):
    """Let a process answer requests that only read."""
    for each in requests:
        access = store.trail.access(Principal("uji"), "", each)
        store.trail.record(access, ("GET", f"/fhir/Patient/{each}", ""), 200, b"{}")


def write(store, *names):
    """Let a process answer requests that write."""
    for each in names:
        access = store.trail.access(Principal("uji"), "", each)
        store.transact([put(each)])
        store.trail.record(access, ("POST", "/fhir/Basic", ""), 201, b"")


def requests_of(raw):
    """Give the ids of all requests of the trail, as often as it tells of them."""
    return sorted(row[6] for block in raw[TRAIL].find() for row in opened(block)[1])


def down(*_):
    raise AutoReconnect("away")
