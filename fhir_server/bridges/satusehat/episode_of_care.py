"""EpisodeOfCare: opened by POST once, closed by PATCH; SATUSEHAT answers a PUT with 403."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.bridges.satusehat import constants as c
from fhir_server.bridges.satusehat.payload import NotWanted, Request

if TYPE_CHECKING:
    from fhir_server.bridges.satusehat.draft import Draft
    from fhir_server.bridges.satusehat.payload import Rendering

    Json = dict[str, Any]

ELEMENTS: Final = ("status", "statusHistory", "patient", "period")
CLOSED: Final = ("finished", "cancelled", "entered-in-error")


def episode(draft: Draft) -> Rendering:
    """Open an episode there, or close one that is open; nothing else of it changes there."""
    found = draft.resource
    body = draft.body(found, ELEMENTS)
    body["managingOrganization"] = draft.own_organization()
    kind = _kind(found)
    coding = {"system": draft.choices.episode_type, "code": kind, "display": c.EPISODES[kind]}
    body["type"] = [{"coding": [coding]}]
    remote = draft.known.remote(draft.name)
    if remote is None or remote.startswith("urn:uuid:"):
        return _open(draft, body, kind)
    if found["status"] not in CLOSED:
        return NotWanted("open there already")
    patch = Request("PATCH", "EpisodeOfCare", _closing(body), draft.name, remote=remote)
    return draft.result(patch)


def _open(draft: Draft, body: Json, kind: str) -> Rendering:
    system = draft.choices.episode_identifier.format(org=draft.choices.organization)
    identifiers = draft.resource.get("identifier", ())
    number = next((e["value"] for e in identifiers if "value" in e), draft.resource["id"])
    body["identifier"] = [{"system": system, "value": number}]
    patient = str((body.get("patient") or {}).get("reference", "")).rpartition("/")[2]
    search = (("patient", patient), ("type", kind), ("status", "active"))
    return draft.result(draft.request(body, (system, number), search=search))


def _closing(body: Json) -> list[Json]:
    """Write the changes that close an episode; without /patient SATUSEHAT refuses them."""
    end = body.get("period", {}).get("end")
    changes: list[Json] = [
        {"op": "replace", "path": "/patient", "value": body["patient"]},
        {"op": "replace", "path": "/status", "value": body["status"]},
    ]
    if end:
        changes.append({"op": "add", "path": "/period/end", "value": end})
    if "statusHistory" in body:
        changes.append({"op": "add", "path": "/statusHistory", "value": body["statusHistory"]})
    return changes


def _kind(found: Json) -> str:
    codings = (coding for each in found.get("type", ()) for coding in each.get("coding", ()))
    return str(next(e["code"] for e in codings if e.get("code") in c.EPISODES))
