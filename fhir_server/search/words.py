"""Search in texts: ``_text`` in the narrative, ``_content`` in everything that is written.

What is written becomes words, folded like names; a resource is found that has all words asked for,
in whatever order. The words take as much room as the resource, so an operator decides.

https://hl7.org/fhir/R4/search.html#content
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, NotSupported
from fhir_server.search.escapes import plain
from fhir_server.search.field import as_it_is
from fhir_server.search.string import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fhir_server.search.field import Aside, Field, Place, Writers
    from fhir_server.search.plan import Filter

SORT = ""
SINGLE = frozenset[str]()
CODES = {
    "_text": "http://hl7.org/fhir/SearchParameter/DomainResource-text",
    "_content": "http://hl7.org/fhir/SearchParameter/Resource-content",
}
MOST = 5000
"""Words of one resource that are kept; a longer text is found by its first ones."""

_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")
_LONGEST = 40


def write(document: Mapping[str, Any], ix: dict[str, Any]) -> None:
    """Write the words of a resource to its index."""
    narrative = document.get("text", {}).get("div", "")
    for name, text in (("_text", _told(narrative)), ("_content", " ".join(_strings(document)))):
        found = words(text)[:MOST]
        if found:
            ix[name] = found


def words(text: str) -> list[str]:
    """Give the words of a text, folded, each once."""
    return list(dict.fromkeys(each[:_LONGEST] for each in _WORD.findall(fold(text))))


def _told(narrative: str) -> str:
    return html.unescape(_TAG.sub(" ", narrative))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield _told(value) if "<" in value else value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in {"resourceType", "id"}:
                yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def writers(_place: Place) -> Writers:
    """Give the write half: words are written by ``write``, not element by element."""
    return {"string": as_it_is}


def asides(_place: Place) -> Mapping[str, Mapping[str, Aside]]:
    """Write nothing beside."""
    return {}


def condition(field: Field, modifier: str | None, value: str, _place: Place) -> Filter:
    """Compile words, all of which must be there."""
    if modifier is not None:
        raise NotSupported(f"Modifier :{modifier} is not supported on texts.")
    asked = words(plain(value))
    if not asked:
        raise BadRequest(f"{value!r} has no word in it to search for.")
    return {field.path: asked[0] if len(asked) == 1 else {"$all": asked}}
