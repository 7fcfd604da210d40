"""Everything that a search of ours finds, page after page: for operations and for the SOP side.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.store.ops import Stored


def matches(context: Context, resource_type: str, pairs: Sequence[tuple[str, str]]) -> list[Stored]:
    """Run a search to its end; a parameter that does not exist is an error."""
    query = parse(resource_type, list(pairs), context.parameters, strict=True)
    compiled = compile_query(query, context.parameters, context.settings)
    plan = replace(compiled, limit=context.settings.count_limit)
    found: list[Stored] = []
    while True:
        page = context.store.search(plan)
        found += page.resources
        if not page.more:
            return found
        plan = replace(plan, after=page.last)
