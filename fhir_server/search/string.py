"""What a search parameter of type string writes to the index, and how it asks.

Strings are folded: case, accents, points and repeated spaces do not count, nor do the titles
that Indonesian registers write before names ("dr.", "Ny.", "By. Ny."). A plain search finds
what begins with the value asked for; it is a range over the index, never a pattern.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.escapes import plain

if TYPE_CHECKING:
    from fhir_server.search.field import Add, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset({"string", "markdown", "code", "id", "uri"})
LAST = "\U0010ffff"
_TITLES = (
    "dr drg drh prof ir h hj kh ny nyonya tn tuan nn nona sdr sdri an by bayi bidan bd ns ners "
    "bpk bapak ibu apt"
)
TITLES = frozenset(_TITLES.split())
_SILENT = str.maketrans("", "", ".,'\"`\u00b4\u2018\u2019")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Write ``text`` as the index compares it."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(each for each in decomposed if not unicodedata.combining(each))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().translate(_SILENT).split())


@lru_cache(maxsize=4096)
def fold_name(text: str) -> str:
    """Fold the name of a person and leave out the titles before it, but never all of it."""
    words = fold(text).split(" ")
    while len(words) > 1 and words[0] in TITLES:
        del words[0]
    return " ".join(words)


def _text(value: Any, add: Add) -> None:
    folded = fold(value)
    if folded:
        add(folded)


def _name(value: Any, add: Add) -> None:
    for text in _raw_name(value):
        rest = fold_name(text)
        while rest:
            add(rest)
            rest = rest.partition(" ")[2]


def _raw_name(value: Any) -> list[str]:
    found = [value[key] for key in ("text", "family") if value.get(key)]
    for key in ("given", "prefix", "suffix"):
        found += [each for each in value.get(key, ()) if each]
    return found


def _address(value: Any, add: Add) -> None:
    for text in _raw_address(value):
        _text(text, add)


def _raw_address(value: Any) -> list[str]:
    found = [each for each in value.get("line", ()) if each]
    keys = ("city", "district", "state", "country", "postalCode", "text")
    return found + [value[key] for key in keys if value.get(key)]


def _raw(value: Any, add: Add) -> None:
    add(value)


def _concept(value: Any, add: Add) -> None:
    for text in _raw_concept(value):
        _text(text, add)


def _raw_concept(value: Any) -> list[str]:
    texts = [value.get("text"), *(each.get("display") for each in value.get("coding", ()))]
    return [text for text in texts if text]


def writers(_place: Place) -> Writers:
    """Give the write half for each FHIR type."""
    return {
        **dict.fromkeys(SINGLE, _text),
        "HumanName": _name,
        "Address": _address,
        "CodeableConcept": _concept,
    }


def asides(_place: Place) -> tuple[str, Writers]:
    """Keep the strings as they were written, for ``:exact``."""
    parts = {"HumanName": _raw_name, "Address": _raw_address, "CodeableConcept": _raw_concept}

    def each(split: Any) -> Any:
        return lambda value, add: [add(text) for text in split(value)]

    return ":exact", {**dict.fromkeys(SINGLE, _raw), **{k: each(v) for k, v in parts.items()}}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field:modifier=value``."""
    value = plain(value)
    folded = fold_name(value) if field.kinds == {"HumanName"} else fold(value)
    if not folded:
        raise BadRequest(f"The value {value!r} has nothing in it that a string search compares.")
    match modifier:
        case None:
            return {field.path: _within(field, {"$gte": folded, "$lt": folded + LAST})}
        case "contains":
            return {field.path: {"$regex": re.escape(folded)}}
        case "exact":
            return {field.path: folded, field.path + ":exact": value}
    raise NotSupported(
        f"Modifier :{modifier} is not supported on string parameters; :exact, :contains, "
        ":missing are."
    )


def _within(field: Field, bounds: dict[str, str]) -> dict[str, Any]:
    return {"$elemMatch": bounds} if field.many else dict(bounds)
