"""What an expression may see and spend while it is evaluated.

https://hl7.org/fhir/R4/fhirpath.html#variables
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from fhir_server.resources.fhirpath.errors import Inapplicable, TooCostly
from fhir_server.resources.fhirpath.limits import LIMITS, Limits
from fhir_server.resources.fhirpath.model import Node
from fhir_server.resources.fhirpath.values import Item, Items, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fhir_server.resources.wire import Document


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the engine asks others for.

    ``resolve``: the resource that a reference names, or None. ``member_of``: whether a code,
    Coding or CodeableConcept is in a value set, None if nobody knows. ``subsumes``: whether the
    first code is above the second. ``conforms_to``: whether a resource meets a profile. ``trace``
    gets a name and what passes there.
    """

    resolve: Callable[[str], Document | None] = lambda _: None
    member_of: Callable[[Any, str], bool | None] = lambda _value, _url: None
    subsumes: Callable[[Any, Any], bool | None] = lambda _above, _below: None
    conforms_to: Callable[[Document, str], bool | None] = lambda _resource, _url: None
    trace: Callable[[str, Items], None] = lambda _name, _items: None


HOOKS = Hooks()


@dataclass(slots=True)
class World:
    """One evaluation: its resources, variables, hooks, clock, and the steps that are left."""

    context: Items
    resource: Node | None = None
    root: Node | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    hooks: Hooks = HOOKS
    limits: Limits = LIMITS
    strict: bool = False
    moment: datetime = field(default_factory=lambda: datetime.now(UTC).astimezone())
    left: int = 0
    calls: int = 0
    end: float = 0.0

    def __post_init__(self) -> None:
        self.left = self.limits.steps
        self.end = monotonic() + self.limits.seconds

    def spend(self, steps: int) -> None:
        """Count what was looked at; raises TooCostly when no steps or no time is left."""
        self.left -= steps + 1
        self.calls += 1
        if self.left < 0:
            raise TooCostly(f"The expression takes more than {self.limits.steps} steps.")
        if not self.calls & 63 and monotonic() > self.end:
            raise TooCostly(f"The expression takes more than {self.limits.seconds} seconds.")

    def grow(self, found: Items) -> Items:
        """Count what was made; raises TooCostly for a string that is too long."""
        size = len(found)
        for item in found:
            if isinstance(item, str):
                if len(item) > self.limits.text:
                    raise TooCostly(f"A string grows over {self.limits.text} characters.")
                size += len(item) >> 4
        self.spend(size)
        return found


class Frame:
    """The innermost ``$this``, ``$index`` and ``$total``."""

    __slots__ = ("index", "this", "total", "world")

    def __init__(
        self, world: World, this: Items, index: int = 0, total: Items | None = None
    ) -> None:
        self.world = world
        self.this = this
        self.index = index
        self.total = total if total is not None else []


def single(items: Items, what: str = "value") -> Item:
    """Give the one item; None for none, Inapplicable for several."""
    if not items:
        return None
    if len(items) > 1:
        raise Inapplicable(f"One {what} is expected, not {len(items)}.")
    value = plain(items[0])
    return None if isinstance(value, Node) and value.value is None else value


def truth(items: Items, *, strict: bool = False) -> bool | None:
    """Read a collection as a boolean: none is None, one item that is no boolean is true."""
    value = single(items, "boolean")
    if value is None or isinstance(value, bool):
        return value
    if strict:
        raise Inapplicable("A boolean is expected.")
    return True
