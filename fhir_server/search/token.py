"""What a search parameter of type token writes to the index, and how it asks.

A coded value writes ``code`` and ``system|code`` (``|code`` if it names no system), so that
three of the four ways to ask are one equality; the fourth, ``system|``, is a range.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.escapes import split
from fhir_server.search.field import as_it_is

if TYPE_CHECKING:
    from fhir_server.search.field import Add, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
PLAIN = frozenset(
    {"code", "string", "id", "uri", "boolean", "Truth", "url", "canonical", "oid"}
    | {"ContactPoint"}
)
SINGLE = PLAIN
AFTER_BAR = "}"


def key(system: str | None, code: str | None) -> str:
    """Spell a system and a code as one entry; a bar inside a system cannot confuse it."""
    return f"{(system or '').replace('|', '%7C')}|{code or ''}"


def _boolean(value: Any, add: Add) -> None:
    add("true" if value else "false")


def _coded(value: Any, code: str | None, add: Add) -> None:
    system = value.get("system")
    if code is not None:
        add(code)
        add(key(system, code))
    elif system is not None:
        add(key(system, ""))


def _coding(value: Any, add: Add) -> None:
    _coded(value, value.get("code"), add)


def _concept(value: Any, add: Add) -> None:
    for coding in value.get("coding", ()):
        _coded(coding, coding.get("code"), add)


def _identifier(value: Any, add: Add) -> None:
    _coded(value, value.get("value"), add)


def _contact(value: Any, add: Add) -> None:
    number = value.get("value")
    if number is not None:
        add(number)


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {
        **dict.fromkeys(PLAIN, as_it_is),
        "boolean": _boolean,
        "Truth": _boolean,
        "Coding": _coding,
        "CodeableConcept": _concept,
        "Identifier": _identifier,
        "ContactPoint": _contact,
    }


def asides(_place: Place) -> tuple[str, Writers]:
    """Write nothing beside."""
    return "", {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field=value``; ``:not`` is turned round where several values meet."""
    if modifier not in {None, "not"}:
        raise NotSupported(
            f"Modifier :{modifier} is not supported on token parameters; :not and :missing are."
        )
    parts = split(value, "|")
    if len(parts) > 2:
        raise BadRequest(f"{value!r} has more than one bar; a code's own bar is written '\\|'.")
    if len(parts) == 1:
        return {field.path: parts[0]}
    system, code = parts
    return _plainly(field, system, code) if field.kinds <= PLAIN else _spelt(field, system, code)


def _spelt(field: Field, system: str, code: str) -> Filter:
    if code:
        return {field.path: key(system, code)}
    start = key(system, "")
    bounds = {"$gte": start, "$lt": start[:-1] + AFTER_BAR}
    return {field.path: {"$elemMatch": bounds} if field.many else bounds}


def _plainly(field: Field, system: str, code: str) -> Filter:
    """Ask a code that is written without its system: the system is the element's own."""
    if system and system not in field.targets:
        return {"_id": {"$in": []}}
    return {field.path: code} if code else {field.path: {"$ne": None}}
