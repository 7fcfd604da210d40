"""Who is told of a write: rows of the outbox, and what a resource remembers of them.

A current version keeps in ``o`` whom it or an earlier one told, as ``[target, audience]``: they
are told of its deletion too; ``e`` are those whom this version tells. Pure; the rows are stored in
the transaction of the write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.store.ops import Notice, Stored

Document = dict[str, Any]
Named = list[list[str]]


def named(notices: Sequence[Notice]) -> Named:
    """Write who is told, as a version remembers it; nobody twice."""
    return [list(pair) for pair in dict.fromkeys((each.target, each.audience) for each in notices)]


def remembered(old: Document, notices: Sequence[Notice]) -> Named:
    """Add who is told now to whom the version before has told."""
    there: Named = old.get("o", [])
    return [*there, *(pair for pair in named(notices) if pair not in there)]


def rows(told: Named, stored: Stored) -> tuple[Document, ...]:
    """Write what the outbox keeps of one version; the numbers come after the commit."""
    return tuple(
        {
            "target": target,
            "audience": audience,
            "type": stored.resource_type,
            "id": stored.id,
            "v": stored.version,
            "t": stored.moment,
            "method": stored.method,
            "n": 0,
        }
        for target, audience in told
    )
