"""Searches that no index serves: noticed by their shape, never by their values.

A shape is the type, the fields asked and the field sorted by. Its first search is logged; how often
it came is counted in the collection ``_shapes``, so that an operator sees which index is missing.
Who asks for every set of fields makes any number of shapes: the first ones are counted.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from pymongo import WriteConcern

from fhir_server.search.plan import KIND
from fhir_server.store.layout import BY_WORDS, indexes
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from fhir_server.search.plan import Filter, Join, Plan

SHAPES = "_shapes"
MOST = 1000
"""Shapes that are counted, in each process and in the database."""
_SHAPE = re.compile(r"(?P<type>[A-Za-z]+): (?P<asked>.*?)(?: sorted by (?P<by>\S+))?")
UNSELECTIVE = {"$exists", "$ne", "$nin", "$not"}

log = structlog.get_logger(__name__)


class Shapes:
    """Counts the searches without an index, in this process and in the database."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._collection = database[SHAPES].with_options(write_concern=WriteConcern(w=0))
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def notice(self, plan: Plan) -> None:
        """Count the search if no index serves it; written down at 1, 2, 4, 8, … of a shape."""
        if is_served(plan):
            return
        shape = shape_of(plan)
        with self._lock:
            if shape not in self._counts and len(self._counts) >= MOST:
                return
            self._counts[shape] += 1
            count = self._counts[shape]
        if count == 1:
            log.warning("search without an index", shape=shape)
        if count & (count - 1) == 0:
            aside(lambda: self._write_down(shape, (count + 1) // 2))

    def _write_down(self, shape: str, more: int) -> None:
        has_room = self._collection.estimated_document_count() < MOST
        self._collection.update_one({"_id": shape}, {"$inc": {"n": more}}, upsert=has_room)

    def proposals(self) -> dict[str, tuple[str, str]]:
        """Give for each known shape the type and field of an index that would serve it."""
        found = {shape: proposed(shape) for shape in self.known()}
        return {shape: each for shape, each in found.items() if each is not None}

    def known(self) -> dict[str, int]:
        """Give the shapes that came to any process, and about how often."""
        return {row["_id"]: row["n"] for row in self._collection.find().sort("n", -1)}


def is_served(plan: Plan) -> bool:
    """Tell whether an index narrows the search, or gives its order when nothing is asked."""
    if plan.also:
        return all(is_served(each) for each in (replace(plan, also=()), *plan.also))
    if any(_begins(join) for join in plan.joins):
        return True
    if plan.filter:
        return _narrows(plan.resource_type, plan.filter)
    by = plan.sort[0].field
    return plan.count_only or by == KIND or by in _leading(plan.resource_type)


def _begins(join: Join) -> bool:
    """Tell whether an index narrows the other resources, or those that they are chosen by."""
    ways = (join, *join.others)
    return all(
        _narrows(each.resource_type, each.filter) or any(_begins(inner) for inner in each.joins)
        for each in ways
    )


def shape_of(plan: Plan) -> str:
    """Name type, fields and order of a search."""
    asked = sorted(set(_fields(plan.filter)))
    joined = sorted(f"{join.field}→{join.resource_type}" for join in plan.joins)
    order = "" if plan.sort[0].field == "_id" else f" sorted by {plan.sort[0].field}"
    return f"{plan.resource_type}: {', '.join(asked + joined) or 'everything'}{order}"


def proposed(shape: str) -> tuple[str, str] | None:
    """Give type and field of an index that would serve searches of a shape, if one field would."""
    match = _SHAPE.fullmatch(shape)
    if match is None:
        return None
    asked = [each for each in match["asked"].split(", ") if each.startswith("ix.")]
    plain = [each for each in asked if "→" not in each]
    if plain:
        return match["type"], plain[0]
    by = match["by"] or ""
    return (match["type"], by) if by.startswith("ix.") else None


@cache
def _leading(resource_type: str) -> frozenset[str]:
    words = (keys[0][0] for keys in BY_WORDS)
    return frozenset({"_id", *words, *(keys[0][0] for keys in indexes(resource_type))})


def _narrows(resource_type: str, wanted: Filter) -> bool:
    return any(_narrows_by(resource_type, name, value) for name, value in wanted.items())


def _narrows_by(resource_type: str, name: str, value: Any) -> bool:
    if name == "$and":
        return any(_narrows(resource_type, each) for each in value)
    if name == "$or":
        return all(_narrows(resource_type, each) for each in value)
    if value is None or (isinstance(value, dict) and value.keys() <= UNSELECTIVE):
        return False
    leading = _leading(resource_type)
    return name in leading or any(field.startswith(name + ".") for field in leading)


def _fields(wanted: Filter) -> Iterator[str]:
    for name, value in wanted.items():
        if name in {"$and", "$or", "$nor"}:
            for each in value:
                yield from _fields(each)
        elif not name.startswith("$"):
            yield name + _inside(value)


def _inside(value: Any) -> str:
    """Name what is compared inside the elements of an array, if they have fields."""
    inner = value.get("$elemMatch", {}) if isinstance(value, dict) else {}
    first = next(iter(inner), "$")
    return "" if first.startswith("$") else f".{first}"
