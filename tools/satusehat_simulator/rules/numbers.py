"""Integers that came as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.satusehat_simulator.world import Document

INTEGERS = {
    "sequence",
    "rank",
    "frequency",
    "doseNumberPositiveInt",
    "seriesDosesPositiveInt",
    "valueInteger",
    "multipleBirthInteger",
    "numberOfRepeatsAllowed",
}


def written_as_text(resource: Document) -> list[Issue]:
    """Name the integers that are text."""
    return [
        Issue("value", f"Integer formated as a string: '{value}'", at, 10254)
        for value, at in _texts(resource, resource["resourceType"])
    ]


def _texts(part: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        for name, value in part.items():
            if name in INTEGERS and isinstance(value, str):
                yield value, f"{path}.{name}"
            elif isinstance(value, (dict, list)):
                yield from _texts(value, f"{path}.{name}")
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from _texts(each, f"{path}[{index}]")
