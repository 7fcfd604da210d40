"""What a target may look at: our resources, and what of ours it has already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from fhir_server.auth.principals import OPERATOR
from fhir_server.delivery.runs import references
from fhir_server.interactions.matches import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fhir_server.context import Context
    from fhir_server.delivery.target import Reference
    from fhir_server.store.ops import Stored
    from fhir_server.store.progress import Dispatch

Document = dict[str, Any]


class Seen:
    """The view of one worker's thread on one target; what it has asked for once it remembers."""

    def __init__(self, context: Context, target: str, *, dry: bool = False) -> None:
        self.context = replace(context, store=context.store.unguarded, principal=OPERATOR)
        self._target = target
        self._dry = dry
        self._known: dict[Reference, Dispatch | None] = {}
        self._stored: Mapping[Reference, Stored] = {}
        self._read: dict[Reference, Document | None] = {}

    def read(self, reference: Reference) -> Document | None:
        """Give the current version of a resource of ours, or None; also of what is no reference."""
        if "/" not in reference:
            return None
        if reference not in self._read:
            found = self._stored.get(reference)
            found = found or self.context.store.read(*reference.split("/", 1))
            there = found is not None and found.text is not None
            self._read[reference] = orjson.loads(found.raw) if there and found else None
        return self._read[reference]

    def find(self, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Document]:
        """Give everything that a FHIR search finds in our store."""
        return [orjson.loads(each.raw) for each in matches(self.context, resource_type, pairs)]

    def matches(self, reference: Reference, query: str) -> bool:
        """Tell whether a resource of ours meets search criteria."""
        resource_type, name = reference.split("/", 1)
        pairs = [("_id", name), *parse_qsl(query, keep_blank_values=True)]
        return bool(matches(self.context, resource_type, pairs))

    def remote(self, reference: Reference, key: str = "") -> str | None:
        """Give the id that a resource of ours has at the target, or None."""
        known = self.states([reference]).get(reference)
        found = {part.key: part.remote for part in known.parts} if known else {}
        if key in found:
            return found[key]
        return f"[{reference} is not there yet]" if self._dry else None

    def states(self, references: Iterable[Reference]) -> dict[Reference, Dispatch]:
        """Give how far resources are at the target; none of those it has not been told of."""
        wanted = dict.fromkeys(references)
        strange = [each for each in wanted if each not in self._known]
        if strange:
            found = self.context.store.dispatches.find(self._target, strange)
            self._known.update({each: found.get(each) for each in strange})
        return {each: known for each in wanted if (known := self._known[each]) is not None}

    def prime(
        self, run: Sequence[Dispatch], stored: Mapping[Reference, Stored], *, current: bool
    ) -> None:
        """Ask at once how far all is that a run of deliveries refers to.

        ``stored`` are the versions that are delivered, if they are ``current`` also to be read.
        """
        self._stored = stored if current else {}
        self._known.update({each.reference: each for each in run})
        self.states({name for each in run for name in references(stored.get(each.reference))})

    def learn(self, dispatch: Dispatch) -> None:
        """Remember how far a resource has just come."""
        self._known[dispatch.reference] = dispatch

    def forget(self, references: Iterable[Reference]) -> None:
        """Ask again how far these are, for others have worked meanwhile."""
        for each in references:
            self._known.pop(each, None)
