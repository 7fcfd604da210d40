"""Finds and runs the interaction a request asks for.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from fhir_server.errors import NotFound
from fhir_server.interactions.batch import process
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete, delete_conditional
from fhir_server.interactions.grammar import ROUTES, find
from fhir_server.interactions.history import history_instance, history_system, history_type
from fhir_server.interactions.metadata import capabilities
from fhir_server.interactions.patch import patch, patch_conditional
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.search import search_compartment, search_system, search_type
from fhir_server.interactions.update import update, update_conditional

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer, Request

    Answering = Callable[[Context, Request], Answer]

__all__ = ["ROUTES", "answer", "find"]


def answer(context: Context, request: Request, inner: Answering | None = None) -> Answer:
    """Run one interaction; every failure is a FhirError.

    ``inner`` answers the entries of a Bundle, where operations can be called too.
    """
    route, variables = find(request.method, request.path, context.definitions.types)
    if route.interaction == "transaction":
        return process(context, request, inner or answer)
    return _HANDLERS[route.interaction](context, request, *variables)


def _no_operation(_: Context, request: Request, *_where: str) -> NoReturn:
    raise NotFound(f"{request.path}: no operation is offered here.")


_HANDLERS: dict[str, Callable[..., Answer]] = {
    "operation": _no_operation,
    "capabilities": capabilities,
    "history-system": history_system,
    "search-system": search_system,
    "search-type": search_type,
    "search-compartment": search_compartment,
    "create": create,
    "history-type": history_type,
    "read": read,
    "update": update,
    "delete": delete,
    "patch": patch,
    "patch-conditional": patch_conditional,
    "update-conditional": update_conditional,
    "delete-conditional": delete_conditional,
    "history-instance": history_instance,
    "vread": vread,
}
