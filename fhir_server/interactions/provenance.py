"""X-Provenance: who did it and why, stored in the same transaction as what was done.

https://hl7.org/fhir/R4/provenance.html#header
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orjson import dumps

from fhir_server.errors import BadRequest, FhirError
from fhir_server.interactions.write import prepare
from fhir_server.resources.wire import pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.errors import Issue
    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Op

HEADER = "x-provenance"


def witnessed(context: Context, request: Request, ops: Sequence[Op]) -> list[Op]:
    """Add the Provenance of the request, if it has one, behind the writes it is about."""
    given = request.headers.get(HEADER)
    if not given or not ops:
        return list(ops)
    try:
        body = _about(_utf8(given), ops)
        return [*ops, prepare(context, body, resource_type="Provenance")]
    except FhirError as error:
        error.issues = tuple(_in_header(issue) for issue in error.issues)
        raise


def refuse(request: Request) -> None:
    """Refuse the header with a Bundle, which has a place for a Provenance of its own."""
    if request.headers.get(HEADER):
        raise BadRequest("X-Provenance: put the Provenance into the Bundle, as an entry.")


def _about(given: bytes, ops: Sequence[Op]) -> bytes:
    """Set what the Provenance is about; the client leaves that out."""
    parts = pieces(given)
    parts["target"] = dumps([{"reference": f"{op.resource_type}/{op.id}"} for op in ops])
    return b"{" + b",".join(b"%b:%b" % (dumps(name), part) for name, part in parts.items()) + b"}"


def _utf8(header: str) -> bytes:
    """Give the bytes that were sent; HTTP hands them over as if they were Latin-1."""
    try:
        sent = header.encode("latin-1")
        sent.decode()
    except UnicodeError:
        return header.encode()
    return sent


def _in_header(issue: Issue) -> Issue:
    return replace(issue, diagnostics=f"X-Provenance: {issue.diagnostics}")
