"""The invariants of R4: what must be true between the elements of a resource.

``check`` evaluates each in full and words what it finds; it is exact and takes its time.
``lines`` writes what surely holds as Python, which the judge of structure runs on its way:
most resources never come to ``check``.

An invariant is broken where its expression is false. Where it is empty, R4's own invariants mean
that nothing is known (a start by the day and an end by the minute), and nothing is reported.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import Issue
from fhir_server.resources.fhirpath import Hooks, Node, root
from fhir_server.resources.fhirpath.evaluation import HOOKS
from fhir_server.resources.invariants.exact import EXACT
from fhir_server.resources.invariants.rules import Rule, holds, rules_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.resources.definitions import Definitions
    from fhir_server.resources.wire import Document

__all__ = ["advice", "check", "holds"]


def check(
    document: Document, definitions: Definitions, *, hooks: Hooks = HOOKS, warnings: bool = True
) -> list[Issue]:
    """List the invariants that a resource breaks; its structure must have been found right.

    ``warnings`` includes those that R4 only recommends.
    """
    return [
        _issue(rule, node)
        for node in _nodes(root(document))
        for rule in rules_at(node, definitions)
        if (warnings or rule.severity == "error") and _holds(rule, node, hooks) is False
    ]


def advice(document: Document, definitions: Definitions, hooks: Hooks = HOOKS) -> list[Issue]:
    """List what R4 only recommends of a whole resource and it does not follow (dom-6, …)."""
    node = root(document)
    softer = [rule for rule in rules_at(node, definitions) if rule.severity == "warning"]
    return [_issue(rule, node) for rule in softer if _holds(rule, node, hooks) is False]


def _holds(rule: Rule, node: Node, hooks: Hooks) -> bool | None:
    exact = EXACT.get(rule.key)
    return exact(node) if exact else holds(rule.expression, node, hooks)


def _nodes(start: Node) -> Iterator[Node]:
    yield start
    yield from start.descendants()


def _issue(rule: Rule, node: Node) -> Issue:
    return Issue(
        "invariant",
        f"{rule.key}: {rule.human}",
        node.path(),
        severity="error" if rule.severity == "error" else "warning",
        indonesian=f"Aturan {rule.key} dari R4 tidak dipenuhi: {rule.human}",
    )
