"""Transactions: all entries are judged first, then all stored, in their order."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Answer, Issue, Refused, outcome
from tools.satusehat_simulator.writes import checked, update

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document, World


def transact(world: World, organization: str, bundle: Document) -> Answer:
    """Store all entries of a transaction, or none."""
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        raise Refused(outcome(400, Issue("structure", "only a transaction Bundle is taken here")))
    entries = bundle.get("entry", [])
    with world.lock:
        ids = {each.get("fullUrl", ""): str(uuid.uuid4()) for each in entries}
        names = {
            url: f"{each['resource']['resourceType']}/{ids[url]}"
            for each in entries
            if (url := each.get("fullUrl", ""))
        }
        written = [(each, _pointing(each["resource"], names)) for each in entries]
        pending = set(names.values())
        for each, resource in written:
            if each["request"]["method"] == "POST":
                checked(world, organization, resource, pending)
        return Answer(200, _stored(world, organization, written, ids))


def _stored(
    world: World, organization: str, written: list[tuple[Document, Document]], ids: dict[str, str]
) -> Document:
    done = []
    for each, resource in written:
        if each["request"]["method"] == "PUT":
            kind, _, id = each["request"]["url"].partition("/")
            done.append(
                _entry(world, update(world, organization, kind, id, resource).body, "200 OK")
            )
        else:
            made = world.add(resource, organization, ids.get(each.get("fullUrl", ""), ""))
            done.append(_entry(world, made, "201 Created"))
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": done}


def _pointing(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, dict):
        return {
            name: names.get(value, value)
            if name == "reference" and isinstance(value, str)
            else _pointing(value, names)
            for name, value in part.items()
        }
    return [_pointing(each, names) for each in part] if isinstance(part, list) else part


def _entry(world: World, resource: Document, status: str) -> Document:
    kind, id, meta = resource["resourceType"], resource["id"], resource["meta"]
    return {
        "response": {
            "etag": f'W/"{meta["versionId"]}"',
            "lastModified": meta["lastUpdated"],
            "location": f"{world.base}/{kind}/{id}/_history/{meta['versionId']}",
            "status": status,
            "resourceType": kind,
            "resourceID": id,
        }
    }
