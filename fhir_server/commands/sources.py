"""Files to load, as Bundles to post: transactions as they are, everything else in chunks.

A resource that has an id keeps it, and one that has none gets an id made from its content, so
that loading a file twice changes nothing but version numbers.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import uuid
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from fhir_server.commands import packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK = 200
NAMESPACE = uuid.UUID("5f6d0f5e-8a51-5c0e-9c64-2a1a6b2f7d10")

NOTHING = msgspec.Raw()

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_NEEDS = re.compile(rb'"reference"\s*:\s*"([A-Z][A-Za-z]+)\?')
_OFFERS = re.compile(rb'"resourceType"\s*:\s*"([A-Z][A-Za-z]+)"')
_SPLIT_TYPES = {"batch", "collection", "searchset"}


class Unreadable(ValueError):
    """A file, or a line of it, is not what can be loaded."""


class Entry(msgspec.Struct, rename="camel", omit_defaults=True):
    """What is read of a Bundle entry; ``resource`` is empty if there is none."""

    full_url: str = ""
    resource: msgspec.Raw = NOTHING
    request: dict[str, str] | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: str
    type: str | None = None
    id: str | None = None
    entry: list[Entry] = []


@dataclass(frozen=True, slots=True)
class Chunk:
    """Entries that are posted together; ``places`` says where in the file each was.

    ``whole``: the file wants all of them or none.
    """

    path: Path
    number: int
    entries: list[Entry]
    places: list[str]
    whole: bool = False

    def bundle(self, kind: str) -> bytes:
        """Write the Bundle to post."""
        body = {"resourceType": "Bundle", "type": kind, "entry": self.entries}
        return msgspec.json.encode(body)


@dataclass(slots=True)
class Source:
    """One file: which types it holds, and which it refers to by a search (``Practitioner?…``)."""

    path: Path
    needs: set[str] = field(default_factory=set)
    offers: set[str] = field(default_factory=set)


def survey(path: Path) -> Source:
    """Look through a JSON file for what it holds and needs; NDJSON is taken as it comes."""
    if is_ndjson(path) or packages.is_package(path):
        return Source(path)
    with _open(path) as file:
        content = file.read()
    needs = {name.decode() for name in _NEEDS.findall(content)}
    return Source(path, needs, {name.decode() for name in _OFFERS.findall(content)})


def in_order(sources: Iterable[Source]) -> list[list[Source]]:
    """Group files so that what a file refers to by a search lies in a group before its own."""
    waiting = list(sources)
    groups: list[list[Source]] = []
    while waiting:
        free = [each for each in waiting if not _waits(each, waiting)] or waiting
        groups.append(free)
        waiting = [each for each in waiting if each not in free]
    return groups


def _waits(source: Source, others: list[Source]) -> bool:
    missing = source.needs - source.offers
    return any(other.offers & missing for other in others if other is not source)


def is_ndjson(path: Path) -> bool:
    """Tell by the name whether a file has one resource a line."""
    return path.name.removesuffix(".gz").endswith((".ndjson", ".jsonl"))


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.suffix == ".gz" else path.open("rb"))


def chunks(path: Path) -> Iterator[Chunk | Unreadable]:
    """Read a file as Chunks; what cannot be read comes as an Unreadable, and reading goes on."""
    if is_ndjson(path):
        yield from _from_lines(path)
        return
    if packages.is_package(path):
        yield from _from_package(path)
        return
    try:
        with _open(path) as file:
            content = file.read()
        yield from _from_content(path, content)
    except (msgspec.DecodeError, Unreadable, gzip.BadGzipFile, EOFError) as error:
        yield Unreadable(f"{error}")


def _from_content(path: Path, content: bytes) -> Iterator[Chunk]:
    bundle = msgspec.json.decode(content, type=_Bundle)
    if bundle.resource_type != "Bundle" or bundle.type not in {"transaction", *_SPLIT_TYPES}:
        resource = put(Entry(resource=msgspec.Raw(content)))
        yield Chunk(path, 0, [resource], [bundle.resource_type])
        return
    entries = [(put(each), f"entry {n}") for n, each in enumerate(bundle.entry) if _is_wanted(each)]
    whole = bundle.type == "transaction" or any(
        each.full_url.startswith("urn:") for each in bundle.entry
    )
    size = max(1, len(entries)) if whole else CHUNK
    for number, start in enumerate(range(0, len(entries), size)):
        part = entries[start : start + size]
        yield Chunk(path, number, [e for e, _ in part], [p for _, p in part], whole)


def _is_wanted(entry: Entry) -> bool:
    if entry.resource is NOTHING:
        return entry.request is not None
    return _head(entry.resource).resource_type != "OperationOutcome"


def _from_lines(path: Path) -> Iterator[Chunk | Unreadable]:
    entries: list[Entry] = []
    places: list[str] = []
    numbers = count()
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                entries.append(put(Entry(resource=msgspec.Raw(line.strip()))))
            except (msgspec.DecodeError, Unreadable) as error:
                yield Unreadable(f"line {number}: {error}")
                continue
            places.append(f"line {number}")
            if len(entries) == CHUNK:
                yield Chunk(path, next(numbers), entries, places)
                entries, places = [], []
    if entries:
        yield Chunk(path, next(numbers), entries, places)


def _from_package(path: Path) -> Iterator[Chunk | Unreadable]:
    """Read the conformance resources; each replaces the one of its URL, if there is one."""
    entries: list[Entry] = []
    places: list[str] = []
    try:
        for name, url, text in packages.contents(path):
            entry = put(Entry(resource=msgspec.Raw(text)))
            if url:
                entry.request = {"method": "PUT", "url": url}
            entries.append(entry)
            places.append(name)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, msgspec.DecodeError, Unreadable) as error:
        yield Unreadable(f"This is no FHIR package: {error}")
        return
    for number, start in enumerate(range(0, len(entries), CHUNK)):
        end = start + CHUNK
        yield Chunk(path, number, entries[start:end], places[start:end])


class _Head(msgspec.Struct, rename="camel"):
    resource_type: str
    id: str | None = None


def _head(raw: msgspec.Raw) -> _Head:
    return msgspec.json.decode(raw, type=_Head)


def put(entry: Entry) -> Entry:
    """Give the entry as a PUT to a known id, unless its request says something else than create."""
    request = entry.request or {}
    if request.get("method", "POST") != "POST" or "ifNoneExist" in request:
        return entry
    if entry.resource is NOTHING:
        raise Unreadable("An entry has neither a resource nor a request.")
    head = _head(entry.resource)
    name = head.id or _name(entry)
    raw = bytes(entry.resource).strip()
    if head.id is None:
        raw = b'{"id":"%s",' % name.encode() + raw[1:]
    url = f"{head.resource_type}/{name}"
    return Entry(entry.full_url, msgspec.Raw(raw), {"method": "PUT", "url": url})


def _name(entry: Entry) -> str:
    last = entry.full_url.replace(":", "/").rsplit("/", 1)[-1]
    if entry.full_url and _ID.fullmatch(last):
        return last
    content = bytes(entry.resource)
    return str(uuid.uuid5(NAMESPACE, content.decode("utf-8", "replace")))
