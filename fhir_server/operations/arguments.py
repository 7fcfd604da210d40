"""What an operation is given: from the URL, from a form, from Parameters, from a bare resource.

https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from fhir_server.errors import BadRequest
from fhir_server.resources.bindings import nearest, quoted
from fhir_server.resources.definitions import PRIMITIVES, load_definitions
from fhir_server.resources.primitives import EXPECTED, is_valid
from fhir_server.resources.wire import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.interactions.request import Request
    from fhir_server.resources.operations import Definition, Parameter

FORM = "application/x-www-form-urlencoded"

_OF_HTTP = frozenset({"_format", "_pretty"})
_ANY = frozenset({"Resource", "DomainResource", "Any"})
_WHOLE = frozenset({"integer", "unsignedInt", "positiveInt"})
_is_whole = re.compile(r"[+-]?\d{1,12}").fullmatch


@dataclass(frozen=True, slots=True)
class Argument:
    """One value; ``raw`` is the text of a resource as it was sent."""

    name: str
    value: Any
    raw: bytes = b""


class _Given(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw()


class _Body(msgspec.Struct):
    parameter: list[_Given] = []


_decoder = msgspec.json.Decoder(_Body)


def read(definition: Definition, request: Request, depth_limit: int) -> list[Argument]:
    """Read everything that was given; BadRequest for what the operation does not take."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    body = request.body if request.method == "POST" else b""
    if body and request.headers.get("content-type", "").startswith(FORM):
        pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        body = b""
    found = list(_of_pairs(definition, pairs))
    if body.strip():
        found += _of_body(definition, body, depth_limit)
    _expect_enough(definition, found)
    return found


def _of_pairs(definition: Definition, pairs: Sequence[tuple[str, str]]) -> Iterator[Argument]:
    for name, text in pairs:
        if name in _OF_HTTP:
            continue
        parameter = _find(definition.inputs, name)
        if parameter is None and definition.searches:
            yield Argument(name, text)
        elif parameter is None:
            raise _unknown(definition, name)
        elif parameter.type not in PRIMITIVES:
            raise BadRequest(
                f"{name} is {_article(parameter)}, which a URL cannot hold; POST Parameters."
            )
        else:
            yield Argument(name, _converted(name, parameter.type, text))


def _of_body(definition: Definition, body: bytes, depth_limit: int) -> list[Argument]:
    document = parse(body, depth_limit)
    if document["resourceType"] == "Parameters":
        return _of_parameters(definition, document.get("parameter", []), body)
    takers = [each for each in definition.inputs if _is_resource(each.type)]
    if len(takers) != 1 or not _fits(takers[0].type, document["resourceType"]):
        raise BadRequest(
            f"${definition.name} takes Parameters, not a {document['resourceType']}.",
            expression=document["resourceType"],
        )
    return [Argument(takers[0].name, document, body)]


def _of_parameters(definition: Definition, given: Any, body: bytes) -> list[Argument]:
    if not isinstance(given, list):
        raise BadRequest("Parameters.parameter is an array.", expression="Parameters.parameter")
    try:
        texts = [bytes(each.resource) for each in _decoder.decode(body).parameter]
    except msgspec.DecodeError as error:
        raise BadRequest(f"The Parameters cannot be read: {error}") from error
    found = []
    for place, (each, raw) in enumerate(zip(given, texts, strict=True)):
        where = f"Parameters.parameter[{place}]"
        name = _name(each, where)
        parameter = _find(definition.inputs, name)
        if parameter is not None:
            found.append(Argument(name, _value(parameter, each, where), raw))
        elif definition.searches and isinstance(each.get("valueString"), str):
            found.append(Argument(name, each["valueString"]))
        else:
            raise _unknown(definition, name, where)
    return found


def _value(parameter: Parameter, given: dict[str, Any], where: str) -> Any:
    if parameter.parts:
        return _parts(parameter, given.get("part"), where)
    if _is_resource(parameter.type):
        return _resource(parameter, given.get("resource"), where)
    names = [name for name in given if name.startswith("value")]
    if len(names) != 1:
        raise BadRequest(
            f"{parameter.name} needs one value: {_value_name(parameter.type)}.", expression=where
        )
    value = given[names[0]]
    if parameter.type in PRIMITIVES:
        return _primitive(parameter, value, f"{where}.{names[0]}")
    if names[0] != _value_name(parameter.type) or not isinstance(value, dict):
        raise BadRequest(
            f"{parameter.name} is {_article(parameter)}: {_value_name(parameter.type)}, "
            f"not {names[0]}.",
            expression=where,
        )
    return value


