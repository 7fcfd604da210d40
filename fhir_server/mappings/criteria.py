"""What tells the resources of one entity from others of the same type.

The same pairs narrow a search and judge a single resource, so ``/advis/<id>`` never shows a plain
message. A pair is a token parameter named as its element, with one or several ``system|code``,
perhaps with ``:not``, or with ``:missing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.resources.wire import Document


def fits(resource: Document, criteria: Sequence[tuple[str, str]]) -> bool:
    """Say whether a resource is what a search with these criteria would find."""
    return all(_holds(resource, *each) for each in criteria)


def _holds(resource: Document, parameter: str, value: str) -> bool:
    name, _, modifier = parameter.partition(":")
    found = resource.get(_element(name))
    if modifier == "missing":
        return (found is None) == (value == "true")
    if isinstance(found, str):  # a canonical
        return (found.partition("|")[0] in value.split(",")) != (modifier == "not")
    concepts = found if isinstance(found, list) else [found or {}]
    wanted = (each.rpartition("|") for each in value.split(","))
    return any(_has(concepts, system, code) for system, _, code in wanted) != (modifier == "not")


def _has(concepts: Sequence[Any], system: str, code: str) -> bool:
    return any(
        coding.get("system") == system and coding.get("code") == code
        for concept in concepts
        for coding in concept.get("coding", ())
    )


def _element(parameter: str) -> str:
    first, *rest = parameter.split("-")
    return first + "".join(each.capitalize() for each in rest)
