"""Operations as data: what each is called, where it is called, what it takes and gives.

``document`` writes one as the OperationDefinition that describes it.

https://hl7.org/fhir/R4/operationdefinition.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fhir_server.resources.definitions import PRIMITIVES, load_definitions

if TYPE_CHECKING:
    from fhir_server.resources.wire import Document

Level = Literal["system", "type", "instance", "version"]

EVERY = "Resource"
"""The type of an operation that every type has."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: ``type`` is a FHIR type, or empty where ``parts`` are what it is made of."""

    name: str
    type: str = ""
    use: Literal["in", "out"] = "in"
    minimum: int = 0
    maximum: str = "1"
    says: str = ""
    parts: tuple[Parameter, ...] = ()

    @property
    def repeats(self) -> bool:
        """Say whether it may be given more than once."""
        return self.maximum != "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One operation.

    ``types`` are the resource types it belongs to, none for one that every type has or only the
    system. ``levels``: where it can be called; ``version`` is below ``_history/{vid}``.
    ``says``: what it does, in a sentence. ``url``: the canonical of the guide that defines it, if
    it is not R4's. ``searches``: it takes search parameters of its type besides its own.
    """

    name: str
    levels: frozenset[Level]
    says: str
    types: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    affects_state: bool = False
    url: str | None = None
    searches: bool = False

    @property
    def id(self) -> str:
        """Its logical id as a resource: ``Patient-everything``."""
        if self.types:
            return f"{self.types[0]}-{self.name}"
        return self.name if self.levels == {"system"} else f"{EVERY}-{self.name}"

    @property
    def inputs(self) -> tuple[Parameter, ...]:
        """What it takes."""
        return tuple(each for each in self.parameters if each.use == "in")

    @property
    def methods(self) -> tuple[str, ...]:
        """The HTTP methods that call it: GET where nothing is changed and a URL can hold it."""
        fits = all(each.type in PRIMITIVES for each in self.inputs if each.minimum)
        return ("GET", "POST") if fits and not self.affects_state else ("POST",)

    def canonical(self, base: str) -> str:
        """Give the url of our definition; ``base`` is where ours lie."""
        return f"{base.rstrip('/')}/OperationDefinition/{self.id}"

    def stated(self, base: str) -> str:
        """Give the url that the CapabilityStatement names.

        It is ours where R4's own says more than we do: R4 asks for that.
        """
        return self.url or self.canonical(base)

    @property
    def origin(self) -> str | None:
        """The url of the definition that ours is made from: a guide's, or R4's."""
        kinds = self.types or (EVERY,)
        for url, row in load_definitions().operations.items():
            if row["code"] == self.name and row["resource"][0] in kinds:
                return self.url or url
        return self.url

    def is_of(self, resource_type: str) -> bool:
        """Say whether a type has it."""
        return self.levels != {"system"} and (not self.types or resource_type in self.types)


def document(definition: Definition, base: str) -> Document:
    """Write an operation as an OperationDefinition; ``base`` is where our canonicals lie."""
    levels = definition.levels
    made: Document = {
        "resourceType": "OperationDefinition",
        "id": definition.id,
        "url": definition.canonical(base),
        "name": "".join(word.title() for word in definition.id.split("-")),
        "status": "active",
        "kind": "operation",
        "description": definition.says,
        "affectsState": definition.affects_state,
        "code": definition.name,
    }
    if definition.origin is not None:
        made["base"] = definition.origin
    if levels != {"system"}:
        made["resource"] = list(definition.types or (EVERY,))
    made |= {
        "system": "system" in levels,
        "type": "type" in levels,
        "instance": bool(levels & {"instance", "version"}),
    }
    if definition.parameters:
        made["parameter"] = [_parameter(each, each.use) for each in definition.parameters]
    return made


def _parameter(parameter: Parameter, use: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": parameter.name,
        "use": use,
        "min": parameter.minimum,
        "max": parameter.maximum,
    }
    if parameter.says:
        made["documentation"] = parameter.says
    if parameter.parts:
        made["part"] = [_parameter(each, use) for each in parameter.parts]
    else:
        made["type"] = parameter.type
    return made
