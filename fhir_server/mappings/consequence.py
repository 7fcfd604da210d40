"""A SOP document that the server writes of its own accord, as whole resources for an effect."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fhir_server.mappings import part_id
from fhir_server.mappings.codes import structure
from fhir_server.mappings.trace import written_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.mappings import Mapping
    from fhir_server.resources.wire import Document


def id_from(kind: str, origin: Document, length: int = 32, also: Iterable[str] = ()) -> str:
    """Give the id of what an origin brings about: always the same, and short enough for parts.

    ``also``: what else of the origin decides that it is another one.
    """
    name = "|".join([f"{origin['resourceType']}/{origin['id']}", *sorted(also)])
    return f"{kind}-{sha256(name.encode()).hexdigest()[:length]}"


def whole(mapping: Mapping, document: Any, own_id: str, origin: Document) -> dict[str, Document]:
    """Write a document as resources by ``Type/id``, with profiles and the origin's tags."""
    tags = origin.get("meta", {}).get("tag")
    made = {}
    for role, resource in written_by(mapping, document, own_id).items():
        kind, resource_id = resource["resourceType"], part_id(own_id, role)
        meta = {"profile": [structure(_profile(mapping, role, kind))]}
        rest = {key: value for key, value in resource.items() if key != "resourceType"}
        made[f"{kind}/{resource_id}"] = {
            "resourceType": kind,
            "id": resource_id,
            "meta": {**meta, "tag": tags} if tags else meta,
            **rest,
        }
    return made


def _profile(mapping: Mapping, role: str, kind: str) -> str:
    return mapping.profiles.get(role, mapping.profiles.get(kind, "")) if role else mapping.profile
