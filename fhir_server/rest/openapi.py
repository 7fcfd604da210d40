"""The OpenAPI description: the FHIR half made from the route table, the SOP half by flask-smorest.

Types that SOP documents become have paths of their own with every search parameter; all other
types share the paths with ``{type}``.

https://spec.openapis.org/oas/v3.0.3
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml as pyyaml

from fhir_server import __version__
from fhir_server.interactions.grammar import ROUTES
from fhir_server.mappings import load_mappings
from fhir_server.operations import load_operations
from fhir_server.resources.definitions import load_definitions
from fhir_server.rest import openapi_parts as parts
from fhir_server.rest.openapi_operations import operation_paths
from fhir_server.rest.openapi_security import secured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fhir_server.interactions.grammar import Route
    from fhir_server.search.parameters import Parameters

Json = dict[str, Any]

VERSION = "3.0.3"
BODY_OF = {
    "transaction": "Bundle",
    "create": "Resource",
    "update": "Resource",
    "update-conditional": "Resource",
}

INTRODUCTION = """
Two APIs on the same records: **FHIR R4** below `/fhir`, and the **SOP API** below `/sop/v1`,
which takes and gives the documents of the puskesmas SOPs in Indonesian words. What is written by
one is at once seen by the other.

FHIR is described here in JSON. XML (`application/fhir+xml`) is read and written everywhere below
`/fhir` just so: by `Content-Type`, and by `Accept` or `_format=xml`.

Every error is an `OperationOutcome`; with `Accept-Language: id` it speaks Indonesian.
"""


def describe(parameters: Parameters, sop: Json) -> Json:
    """Build the whole description; ``sop`` is the SOP half, as flask-smorest describes it."""
    sop = _portable(sop)
    components = parts.components()
    for kind, given in sop.get("components", {}).items():
        components[kind] = {**given, **components.get(kind, {})}
    description = {
        "openapi": VERSION,
        "info": {
            "title": "FHIR server for Indonesian primary care",
            "version": __version__,
            "description": INTRODUCTION.strip(),
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [*_tags(), *sop.get("tags", [])],
        "paths": {**dict(sop.get("paths", {})), **fhir_paths(parameters)},
        "components": components,
    }
    return secured(description)


def _portable(value: Any) -> Any:
    """Write patterns as ECMAScript does, which OpenAPI asks for (``^(?:…)$``), decimals as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_portable(each) for each in value]
    if not isinstance(value, dict):
        return value
    written = {name: _portable(each) for name, each in value.items()}
    pattern = written.get("pattern")
    if isinstance(pattern, str) and pattern.startswith("\\A"):
        written["pattern"] = "^" + pattern.removeprefix("\\A").removesuffix("\\Z") + "$"
    return written


def yaml(document: Json) -> bytes:
    """Write the description as YAML, in the order it was built."""
    text: str = pyyaml.dump(document, sort_keys=False, allow_unicode=True, width=110)
    return text.encode()


def sop_types() -> list[str]:
    """Name the resource types that SOP documents become."""
    return sorted({mapping.resource_type for mapping in load_mappings().values()})


def _tags() -> list[Json]:
    types = [{"name": name, "description": f"FHIR {name}"} for name in sop_types()]
    return [
        {"name": "FHIR", "description": "The RESTful API of FHIR R4, for every resource type"},
        *types,
    ]


def fhir_paths(parameters: Parameters) -> dict[str, Json]:
    """List the paths below ``/fhir``."""
    paths: dict[str, Json] = {}
    for name in [*sop_types(), None]:
        for route in ROUTES:
            if "{type}" not in route.pattern or not _has_route(name, route):
                continue
            pattern = route.pattern.replace("{type}", name) if name else route.pattern
            operation = _operation(route, name, parameters)
            paths.setdefault(f"/fhir/{pattern}", {})[route.method.lower()] = operation
    for route in ROUTES:
        if "{type}" not in route.pattern:
            path = f"/fhir/{route.pattern}".removesuffix("/")
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, None, parameters)
    paths |= operation_paths(load_operations())
    return dict(sorted(paths.items(), key=lambda item: (item[0].count("{type}"), item[0])))


def _has_route(name: str | None, route: Route) -> bool:
    """Tell whether a type has the route; compartments have but a few."""
    if route.interaction != "search-compartment" or name is None:
        return True
    return name in load_definitions().compartments


def _operation(route: Route, name: str | None, search: Parameters) -> Json:
    suffix = "" if route.interaction in parts.SYSTEM else name or "Any"
    form = "Form" if route.pattern.endswith("_search") else ""
    operation: Json = {
        "operationId": f"{_camel(route.interaction)}{suffix}{form}",
        "summary": parts.SUMMARIES[route.interaction].format(name or "resource"),
        "tags": [name or "FHIR"],
    }
    parameters = list(_parameters(route, name, search))
    if parameters:
        operation["parameters"] = parameters
    body = _body(route, name)
    if body:
        operation["requestBody"] = body
    operation["responses"] = parts.responses(route.interaction, name)
    return operation


def _camel(interaction: str) -> str:
    first, *rest = interaction.split("-")
    return first + "".join(word.title() for word in rest)


def _parameters(route: Route, name: str | None, search: Parameters) -> Iterable[Json]:
    for variable in re.findall(r"{(\w+)}", route.pattern):
        if variable != "type" or name is None:
            yield parts.reference("parameters", variable)
    for each in parts.PARAMETERS_OF.get(route.interaction, ()):
        yield parts.reference("parameters", each)
    if route.interaction == "search-type" and route.method == "GET" and name:
        yield from _search_parameters(search.of(name))


def _search_parameters(found: Mapping[str, Any]) -> Iterable[Json]:
    for code, parameter in sorted(found.items()):
        if code.startswith("_"):
            continue
        yield {
            "name": code,
            "in": "query",
            "description": f"{parameter.type} search parameter",
            "schema": {"type": "array", "items": {"type": "string"}},
            "explode": True,
        }


def _body(route: Route, name: str | None) -> Json | None:
    if route.pattern.endswith("_search"):
        form = {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
        return {"content": {"application/x-www-form-urlencoded": form}}
    if route.method == "PATCH":
        return parts.PATCH_BODY
    schema = BODY_OF.get(route.interaction)
    if schema is None:
        return None
    media: Json = {"schema": parts.reference("schemas", schema)}
    example = parts.example(name if schema == "Resource" else schema)
    if example:
        media["example"] = example
    return {"required": True, "content": parts.contents(media)}
