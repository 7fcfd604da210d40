"""The store as one principal may meet it: every query carries what the principal may see.

Nothing is filtered afterwards: a resource out of reach is in no answer, no count, no chain. To read
one by its id is refused in the same words whether it is there or not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from fhir_server.access.assignment import Assignment
from fhir_server.access.directory import DIRECTORY
from fhir_server.access.referrals import Referrals
from fhir_server.auth.scopes import ALL, WORDS, allows
from fhir_server.errors import Forbidden
from fhir_server.resources.references import referred, relative
from fhir_server.search.plan import Plan
from fhir_server.store.mongo import Store
from fhir_server.store.ops import Delete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context
    from fhir_server.search.plan import Filter, Join
    from fhir_server.store.history import Page
    from fhir_server.store.ops import Condition, Found, Op, Put, Stored, Written

_EPOCH = datetime.fromtimestamp(0, UTC)
OPEN = frozenset(
    {"ready", "close", "secret", "whole", "types", "tally", "unguarded", "permit"}
    | {"clients", "customs", "profiles", "terminology", "binaries"}
)
"""What anybody may use of a store: it gives out no resource."""


class Reach(Protocol):
    """What of each type a principal may meet."""

    def of(self, resource_type: str) -> Filter:
        """Give the filter of a type; ``{}`` is all of it."""

    def patients(self) -> frozenset[str]:
        """Give the ids of the patients whose records may be added to."""

    def may_write(self, resource_type: str) -> bool:
        """Say whether resources of a type may be written at all."""


def entered(context: Context, principal: Principal) -> Context:
    """Give the context of a request that this principal makes."""
    if principal.reach == "everything" and principal.scopes == {ALL}:
        return replace(context, principal=principal)
    guarded = replace(context, principal=principal)
    return replace(guarded, store=Guarded(guarded))


def _reach(context: Context) -> Reach | None:
    principal = context.principal
    if principal.reach == "referrals":
        return Referrals(context, principal.organization or "")
    if principal.reach == "assignment":
        return Assignment(context, principal.person or "")
    return None


class Guarded(Store):
    """A store that asks for rights first; it shares everything with the store it guards."""

    def __init__(self, context: Context) -> None:
        self.__dict__.update(context.store.__dict__)
        self._whole = context.store
        self._principal = context.principal
        self._reach = _reach(context)

    @property
    def unguarded(self) -> Store:
        """The store that is guarded."""
        return self._whole

    def permit(self, ops: Sequence[Op]) -> None:
        """Refuse writes that scope or reach do not allow."""
        for op in ops:
            letter = "d" if isinstance(op, Delete) else "c" if op.existing is False else "u"
            self._need(op.resource_type, letter)
        if self._reach is not None:
            together = {(op.resource_type, op.id) for op in ops}
            for op in ops:
                self._permit(op, self._reach, together)

    def _permit(self, op: Op, reach: Reach, together: set[tuple[str, str]]) -> None:
        if not reach.may_write(op.resource_type):
            raise Forbidden(f"{op.resource_type} is not yours to write.")
        fresh = not isinstance(op, Delete) and op.existing is False
        there = None if fresh else self._whole.read(op.resource_type, op.id)
        if there is not None and self._visible(op.resource_type, op.id) is None:
            raise _hidden(op.resource_type, op.id)
        if not isinstance(op, Delete):
            self._expect_own(op, reach)
            self._expect_known(op, together)

    def _expect_known(self, op: Put, together: set[tuple[str, str]]) -> None:
        """Refuse to refer to what is out of reach: a reference would bring it into reach."""
        document = orjson.loads(op.text.stamped(0, _EPOCH))
        named = {key for each in referred(document) if (key := relative(each)) is not None}
        for kind, identity in named - together:
            if kind not in DIRECTORY and self._visible(kind, identity) is None:
                raise _hidden(kind, identity)

    def _expect_own(self, op: Put, reach: Reach) -> None:
        """Refuse to write into the record of a patient who is out of reach."""
        index = op.index
        named = {*_listed(index.get("patient")), *_listed(index.get("_of"))}
        strange = {
            each.removeprefix("Patient/") for each in named if each.startswith("Patient/")
        } - reach.patients()
        visible = [each for each in strange if self._visible("Patient", each) is None]
        if visible:
            raise Forbidden(f"This {op.resource_type} is of a patient who is not in your reach.")

    def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Give the current version, if it is in reach."""
        self._need(resource_type, "r")
        if self._reach is None or self._reach.of(resource_type) == {}:
            return self._whole.read(resource_type, resource_id)
        found = self._visible(resource_type, resource_id)
        if found is None:
            raise _hidden(resource_type, resource_id)
        return self._whole.whole(found)

    def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Give one version of what is in reach now."""
        self.read(resource_type, resource_id)
        return self._whole.vread(resource_type, resource_id, version)

    def history(
        self, resource_type: str | None = None, resource_id: str | None = None, **asked: Any
    ) -> Page:
        """Give the history of a resource in reach; of a type or of all only without limits."""
        if resource_type and resource_id:
            self.read(resource_type, resource_id)
        else:
            self._need(resource_type or "*", "s")
            self._expect_everything("The history of a type")
        return self._whole.history(resource_type, resource_id, **asked)

    def search(self, plan: Plan) -> Found:
        """Run a search over what is in reach."""
        return self._included(self._whole.search(self._narrowed(plan)))

    def search_many(self, plans: Sequence[Plan]) -> list[Found]:
        """Run searches over what is in reach."""
        found = self._whole.search_many([self._narrowed(each) for each in plans])
        return [self._included(each) for each in found]

    def transact(self, ops: Sequence[Op], conditions: Sequence[Condition] = ()) -> list[Written]:
        """Write what may be written."""
        self.permit(ops)
        return self._whole.transact(ops, conditions)

    def __getattribute__(self, name: str) -> Any:
        """Keep what gives out resources by other ways for those without limits."""
        given = super().__getattribute__(name)
        if name.startswith("_") or name in OPEN or name in Guarded.__dict__:
            return given
        raise Forbidden(f"This needs the scope {ALL} and no limits.")

    def _need(self, resource_type: str, letter: str) -> None:
        if not allows(self._principal.scopes, resource_type, letter):
            scope = f"system/{resource_type}.{letter}"
            raise Forbidden(f"To {WORDS[letter]} {resource_type} needs the scope {scope}.")

    def _expect_everything(self, what: str) -> None:
        if self._reach is not None:
            raise Forbidden(f"{what} holds what is not in your reach; ask resource by resource.")

    def _visible(self, resource_type: str, resource_id: str) -> Stored | None:
        """Find a resource in reach, whatever the scopes say."""
        filters: list[Filter] = [{"_id": resource_id}]
        if self._reach is not None and (narrow := self._reach.of(resource_type)):
            filters.append(narrow)
        plan = Plan(resource_type, {"$and": filters}, limit=1)
        return next(iter(self._whole.search(plan).resources), None)

    def _narrowed(self, plan: Plan) -> Plan:
        """Add to a plan, and to all it joins, what is in reach; leave out types that are not."""
        plans = [replace(plan, also=()), *plan.also]
        if plan.also:
            scopes = self._principal.scopes
            plans = [each for each in plans if allows(scopes, each.resource_type, "s")]
        if len(plans) < 1 or not plan.also:
            self._need(plan.resource_type, "s")
        first, *others = [self._with_reach(each) for each in plans]
        return replace(first, also=tuple(others))

    def _with_reach(self, plan: Plan) -> Plan:
        joins = tuple(self._join(each) for each in plan.joins)
        wanted = self._and_reach(plan.resource_type, plan.filter)
        return replace(plan, filter=wanted, joins=joins)

    def _join(self, join: Join) -> Join:
        self._need(join.resource_type, "s")
        return replace(
            join,
            filter=self._and_reach(join.resource_type, join.filter),
            joins=tuple(self._join(each) for each in join.joins),
            others=tuple(self._join(each) for each in join.others),
        )

    def _and_reach(self, resource_type: str, wanted: Filter) -> Filter:
        narrow = self._reach.of(resource_type) if self._reach is not None else {}
        if not narrow:
            return wanted
        return {"$and": [wanted, narrow]} if wanted else narrow

    def _included(self, found: Found) -> Found:
        """Keep of what was included what is in reach, by one query for each type."""
        brought: dict[str, list[str]] = {}
        for each in found.resources:
            if each.mode == "include":
                brought.setdefault(each.resource_type, []).append(each.id)
        if not brought:
            return found
        seen = {(kind, each) for kind, ids in brought.items() for each in self._of_these(kind, ids)}
        kept = tuple(
            each
            for each in found.resources
            if each.mode == "match" or (each.resource_type, each.id) in seen
        )
        return replace(found, resources=kept)

    def _of_these(self, resource_type: str, ids: list[str]) -> list[str]:
        if not allows(self._principal.scopes, resource_type, "r"):
            return []
        wanted = self._and_reach(resource_type, {"_id": {"$in": ids}})
        found = self._whole.search(Plan(resource_type, wanted, limit=len(ids)))
        return [each.id for each in found.resources]


def _listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _hidden(resource_type: str, resource_id: str) -> Forbidden:
    return Forbidden(f"{resource_type}/{resource_id} is not in your reach, or is not there.")
