"""Looking in SATUSEHAT for what is there already: after a time-out, and after "duplicate"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.bridges.satusehat.meaning import Kind, Meaning, meaning
from fhir_server.bridges.satusehat.payload import landed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.bridges.satusehat.connection import Connection
    from fhir_server.bridges.satusehat.payload import Request

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, or what its refusal means."""

    resources: tuple[Json, ...] = ()
    refusal: Meaning | None = None
    suppressed: bool = False


def hits(connection: Connection, resource_type: str, search: Sequence[tuple[str, str]]) -> Hits:
    """Search; a person whom SATUSEHAT keeps from us gives no hit, and says so."""
    said = connection.ask("GET", resource_type, search=search)
    found = meaning(said)
    if found.kind is not Kind.DONE:
        return Hits(refusal=found)
    document = said.document
    if document.get("resourceType") != "Bundle":
        return Hits(suppressed=True)
    return Hits(tuple(each for each in _resources(document) if _is(each, resource_type)))


def _resources(bundle: Json) -> list[Any]:
    found = bundle.get("entry")
    entries = found if isinstance(found, list) else []
    return [each.get("resource") for each in entries if isinstance(each, dict)]


def _is(found: Any, resource_type: str) -> bool:
    """Tell whether it is a resource of that type, and can be named."""
    if not isinstance(found, dict):
        return False
    return found.get("resourceType") == resource_type and isinstance(found.get("id"), str)


def marked(connection: Connection, request: Request) -> Hits:
    """Find the resource that this request made: it carries our identifier.

    Searched for as its type is known to be found, then by the identifier itself.
    """
    found = Hits()
    for search in (request.search, _by_identifier(request)):
        if not search:
            continue
        found = hits(connection, request.type, search)
        same = tuple(each for each in found.resources if landed(request, each))
        if same or found.refusal is not None:
            return Hits(same, found.refusal)
    return Hits(suppressed=found.suppressed)


def _by_identifier(request: Request) -> tuple[tuple[str, str], ...]:
    if request.identifier is None:
        return ()
    system, value = request.identifier
    asked = (("identifier", f"{system}|{value}"),)
    return () if asked == request.search else asked


def active_episode(connection: Connection, request: Request) -> Hits:
    """Find the one active episode of a patient and type, whichever facility opened it."""
    body = request.body
    kind = next((e["code"] for t in body["type"] for e in t["coding"]), "")
    search = (
        ("patient", body["patient"]["reference"].rpartition("/")[2]),
        ("type", kind),
        ("status", "active"),
    )
    return hits(connection, "EpisodeOfCare", search)


def newborns(connection: Connection, request: Request) -> Hits:
    """Find the children of a mother that were registered since this birth.

    SATUSEHAT tells neither their names nor their mother's NIK, so there is no other sign.
    """
    found = hits(connection, "Patient", request.search)
    born = str(request.body.get("birthDate", ""))
    since = [e for e in found.resources if e.get("meta", {}).get("lastUpdated", "") >= born]
    return Hits(tuple(since), found.refusal, found.suppressed)


def same_after(operations: Sequence[Json], resource: Json) -> bool:
    """Say whether a resource is as a JSON Patch would leave it."""
    return all(_at(resource, each["path"]) == each["value"] for each in operations)


def says(there: Any, body: Any) -> bool:
    """Say whether what is there has everything that a body has; it may have more."""
    if isinstance(body, dict) and isinstance(there, dict):
        return all(name in there and says(there[name], value) for name, value in body.items())
    if isinstance(body, list) and isinstance(there, list):
        same = len(there) == len(body)
        return same and all(says(one, other) for one, other in zip(there, body, strict=True))
    return bool(there == body)


def _at(resource: Json, path: str) -> Any:
    found: Any = resource
    for step in path.strip("/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found
