"""alur: every table of the state machines is kept by PUT, PATCH and transaction, in both languages.

And it is that table which does it: without it the same move passes. For each table a resource of
its mapping's cases is stored in one state, by nobody's rule, and asked to take a state that the
table does not let follow.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
import yaml

from fhir_server.config import CANONICAL
from fhir_server.interactions.write import prepare
from fhir_server.mappings import alur, entity_modules, load_mappings
from fhir_server.mappings.codes import structure
from fhir_server.mappings.rules import load_rules
from tests.support.fhir import Server, entry

CASES = Path(__file__).parents[1] / "mappings"
MATCH = 'W/"1"'
WHO_AND_WHY = {
    "owner": {"reference": "PractitionerRole/dokter"},
    "statusReason": {"text": "keadaan yang diuji"},
}
"""What other rules ask of a Task, so that only its table has something to say."""
JSON_PATCH = "application/json-patch+json"


def tables():
    """Find the tables by themselves, so that one that the write road forgets is missed here."""
    found = []
    for module in entity_modules().values():
        own = getattr(module, "JAGA", ())
        found += own if isinstance(own, tuple) else (own,)
    return found


def resources():
    """Give every resource that the cases of the mappings write, with its profile."""
    for name, mapping in load_mappings().items():
        for case in yaml.safe_load((CASES / f"{name}.yaml").read_text("utf-8")):
            profile = {"profile": [structure(mapping.profile)]}
            for each in case["fhir"].values():
                yield {**each, "meta": {**profile, **each.get("meta", {})}}


def stands(table, resource, status):
    """Write a resource of a table with another status, and what state that is."""
    name = table.alur.nama.replace(" ", "-")
    document = copy.deepcopy(resource) | {"id": name, "status": status}
    document.pop("businessStatus", None)
    if table.resource_type == "Task":
        document = WHO_AND_WHY | document
    return table.state_of(document), document


def illegal(table, every):
    """Find two stands of one resource of which the second may not follow the first."""
    for resource in every:
        if resource["resourceType"] != table.resource_type or not table.applies(
            resource, CANONICAL
        ):
            continue
        statuses = sorted(set(table.status.values()))
        known = [stands(table, resource, each) for each in statuses]
        for state, before in known:
            for other, after in known:
                if state and other and not table.alur.boleh(state, other):
                    return before, after
    raise AssertionError(f"no case of a mapping shows {table.alur.nama}")


@pytest.fixture
def settings(settings):
    """Let a resource lose what its profile asks for: only the tables are to refuse."""
    return replace(settings, profile_validation="off")


@pytest.fixture
def stored(context):
    """Store a resource as version 1, whatever the rules say of it."""

    def keep(document):
        put = prepare(context, orjson.dumps(document), document["id"])
        context.store.transact([put])

    return keep


def patch(before, after):
    """Write the difference of two resources as a JSON Patch."""
    changed = [name for name, value in after.items() if before.get(name) != value]
    added = [{"op": "add", "path": f"/{name}", "value": after[name]} for name in changed]
    gone = [{"op": "remove", "path": f"/{name}"} for name in before if name not in after]
    return orjson.dumps(added + gone)


def roads(ask, transact, before, after):
    """Ask for a move by each road of a third party."""
    url = f"{after['resourceType']}/{after['id']}"
    yield ask("PUT", url, after, if_match=MATCH)
    yield ask("PATCH", url, patch(before, after), if_match=MATCH, content_type=JSON_PATCH)
    yield transact(entry("PUT", url, after, ifMatch=MATCH))


def told(table, said):
    """Say whether a refusal names rule, move and what is allowed, in English and Indonesian."""
    return said.status == 409 and any(
        each.rule == table.alur.aturan
        and "cannot become" in each.diagnostics
        and "tidak dapat menjadi" in (each.indonesian or "")
        and ("Allowed next" in each.diagnostics or "is final" in each.diagnostics)
        for each in said.issues
    )


def test_alur_every_table_is_kept_by_put_patch_and_transaction(ask, transact, stored):
    every = list(resources())
    kept = {}

    for table in tables():
        before, after = illegal(table, every)
        stored(before)
        said = roads(ask, transact, before, after)
        kept[table.alur.nama] = [told(table, each) for each in said]

    assert {name: each for name, each in kept.items() if each != [True] * 3} == {}
    assert len(kept) == len(tables())


def test_alur_a_dispensing_that_has_lost_its_profile_keeps_its_table(ask, stored):
    (table,) = [each for each in tables() if each.resource_type == "MedicationDispense"]
    before, after = illegal(table, list(resources()))
    stored(before)
    del after["meta"]

    said = ask("PUT", f"MedicationDispense/{after['id']}", after)

    assert told(table, said)


def test_alur_without_its_table_no_move_is_refused_for_it(context, stored, monkeypatch):
    """The proof by mutation: each table taken away in turn, and what it refused is not."""
    every, noticed = list(resources()), {}

    for table in tables():
        others = tuple(each for each in tables() if each is not table)
        monkeypatch.setattr(alur, "jaga", lambda others=others: others)
        ask = Server(replace(context, rules=load_rules(context.parameters, context.settings)))
        before, after = illegal(table, every)
        stored(before)
        url = f"{after['resourceType']}/{after['id']}"
        noticed[table.alur.nama] = not told(table, ask("PUT", url, after, if_match=MATCH))

    assert [name for name, each in noticed.items() if not each] == []
