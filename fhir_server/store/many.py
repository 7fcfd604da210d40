"""Several searches at once: those that ask one field of one type for one value share a command.

So a transaction with hundreds of ifNoneExist or conditional references by identifier costs one
round trip for each type, inside MongoDB's transaction as before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fhir_server.search.plan import SortKey
from fhir_server.store import pipeline, versions
from fhir_server.store.ops import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.search.plan import Plan
    from fhir_server.store.search import Run

Document = dict[str, Any]
Key = tuple[str, str]

BY_ID: Final = (SortKey("_id"),)


def run_many(run: Run, plans: Sequence[Plan]) -> list[Found]:
    """Run each plan and give what each found, in order."""
    shared = run_together(run, plans, set())
    together = zip(plans, shared, strict=True)
    return [run.page(plan) if each is None else each for plan, each in together]


def run_together(run: Run, plans: Sequence[Plan], crowded: set[Key]) -> list[Found | None]:
    """Run the plans that can share a command with another; None for each that cannot.

    ``crowded`` are types and fields of which a value has more matches than a page holds, so that
    reading many values at once would be dearer than asking for each; those that show are added.
    """
    shared: dict[Key, list[Plan]] = {}
    for plan in plans:
        key = _shareable(plan)
        if key is not None and key not in crowded:
            shared.setdefault(key, []).append(plan)
    known: dict[Key, dict[str, list[Document]]] = {}
    for key, group in shared.items():
        if len(group) > 1:
            found = _find(run, key, group)
            if found is None:
                crowded.add(key)
            else:
                known[key] = found
    return [_found(plan, known) for plan in plans]


def _shareable(plan: Plan) -> Key | None:
    """Give type and field of a plan that asks for one value of one field and nothing more."""
    if len(plan.filter) != 1 or not pipeline.is_plain(plan) or plan.sort != BY_ID:
        return None
    if plan.after or plan.includes or plan.count_only or plan.total != "none":
        return None
    ((name, value),) = plan.filter.items()
    return (plan.resource_type, name) if isinstance(value, str) else None


def _find(run: Run, key: Key, group: list[Plan]) -> dict[str, list[Document]] | None:
    """Find for all values together; None if there is more than they could want."""
    resource_type, name = key
    wanted = {plan.filter[name]: plan.limit + 1 for plan in group}
    most = sum(wanted.values())
    command = {
        "find": resource_type,
        "filter": {name: {"$in": list(wanted)}},
        "projection": {**pipeline.SERVED, name: 1},
        "limit": most + 1,
        "batchSize": most + 2,
    }
    rows = run.answered(command)
    if len(rows) > most:
        return None
    found: dict[str, list[Document]] = {value: [] for value in wanted}
    for row in rows:
        for value in set(_values(row, name)) & wanted.keys():
            found[value].append(row)
    return found


def _values(row: Document, name: str) -> Iterator[str]:
    value: Any = row
    for part in name.split(".", 1):
        value = value.get(part) if isinstance(value, dict) else None
    yield from value if isinstance(value, list) else [value]


def _found(plan: Plan, known: dict[Key, dict[str, list[Document]]]) -> Found | None:
    key = _shareable(plan)
    if key is None or key not in known:
        return None
    rows = sorted(known[key][plan.filter[key[1]]], key=_id)[: plan.limit + 1]
    kept = [versions.stored(plan.resource_type, row) for row in rows[: plan.limit]]
    last = (kept[-1].id,) if kept else None
    return Found(tuple(kept), len(rows) > plan.limit, last)


def _id(row: Document) -> str:
    return str(row["_id"])
