"""All that the simulator knows, in memory: resources, people, and who created what how often."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Document = dict[str, Any]


@dataclass
class Ways:
    """Where SATUSEHAT changed over the years, or where nobody knows: what a run decides."""

    duplicates: bool = True
    references: bool = True
    episode_put: bool = False
    standalone_medication: bool = True
    old_newborns: bool = False
    page: int = 0
    earliest: str = "2014-06-03"
    earliest_said: str = "3rd June 2014"


@dataclass
class World:
    """The platform's store; every change is made under ``lock``."""

    base: str = ""
    ways: Ways = field(default_factory=Ways)
    lock: threading.RLock = field(default_factory=threading.RLock)
    resources: dict[str, dict[str, Document]] = field(default_factory=lambda: defaultdict(dict))
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    by_identifier: dict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_reference: dict[tuple[str, str], list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )
    people: dict[tuple[str, str], Document] = field(default_factory=dict)
    created: Counter[tuple[str, str]] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    twice: Counter[tuple[str, str]] = field(default_factory=Counter)
    order: list[tuple[str, str, str]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    facilities: dict[str, str] = field(default_factory=dict)
    referrals: int = 0
    journal: Callable[[str, Document, str], None] = lambda *_: None

    def reset(self) -> None:
        """Forget everything but the facilities that may log in."""
        with self.lock:
            facilities = dict(self.facilities)
            fresh = World(self.base)
            for name in ("ways", "resources", "owners", "by_identifier", "by_reference", "people"):
                setattr(self, name, getattr(fresh, name))
            self.uncount()
            self.requests = fresh.requests
            for id, name in facilities.items():
                self.admit_facility(id, name)

    def admit_facility(self, id: str, name: str) -> None:
        """Let there be a facility that the platform itself has registered."""
        self.facilities[id] = name
        self.put({"resourceType": "Organization", "id": id, "name": name}, "")

    def get(self, resource_type: str, id: str) -> Document | None:
        """Give a resource as it is stored."""
        return self.resources[resource_type].get(id)

    def add(self, resource: Document, owner: str, id: str = "") -> Document:
        """Store a new resource under a new id, and count it."""
        stored = self._store({**resource, "id": id or str(uuid.uuid4())}, owner)
        self._enter(stored)
        self.journal("add", stored, owner)
        return stored

    def put(self, resource: Document, owner: str) -> Document:
        """Store the next version of a resource."""
        stored = self._store(resource, owner)
        self.journal("put", stored, owner)
        return stored

    def enter_person(self, person: Document, resource: Document) -> None:
        """Let a person be known; ``resource`` is what is told of the person."""
        self.people[person["kind"], person["id"]] = person
        self.journal("person", person, "")
        self.by_identifier_of(self.put(resource, ""))

    def replay(self, path: Path) -> None:
        """Take in what an earlier process has written down, and go on writing."""
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                what, document, owner = json.loads(line)
                self._take(what, document, owner)
        file = path.open("a", encoding="utf-8")

        def write(what: str, document: Document, owner: str) -> None:
            file.write(json.dumps([what, document, owner]) + "\n")
            file.flush()

        self.journal = write

    def _take(self, what: str, document: Document, owner: str) -> None:
        if what == "ways":
            self.ways = Ways(**document)
        elif what == "person":
            self.people[document["kind"], document["id"]] = document
        else:
            self.resources[document["resourceType"]][document["id"]] = document
            self.owners[document["resourceType"], document["id"]] = owner
            if what == "add":
                self._enter(document)
            else:
                self.by_identifier_of(document)

    def count(self, kind: str, name: str, id: str) -> None:
        """Note that a resource was created, and whether one of its name was before."""
        key = kind, name or f"(no identifier) {id}"
        self.created[key] += 1
        self.types[kind] += 1
        if self.created[key] > 1:
            self.twice[key] = self.created[key]
        self.order.append((kind, name, id))

    def uncount(self) -> None:
        """Forget what was counted: it was there from the beginning."""
        for each in (self.created, self.types, self.twice, self.order):
            each.clear()

    def _enter(self, stored: Document) -> None:
        kind, id = stored["resourceType"], stored["id"]
        self.by_identifier_of(stored)
        for name in references(stored):
            self.by_reference[kind, name].append(id)
        marks = [mark(each) for each in identifiers(stored) if is_own(each)]
        self.count(kind, marks[0] if marks else "", id)

    def by_identifier_of(self, resource: Document) -> None:
        """Let a resource be found by the identifiers it has."""
        for each in identifiers(resource):
            found = self.by_identifier[resource["resourceType"], mark(each)]
            if resource["id"] not in found:
                found.append(resource["id"])

    def _store(self, resource: Document, owner: str) -> Document:
        """Store a version of a resource; its number is opaque, as SATUSEHAT's is."""
        now = datetime.now(UTC)
        stamp = str(int(now.timestamp() * 1_000_000) * 1000).encode()
        meta = {
            **resource.get("meta", {}),
            "lastUpdated": now.isoformat(),
            "versionId": base64.b64encode(stamp).decode().rstrip("="),
        }
        stored = {**resource, "meta": meta}
        self.resources[resource["resourceType"]][resource["id"]] = stored
        self.owners[resource["resourceType"], resource["id"]] = owner
        return stored

    def with_identifier(self, resource_type: str, text: str) -> list[Document]:
        """Find the resources that have an identifier ``system|value``."""
        found = self.by_identifier.get((resource_type, text), ())
        return [self.resources[resource_type][id] for id in found]

    def referring(self, resource_type: str, reference: str) -> list[Document]:
        """Find the resources that refer to ``Type/id``, in the order of their creation."""
        found = self.by_reference.get((resource_type, reference), ())
        return [self.resources[resource_type][id] for id in found]


def identifiers(resource: Document) -> list[Document]:
    """List the identifiers of a resource; a Composition has one, and no list."""
    given = resource.get("identifier", [])
    listed = given if isinstance(given, list) else [given]
    return [each for each in listed if isinstance(each, dict)]


def is_own(identifier: Document) -> bool:
    """Say whether an identifier is one a facility gives, which no two resources share."""
    return str(identifier.get("system", "")).startswith("http://sys-ids.kemkes.go.id/")


def mark(identifier: Document) -> str:
    """Write an identifier as one searches for it."""
    return f"{identifier.get('system', '')}|{identifier.get('value', '')}"


def references(part: Any) -> Iterator[str]:
    """Give every ``reference`` of a resource, contained ones left out."""
    for name, _ in references_at(part, ""):
        yield name


def references_at(part: Any, path: str) -> Iterator[tuple[str, str]]:
    """Give every ``reference`` of a resource with the path where it stands."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "reference" and isinstance(value, str):
                if not value.startswith("#"):
                    yield value, path
            elif isinstance(value, (dict, list)):
                yield from references_at(value, f"{path}.{name}")
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from references_at(each, f"{path}[{index}]")
