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
    from fhir_server.search.field import Add, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset({"uri", "url", "oid", "uuid"})


def canonical(value: Any, add: Add) -> None:
    """Write a canonical whole, and without its version."""
    add(value)
    if "|" in value:
        add(value.partition("|")[0])


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {**dict.fromkeys(SINGLE, as_it_is), "canonical": canonical}


def asides(_place: Place) -> tuple[str, Writers]:
    """Write nothing beside."""
    return "", {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field=value``."""
    if modifier is not None:
        raise NotSupported(f"Modifier :{modifier} is not supported on uri parameters; :missing is.")
    return {field.path: plain(value)}
