"""The element definitions of a profile by id, those of the profiles it rests on included.

A snapshot says everything; a differential is laid over the profile that it constrains. What R4
itself defines is left out: ``resources.validate`` judges that.

https://hl7.org/fhir/R4/profiling.html#snapshot
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.resources.wire import Document

Rows = dict[str, dict[str, Any]]

CORE = "http://hl7.org/fhir/StructureDefinition/"
DEEPEST = 16
"""So many profiles may rest on one another."""


class Unusable(Exception):
    """A StructureDefinition that nothing can be checked with, and why."""


def rows(structure: Document, find: Callable[[str], Document | None], depth: int = 0) -> Rows:
    """Collect the element definitions of a profile, by id; raises Unusable."""
    if depth > DEEPEST:
        raise Unusable("its baseDefinition leads in a circle, or too far.")
    snapshot = structure.get("snapshot", {}).get("element")
    if snapshot:
        return _identified(snapshot)
    merged: Rows = {}
    base = structure.get("baseDefinition", "")
    if structure.get("derivation") == "constraint" and base != CORE + str(structure.get("type")):
        below = find(base)
        if below is not None:
            merged = dict(rows(below, find, depth + 1))
        elif not base.startswith(CORE):
            raise Unusable(f"its baseDefinition {base} is not known here.")
    for name, row in _identified(structure.get("differential", {}).get("element", [])).items():
        merged[name] = _over(merged.get(name, {}), row)
    return merged


def _over(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    laid = {**old, **new}
    if "constraint" in old and "constraint" in new:
        laid["constraint"] = [*old["constraint"], *new["constraint"]]
    return laid


def _identified(elements: Iterable[dict[str, Any]]) -> Rows:
    """Key the elements by id, which is made from paths and slice names where it is missing."""
    found: Rows = {}
    latest: dict[str, str] = {}
    for element in elements:
        path = element["path"]
        name = element.get("id") or _made(path, element.get("sliceName"), latest)
        latest[path] = name
        found[name] = element
    return found


def _made(path: str, slice_name: str | None, latest: dict[str, str]) -> str:
    parent, _, last = path.rpartition(".")
    whole = f"{latest.get(parent, parent)}.{last}" if parent else last
    return f"{whole}:{slice_name}" if slice_name else whole
