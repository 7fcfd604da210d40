"""FHIR operations, one file each; found, not registered. They do not know one another.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from fhir_server.errors import MethodNotAllowed, NotFound
from fhir_server.interactions import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a resource type: ``run`` answers ``GET|POST {type}/${name}``."""

    name: str
    resource_type: str
    run: Callable[[Context, Request], Answer]
    methods: tuple[str, ...] = ("GET",)


def answer(context: Context, request: Request) -> Answer:
    """Answer one request below the FHIR base: an operation's, or an interaction's."""
    if "$" not in request.path:
        return routes.answer(context, request)
    found = load_operations().get(request.path)
    if found is None:
        near = get_close_matches(request.path, load_operations(), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise NotFound(f"{request.path} is no operation this server has.{hint}")
    if request.method not in found.methods:
        says = f"{request.method} is not a method of {request.path}."
        raise MethodNotAllowed(f"{says} Allowed are: {', '.join(found.methods)}.", found.methods)
    return found.run(context, request)


@cache
def load_operations() -> dict[str, Operation]:
    """Find every operation of this room, by its path."""
    names = [each.name for each in pkgutil.iter_modules(__path__)]
    modules = [import_module(f"{__name__}.{name}") for name in names]
    operations = [each.OPERATION for each in modules]
    return {f"{each.resource_type}/${each.name}": each for each in operations}
