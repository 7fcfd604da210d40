"""The store as one principal may meet it: every query carries what the principal may see.

Nothing is filtered afterwards: a resource out of reach is in no answer, no count, no chain. To read
one by its id is refused in the same words whether it is there or not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import structs

from fhir_server.access import parts
from fhir_server.access.directory import DIRECTORY
from fhir_server.access.reach import written_by
from fhir_server.access.reaches import known, reach_of
from fhir_server.access.scopes import Allowed
from fhir_server.access.veil import veil, words_of
from fhir_server.access.versions import Past
from fhir_server.auth.scopes import ALL
from fhir_server.errors import Forbidden, Hidden
from fhir_server.resources.references import attached, referred, relative
from fhir_server.search.matching import is_match
from fhir_server.search.plan import Join, Plan
from fhir_server.store.mongo import Store
from fhir_server.store.ops import Check, Delete

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fhir_server.access.reach import Reach
    from fhir_server.auth.principals import Principal
    from fhir_server.context import Context
    from fhir_server.errors import FhirError
    from fhir_server.search.plan import Filter
    from fhir_server.store.history import Page
    from fhir_server.store.ops import Condition, Found, Op, Put, Stored, Written

BINARY = "Binary"
_EPOCH = datetime.fromtimestamp(0, UTC)
OPEN = frozenset(
    {"ready", "close", "secret", "whole", "types", "tally", "unguarded", "permit"}
    | {"clients", "customs", "profiles", "terminology", "binaries", "born"}
)
"""What anybody may use of a store: it gives out no resource."""


def entered(context: Context, principal: Principal) -> Context:
    """Give the context of a request that this principal makes; a person's role is looked up."""
    principal = known(context, principal)
    if principal.reach == "everything" and principal.scopes == {ALL}:
        return replace(context, principal=principal)
    guarded = replace(context, principal=principal)
    return replace(guarded, store=Guarded(guarded))


