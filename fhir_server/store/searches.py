"""Searches of different requests that came at the same moment, in one round trip.

Those that ask one field for one value each become one command for all values (``many``). Other
small pages of shapes that have shown themselves to be fast become the branches of one aggregation.
A shape is tried alone before it may have company, and again after a batch with it was slow, so
that one slow search keeps nobody waiting.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fhir_server.errors import FhirError
from fhir_server.store import many, pipeline, search
from fhir_server.store.coalesce import Coalescer
from fhir_server.store.failures import DRIVER, translate
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from fhir_server.config import Settings
    from fhir_server.search.plan import Join, Plan
    from fhir_server.store.ops import Found

    Shape = tuple[object, ...]

LARGEST_PAGE = 50
FAST_SECONDS = 0.02
MOST_SHAPES = 10_000


class Searches:
    """Runs searches of one process."""

    def __init__(self, database: Database[dict[str, Any]], settings: Settings) -> None:
        self._runner = search.Run(database, settings, None)
        self._coalescer: Coalescer[Plan, Found] = Coalescer(self._together)
        self._fast: set[Shape] = set()
        self._crowded: set[many.Key] = set()

    def run(self, plan: Plan) -> Found:
        """Run one page of a search, with others if there are any."""
        if plan.limit > LARGEST_PAGE or plan.count_only or plan.includes or plan.also:
            return aside(lambda: self._runner.page(plan))
        if plan.total != "none":
            return aside(lambda: self._runner.page(plan))
        shape = _shape(plan)
        if shape in self._fast:
            return self._coalescer.ask(plan)
        return aside(lambda: self._tried(plan, shape))

    def _tried(self, plan: Plan, shape: Shape) -> Found:
        start = time.monotonic()
        found = self._runner.page(plan)
        if time.monotonic() - start < FAST_SECONDS and len(self._fast) < MOST_SHAPES:
            self._fast.add(shape)
        return found

    def _together(self, plans: Sequence[Plan]) -> list[Found | Exception]:
        start = time.monotonic()
        outcomes = self._shared(plans) if len(plans) > 1 else [self._alone(plans[0])]
        if time.monotonic() - start > FAST_SECONDS * len(plans):
            self._fast.difference_update(map(_shape, plans))
        return outcomes

    def _shared(self, plans: Sequence[Plan]) -> list[Found | Exception]:
        try:
            known = many.run_together(self._runner, plans, self._crowded)
        except DRIVER:
            return [self._alone(plan) for plan in plans]
        others = [plan for plan, each in zip(plans, known, strict=True) if each is None]
        found = iter(self._united(others))
        return [next(found) if each is None else each for each in known]

    def _united(self, plans: Sequence[Plan]) -> list[Found | Exception]:
        return self._union(plans) if len(plans) > 1 else [self._alone(plan) for plan in plans]

    def _union(self, plans: Sequence[Plan]) -> list[Found | Exception]:
        branches = [pipeline.branch(plan, self._runner.settings.chain_limit) for plan in plans]
        most = sum(plan.limit + 1 for plan in plans)
        try:
            rows = self._runner.aggregate(*pipeline.united(branches), most)
        except (FhirError, *DRIVER):
            return [self._alone(plan) for plan in plans]
        pages: list[list[dict[str, Any]]] = [[] for _ in plans]
        for row in rows:
            pages[row["q"]].append(row)
        return [self._runner.found(plan, page) for plan, page in zip(plans, pages, strict=True)]

    def _alone(self, plan: Plan) -> Found | Exception:
        try:
            return self._runner.page(plan)
        except FhirError as error:
            return error
        except DRIVER as error:
            return translate(error)


def _shape(plan: Plan) -> Shape:
    joins = _joined(plan.joins)
    return (plan.resource_type, *plan.filter, joins, plan.sort, plan.after is None)


def _joined(joins: Sequence[Join]) -> Shape:
    return tuple(
        (each.resource_type, each.field, *each.filter, _joined(each.joins + each.others))
        for each in joins
    )
