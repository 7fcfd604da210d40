"""A resource that was built with the classes of ``r4b``, as plain JSON.

Those classes can write themselves, and take longer for it than for all the rest of a mapping. So
their fields are read here, in the order of R4; values that JSON does not know are left to pydantic.
Nothing of it is imported before there is something to write (``r4b``).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_core.fhirabstractmodel import FHIRAbstractModel

    from fhir_server.resources.wire import Document

AS_THEY_ARE = frozenset({str, bool, int})


class _Field(NamedTuple):
    """An element: its name in JSON, its attribute, who writes its bytes; what extends it."""

    name: str
    attribute: str
    encoder: Any
    extended: str | None = None
    extension: str = ""


def as_json(resource: FHIRAbstractModel) -> Document:
    """Give a resource, or a part of one, as JSON; numbers with a fraction become floats."""
    values = resource.__dict__
    head, fields = _shape(type(resource))
    document: Document = {**head}
    for name, attribute, encoder, extended, extension in fields:
        value = values.get(attribute)
        if value is not None and value != []:
            document[name] = _value(encoder.encode(value) if encoder else value)
        if extended is not None and values.get(extended):
            document[extension] = _value(values[extended])
    return document


def _value(value: Any) -> Any:
    kind = type(value)
    if kind in AS_THEY_ARE:
        return value
    if kind is list:
        return [None if each is None else _value(each) for each in value]
    if hasattr(kind, "elements_sequence"):
        return as_json(value)
    if kind is Decimal:
        whole = value == value.to_integral_value() and value.as_tuple().exponent >= 0
        return int(value) if whole else float(value)
    core = import_module("pydantic_core")
    return core.from_json(core.to_json(value))


@cache
def _shape(kind: type[FHIRAbstractModel]) -> tuple[dict[str, str], tuple[_Field, ...]]:
    """Give what every one of a class begins with, and its fields."""
    head = {"resourceType": kind.get_resource_type()} if kind.has_resource_base() else {}
    return head, tuple(_fields(kind))


def _fields(kind: type[FHIRAbstractModel]) -> Iterator[_Field]:
    of = import_module("fhir_core.utils")
    aliases, models = kind.get_alias_mapping(), kind.model_fields
    for element in kind.elements_sequence():
        attribute = aliases[element]
        field = models[attribute]
        encoder, extended = of.get_base64_encoder(field), f"{attribute}__ext"
        if extended not in models or not of.is_primitive_type(field):
            yield _Field(field.alias or attribute, attribute, encoder)
            continue
        extension = models[extended].alias or extended
        yield _Field(field.alias or attribute, attribute, encoder, extended, extension)
