"""What a search parameter of type token writes to the index, and how it asks.

A coded value writes ``code`` and ``system|code`` (``|code`` if it names no system), so that
three of the four ways to ask are one equality; the fourth, ``system|``, is a range.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.aliases import names_of
from fhir_server.search.escapes import plain, split
from fhir_server.search.field import Aside, as_it_is
from fhir_server.search.string import LAST, fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fhir_server.search.field import Add, Field, Place, Writers
    from fhir_server.search.plan import Filter
    from fhir_server.search.terms import Code

SORT = ""
PLAIN = frozenset(
    {"code", "string", "id", "uri", "boolean", "Truth", "url", "canonical", "oid"}
    | {"ContactPoint"}
)
SINGLE = PLAIN
AFTER_BAR = "}"


def key(system: str | None, code: str | None) -> str:
    """Spell a system and a code as one entry; a bar inside a system cannot confuse it."""
    if system and "|" in system:
        system = system.replace("|", "%7C")
    return f"{system or ''}|{code or ''}"


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


def _texts(value: Any, add: Add) -> None:
    text = value.get("text")
    if text:
        add(text)
    for coding in value.get("coding", ()):
        display = coding.get("display")
        if display:
            add(display)


def _display(value: Any, add: Add) -> None:
    add(value["display"])


def _type_text(value: Any, add: Add) -> None:
    _texts(value["type"], add)


def _of_type(value: Any, add: Add) -> None:
    number = value.get("value")
    for coding in value["type"].get("coding", ()):
        if number is not None and coding.get("code") is not None:
            add(f"{key(coding.get('system'), coding['code'])}|{number}")


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write the words of coded values for ``:text``, typed identifiers for ``:of-type``."""
    return {
        "text": {
            "CodeableConcept": Aside(_texts),
            "Coding": Aside(_display, needs="display"),
            "Identifier": Aside(_type_text, needs="type"),
        },
        "of-type": {"Identifier": Aside(_of_type, needs="type")},
    }


def condition(field: Field, modifier: str | None, value: str, place: Place) -> Filter:
    """Compile ``field=value``; ``:not`` is turned round where several values meet."""
    match modifier:
        case "text":
            return _by_text(field, value)
        case "of-type":
            return _by_type(field, value)
        case "in":
            return _listed(field, place.terms.members(plain(value)))
        case "not-in":
            return {"$nor": [_listed(field, place.terms.members(plain(value)))]}
        case "below" | "above":
            return _related(field, modifier, value, place)
        case None | "not":
            return _asked(field, value)
    raise NotSupported(
        f"Modifier :{modifier} is not supported on token parameters; :not, :text, :of-type, :in, "
        ":not-in, :above, :below and :missing are."
    )


def _by_text(field: Field, value: str) -> Filter:
    if not field.kinds & {"CodeableConcept", "Coding", "Identifier"}:
        raise NotSupported(":text needs coded values with a text; this parameter's have none.")
    start = fold(plain(value))
    if not start:
        raise BadRequest(f"The value {value!r} has nothing in it that a search compares.")
    bounds = {"$gte": start, "$lt": start + LAST}
    return {f"{field.path}:text": {"$elemMatch": bounds}}


def _by_type(field: Field, value: str) -> Filter:
    if "Identifier" not in field.kinds:
        raise NotSupported(":of-type is asked of identifiers; this parameter has none.")
    parts = split(value, "|")
    if len(parts) != 3 or not all(parts):
        raise BadRequest(
            f"{value!r}: right would be identifier:of-type=system|code|value, as in "
            "http://terminology.hl7.org/CodeSystem/v2-0203|MR|123."
        )
    return {f"{field.path}:of-type": f"{key(parts[0], parts[1])}|{parts[2]}"}


def _listed(field: Field, codes: Collection[Code]) -> Filter:
    if field.kinds <= PLAIN:
        kept = {code for system, code in codes if not field.targets or system in field.targets}
        return {field.path: {"$in": sorted(kept)}}
    return {field.path: {"$in": sorted(key(system, code) for system, code in codes)}}


def _related(field: Field, modifier: str, value: str, place: Place) -> Filter:
    parts = split(value, "|")
    implied = field.targets[0] if len(field.targets) == 1 else ""
    system, code = parts if len(parts) == 2 else (implied, parts[0])
    if not system or not code:
        raise BadRequest(f"{value!r}: right would be :{modifier}=system|code.")
    terms = place.terms
    codes = terms.below(system, code) if modifier == "below" else terms.above(system, code)
    return _listed(field, [(system, each) for each in codes])


def _asked(field: Field, value: str) -> Filter:
    parts = split(value, "|")
    if len(parts) > 2:
        raise BadRequest(f"{value!r} has more than one bar; a code's own bar is written '\\|'.")
    if len(parts) == 1:
        return {field.path: parts[0]}
    system, code = parts
    return _plainly(field, system, code) if field.kinds <= PLAIN else _spelt(field, system, code)


def _spelt(field: Field, system: str, code: str) -> Filter:
    if code:
        keys = [key(each, code) for each in names_of(system)]
        return {field.path: keys[0] if len(keys) == 1 else {"$in": keys}}
    start = key(system, "")
    bounds = {"$gte": start, "$lt": start[:-1] + AFTER_BAR}
    return {field.path: {"$elemMatch": bounds} if field.many else bounds}


def _plainly(field: Field, system: str, code: str) -> Filter:
    """Ask a code that is written without its system: the system is the element's own."""
    if system and system not in field.targets:
        return {"_id": {"$in": []}}
    return {field.path: code} if code else {field.path: {"$ne": None}}
