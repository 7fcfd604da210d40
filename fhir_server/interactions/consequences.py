"""What the SOPs let follow from a write, stored in the same transaction.

What follows rests on what was read before; where that has changed when the write is stored, it is
worked out again. A failure of the write's own is never tried again here.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import orjson
from msgspec import structs

from fhir_server.errors import Conflict, PreconditionFailed
from fhir_server.interactions.reader import StoreReader, outward
from fhir_server.mappings.codes import as_mapped, code_system, criterion
from fhir_server.resources.wire import dump
from fhir_server.store.ops import Check, Concern, Put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fhir_server.context import Context
    from fhir_server.mappings.effects import Effect, Nothing
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Condition, Op, Stored, Written

    Effects = Sequence[tuple[Effect, list[Document]]]
    Make = Callable[[bytes, str, bool], Put]

ATTEMPTS = 40
LONGEST_WAIT = 0.05
STAMP = frozenset({"versionId", "lastUpdated"})
ASAL_DATA = code_system("asal-data")


class Moved(Conflict):
    """Something that was not there when the consequences were worked out is there now."""


def store(
    context: Context, ops: Sequence[Op], conditions: Sequence[Condition], make: Make
) -> list[Written]:
    """Store a write whose resources have effects, together with what follows from it.

    ``make(body, id, new)`` makes a checked Put. Gives what the write's own ops did.
    """
    for attempt in range(ATTEMPTS):
        concerns = [each for op in ops if isinstance(op, Put) for each in op.concerns]
        own, others, nothing = _worked_out(context, ops, context.rules.effects(concerns), make)
        judged = [c for op in (*own, *others) if isinstance(op, Put) for c in op.concerns]
        checks = [*context.rules.checks(judged), *nothing]
        try:
            return context.store.transact([*own, *others], [*conditions, *checks])[: len(own)]
        except (Conflict, PreconditionFailed) as error:
            ours = isinstance(error, Moved) or (error.op is not None and error.op >= len(own))
            if not ours or attempt + 1 == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, LONGEST_WAIT))  # noqa: S311 - no secret
    raise AssertionError("unreachable")


def _worked_out(
    context: Context, ops: Sequence[Op], effects: Effects, make: Make
) -> tuple[list[Op], list[Put], list[Check]]:
    """Give the ops as they are to be stored, what follows, and what that rests on."""
    own, others, checks = list(ops), dict[str, Put](), list[Check]()
    places = {f"{op.resource_type}/{op.id}": place for place, op in enumerate(own)}
    reader = _AsWritten(context, ops)
    for effect, documents in effects:
        causes = [reader.present(each) for each in documents]
        follows, origin = effect.follow(causes, reader), _origin(causes)
        for name, wanted in follows.resources.items():
            version = reader.versions.get(name)
            resource = wanted if version or name in places else _from(origin, wanted)
            made = make(outward(context, resource), resource["id"], version is None)
            place = places.get(name)
            mine = None if place is None else own[place]
            if mine is None or place is None:
                others[name] = structs.replace(made, if_match=version, anyway=True)
            elif isinstance(mine, Put):
                own[place] = _completed(mine, made)
            reader.changed[name] = resource
        checks += [_still(context, each) for each in follows.nothing]
    return own, list(others.values()), checks


def _origin(documents: Iterable[Document]) -> str:
    """Say where a write comes from; one that says nothing of it comes by the FHIR API."""
    tags = (tag for each in documents for tag in each.get("meta", {}).get("tag", ()))
    return next((t["code"] for t in tags if t.get("system") == ASAL_DATA and t.get("code")), "api")


def _from(origin: str, resource: Document) -> Document:
    """Let what is new say the origin of the write that brought it about, unless it says its own."""
    meta = resource.get("meta", {})
    tags = meta.get("tag", ())
    if any(each.get("system") == ASAL_DATA for each in tags):
        return resource
    tagged = {**meta, "tag": [*tags, {"system": ASAL_DATA, "code": origin}]}
    first = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": tagged}
    return {**first, **{key: each for key, each in resource.items() if key not in first}}


class _AsWritten(StoreReader):
    """What is stored, but what this write and the effects before have changed as they leave it.

    A search finds what is stored; what it finds is shown as it will be.
    """

    def __init__(self, context: Context, ops: Sequence[Op]) -> None:
        super().__init__(context)
        self._ops = {f"{op.resource_type}/{op.id}": op for op in ops}
        self.changed: dict[str, Document | None] = {}

    def read(self, reference: str) -> Document | None:
        """Give a resource by ``Type/id`` as it will be, or None if it will not be there."""
        if reference not in self.changed and reference in self._ops:
            self.changed[reference] = self._wanted(self._ops[reference])
        return self.changed[reference] if reference in self.changed else super().read(reference)

    def _wanted(self, op: Op) -> Document | None:
        """Give what an op of the write wants to store, without the stamp it will get."""
        if not isinstance(op, Put):
            return None
        document = _mapped(self._context, op.text.stamped(1, self._context.clock()))
        meta = {key: each for key, each in document.pop("meta").items() if key not in STAMP}
        return {**document, "meta": meta} if meta else document

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything that a FHIR search finds in the store, as it will be."""
        there = super().find(resource_type, pairs)
        names = [f"{resource_type}/{each['id']}" for each in there]
        shown = [
            self.read(name) if name in self._ops or name in self.changed else each
            for name, each in zip(names, there, strict=True)
        ]
        return [each for each in shown if each is not None]

    def present(self, document: Document) -> Document:
        """Give a resource of the write as mappings know it, with what effects have changed."""
        name = f"{document['resourceType']}/{document['id']}"
        seen = self.changed.get(name)
        return seen or _mapped(self._context, dump(document))


def _completed(mine: Put, made: Put) -> Put:
    """Give the write's own Put with the content that it has with its consequences."""
    said = next(iter(mine.concerns), Concern("", {}))
    concerns = tuple(
        structs.replace(each, where=said.where, blind=said.blind, by=said.by)
        for each in made.concerns
    )
    return structs.replace(
        mine, text=made.text, index=made.index, concerns=concerns, notices=made.notices
    )


def _still(context: Context, nothing: Nothing) -> Check:
    canonical = context.settings.canonical
    pairs = [(name, criterion(value, canonical)) for name, value in nothing.pairs]

    def decide(found: Sequence[Sequence[Stored]]) -> None:
        if found[0]:
            raise Moved(f"{nothing.guard}: another request was first. Try again.")

    plan = context.rules.facts(nothing.resource_type, pairs)
    return Check((nothing.guard,), (plan,), decide)


def _mapped(context: Context, raw: bytes) -> Document:
    seen: Document = orjson.loads(as_mapped(raw, context.settings.canonical))
    return seen