def _primitive(parameter: Parameter, value: Any, where: str) -> Any:
    if isinstance(value, str):
        return _converted(parameter.name, parameter.type, value, where)
    if not is_valid(value, parameter.type):
        raise _wrong(parameter.name, parameter.type, where)
    return value


def _converted(name: str, kind: str, text: str, where: str | None = None) -> Any:
    """Read the value of a primitive from text."""
    value: Any = text
    if kind == "boolean":
        value = {"true": True, "false": False}.get(text)
    elif kind in _WHOLE:
        value = int(text) if _is_whole(text) else None
    elif kind == "decimal":
        return _decimal(name, text, where)
    if not is_valid(value, kind):
        raise _wrong(name, kind, where)
    return value


def _decimal(name: str, text: str, where: str | None) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _wrong(name, "decimal", where) from None
    if not number.is_finite():
        raise _wrong(name, "decimal", where)
    return number


def _parts(parameter: Parameter, given: Any, where: str) -> dict[str, list[Any]]:
    if not isinstance(given, list):
        raise BadRequest(f"{parameter.name} consists of parts.", expression=f"{where}.part")
    found: dict[str, list[Any]] = {}
    for place, each in enumerate(given):
        here = f"{where}.part[{place}]"
        name = _name(each, here)
        part = _find(parameter.parts, name)
        if part is None:
            near = quoted(nearest(name, tuple(each.name for each in parameter.parts)))
            raise BadRequest(
                f"{parameter.name} has no part {name[:64]}; it has {near}.", expression=here
            )
        found.setdefault(name, []).append(_value(part, each, here))
    return found


def _resource(parameter: Parameter, given: Any, where: str) -> Any:
    kind = given.get("resourceType") if isinstance(given, dict) else None
    if not isinstance(kind, str) or not _fits(parameter.type, kind):
        raise BadRequest(
            f"{parameter.name} is {_article(parameter)}, in the element resource.",
            expression=f"{where}.resource",
        )
    return given


def _expect_enough(definition: Definition, found: list[Argument]) -> None:
    for parameter in definition.inputs:
        number = sum(each.name == parameter.name for each in found)
        if number < parameter.minimum:
            raise BadRequest(f"${definition.name} needs {parameter.name} ({_article(parameter)}).")
        if parameter.maximum != "*" and number > int(parameter.maximum):
            raise BadRequest(
                f"{parameter.name} can be given {parameter.maximum} time(s), not {number}."
            )


def _find(parameters: Sequence[Parameter], name: str) -> Parameter | None:
    return next((each for each in parameters if each.name == name), None)


def _name(given: Any, where: str) -> str:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise BadRequest("A parameter is an object with a name.", expression=where)
    return str(given["name"])


def _unknown(definition: Definition, name: str, where: str | None = None) -> BadRequest:
    names = tuple(each.name for each in definition.inputs)
    near = nearest(name, names)
    hint = f" It takes {quoted(near)}." if near else ""
    return BadRequest(f"${definition.name} takes no {name[:64]!r}.{hint}", expression=where)


def _wrong(name: str, kind: str, where: str | None) -> BadRequest:
    english, indonesian = EXPECTED[kind]
    return BadRequest(
        f"{name} is not {english}.",
        expression=where,
        indonesian=f"{name} bukan {indonesian}.",
    )


def _is_resource(kind: str) -> bool:
    return kind in _ANY or kind in load_definitions().types


def _fits(kind: str, resource_type: str) -> bool:
    return kind in _ANY or kind == resource_type


def _value_name(kind: str) -> str:
    return f"value{kind[:1].upper()}{kind[1:]}"


def _article(parameter: Parameter) -> str:
    kind = parameter.type or "several parts"
    return f"{'an' if kind[0] in 'AEIOaeio' else 'a'} {kind}" if parameter.type else kind
