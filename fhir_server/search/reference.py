"""What a search parameter of type reference writes to the index, and how it asks.

A reference into this server is written ``Type/id`` whatever base and version it names, any
other as it stands. What it says by ``identifier`` stands beside, for ``:identifier``.

https://hl7.org/fhir/R4/search.html#reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search import token
from fhir_server.search.escapes import plain
from fhir_server.search.field import Aside
from fhir_server.search.uri import canonical, versioned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Add, Field, Place, Writer, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset({"Reference", "Resource"})
CANONICAL = frozenset({"canonical", "uri"})


def local(reference: str, bases: tuple[str, ...]) -> str:
    """Write a reference as the index does: ``Type/id`` if it is ours, else as it stands."""
    for base in bases:
        if reference.startswith(base):
            reference = reference[len(base) :]
            break
    return reference.partition("/_history/")[0] if "/_history/" in reference else reference


def refers(value: Any, resource_type: str) -> bool:
    """Tell whether a Reference points to a resource of that type, as far as it says."""
    reference = value.get("reference")
    if reference is None:
        return bool(value.get("type") == resource_type)
    if reference[:1] == "#":
        return False
    if reference.startswith(resource_type + "/") or f"/{resource_type}/" in reference:
        return True
    return "/" not in reference and value.get("type") == resource_type


def writers(place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    bases = place.bases

    def reference(value: Any, add: Add) -> None:
        text = value.get("reference")
        if text is not None and text[:1] != "#":
            add(local(text, bases))

    def resource(value: Any, add: Add) -> None:
        if value.get("id"):
            add(f"{value['resourceType']}/{value['id']}")

    return {
        "Reference": reference,
        "Resource": resource,
        "canonical": canonical,
        "uri": canonical,
    }


def asides(place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Keep the identifiers by which references name their targets."""
    identifier: Writer = token.writers(place)["Identifier"]

    def named(value: Any, add: Add) -> None:
        identifier(value["identifier"], add)

    return {"identifier": {"Reference": Aside(named, needs="identifier")}}


def condition(field: Field, modifier: str | None, value: str, place: Place) -> Filter:
    """Compile ``field=value``; a modifier is a resource type, or ``identifier``."""
    if modifier == "identifier":
        beside = type(field)(f"{field.path}:identifier", frozenset({"Identifier"}), many=True)
        return token.condition(beside, None, value, place)
    value = local(plain(value), place.bases)
    if not value:
        raise BadRequest("A reference parameter needs a value such as Patient/123.")
    if modifier in {"above", "below"} and field.kinds <= CANONICAL:
        return versioned(field, modifier, value)
    if modifier in {"above", "below"}:
        raise NotSupported(
            f":{modifier} needs a hierarchy of the resources referred to, which is not kept here; "
            "follow it by a chain, as in location.partof=Location/1."
        )
    if modifier is not None and modifier not in field.targets:
        raise NotSupported(
            f"Modifier :{modifier} is not supported here; the reference may point to "
            f"{', '.join(field.targets) or 'any resource'}."
        )
    wanted = _spelt(field, modifier, value)
    kind = wanted.partition("/")[0] if isinstance(wanted, str) else ""
    return {field.narrower.get(kind, field.path): wanted}


def _spelt(field: Field, resource_type: str | None, value: str) -> Any:
    if resource_type is not None:
        return value if value.startswith(resource_type + "/") else f"{resource_type}/{value}"
    if "/" in value or ":" in value or field.kinds <= CANONICAL:
        return value
    choices = [f"{each}/{value}" for each in field.targets]
    return choices[0] if len(choices) == 1 else {"$in": choices}
