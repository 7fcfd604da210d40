"""The elements under one name of an object, as pairs: the value, and what ``_name`` says of it.

A patch changes the pairs and writes them back, so that arrays of primitives and of their
extensions stay side by side.

https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from typing import Any

Pair = tuple[Any, Any]


def read(holder: dict[str, Any], name: str) -> list[Pair]:
    """Give the pairs of an element, of one or of many."""
    value, extra = holder.get(name), holder.get(f"_{name}")
    values = value if isinstance(value, list) else [value] if name in holder else []
    extras = extra if isinstance(extra, list) else [extra] if f"_{name}" in holder else []
    size = max(len(values), len(extras))
    return [(_at(values, place), _at(extras, place)) for place in range(size)]


def write(holder: dict[str, Any], name: str, pairs: list[Pair], *, repeats: bool) -> None:
    """Put the pairs back in place; what nobody has any more goes away."""
    pairs = [pair for pair in pairs if pair != (None, None)]
    _set(holder, name, [value for value, _ in pairs], repeats=repeats)
    _set(holder, f"_{name}", [extra for _, extra in pairs], repeats=repeats)


def rename(holder: dict[str, Any], old: str, new: str) -> None:
    """Give an element another name where it stands."""
    if old != new:
        renamed = {new if name == old else name: value for name, value in holder.items()}
        holder.clear()
        holder.update(renamed)


def _set(holder: dict[str, Any], name: str, values: list[Any], *, repeats: bool) -> None:
    if all(value is None for value in values):
        holder.pop(name, None)
    else:
        holder[name] = values if repeats else values[0]


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None