class Guarded(Store):
    """A store that asks for rights first; it shares everything with the store it guards."""

    def __init__(self, context: Context) -> None:
        self.__dict__.update(context.store.__dict__)
        self._whole = context.store
        self._definitions = context.definitions
        self._parameters = context.parameters
        self._authors = context.principal.authors
        self._allowed = Allowed(context)
        self._reach: Reach | None = reach_of(context)

    @property
    def unguarded(self) -> Store:
        """The store that is guarded."""
        return self._whole

    def permit(self, ops: Sequence[Op]) -> None:
        """Refuse writes that scope or reach do not allow."""
        together = {(op.resource_type, op.id) for op in ops}
        for op in ops:
            letter = "d" if isinstance(op, Delete) else "c" if op.existing is False else "u"
            self._allowed.expect(op.resource_type, letter)
            self._permit(op, letter, together)

    def _permit(self, op: Op, letter: str, together: set[tuple[str, str]]) -> None:
        wanted = self._allowed.within(op.resource_type, letter)
        if wanted and not isinstance(op, Delete) and not _fits(op, wanted):
            raise Forbidden(f"Your scope does not reach as far as this {op.resource_type}.")
        if self._reach is not None and not self._may_write(op.resource_type):
            raise Forbidden(f"{op.resource_type} is not yours to write.")
        is_new = not isinstance(op, Delete) and op.existing is False
        is_limited = self._is_limited(op.resource_type, letter)
        if is_limited and not is_new and not self._is_visible(op.resource_type, op.id, letter):
            raise _hidden(op.resource_type, op.id)
        if not isinstance(op, Delete) and self._reach is not None:
            self._expect_own(op, self._reach)
            self._expect_known(op, together)

    def _may_write(self, resource_type: str) -> bool:
        """Say whether the reach writes a type; who sees a part would write away the rest."""
        reach = self._reach
        return reach is None or (
            reach.may_write(resource_type) and reach.part(resource_type) is None
        )

    def _expect_known(self, op: Put, together: set[tuple[str, str]]) -> None:
        """Refuse to refer to what is out of reach: a reference would bring it into reach."""
        document = orjson.loads(op.text.stamped(0, _EPOCH))
        links = (*referred(document), *attached(document))
        named = dict.fromkeys(key for each in links if (key := relative(each)) is not None)
        for kind, identity in named:  # as they are written: which is refused tells nothing more
            if kind in DIRECTORY or (kind, identity) in together:
                continue
            if not self._is_visible(kind, identity):
                raise _hidden(kind, identity)

    def _expect_own(self, op: Put, reach: Reach) -> None:
        """Refuse to write into the record of a patient who is out of reach."""
        index = op.index
        named = dict.fromkeys((*_listed(index.get("patient")), *_listed(index.get("_of"))))
        strange = [each.removeprefix("Patient/") for each in named if each.startswith("Patient/")]
        own = reach.patients()
        if not all(each in own or self._is_visible("Patient", each) for each in strange):
            raise Forbidden(f"This {op.resource_type} is of a patient who is not in your reach.")

    def expect_free(self, resource_type: str, resource_id: str) -> None:
        """Refuse ids that the client chooses: whether one is taken is not for it to know."""
        if self._is_limited(resource_type, "c"):
            raise _hidden(resource_type, resource_id)

    def judged(self, conditions: Sequence[Condition]) -> Sequence[Condition]:
        """Narrow what conditions look at where whoever asks made them up."""
        return [
            structs.replace(each, plans=tuple(self._narrowed(plan) for plan in each.plans))
            if isinstance(each, Check) and each.asked
            else each
            for each in conditions
        ]

    def veil(self, error: FhirError, ops: Sequence[Op]) -> None:
        """Take the ids of what is out of reach out of what a rule has said."""
        own = {word for op in ops for word in words_of(_said(op))}
        veil(error, lambda words: self._hidden_of(words - own))

    def _hidden_of(self, words: set[str]) -> set[str]:
        """Find which of some words are ids of resources of which none is in reach."""
        there, seen = set[str](), set[str]()
        kinds = [each for each in self._whole.types() if each not in DIRECTORY] if words else []
        plans = [Plan(each, {"_id": {"$in": sorted(words)}}, limit=len(words)) for each in kinds]
        for plan, found in zip(plans, self._whole.search_many(plans), strict=True):
            if found.resources:
                there |= _ids(found)
                seen |= self._seen_of(plan)
        return there - seen

    def _seen_of(self, plan: Plan) -> set[str]:
        may = self._allowed.may(plan.resource_type, "r")
        return _ids(self._whole.search(self._reached(plan, "r"))) if may else set()

    def read(self, resource_type: str, resource_id: str) -> Stored | None:
        """Give the current version, if it is in reach."""
        self._allowed.expect(resource_type, "r")
        if not self._is_limited(resource_type, "r"):
            return self._whole.read(resource_type, resource_id)
        found = self._find(resource_type, resource_id, "r")
        if found is None:
            raise _hidden(resource_type, resource_id)
        return self._shown(self._whole.whole(found))

    def vread(self, resource_type: str, resource_id: str, version: int) -> Stored | None:
        """Give one version of what is in reach now, if it was so as it is written."""
        past = self._past(resource_type, resource_id)
        found = self._whole.vread(resource_type, resource_id, version)
        if found is None or (past and not past.is_open(found)):
            return None
        return self._shown(found)

    def history(
        self, resource_type: str | None = None, resource_id: str | None = None, **asked: Any
    ) -> Page:
        """Give the history of a resource in reach; of a type or of all only without limits."""
        past = None
        if resource_type and resource_id:
            past = self._past(resource_type, resource_id)
        else:
            self._allowed.expect(resource_type or "*", "s")
            if self._reach is not None or self._allowed.within(resource_type or "*", "s"):
                raise Forbidden(
                    "The history of a type holds what is not in your reach; ask resource by "
                    "resource."
                )
        page = self._whole.history(resource_type, resource_id, **asked)
        kept = [each for each in page.resources if past is None or past.is_open(each)]
        total = page.total if len(kept) == len(page.resources) else None
        return replace(page, resources=tuple(map(self._shown, kept)), total=total)

    def _past(self, resource_type: str, resource_id: str) -> Past | None:
        """Give what judges the versions of a resource in reach; None: all of them are open."""
        self.read(resource_type, resource_id)
        if not self._is_limited(resource_type, "r") or self._is_own(resource_type, resource_id):
            return None
        current = self._find(resource_type, resource_id, "r")
        if current is None:
            raise _hidden(resource_type, resource_id)
        reach = self._reach.past(resource_type) if self._reach else {}
        wanted = _both(reach, self._allowed.within(resource_type, "r"))
        return Past(current, wanted, partial(self._is_visible, "Patient"), self._parameters)

    def _is_own(self, resource_type: str, resource_id: str) -> bool:
        """Say whether who asks has written a version of a resource."""
        wanted = {"_id": resource_id, **written_by(self._authors)}
        plan = Plan(resource_type, wanted, limit=1)
        return bool(self._authors and self._whole.search(plan).resources)

    def search(self, plan: Plan) -> Found:
        """Run a search over what is in reach."""
        return self._all_shown(self._whole.search(self._narrowed(plan)))

    def search_many(self, plans: Sequence[Plan]) -> list[Found]:
        """Run searches over what is in reach."""
        found = self._whole.search_many([self._narrowed(each) for each in plans])
        return [self._all_shown(each) for each in found]

    def transact(self, ops: Sequence[Op], conditions: Sequence[Condition] = ()) -> list[Written]:
        """Write what may be written."""
        self.permit(ops)
        return self._whole.transact(ops, self.judged(conditions))

    def __getattribute__(self, name: str) -> Any:
        """Keep what gives out resources by other ways for those without limits."""
        given = super().__getattribute__(name)
        if name.startswith("_") or name in OPEN or name in Guarded.__dict__:
            return given
        raise Forbidden(f"This needs the scope {ALL} and no limits.")

    def _is_limited(self, resource_type: str, letter: str) -> bool:
        if self._allowed.within(resource_type, letter):
            return True
        reach = self._reach
        return reach is not None and bool(
            reach.of(resource_type) or reach.through(resource_type) or reach.part(resource_type)
        )

    def _is_visible(self, resource_type: str, resource_id: str, letter: str = "") -> bool:
        return self._find(resource_type, resource_id, letter) is not None

    def _find(self, resource_type: str, resource_id: str, letter: str) -> Stored | None:
        """Find a resource in reach; without a letter, whatever the scopes say."""
        plan = self._reached(Plan(resource_type, {"_id": resource_id}, limit=1), letter)
        return next(iter(self._whole.search(plan).resources), None)

    def _narrowed(self, plan: Plan) -> Plan:
        """Add to a plan, and to all it joins, what is in reach; leave out types that are not."""
        plans = [replace(plan, also=()), *plan.also]
        if plan.also:
            plans = [each for each in plans if self._allowed.may(each.resource_type, "s")]
        if not plans or not plan.also:
            self._allowed.expect(plan.resource_type, "s")
        for each in plans:
            self._expect_shown(each)
        first, *others = [self._reached(each, "s") for each in plans]
        narrow = self._includable if plan.includes else None
        return replace(first, also=tuple(others), narrow=narrow)

    def _reached(self, plan: Plan, letter: str) -> Plan:
        """Add to a plan and to its own joins what is in reach."""
        joins = tuple(self._join(each) for each in plan.joins)
        own = self._within(plan.resource_type, letter)
        wanted = _both(plan.filter, own[0])
        return replace(plan, filter=wanted, joins=(*joins, *own[1]))

    def _join(self, join: Join) -> Join:
        self._allowed.expect(join.resource_type, "s")
        self._expect_part(join.resource_type, parts.asked(join))
        own = self._within(join.resource_type, "s")
        return replace(
            join,
            filter=_both(join.filter, own[0]),
            joins=(*(self._join(each) for each in join.joins), *own[1]),
            others=tuple(self._join(each) for each in join.others),
        )

    def _within(self, resource_type: str, letter: str) -> tuple[Filter, tuple[Join, ...]]:
        """Give what reach and scope leave of a type."""
        scope = self._allowed.within(resource_type, letter) if letter else {}
        if self._reach is None:
            return scope, ()
        if resource_type == BINARY:
            return scope, (self._attached(self._reach.of(BINARY)),)
        filters = _both(self._reach.of(resource_type), scope)
        return filters, self._reach.through(resource_type)

    def _attached(self, own: Filter) -> Join:
        """Say that a document in reach must have a Binary attached, unless it is the reader's."""
        wanted, joins = self._within("DocumentReference", "")
        field = "ix.location"
        return Join("DocumentReference", wanted, field, forward=False, joins=joins, unless=own)

    def _includable(self, resource_type: str) -> tuple[Filter, tuple[Join, ...]] | None:
        if not self._allowed.may(resource_type, "r"):
            return None
        return self._within(resource_type, "r")

    def _expect_shown(self, plan: Plan) -> None:
        """Refuse to find, sort or include by what is not shown."""
        self._expect_part(plan.resource_type, parts.asked(plan))
        for each in plan.includes:
            self._expect_part(each.source_type, [each.field])

    def _expect_part(self, resource_type: str, fields: Iterable[str]) -> None:
        part = self._reach.part(resource_type) if self._reach is not None else None
        if part is not None:
            parts.expect(part, resource_type, fields)

    def _shown(self, stored: Stored) -> Stored:
        part = self._reach.part(stored.resource_type) if self._reach is not None else None
        return stored if part is None else parts.shown(stored, part, self._definitions)

    def _all_shown(self, found: Found) -> Found:
        return structs.replace(found, resources=tuple(map(self._shown, found.resources)))


def _both(one: Filter, other: Filter) -> Filter:
    return {"$and": [one, other]} if one and other else one or other


def _fits(op: Put, wanted: Filter) -> bool:
    """Hold what is to be written against the words of a scope."""
    return is_match(wanted, {"_id": op.id, "ix": op.index, "by": list(op.authors)})


def _hidden(resource_type: str, resource_id: str) -> Hidden:
    """Refuse in the same words whether the resource is there or not."""
    return Hidden(f"{resource_type}/{resource_id} is not in your reach, or is not there.")


def _ids(found: Found) -> set[str]:
    return {each.id for each in found.resources}


def _said(op: Op) -> str:
    """Give what the client itself has said: to repeat it tells nothing."""
    written = "" if isinstance(op, Delete) else op.text.raw.decode()
    return f"{op.id} {written}"


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
