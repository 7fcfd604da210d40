"""What a parser is fed by who means harm, and what it may answer: a result or its own refusal."""

from __future__ import annotations

import contextlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from hypothesis import strategies as st

from fhir_server.auth import assertions, tokens
from fhir_server.bridges.whatsapp import cloud, content, export, forms
from fhir_server.config import Settings
from fhir_server.errors import FhirError
from fhir_server.resources import wire
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.fhirpath import FhirPathError, Limits, compiled
from fhir_server.resources.patch import patched
from fhir_server.resources.validate import validate
from fhir_server.resources.xml import from_xml, to_xml
from fhir_server.search.compile import compile  # noqa: A004 - the name of what it does
from fhir_server.search.parameters import load_parameters
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER_STORED = Limits(steps=20_000, seconds=2)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "x",
    "name": [{"given": ["Siti", "Nur"], "_given": [None, {"id": "2"}]}],
    "birthDate": "1991-08-17",
    "extension": [{"url": "urn:u", "valueDecimal": 1.0}],
}
RAW = orjson.dumps(PATIENT)

OPERATORS = [
    "$where",
    "$gt",
    "$ne",
    "$regex",
    "$expr",
    "$set",
    "$out",
    "a.b",
    ".",
    "$",
    "__proto__",
]
ODD = [
    *OPERATORS,
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "é",
    "😀",
    "null",
    "NaN",
    "-0",
    "1e400",
    "9" * 400,
]
WORDS = ["Patient", "resourceType", "id", "name", "given", "birthDate", "extension", "valueDecimal"]
texts = st.one_of(st.sampled_from(ODD + WORDS), st.text(max_size=20))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
deep = st.integers(50, 60_000).flatmap(
    lambda depth: st.sampled_from(["[", '{"a":', '{"a":[{"b":']).map(lambda part: part * depth)
)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _broken(whole: bytes) -> st.SearchStrategy[bytes]:
    """Take something well formed and put other bytes in the middle of it."""
    at = st.integers(0, len(whole))
    return st.builds(
        lambda a, b, what: whole[: min(a, b)] + what + whole[max(a, b) :], at, at, junk
    )


junk = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b'"', b"{}", b"[", b"\\ud800", b"1e999"]
    ),
    values.map(_json),
)
bodies = st.one_of(
    st.binary(max_size=60),
    values.map(_json),
    values.map(lambda value: _json(PATIENT | {"name": value})),
    st.dictionaries(texts, values, max_size=3).map(lambda more: _json(PATIENT | more)),
    _broken(RAW),
    deep.map(str.encode),
)

_codes = st.one_of(
    st.sampled_from(
        [
            "name",
            "identifier",
            "birthdate",
            "_id",
            "_lastUpdated",
            "general-practitioner",
            "address",
        ]
    ),
    st.sampled_from(
        ["_has:Observation:subject:code", "general-practitioner.name", "_filter", "_sort", "_count"]
    ),
    st.sampled_from(
        ["_include", "_revinclude:iterate", "_elements", "_summary", "_total", "_list", "_type"]
    ),
)
_names = st.one_of(
    _codes,
    st.builds(
        "{}:{}".format, _codes, st.sampled_from(["exact", "missing", "not", "iterate", "$gt"])
    ),
    texts,
)
_asked = st.one_of(
    texts,
    st.text("aA0-.:|,\\$()'\" \x00", max_size=30),
    st.builds("{}{}".format, st.sampled_from(["gt", "le", "ap", "sa", "x"]), texts),
    st.sampled_from(
        ["Patient:general-practitioner", "*", "Observation:subject", "-name", "(" * 3000]
    ),
    st.sampled_from(
        ["name eq " + "not (" * 500, "a" * 20_000, "0001-01-01", "9999-12-31T24:00:00Z"]
    ),
)
queries = st.lists(st.tuples(_names, _asked), max_size=6)

_pointers = st.one_of(
    st.lists(st.one_of(texts, st.sampled_from(["0", "-", "-1", "01"])), max_size=4).map("/".join),
    st.sampled_from(["", "/", "/name/0/given/-", "/name/0/given/99999999999", "/id", "name"]),
)
_json_patch = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "$set"])},
        optional={"path": _pointers | values, "from": _pointers | values, "value": values},
    ),
    max_size=5,
).map(_json)
_paths = st.sampled_from(
    [
        "Patient.name",
        "Patient.name.given",
        "Patient.name.given[0]",
        "Patient",
        "Patient.x",
        "%x",
        "(",
    ]
)
_part = st.one_of(
    st.sampled_from(["add", "insert", "delete", "replace", "move", "$set"]).map(
        lambda kind: {"name": "type", "valueCode": kind}
    ),
    _paths.map(lambda path: {"name": "path", "valueString": path}),
    st.sampled_from(["given", "birthDate", "$set"]).map(
        lambda n: {"name": "name", "valueString": n}
    ),
    st.builds(lambda key, value: {"name": "value", key: value}, texts, values),
    st.integers().map(lambda number: {"name": "index", "valueInteger": number}),
    values,
)
_fhirpath_patch = st.lists(
    st.lists(_part, max_size=5).map(lambda parts: {"name": "operation", "part": parts}), max_size=3
).map(lambda listed: _json({"resourceType": "Parameters", "parameter": listed}))
patches = st.one_of(_json_patch, _fhirpath_patch, bodies)

_XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="x"/>'
    b'<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a</p></div></text>'
    b'<name><given value="Siti"/></name><birthDate value="1991-08-17"/></Patient>'
)
_BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Patient xmlns="http://hl7.org/fhir">'
    b'<id value="&c;"/></Patient>'
)
_AWAY = (
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    b'<Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>'
)
documents = st.one_of(
    _broken(_XML),
    st.binary(max_size=60),
    st.sampled_from([_BOMB, _AWAY, b"<" * 9999, b"<a>" * 20_000, b"<!--" + b"-" * 9999]),
    st.sampled_from(["utf-16", "utf-32", "utf-7", "cp037", "latin-1"]).map(
        lambda name: _XML.decode().replace("UTF-8", name).encode(name)
    ),
    texts.map(lambda text: _XML.replace(b"Siti", text.encode("utf-8", "surrogatepass"))),
)

_PIECES = [
    "name",
    "given",
    "$this",
    "1",
    "'a'",
    "@2024",
    "@T25",
    "%resource",
    "{}",
    "9" * 400,
    "5 'kg'",
]
_PIECES += [
    ".",
    "(",
    ")",
    "[",
    "]",
    "+",
    "/",
    "mod",
    "|",
    "&",
    "is",
    "as",
    "in",
    "=",
    "~",
    "<",
    "!=",
]
_PIECES += [
    "where",
    "select",
    "repeat",
    "iif",
    "matches",
    "replaceMatches",
    "toInteger",
    "power",
    "ln",
]
_PIECES += [
    "descendants",
    "aggregate",
    "trace",
    "substring",
    "round",
    "`",
    "'\\u12",
    "/*",
    "//",
    "\x00",
]
expressions = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=14).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=14).map(" ".join),
    st.builds("name.given.{}({})".format, st.sampled_from(_PIECES), st.sampled_from(_PIECES)),
    texts,
)

_field = st.sampled_from(
    ["from", "id", "timestamp", "type", "text", "image", "context", "statuses"]
)
_message = st.one_of(values, st.dictionaries(_field, values | st.just({"body": "ya"}), max_size=6))
_change = st.one_of(
    values,
    st.builds(
        lambda messages, statuses, metadata: {
            "field": "messages",
            "value": {"messages": messages, "statuses": statuses, "metadata": metadata},
        },
        st.lists(_message, max_size=3) | values,
        st.lists(_message, max_size=3) | values,
        values,
    ),
)
webhooks = st.one_of(
    st.lists(_change, max_size=3).map(
        lambda changes: _json(
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
        )
    ),
    bodies,
)
chats = st.lists(
    st.one_of(
        st.sampled_from(
            ["20/08/2024, 14:30 - Bu Siti: ya", "[20/08/24, 14.30.15] A: b", "99/99/99 1.1 - "]
        ),
        st.text(max_size=40),
    ),
    max_size=6,
).map("\n".join)

SECRET_KEY = b"of the tests".ljust(32)


def _encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


_headers = st.sampled_from([b'{"alg":"HS256"}', b'{"alg":"none"}', b'{"alg":"RS384","kid":[1]}'])
tokens_given = st.one_of(
    texts,
    st.builds("{}.{}.{}".format, texts, texts, texts),
    st.builds(
        lambda head, payload, proof: ".".join(map(_encoded, (head, payload, proof))),
        st.one_of(_headers, bodies),
        bodies,
        st.binary(max_size=8),
    ),
)


@cache
def _parameters() -> Any:
    return load_parameters(load_definitions(), base_url="https://here.example/fhir")


def _read_wire(body: bytes) -> None:
    document = wire.parse(body)
    validate(document, load_definitions())
    wire.dump(document)


def _search(pairs: list[tuple[str, str]]) -> None:
    for kind in ("Patient", None):
        with contextlib.suppress(FhirError):
            compile(parse(kind, pairs, _parameters()), _parameters(), Settings())


def _read_xml(body: bytes) -> None:
    to_xml(from_xml(body, load_definitions()), load_definitions())


def _evaluate(text: str) -> None:
    compiled(text, NEVER_STORED).items(PATIENT)


def _webhook(body: bytes) -> None:
    for each in cloud.read(body).messages:
        content.read(each.kind, each.content)


def _token(text: str) -> None:
    tokens.read(text, SECRET_KEY, now=0)


@dataclass(frozen=True)
class Parser:
    """Something that reads what came from outside."""

    given: st.SearchStrategy[Any]
    read: Callable[[Any], object]
    refusals: tuple[type[Exception], ...] = (FhirError,)

    def feed(self, what: Any) -> bool:
        """Tell whether it was read; anything but a refusal is raised."""
        try:
            self.read(what)
        except self.refusals:
            return False
        return True


PARSERS = {
    "wire": Parser(bodies, _read_wire),
    "query": Parser(queries, _search),
    "query string": Parser(st.text(max_size=60), lambda text: _search(parse_qsl(text))),
    "patch": Parser(patches, lambda patch: patched(RAW, patch)),
    "xml": Parser(documents, _read_xml),
    "fhirpath": Parser(expressions, _evaluate, (FhirPathError,)),
    "webhook": Parser(webhooks, _webhook, (cloud.Unreadable,)),
    "form": Parser(bodies, forms.read, (forms.Unreadable,)),
    "assertion": Parser(tokens_given, assertions.issuer, (assertions.BadAssertion,)),
    "token": Parser(tokens_given, _token, (tokens.BadToken,)),
    "export": Parser(chats, export.parse, (export.UnreadableExport,)),
}
