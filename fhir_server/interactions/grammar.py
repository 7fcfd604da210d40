"""The URL grammar of the RESTful API, written once.

``routes`` runs these rows, ``transaction`` matches Bundle entries against them, ``metadata`` and
the OpenAPI document list them.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from fhir_server.errors import MethodNotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection


class Route(NamedTuple):
    """One row of the summary table."""

    interaction: str
    method: str
    pattern: str


ROUTES = (
    Route("capabilities", "GET", "metadata"),
    Route("transaction", "POST", ""),
    Route("search-system", "GET", ""),
    Route("search-system", "POST", "_search"),
    Route("history-system", "GET", "_history"),
    Route("search-type", "GET", "{type}"),
    Route("search-type", "POST", "{type}/_search"),
    Route("search-compartment", "GET", "{type}/{id}/{member}"),
    Route("search-compartment", "POST", "{type}/{id}/{member}/_search"),
    Route("create", "POST", "{type}"),
    Route("update-conditional", "PUT", "{type}"),
    Route("patch-conditional", "PATCH", "{type}"),
    Route("delete-conditional", "DELETE", "{type}"),
    Route("history-type", "GET", "{type}/_history"),
    Route("read", "GET", "{type}/{id}"),
    Route("update", "PUT", "{type}/{id}"),
    Route("patch", "PATCH", "{type}/{id}"),
    Route("delete", "DELETE", "{type}/{id}"),
    Route("history-instance", "GET", "{type}/{id}/_history"),
    Route("vread", "GET", "{type}/{id}/_history/{vid}"),
)


def _shape(pattern: str) -> str:
    return "/".join("*" if part.startswith("{") else part for part in pattern.split("/"))


_MEMBER = ["*", "*", "*"]
_BY_SHAPE: dict[str, dict[str, Route]] = {}
for _route in ROUTES:
    _BY_SHAPE.setdefault(_shape(_route.pattern), {})[_route.method] = _route
_AT_TYPE = _BY_SHAPE["*"]


def find(method: str, path: str, types: Collection[str]) -> tuple[Route, list[str]]:
    """Find the interaction a request asks for, and the variables in its path.

    ``path`` is relative to the FHIR base, without slash at either end; HEAD asks what GET does.
    What ends with ``$name`` is an operation, wherever it is called.
    """
    if path in types and (route := _AT_TYPE.get(method)) is not None:
        return route, [path]
    *where, last = path.split("/")
    if last.startswith("$"):
        if where and where[0] not in types:
            raise _unknown_type(path, where[0], types)
        return Route("operation", method, path), where
    variables = []
    shape = []
    for part in path.split("/"):
        if not part or part[0] in "_$" or part == "metadata":
            shape.append(part)
        else:
            shape.append("*")
            variables.append(part)
    methods = _BY_SHAPE.get("/".join(shape))
    if variables and variables[0] not in types:
        raise _unknown_type(path, variables[0], types)
    if shape[:3] == _MEMBER and variables[2] not in types and variables[2] != "*":
        raise _unknown_type(path, variables[2], types)
    if methods is None:
        raise NotFound(f"{method} {path} is no FHIR interaction this server has.")
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        raise _wrong_method(method, path, methods)
    return route, variables


def _unknown_type(path: str, name: str, types: Collection[str]) -> NotFound:
    by_folded = {each.lower(): each for each in types}
    near = get_close_matches(name.lower(), by_folded, n=1, cutoff=0.6)
    hint = f" Did you mean {by_folded[near[0]]}?" if near else ""
    return NotFound(f"{path}: there is no R4 resource type {name}.{hint}")


def _wrong_method(method: str, path: str, methods: dict[str, Route]) -> MethodNotAllowed:
    says = f"{method} is not a method of {path or 'the FHIR base'}."
    return MethodNotAllowed(f"{says} Allowed are: {', '.join(methods)}.", tuple(methods))
