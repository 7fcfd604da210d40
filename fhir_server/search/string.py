"""What a search parameter of type string writes to the index, and how it asks.

Strings are folded: case, accents, points and repeated spaces do not count, nor do the titles
that Indonesian registers write before names ("dr.", "Ny.", "By. Ny."). A plain search finds
what begins with the value asked for; it is a range over the index, never a pattern.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.remembering import known
from fhir_server.search.escapes import plain
from fhir_server.search.field import as_it_is

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Add, Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset({"string", "markdown", "code", "id", "uri"})
NAMES = frozenset({"HumanName"})
LAST = "\U0010ffff"
_TITLES = (
    "dr drg drh prof ir h hj kh ny nyonya tn tuan nn nona sdr sdri an by bayi bidan bd ns ners "
    "bpk bapak ibu apt"
)
TITLES = frozenset(_TITLES.split())
_SILENT = str.maketrans("", "", ".,'\"`\u00b4\u2018\u2019")


@known(4096)
def fold(text: str) -> str:
    """Write ``text`` as the index compares it."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(each for each in decomposed if not unicodedata.combining(each))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.casefold().translate(_SILENT).split())


@known(4096)
def fold_name(text: str) -> str:
    """Fold the name of a person and leave out the titles before it, but never all of it."""
    words = fold(text).split(" ")
    while len(words) > 1 and words[0] in TITLES:
        del words[0]
    return " ".join(words)


def folded(texts: list[str]) -> list[str]:
    """Fold what one field holds, each once."""
    if len(texts) == 1:
        return [each] if (each := fold(texts[0])) else texts[:0]
    return [each for each in dict.fromkeys(map(fold, texts)) if each]


def folded_names(texts: list[str]) -> list[str]:
    """Fold names, and give what begins at each of their words too."""
    found: dict[str, None] = {}
    for text in texts:
        rest = fold_name(text)
        while rest:
            found[rest] = None
            rest = rest.partition(" ")[2]
    return list(found)


def _name(value: Any, add: Add) -> None:
    for key in ("text", "family"):
        if value.get(key):
            add(value[key])
    for key in ("given", "prefix", "suffix"):
        for each in value.get(key, ()):
            if each:
                add(each)


def _address(value: Any, add: Add) -> None:
    for each in value.get("line", ()):
        if each:
            add(each)
    for key in ("city", "district", "state", "country", "postalCode", "text"):
        if value.get(key):
            add(value[key])


def _concept(value: Any, add: Add) -> None:
    for each in (value.get("text"), *(each.get("display") for each in value.get("coding", ()))):
        if each:
            add(each)


def writers(_place: Place) -> Writers:
    """Gather the strings as they were written, for each FHIR type; they are folded together."""
    return {
        **dict.fromkeys(SINGLE, as_it_is),
        "HumanName": _name,
        "Address": _address,
        "CodeableConcept": _concept,
    }


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside: what was gathered is kept for ``:exact`` by the field's own code."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile ``field:modifier=value``."""
    value = plain(value)
    start = fold_name(value) if field.kinds == NAMES else fold(value)
    if not start:
        raise BadRequest(f"The value {value!r} has nothing in it that a string search compares.")
    match modifier:
        case None:
            return {field.path: _within(field, {"$gte": start, "$lt": start + LAST})}
        case "contains":
            return {field.path: {"$regex": re.escape(start)}}
        case "ends":
            return {field.path: {"$regex": re.escape(start) + "$"}}
        case "equal":
            same = {"$regex": f"(?i)^{re.escape(value.strip())}$"}
            return {field.path: start, field.path + ":exact": same}
        case "exact":
            return {field.path: start, field.path + ":exact": value}
    raise NotSupported(
        f"Modifier :{modifier} is not supported on string parameters; :exact, :contains, "
        ":missing are."
    )


def _within(field: Field, bounds: dict[str, str]) -> dict[str, Any]:
    return {"$elemMatch": bounds} if field.many else dict(bounds)
