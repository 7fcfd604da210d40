"""The ``div`` of a narrative: in JSON a string, in XML a part of the document.

It is kept letter for letter wherever it can stand on its own.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from fhir_server.resources.xml.shapes import XHTML

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIV = f"{XHTML} div"
_OPENS = "<div"
_XML = "http://www.w3.org/XML/1998/namespace"
_EMPTY = frozenset({"area", "br", "col", "hr", "img"})


class _NotNarrative(Exception):
    """The text is no div that could stand in a document of its own."""


def is_alone(text: str) -> bool:
    """Say whether this is one XHTML ``div`` that needs nothing from around it."""
    if not text.startswith(_OPENS):
        return False
    parser = expat.ParserCreate("UTF-8", " ")
    met: list[str] = []

    def root(name: str, _: object) -> None:
        met.append(name)
        parser.StartElementHandler = None

    def refuse(*_: object) -> None:
        raise _NotNarrative

    parser.StartElementHandler = root
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003
    except (expat.ExpatError, _NotNarrative):
        return False
    return met == [_DIV]


def written(text: str) -> str:
    """Give a div that may stand in an XML document.

    JSON lets a client write what is no XML; its text is then shown as it is, as text.
    """
    bare = text.strip()
    if is_alone(bare):
        return bare
    spaced = f'<div xmlns="{XHTML}"{bare.removeprefix(_OPENS)}'
    if is_alone(spaced):
        return spaced
    return f'<div xmlns="{XHTML}">{escape(_printable(bare))}</div>'


def unprefixed(text: str, namespaces: Mapping[str, str]) -> str | None:
    """Write a div anew whose names come from namespaces declared around it; None: it is none."""
    declared = "".join(
        f" {f'xmlns:{prefix}' if prefix else 'xmlns'}={quoteattr(uri)}"
        for prefix, uri in namespaces.items()
    )
    rewriter = _Rewriter()
    try:
        rewriter.read(f"<x{declared}>{text}</x>")
    except (expat.ExpatError, _NotNarrative):
        return None
    return "".join(rewriter.parts)


def _printable(text: str) -> str:
    """Replace what XML cannot write at all."""
    return "".join(
        c if c.isprintable() or c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


class _Rewriter:
    """Writes the elements inside the outermost one as plain XHTML."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._depth = 0

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("UTF-8", " ")
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(text.encode(), True)  # noqa: FBT003

    def _start(self, tag: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth == 1:
            return
        uri, _, name = tag.rpartition(" ")
        if uri != XHTML or (self._depth == 2 and name != "div"):
            raise _NotNarrative
        given = zip(attributes[::2], attributes[1::2], strict=True)
        said = "".join(f" {_attribute(key)}={quoteattr(value)}" for key, value in given)
        space = f' xmlns="{XHTML}"' if self._depth == 2 else ""
        self.parts.append(f"<{name}{space}{said}{'/' * (name in _EMPTY)}>")

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition(" ")[2]
        if self._depth and name not in _EMPTY:
            self.parts.append(f"</{name}>")

    def _text(self, text: str) -> None:
        self.parts.append(escape(text))


def _attribute(key: str) -> str:
    uri, _, name = key.rpartition(" ")
    if uri not in {"", _XML}:
        raise _NotNarrative
    return f"xml:{name}" if uri else name
