"""What a narrative may hold: the basic formatting of HTML, no scripts, no forms, some content.

https://hl7.org/fhir/R4/narrative.html#xhtml
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from xml.parsers import expat

_XHTML = "http://www.w3.org/1999/xhtml"
_ELEMENTS_TEXT = """
    a abbr acronym address b bdi bdo big blockquote br caption cite code col colgroup dd del dfn
    div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li map area ol p pre q s samp small span strike
    strong sub sup table tbody td tfoot th thead tr tt u ul var"""
_ELEMENTS = frozenset(_ELEMENTS_TEXT.split())
_ATTRIBUTES_TEXT = """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign
    char charoff charset cite class color cols colspan compact coords datetime dir face frame
    headers height href hreflang hspace id lang longdesc name nowrap noshade rel rev rowspan rules
    scope shape size span src start style summary tabindex title type usemap valign value vspace
    width xml:lang xml:space xmlns"""
_ATTRIBUTES = frozenset(_ATTRIBUTES_TEXT.split())
_CONTENT = frozenset(("img", "area"))
_REFUSED = ("javascript:", "vbscript:", "data:text/html")
LONGEST = 1_048_576
FEW = 8_192
"""Narratives of fewer characters are remembered, for two invariants ask about each."""


class _Refused(Exception):
    """The narrative holds what it may not."""


def is_narrative(div: str) -> bool:
    """txt-1: say whether this is a ``<div>`` of the XHTML that a narrative may be."""
    return _look(div) is not None


def has_content(div: str) -> bool:
    """txt-2: say whether there is text or an image in it."""
    return _look(div) is not False


def _look(div: str) -> bool | None:
    return _remembered(div) if len(div) < FEW else _judged(div)


def _judged(div: str) -> bool | None:
    """Say whether it has content; None if it is no narrative."""
    if len(div) > LONGEST or "<!DOCTYPE" in div or "<?" in div:
        return None
    judge = _Judge()
    try:
        judge.parser.Parse(div, True)  # noqa: FBT003
    except (expat.ExpatError, _Refused):
        return None
    return judge.has_content


_remembered = lru_cache(maxsize=64)(_judged)


class _Judge:
    """Follows the parser through one narrative."""

    def __init__(self) -> None:
        self.depth = 0
        self.has_content = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.UseForeignDTD(True)  # noqa: FBT003
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.SkippedEntityHandler = self._entity

    def _start(self, name: str, attributes: dict[str, Any]) -> None:
        space, _, local = name.rpartition(" ")
        wrong_root = self.depth == 0 and local != "div"
        if space != _XHTML or local not in _ELEMENTS or wrong_root:
            raise _Refused(name)
        for key, value in attributes.items():
            plain = key.replace("http://www.w3.org/XML/1998/namespace ", "xml:")
            if plain not in _ATTRIBUTES or value.strip().lower().startswith(_REFUSED):
                raise _Refused(key)
        self.has_content = self.has_content or local in _CONTENT
        self.depth += 1

    def _end(self, _: str) -> None:
        self.depth -= 1

    def _text(self, text: str) -> None:
        self.has_content = self.has_content or not text.isspace()

    def _entity(self, name: str, is_parameter: bool) -> None:  # noqa: ARG002, FBT001
        self.has_content = True
