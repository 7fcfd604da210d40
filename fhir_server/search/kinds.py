"""What a search parameter writes to the index, and how it asks: the parameter types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.search import date, number, quantity, reference, special, string, token, uri, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.search.field import Kind

KINDS: Mapping[str, Kind] = {
    "string": string,
    "token": token,
    "reference": reference,
    "date": date,
    "number": number,
    "quantity": quantity,
    "uri": uri,
    "special": special,
}

OF_CODES: Mapping[str, Kind] = {"_text": words, "_content": words}
"""Parameters that are like no other of their type."""
