"""FHIRPath N1 on R4: an expression is read once, compiled to closures, and kept.

    compiled("name.where(use = 'official').given").values(document)

https://hl7.org/fhirpath/N1/ · https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_server.remembering import remembered
from fhir_server.resources.fhirpath.compiler import compiled as _compiled
from fhir_server.resources.fhirpath.errors import (
    FhirPathError,
    Inapplicable,
    TooCostly,
    Unreadable,
)
from fhir_server.resources.fhirpath.evaluation import HOOKS, Frame, Hooks, World
from fhir_server.resources.fhirpath.limits import Limits, in_force
from fhir_server.resources.fhirpath.model import Node, is_resource, root
from fhir_server.resources.fhirpath.parser import parse
from fhir_server.resources.fhirpath.values import Item, Items, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Expression",
    "FhirPathError",
    "Hooks",
    "Inapplicable",
    "Item",
    "Items",
    "Limits",
    "Node",
    "TooCostly",
    "Unreadable",
    "compiled",
    "plain",
    "root",
]


class Expression:
    """A compiled expression; it keeps nothing of what it is asked of, so threads may share it."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        try:
            self._evaluate = _compiled(parse(text, limits))
        except RecursionError:
            raise TooCostly("The expression is nested too deep.") from None

    def items(
        self,
        context: Node | Mapping[str, Any],
        *,
        variables: Mapping[str, Any] | None = None,
        hooks: Hooks = HOOKS,
        strict: bool = False,
    ) -> Items:
        """Evaluate on a resource or an element; raises FhirPathError.

        Elements come back as ``Node``, which knows its place. ``strict`` also refuses the name
        of an element that the type does not have.
        """
        node = context if isinstance(context, Node) else root(context)
        resource = node.resource()
        world = World(
            [node],
            resource if is_resource(resource.value) else None,
            _container(resource),
            variables or {},
            hooks,
            self.limits,
            strict,
        )
        try:
            return self._evaluate(Frame(world, [node]))
        except RecursionError:
            raise TooCostly("The expression is nested too deep for this resource.") from None

    def values(self, context: Node | Mapping[str, Any], **options: Any) -> list[Any]:
        """Evaluate, and give each item as a value: of an element without one, its JSON."""
        found = [plain(item) for item in self.items(context, **options)]
        return [item.value if isinstance(item, Node) else item for item in found]


def compiled(text: str, limits: Limits | None = None) -> Expression:
    """Read and compile an expression, once; raises Unreadable or TooCostly."""
    return _kept(text, limits or in_force())


@remembered(4096, longest=4000)
def _kept(text: str, limits: Limits) -> Expression:
    return Expression(text, limits)


def _container(resource: Node) -> Node:
    while resource.name == "contained" and resource.parent is not None:
        resource = resource.parent.resource()
    return resource
