"""Several searches at once: those that ask one field of one type for one value share a command.

So a transaction with hundreds of ifNoneExist or conditional references by identifier costs one
round trip for each type, inside MongoDB's transaction as before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.store import pipeline, versions
from fhir_server.store.ops import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.search.plan import Plan
    from fhir_server.store.search import Run

Document = dict[str, Any]


def run_many(run: Run, plans: Sequence[Plan]) -> list[Found]:
    """Run each plan and give what each found, in order."""
    shared: dict[tuple[str, str], list[Plan]] = {}
    for plan in plans:
        key = _shareable(plan)
        if key is not None:
            shared.setdefault(key, []).append(plan)
    known: dict[tuple[str, str], dict[str, list[Document]]] = {}
    for key, group in shared.items():
        if len(group) > 1:
            known[key] = _find(run, key, group)
    return [_found(run, plan, known) for plan in plans]


def _shareable(plan: Plan) -> tuple[str, str] | None:
    """Give type and field of a plan that asks for one value of one field and nothing more."""
    if len(plan.filter) != 1 or not pipeline.is_plain(plan) or len(plan.sort) > 1:
        return None
    if plan.after or plan.includes or plan.count_only or plan.total != "none":
        return None
    ((name, value),) = plan.filter.items()
    return (plan.resource_type, name) if isinstance(value, str) else None


def _find(run: Run, key: tuple[str, str], group: list[Plan]) -> dict[str, list[Document]]:
    """Find for all values together; nothing for any if there is more than they could want."""
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
        return {}
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


def _found(run: Run, plan: Plan, known: dict[tuple[str, str], dict[str, list[Document]]]) -> Found:
    key = _shareable(plan)
    rows = known.get(key, {}).get(plan.filter[key[1]]) if key else None
    if rows is None:
        return run.page(plan)
    rows = sorted(rows, key=lambda row: str(row["_id"]))[: plan.limit + 1]
    kept = [versions.stored(plan.resource_type, row) for row in rows[: plan.limit]]
    last = (kept[-1].id,) if kept else None
    return Found(tuple(kept), len(rows) > plan.limit, last)
