"""FHIR operations, one file each; found, not registered. They do not know one another.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from fhir_server.errors import MethodNotAllowed, NotFound
from fhir_server.interactions import routes
from fhir_server.interactions.grammar import find
from fhir_server.jobs import later, status
from fhir_server.operations import arguments
from fhir_server.operations.call import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request
    from fhir_server.operations.operation import Operation
    from fhir_server.resources.operations import Level

_LEVELS: dict[int, Level] = {0: "system", 1: "type", 2: "instance", 4: "version"}


def answer(context: Context, request: Request) -> Answer:
    """Answer one request below the FHIR base: an operation's, a job's, or an interaction's."""
    if request.path.startswith(status.PREFIX):
        return status.answer(context, request)
    if later.is_asked(context, request):
        return later.kick_off(context, request)
    if "$" not in request.path or not request.path.rpartition("/")[2].startswith("$"):
        return routes.answer(context, request, answer)
    *where, name = request.path.split("/")
    operation, level = _find(context, where, name.removeprefix("$"))
    if request.method not in operation.methods:
        says = f"{request.method} is not a method of {request.path}."
        allowed = operation.methods
        raise MethodNotAllowed(f"{says} Allowed are: {', '.join(allowed)}.", allowed)
    given = arguments.read(operation, request, context.settings.depth_limit)
    return operation.run(context, _call(operation, request, level, where, given))


@cache
def load_operations() -> tuple[Operation, ...]:
    """Find every operation of this room: ``OPERATION`` or ``OPERATIONS`` of its modules."""
    names = sorted(each.name for each in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(each for module in modules for each in _of(module))


def _of(module: object) -> Sequence[Operation]:
    if hasattr(module, "OPERATION"):
        return (module.OPERATION,)
    several: Sequence[Operation] = getattr(module, "OPERATIONS", ())
    return several


def _find(context: Context, where: list[str], name: str) -> tuple[Operation, Level]:
    level = _LEVELS.get(len(where))
    if where:
        find("GET", "/".join([*where, f"${name}"]), context.definitions.types)
    known = [each for each in load_operations() if each.name == name]
    if not known:
        raise _unknown(name)
    if level is not None and (level != "version" or where[2] == "_history"):
        for each in known:
            if level in each.levels and (not where or each.is_of(where[0])):
                return each, level
    places = ", ".join(place for each in known for place in _places(each))
    raise NotFound(f"{'/'.join([*where, '$' + name])}: ${name} can be called as {places}.")


def _unknown(name: str) -> NotFound:
    names = sorted({each.name for each in load_operations()})
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean ${near[0]}?" if near else ""
    return NotFound(f"${name} is no operation this server has.{hint}")


def _places(operation: Operation) -> list[str]:
    types = operation.types or ("[type]",)
    shapes: dict[Level, str] = {"system": "", "type": "{}/", "instance": "{}/[id]/"}
    shapes["version"] = "{}/[id]/_history/[vid]/"
    found = [
        f"{shape.format(each)}${operation.name}"
        for level, shape in shapes.items()
        if level in operation.levels
        for each in types
    ]
    return list(dict.fromkeys(found))


def _call(
    operation: Operation,
    request: Request,
    level: Level,
    where: list[str],
    given: list[arguments.Argument],
) -> Call:
    resource_type = where[0] if where else None
    resource_id = where[1] if len(where) > 1 else None
    version = None
    if level == "version":
        if not (where[3].isascii() and where[3].isdigit()):
            raise NotFound(f"{'/'.join(where)} was never there: a version is a number.")
        version = int(where[3])
    return Call(operation, request, level, given, resource_type, resource_id, version)
