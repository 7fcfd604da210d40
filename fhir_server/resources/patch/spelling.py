"""JSON read so that it can be written again with every number as it was spelled."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Self

import orjson

from fhir_server.resources.patch.refusal import refusal

_SURE = 18
"""An integer of so many digits fits everywhere."""


class Spelled(Decimal):
    """A number with the text it was read from: ``1.00``, ``1E3``."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Read the number, and keep the text."""
        found = super().__new__(cls, text)
        found.text = text
        return found


def decode(raw: bytes) -> Any:
    """Read JSON that is known to be JSON."""
    return json.loads(raw, parse_float=Spelled, parse_int=_integer)


def encode(document: Any) -> bytes:
    """Write what ``decode`` read, and what was put into it."""
    try:
        return orjson.dumps(document, default=_fragment)
    except TypeError as error:
        raise refusal("The patched resource is nested too deep.") from error


def _integer(text: str) -> Any:
    return int(text) if len(text) < _SURE and text != "-0" else Spelled(text)


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, Spelled):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)
