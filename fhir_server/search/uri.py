"""What a search parameter of type uri writes to the index, and how it asks: letter for letter.

A canonical with a version (``url|1.0``) is also found by its url alone.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import NotSupported
from fhir_server.search.escapes import plain
from fhir_server.search.field import as_it_is

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Add, Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
LAST = "\U0010ffff"
SINGLE = frozenset({"uri", "url", "oid", "uuid"})


def canonical(value: Any, add: Add) -> None:
    """Write a canonical whole, and without its version."""
    add(value)
    if "|" in value:
        add(value.partition("|")[0])


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {**dict.fromkeys(SINGLE, as_it_is), "canonical": canonical}


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field=value``; ``:below`` finds what goes on, ``:above`` what leads to it."""
    value = plain(value)
    match modifier:
        case None:
            return {field.path: value}
        case "below":
            return _within(field, value, "/")
        case "above":
            return {field.path: {"$in": _ancestors(value)}}
    raise NotSupported(
        f"Modifier :{modifier} is not supported on uri parameters; :above, :below, :missing are."
    )


def versioned(field: Field, modifier: str, value: str) -> Filter:
    """Compile ``:below`` or ``:above`` of a canonical: of its version, or else of its url."""
    url, bar, version = value.partition("|")
    if modifier == "above":
        parts = version.split(".")
        ends = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
        return {field.path: {"$in": [f"{url}|{each}" for each in ends] if bar else _ancestors(url)}}
    return _within(field, value, "." if bar else "/")


def _within(field: Field, value: str, mark: str) -> Filter:
    """Select the value itself and what goes on after the mark."""
    start = value if value.endswith(mark) else value + mark
    bounds: dict[str, str] = {"$gte": start, "$lt": start + LAST}
    whole = start.removesuffix(mark)
    below: Any = {"$elemMatch": bounds} if field.many else bounds
    return {"$or": [{field.path: {"$in": [whole, start]}}, {field.path: below}]}


def _ancestors(url: str) -> list[str]:
    """Give the url, and what remains as its last parts are taken off; with a slash or without."""
    start = url.find("://") + 3 if "://" in url else 0
    whole = url.rstrip("/")
    found = [whole, whole + "/"]
    while (at := whole.rfind("/", start)) > start:
        whole = whole[:at]
        found += [whole, whole + "/"]
    return found
