"""JSON Patch as SATUSEHAT takes it: ``replace``, and ``add`` where it was seen to work."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tools.satusehat_simulator.outcomes import Issue, Refused, outcome

if TYPE_CHECKING:
    from tools.satusehat_simulator.world import Document

MAY_ADD = {"EpisodeOfCare", "Task"}


def apply(resource: Document, operations: Any) -> Document:
    """Give the resource as it is after the operations; a wrong one is refused."""
    kind = resource["resourceType"]
    if not isinstance(operations, list) or not operations:
        raise _wrong("structure", "a JSON Patch is a list of operations", kind)
    if kind == "EpisodeOfCare":
        _names_its_patient(operations)
    after = copy.deepcopy(resource)
    for each in operations:
        _check(kind, each)
        _apply(after, each)
    return after


def _names_its_patient(operations: list[Document]) -> None:
    if not any(each.get("path") == "/patient" for each in operations):
        raise _wrong("value", "patient reference can't be empty", "EpisodeOfCare.patient")


def _check(kind: str, operation: Document) -> None:
    path, op = str(operation.get("path", "")), operation.get("op")
    if kind == "Location" and path.startswith("/operationalStatus/"):
        words = f"Use /operationalStatus instead of {path} to patch Location"
        raise Refused(outcome(400, Issue("value", words, "Location.operationalStatus", 10171)))
    if op != "replace" and not (op == "add" and kind in MAY_ADD):
        raise _wrong("value", f"operation not allowed: {op}", f"{kind}{path.replace('/', '.')}")


def _apply(resource: Document, operation: Document) -> None:
    steps = [
        each.replace("~1", "/").replace("~0", "~") for each in operation["path"].split("/")[1:]
    ]
    at: Any = resource
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if isinstance(at, list) and steps[-1] == "-":
        at.append(operation["value"])
    elif isinstance(at, list):
        at[int(steps[-1])] = operation["value"]
    else:
        at[steps[-1]] = operation["value"]


def _wrong(code: str, words: str, at: str) -> Refused:
    return Refused(outcome(400, Issue(code, words, at)))
