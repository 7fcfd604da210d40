"""XML to JSON text, as it streams by: no tree is built, no DTD and no entity is read.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from json.encoder import encode_basestring as quoted
from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat

from fhir_server.errors import BadRequest
from fhir_server.resources.wire import DEPTH_LIMIT
from fhir_server.resources.xml import narrative
from fhir_server.resources.xml.opened import Opened
from fhir_server.resources.xml.shapes import FHIR, XHTML, Kind, Member, shape

if TYPE_CHECKING:
    from fhir_server.resources.definitions import Definitions

_WHOLE = Member("", Kind.RESOURCE, "Resource", repeats=False, bare=False, rank=0)
_SCHEMA_HINT = "http://www.w3.org/2001/XMLSchema-instance "
_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\r\n"
_DTD = "a DOCTYPE is not read; it declares entities, and FHIR has none"
_ENTITY = "XML knows no such entity; write the character itself, or its number as in &#160;"


def from_xml(body: bytes, definitions: Definitions, depth_limit: int = DEPTH_LIMIT) -> bytes:
    """Read a resource and give its JSON text; numbers and narratives stay as they were written.

    Raises BadRequest with line and column for what is no XML of FHIR. Elements that R4 does not
    know, or that come too often, are kept for the validator to name.
    """
    return _Reader(body.removeprefix(_BOM), definitions, depth_limit).read().encode()


class _Reader:
    """One reading of one body; ``_stack`` has the open elements, the document first."""

    def __init__(self, body: bytes, definitions: Definitions, depth_limit: int) -> None:
        self._body = body
        self._definitions = definitions
        self._depth_limit = depth_limit
        self._stack = [Opened("The document", _WHOLE, None)]
        self._div: Member | None = None
        self._div_begins = 0
        self._div_depth = 0
        self._namespaces: dict[str, list[str]] = {}
        self._parser = expat.ParserCreate("UTF-8", " ")
        self._parser.ordered_attributes = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartNamespaceDeclHandler = self._enter_namespace
        self._parser.EndNamespaceDeclHandler = self._leave_namespace
        self._listen()

    def read(self) -> str:
        """Read the whole body and give the JSON."""
        self._expect_utf8()
        try:
            self._parser.Parse(self._body, True)  # noqa: FBT003
        except expat.ExpatError as error:
            says = expat.ErrorString(error.code)
            reason = _ENTITY if says == expat.errors.XML_ERROR_UNDEFINED_ENTITY else says
            raise _unreadable(reason, error.lineno, error.offset) from error
        return self._stack[0].held()

    def _listen(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    # --- elements ---

    def _start(self, tag: str, attributes: list[str]) -> None:
        parent = self._stack[-1]
        space, _, name = tag.rpartition(" ")
        member = parent.shape.members.get(name) if parent.shape is not None else None
        if member is not None and member.kind is Kind.XHTML:
            self._start_div(space, member)
            return
        if space != FHIR:
            self._refuse(f'{name[:64]} is not in the namespace of FHIR: xmlns="{FHIR}"')
        if len(self._stack) > self._depth_limit:
            self._refuse(f"it is nested deeper than {self._depth_limit} levels")
        opened = self._resource(name) if parent.is_holder else self._element(name, member)
        for key, value in zip(attributes[::2], attributes[1::2], strict=True):
            if not opened.take(key, value) and not key.startswith(_SCHEMA_HINT):
                self._refuse(f"{name} has no attribute {key.rpartition(' ')[2][:64]}")
        self._stack.append(opened)

    def _resource(self, name: str) -> Opened:
        holder = self._stack[-1]
        if holder.found:
            self._refuse(f"{holder.name} holds one resource, and this is a second")
        known = name in self._definitions.types
        opened = Opened(name, None, shape(self._definitions, name) if known else None)
        opened.start.append(f'"resourceType":{quoted(name)}')
        return opened

    def _element(self, name: str, member: Member | None) -> Opened:
        if member is None or member.kind is Kind.RESOURCE:
            if name.startswith("_"):
                self._refuse(f"no element of FHIR has a name like {name[:64]}")
            return Opened(name, member, None)
        if member.kind is Kind.ATTRIBUTE:
            self._refuse(f"{name} is an attribute of {self._stack[-1].name}, not an element")
        path = "Element" if member.kind is Kind.PRIMITIVE else member.type
        return Opened(name, member, shape(self._definitions, path))

    def _end(self, _: str) -> None:
        self._stack.pop().close(self._stack[-1])

    def _text(self, text: str) -> None:
        if text.strip(_SPACE):
            name = self._stack[-1].name
            self._refuse(f'{name} has text in it; FHIR writes a value as <{name} value="…"/>')

    # --- narrative ---

    def _start_div(self, space: str, member: Member) -> None:
        if space != XHTML:
            self._refuse(f'div is not in the namespace of XHTML: xmlns="{XHTML}"')
        self._div = member
        self._div_begins = self._parser.CurrentByteIndex
        self._div_depth = 1
        self._parser.StartElementHandler = self._enter_div
        self._parser.EndElementHandler = self._leave_div
        self._parser.CharacterDataHandler = None

    def _enter_div(self, _: str, __: list[str]) -> None:
        self._div_depth += 1

    def _leave_div(self, _: str) -> None:
        self._div_depth -= 1
        if self._div_depth == 0:
            text = self._body[self._div_begins : self._after_tag()].decode()
            if not narrative.is_alone(text):
                text = self._unprefixed(text)
            self._stack[-1].put("div", self._div, quoted(text), None)
            self._listen()

    def _after_tag(self) -> int:
        """Give the end of the tag where the parser stands, which is an end tag or an empty one."""
        here = self._parser.CurrentByteIndex
        return self._body.index(b">", here) + 1 if self._body.startswith(b"</", here) else here

    def _unprefixed(self, text: str) -> str:
        around = {prefix: uris[-1] for prefix, uris in self._namespaces.items() if uris}
        plain = narrative.unprefixed(text, around)
        if plain is None:
            self._refuse(f'div has elements that are not of XHTML: xmlns="{XHTML}"')
        return plain

    def _enter_namespace(self, prefix: str | None, uri: str | None) -> None:
        self._namespaces.setdefault(prefix or "", []).append(uri or "")

    def _leave_namespace(self, prefix: str | None) -> None:
        self._namespaces[prefix or ""].pop()

    # --- refusals ---

    def _expect_utf8(self) -> None:
        """Refuse other encodings, which expat would find out and read."""
        broken = self._body.find(b"\0")
        try:
            self._body.decode()
        except UnicodeDecodeError as error:
            broken = error.start
        if broken >= 0:
            before = self._body[:broken]
            column = broken - before.rfind(b"\n") - 1
            raise _unreadable("the text is not UTF-8", before.count(b"\n") + 1, column)

    def _declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in {"utf-8", "us-ascii"}:
            self._refuse(f"the encoding must be UTF-8, not {encoding[:64]}")

    def _doctype(self, *_: object) -> None:
        self._refuse(_DTD)

    def _refuse(self, reason: str) -> NoReturn:
        parser = self._parser
        raise _unreadable(reason, parser.CurrentLineNumber, parser.CurrentColumnNumber)


def _unreadable(reason: str, line: int, offset: int) -> BadRequest:
    return BadRequest(
        f"The body is not XML of FHIR at line {line}, column {offset + 1}: {reason}.",
        indonesian=f"Isi permintaan bukan XML FHIR pada baris {line}, kolom {offset + 1}: "
        f"{reason}.",
    )
