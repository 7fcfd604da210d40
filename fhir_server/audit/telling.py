"""What is recorded of a request: what was asked for, by whom, about whom, and what it changed.

Runs after the answer, in the thread that writes the trail; but for ``shown``.
https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson

from fhir_server.sop import entitas
from fhir_server.store.traces import described
from fhir_server.store.trail import Told
from fhir_server.store.trail.patients import named

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterator

    from fhir_server.store.trail import Event

FHIR: Final = "/fhir/"
SIGN_INS: Final = {
    "/oauth2/token": "login",
    "/oauth2/introspect": "introspect",
    "/oauth2/revoke": "logout",
}
SOP: Final = "/sop/v1/"
LONGEST: Final = 2000
"""Characters of a query that are kept; a longer one ends in an ellipsis."""

COMMAND: Final = "command"
READINGS: Final = frozenset({"$everything", "$siapa-melihat"})
"""Operations that are the reading of a record."""

_ID: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_JOBS: Final = "_jobs"
"""Below it lie the files of exports."""

_LETTERS: Final = {"GET": "R", "HEAD": "R", "PUT": "U", "PATCH": "U", "DELETE": "D", "POST": "C"}
_WRITES: Final = {"PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_SEARCHES: Final = frozenset({"search-type", "search-system"})
_ONE: Final = re.compile(r"/fhir/([A-Z][A-Za-z]+)/([A-Za-z0-9.\-]{1,64})")
"""The path of one resource."""
_FOUND: Final = 200
_UNSEEN: Final = frozenset({304, 403, 410})
"""Answers that are about a resource and do not show it."""
_PATIENT: Final = "Patient/"


def teller(types: Container[str]) -> Callable[[Event], Told]:
    """Make what turns an event into what is stored of it; ``types`` are the resource types."""

    def tell(event: Event) -> Told:
        who = described(event.access.who)
        if event.status == _FOUND and event.method == "GET" and not event.query:
            one = _ONE.fullmatch(event.path)
            if one is not None and not event.access.changes:
                return _read_of(event, one, who)
        return _told(event, who, types)

    return tell


def _read_of(event: Event, one: re.Match[str], who: dict[str, Any]) -> Told:
    """Tell of one resource that was read: most of what happens, by the shortest way."""
    access = event.access
    patients = [one[2]] if one[1] == "Patient" else []
    if event.shown or access.patients:
        patients = sorted({*patients, *event.shown, *access.patients})
    row = [
        event.moment,
        "R",
        "read",
        event.status,
        who,
        access.address,
        access.request,
        event.path[len(FHIR) :],
        None,
        patients,
        (),
        access.number,
        access.notes,
    ]
    return Told(row)


def _told(event: Event, who: dict[str, Any], types: Container[str]) -> Told:
    access = event.access
    kind, letter, target = _asked(event)
    patients = {*access.patients, *event.shown}
    if event.query:
        patients.update(_meant(event.query))
    unseen = []
    if access.changes:
        unseen += [(each.resource_type, each.id) for each in access.changes if not each.patients]
    if target.startswith(_PATIENT):
        if one := _resource(target, types):
            patients.add(one[1])
    elif event.status in _UNSEEN and (one := _resource(target, types)):
        unseen.append(one)
    if kind == COMMAND:
        unseen += _referred(event.query)
    row = [
        event.moment,
        letter,
        kind,
        event.status,
        who,
        access.address,
        access.request,
        _cut(target),
        _cut(event.query) or None,
        sorted(patients) if len(patients) > 1 else list(patients),
        [list(each) for each in access.changes] if access.changes else (),
        access.number,
        access.notes,
    ]
    return Told(row, tuple(unseen))


def _resource(target: str, types: Container[str]) -> tuple[str, str] | None:
    """Give type and id of the resource that a target begins with."""
    resource_type, _, rest = target.partition("/")
    identity = rest.partition("/")[0]
    is_one = resource_type in types and _ID.fullmatch(identity) is not None
    return (resource_type, identity) if is_one else None


def _referred(query: str) -> Iterator[tuple[str, str]]:
    """Give the resources that a command says it is about."""
    for name, value in parse_qsl(query):
        resource_type, _, identity = value.partition("/")
        if name == "reference" and _ID.fullmatch(identity):
            yield resource_type, identity


def _asked(event: Event) -> tuple[str, str, str]:
    """Give interaction, letter and target of a request."""
    if event.method in {"WORK", "COMMAND"}:
        return event.method.lower(), "E", event.path
    if event.path in SIGN_INS:
        return SIGN_INS[event.path], "E", event.path
    if event.path.startswith(FHIR) or event.path == FHIR[:-1]:
        return _asked_fhir(event.method, event.path[len(FHIR) :].rstrip("/"))
    if event.path.startswith(SOP):
        return _asked_sop(event.method, event.path)
    return "operation", "E", event.path


def _asked_sop(method: str, path: str) -> tuple[str, str, str]:
    parts = path[len(SOP) :].split("/")
    is_search = parts[-1] == "_cari" or (method == "GET" and len(parts) == 1)
    return "sop", "E" if is_search else _LETTERS.get(method, "E"), path


def _asked_fhir(method: str, path: str) -> tuple[str, str, str]:
    parts = path.split("/") if path else []
    if parts and parts[-1].startswith("$"):
        return "operation", "R" if parts[-1] in READINGS else "E", path
    if method not in {"GET", "HEAD"}:
        return _asked_to_write(method, parts, path)
    if len(parts) > 2 and parts[0] == _JOBS:
        return "operation", "R", path
    kind = _read(parts)
    return kind, "E" if kind in _SEARCHES else "R", path


def _asked_to_write(method: str, parts: list[str], path: str) -> tuple[str, str, str]:
    if parts and parts[-1] == "_search":
        kind = "search-type" if len(parts) > 1 else "search-system"
        return kind, "E", path.removesuffix("_search").rstrip("/")
    if not parts:
        return "batch", "E", ""
    return _WRITES.get(method, "operation"), _LETTERS.get(method, "E"), path


def _read(parts: list[str]) -> str:
    match parts:
        case [] | ["_history"]:
            return "history-system" if parts else "search-system"
        case [_]:
            return "search-type"
        case [_, "_history"]:
            return "history-type"
        case [_, _]:
            return "read"
        case [_, _, "_history"]:
            return "history-instance"
        case [_, _, "_history", _]:
            return "vread"
        case _:
            return "search-type"


def _meant(query: str) -> Iterator[str]:
    """Give the patients whom a search names."""
    if "patient" in query or "subject" in query or "Patient" in query:
        for name, value in _parameters(query):
            if name.partition(":")[0] in {"patient", "subject"} or value.startswith("Patient/"):
                for each in value.split(","):
                    identity = each.removeprefix("Patient/")
                    if _ID.fullmatch(identity):
                        yield identity


def _parameters(query: str) -> list[tuple[str, str]]:
    """Part a query; one that has nothing to decode by the shortest way."""
    if "%" in query or "+" in query:
        return parse_qsl(query)
    return [(name, value) for name, _, value in (each.partition("=") for each in query.split("&"))]


def shown(path: str, answer: bytes) -> Collection[str]:
    """Give the patients (ids) whom the answer to a request names."""
    return _of_document(path, answer) if path.startswith(SOP) else named(answer)


def _of_document(path: str, body: bytes) -> set[str]:
    """Give the patients of a SOP document, or of a page of them."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:  # a page for people: what it names is in its address
        return set()
    documents = given.get("dokumen", [given]) if isinstance(given, dict) else []
    found = set(_patients_in(documents))
    if path[len(SOP) :].partition("/")[0] == "pasien":
        found.update(each["id"] for each in documents if isinstance(each.get("id"), str))
    return {each for each in found if _ID.fullmatch(each)}


def _patients_in(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _patients_in(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in _names():
                yield from ([each] if isinstance(each, str) else _texts(each))
            else:
                yield from _patients_in(each)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


@cache
def _names() -> frozenset[str]:
    """Name the fields of SOP documents that hold a patient."""
    return frozenset(
        each.name
        for entity in entitas().values()
        for each in fields(entity.dokumen)
        if each.metadata.get("rujuk") == "pasien"
    )


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
