"""The operations in the OpenAPI description: their paths, made from their definitions.

https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fhir_server.resources.definitions import PRIMITIVES
from fhir_server.rest import openapi_parts as parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.resources.operations import Definition, Level, Parameter

    Json = dict[str, Any]

_SHAPES: dict[Level, str] = {
    "system": "/fhir/${name}",
    "type": "/fhir/{type}/${name}",
    "instance": "/fhir/{type}/{id}/${name}",
    "version": "/fhir/{type}/{id}/_history/{vid}/${name}",
}
_SCHEMAS = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "positiveInt": {"type": "integer", "minimum": 1},
    "unsignedInt": {"type": "integer", "minimum": 0},
    "decimal": {"type": "number"},
    "instant": {"type": "string", "format": "date-time"},
}


def operation_paths(operations: Iterable[Definition]) -> dict[str, Json]:
    """List the paths of operations below ``/fhir``."""
    paths: dict[str, Json] = {}
    for each in operations:
        for level, shape in _SHAPES.items():
            if level in each.levels:
                for kind in each.types or ("{type}",):
                    path = shape.replace("{type}", kind).replace("{name}", each.name)
                    paths.setdefault(path, {}).update(_item(each, level, path))
    return paths


def _item(definition: Definition, level: Level, path: str) -> Json:
    kind = path.split("/")[2]
    where = "" if level == "system" else "Any" if kind == "{type}" else kind
    name = "".join(word.title() for word in definition.name.split("-"))
    return {
        method.lower(): {
            "operationId": f"{method.lower()}{name}{where}{'' if not where else level.title()}",
            "summary": f"${definition.name}: {definition.says}",
            "tags": [where if where not in {"", "Any"} else "FHIR"],
            **_asked(definition, method, path),
            "responses": parts.responses("operation", None),
        }
        for method in definition.methods
    }


def _asked(definition: Definition, method: str, path: str) -> Json:
    given = [parts.reference("parameters", name) for name in re.findall(r"{(\w+)}", path)]
    if method == "GET":
        given += _queries(definition.inputs)
    asked: Json = {"parameters": given} if given else {}
    if method == "POST":
        media = {"schema": parts.reference("schemas", "Resource")}
        asked["requestBody"] = {
            "required": any(each.minimum for each in definition.inputs),
            "content": parts.contents(media),
        }
    return asked


def _queries(inputs: Iterable[Parameter]) -> Iterator[Json]:
    for each in inputs:
        if each.type in PRIMITIVES:
            schema = _SCHEMAS.get(each.type, {"type": "string"})
            yield {
                "name": each.name,
                "in": "query",
                "required": each.minimum > 0,
                "description": each.says or f"A {each.type}",
                "schema": {"type": "array", "items": schema} if each.repeats else schema,
            }
