"""One call of an operation, and its answer as Parameters.

https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest
from fhir_server.interactions.request import Answer
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fhir_server.interactions.request import Request
    from fhir_server.operations.arguments import Argument
    from fhir_server.resources.operations import Definition, Level

Out = tuple[Any, ...]
"""``(name, resource)``, ``(name, type, value)`` or ``(name, [parts])``."""


@dataclass(frozen=True, slots=True)
class Call:
    """What was called, where, and with what; each is None that the URL does not have."""

    operation: Definition
    request: Request
    level: Level
    arguments: Sequence[Argument] = ()
    resource_type: str | None = None
    resource_id: str | None = None
    version: int | None = None

    def all(self, name: str) -> list[Any]:
        """Give every value of a parameter, in the order they came."""
        return [each.value for each in self.arguments if each.name == name]

    def one(self, name: str) -> Any:
        """Give the value of a parameter, or None."""
        return next((each.value for each in self.arguments if each.name == name), None)

    def required(self, name: str) -> Any:
        """Give the value of a parameter without which it does not work."""
        value = self.one(name)
        if value is None:
            raise BadRequest(f"${self.operation.name} needs {name} here.")
        return value

    def raw(self, name: str) -> bytes | None:
        """Give the text of a resource exactly as it was sent, or None."""
        return next((each.raw for each in self.arguments if each.name == name), None)

    @property
    def others(self) -> list[tuple[str, str]]:
        """The search parameters that were given besides those of the operation."""
        own = {each.name for each in self.operation.inputs}
        return [(each.name, each.value) for each in self.arguments if each.name not in own]


def answered(*outs: Out, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer Parameters: ``("result", "boolean", True)``; a list as the second is its parts."""
    given = {"parameter": [_out(each) for each in outs]} if outs else {}
    return Answer(200, dump({"resourceType": "Parameters", **given}), headers or {})


def _out(out: Out) -> dict[str, Any]:
    name, *rest = out
    if len(rest) == 2:
        kind, value = rest
        return {"name": name, f"value{kind[:1].upper()}{kind[1:]}": value}
    if isinstance(rest[0], list):
        return {"name": name, "part": [_out(each) for each in rest[0]]}
    return {"name": name, "resource": rest[0]}
