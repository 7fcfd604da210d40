"""FHIR operations, one file each; found, not registered. They do not know one another.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from fhir_server.errors import MethodNotAllowed, NotFound
from fhir_server.interactions import metadata, routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request

Level = Literal["system", "type", "instance"]

EVERY = "{type}"
"""As a resource type: the operation is there for each of them."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation at one level: ``run`` answers ``{type}/${name}``, ``{type}/{id}/${name}``.

    ``resource_type`` is empty at the level of the system. One that changes nothing answers HEAD
    as GET.
    """

    name: str
    resource_type: str
    run: Callable[[Context, Request], Answer]
    methods: tuple[str, ...] = ("GET",)
    level: Level = "type"

    @property
    def path(self) -> str:
        """The shape of its URL below the base."""
        instance = ("{id}",) if self.level == "instance" else ()
        return "/".join((*filter(None, (self.resource_type,)), *instance, f"${self.name}"))


def answer(context: Context, request: Request) -> Answer:
    """Answer one request below the FHIR base: an operation's, or an interaction's."""
    if "$" not in request.path:
        if request.path == "metadata" and request.method == "GET":
            return metadata.capabilities(context, request, tuple(load_operations().values()))
        return routes.answer(context, request)
    found = _find(context, request.path)
    if request.method not in found.methods:
        says = f"{request.method} is not a method of {request.path}."
        raise MethodNotAllowed(f"{says} Allowed are: {', '.join(found.methods)}.", found.methods)
    return found.run(context, request)


def instance_of(request: Request) -> str:
    """Give the logical id in the path of an operation on an instance."""
    return request.path.split("/")[1]


def _find(context: Context, path: str) -> Operation:
    *where, name = path.split("/")
    operations = load_operations()
    if where and where[0] in context.definitions.types:
        instance = ["{id}"] * len(where[1:])
        for resource_type in (where[0], EVERY):
            found = operations.get("/".join((resource_type, *instance, name)))
            if found is not None:
                return found
    elif not where and name in operations:
        return operations[name]
    near = get_close_matches(path, operations, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise NotFound(f"{path} is no operation this server has.{hint}")


@cache
def load_operations() -> dict[str, Operation]:
    """Find every operation of this room, by the shape of its path."""
    names = [each.name for each in pkgutil.iter_modules(__path__)]
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return {each.path: each for module in modules for each in _of(module)}


def _of(module: object) -> tuple[Operation, ...]:
    several: tuple[Operation, ...] | None = getattr(module, "OPERATIONS", None)
    return (module.OPERATION,) if several is None else several  # type: ignore[attr-defined]
