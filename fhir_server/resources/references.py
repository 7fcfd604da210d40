"""References between the entries of a Bundle, rewritten in the text of a resource.

Rewritten are Reference.reference, elements of type uri, url, oid and uuid, and href and src in
narratives; never a string, an identifier's value or a canonical. All else keeps its bytes.

https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from fhir_server.resources.wire import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.wire import Document

_REFERENCE = re.compile(rb'"reference":"([^"\\]*(?:\\.[^"\\]*)*)"')
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?.+", re.DOTALL)
_ESCAPED = re.compile(rb"\\u00[2-7]")
_LINK = re.compile(r"""(?<=[\s"'])((?:href|src)\s*=\s*)("[^"]*"|'[^']*')""")
_RESTFUL = re.compile(r"(https?://.+/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
_RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[^#]+)?(?:#.*)?")
_REWRITTEN = frozenset({"uri", "url", "oid", "uuid"})

_values = msgspec.json.Decoder(list[msgspec.Raw])


def conditional(raw: bytes) -> Iterator[str]:
    """List the references of a resource that are searches, such as ``Patient?identifier=1``."""
    if b"?" in raw or b"\\u003" in raw:
        for found in _REFERENCE.finditer(raw):
            value = _string(found[1])
            if _CONDITIONAL.fullmatch(value):
                yield value


def targets(raw: bytes) -> Iterator[tuple[str, str]]:
    """List the resources of this server, as type and id, that a resource refers to relatively."""
    for found in _REFERENCE.finditer(raw):
        match = _RELATIVE.fullmatch(_string(found[1]))
        if match is not None:
            yield match[1], match[2]


def referred(value: Any) -> Iterator[str]:
    """List what a parsed resource refers to, however its text spells that."""
    if isinstance(value, list):
        for each in value:
            yield from referred(each)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            if isinstance(each, dict | list):
                yield from referred(each)


def attached(value: Any) -> Iterator[str]:
    """List the Binaries whose addresses a parsed resource gives, as attachments do."""
    if isinstance(value, list):
        for each in value:
            yield from attached(each)
    elif isinstance(value, dict):
        if isinstance(value.get("url"), str) and value["url"].startswith("Binary/"):
            yield value["url"]
        for each in value.values():
            if isinstance(each, dict | list):
                yield from attached(each)


def relative(reference: str) -> tuple[str, str] | None:
    """Read a relative reference as type and id; None if it is none."""
    match = _RELATIVE.fullmatch(reference)
    return (match[1], match[2]) if match else None


class Rewriter:
    """Rewrites what points to ``targets``: fullUrl or search → where that resource now is.

    ``raw`` is always JSON without white space outside of strings.
    """

    def __init__(self, targets: Mapping[str, str], definitions: Definitions) -> None:
        self._targets = targets
        self._definitions = definitions
        self._suspect = _suspect(targets)

    def rewritten(
        self, raw: bytes, document: Document, full_url: str | None
    ) -> tuple[bytes, Document]:
        """Give a resource with its links replaced: its text, and what that text says.

        ``document`` is what ``raw`` says, and stays as it is; ``full_url`` is its own.
        """
        base = _base(full_url)
        text, count = self._references(raw, base)
        if self._may_hold(text, base):
            text = self._resource(text, base)
        elif b"\\" not in raw:
            made, left = self._pointed(document, base, count)
            if left == 0:
                return text, made
        return text, document if text == raw else orjson.loads(text)

    def rewrite(self, raw: bytes, full_url: str | None) -> bytes:
        """Give the text of a resource with its links replaced; ``full_url`` is its own."""
        base = _base(full_url)
        text, _ = self._references(raw, base)
        return self._resource(text, base) if self._may_hold(text, base) else text

    def _references(self, raw: bytes, base: str) -> tuple[bytes, int]:
        """Replace every Reference.reference, wherever it stands; say how many were replaced."""
        count = 0

        def replaced(found: re.Match[bytes]) -> bytes:
            nonlocal count
            new = self._resolved(_string(found[1]), base)
            if new is None:
                return found[0]
            count += 1
            return b'"reference":%s' % orjson.dumps(new)

        return _REFERENCE.sub(replaced, raw), count

    def _pointed(self, document: Document, base: str, count: int) -> tuple[Document, int]:
        """Replace References among the elements of a resource itself; say how many are left."""
        made = document
        for name, value in document.items():
            if not count:
                break
            if type(value) is dict and type(value.get("reference")) is str:
                new = self._resolved(value["reference"], base)
                if new is not None:
                    made = dict(document) if made is document else made
                    made[name] = {**value, "reference": new}
                    count -= 1
        return made, count

    def _resolved(self, value: str, base: str) -> str | None:
        target = self._targets.get(value)
        if target is not None:
            return target
        if base and (target := self._targets.get(base + value)) is not None:
            return target
        for mark in ("#", "/_history/"):
            stem, found, rest = value.partition(mark)
            target = self._targets.get(stem) or (self._targets.get(base + stem) if base else None)
            if found and target is not None:
                return f"{target}{mark}{rest}"
        return None

    def _may_hold(self, raw: bytes, base: str) -> bool:
        if base and (b"href=" in raw or b"src=" in raw):
            return True
        if b"\\" in raw:
            if _ESCAPED.search(raw):
                return True
            raw = raw.replace(b"\\/", b"/")
        if self._suspect is None:
            return False
        found = self._suspect.findall(raw)
        return any(each.decode().partition("/_history/")[0] in self._targets for each in found)

    def _resource(self, raw: bytes, base: str) -> bytes:
        resource_type = _string(pieces(raw)["resourceType"][1:-1])
        return self._object(raw, resource_type, base)

    def _object(self, raw: bytes, owner: str, base: str) -> bytes:
        parts = pieces(raw)
        if owner == "Resource":
            owner = _string(parts["resourceType"][1:-1])
        for name, part in parts.items():
            if self._may_hold(part, base):
                parts[name] = self._value(part, self._type_of(owner, name), base)
        return b"{" + b",".join(b'"%s":%s' % (n.encode(), p) for n, p in parts.items()) + b"}"

    def _type_of(self, owner: str, name: str) -> str:
        if name.startswith("_"):
            return "Element"
        element = self._definitions.elements(owner).get(name)
        return element.type if element else ""

    def _value(self, raw: bytes, kind: str, base: str) -> bytes:
        match raw[:1]:
            case b"[":
                parts = (self._value(bytes(each), kind, base) for each in _values.decode(raw))
                return b"[" + b",".join(parts) + b"]"
            case b"{":
                return self._object(raw, kind, base)
            case b'"' if kind in _REWRITTEN:
                new = self._resolved(_string(raw[1:-1]), base)
                return raw if new is None else orjson.dumps(new)
            case b'"' if kind == "xhtml":
                return self._narrative(raw, base)
        return raw

    def _narrative(self, raw: bytes, base: str) -> bytes:
        def link(found: re.Match[str]) -> str:
            quote, address = found[2][0], found[2][1:-1]
            new = self._resolved(address, base)
            return found[0] if new is None else f"{found[1]}{quote}{new}{quote}"

        text = _string(raw[1:-1])
        new = _LINK.sub(link, text)
        return raw if new == text else orjson.dumps(new)


def _base(full_url: str | None) -> str:
    if not full_url or not full_url.startswith("http"):
        return ""
    restful = _RESTFUL.fullmatch(full_url)
    return restful[1] if restful else ""


def _string(inner: bytes) -> str:
    if b"\\" not in inner:
        return inner.decode()
    return str(orjson.loads(b'"%s"' % inner))


def _suspect(targets: Iterable[str]) -> re.Pattern[bytes] | None:
    """Match whatever begins like one of the targets, to the end of the URL."""
    heads = set()
    for each in targets:
        restful = _RESTFUL.fullmatch(each)
        if restful:
            heads.add(restful[1])
        elif not _CONDITIONAL.fullmatch(each):
            heads.add(each[:9] if each.startswith("urn:uuid:") else each)
    if not heads:
        return None
    return re.compile(
        b"(?:%s)[A-Za-z0-9\\-._/]*" % "|".join(map(re.escape, sorted(heads))).encode()
    )
