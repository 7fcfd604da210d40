"""Format 1: every search index and every key that one resource alone may have, as written today.

Before there were formats, indexes lacked what later search parameters, rights (``_of``) and texts
of codes look for, and no resource held its keys (one active Patient for one NIK).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_server.context import Context

WHAT = "search index and keys of every resource"
AT_ONCE = 500


def run(context: Context, step: int) -> None:
    """Write them anew, and note after every slice how far it is."""
    store = context.store
    done = store.formats.begun(step)
    for kind in sorted(store.types()):
        if kind < done.get("type", ""):
            continue
        after: str | None = done["id"] if kind == done.get("type") else ""
        while after is not None:
            store.formats.reached(step, {"type": kind, "id": after})
            _, after = store.reindex(
                context.parameters, kind, after, AT_ONCE, keys=context.rules.keys
            )
