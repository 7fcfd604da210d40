"""``$import``: resources from NDJSON files, with a report of every line.

https://hl7.org/fhir/uv/bulkdata/
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from fhir_server.errors import BadRequest, NotFound
from fhir_server.jobs import sources, status
from fhir_server.jobs.kickoff import NDJSON_NAMES, require_async
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.interactions.request import Answer
    from fhir_server.operations.call import Call

IMPORT = "import"


def run(context: Context, call: Call) -> Answer:
    """Put an import on the list of the worker."""
    require_async(call.request)
    given = call.one("inputFormat")
    if given is not None and given not in NDJSON_NAMES:
        raise BadRequest(f"inputFormat={given} cannot be read; application/fhir+ndjson can.")
    inputs, body = [], b""
    for each in call.all("input"):
        described, data = _input(context, {name: values[0] for name, values in each.items()})
        inputs.append({**described, "start": len(body), "size": len(data)})
        body += data
    asked = {"url": f"{call.request.base}/{call.request.path}", "inputs": inputs}
    subject, base = context.principal.subject, call.request.base
    job = context.store.jobs.open(IMPORT, asked, subject, base, body)
    return status.accepted(call.request, job)


def _input(context: Context, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Describe one input, and give what was sent along with it."""
    kind = given.get("type")
    if kind is not None and kind not in context.definitions.types:
        raise BadRequest(f"input.type: there is no R4 resource type {kind!r}.")
    url, binary = given.get("url"), given.get("resource")
    if (url is None) == (binary is None):
        raise BadRequest("An input has either url or resource (a Binary with the lines).")
    if url is None:
        return {"type": kind}, _data(binary)
    if url.startswith("Binary/"):
        return {"type": kind, "name": url}, _data(_stored(context, url))
    sources.expect_allowed(url, context.settings.import_hosts)
    return {"type": kind, "url": url}, b""


def _stored(context: Context, reference: str) -> dict[str, Any]:
    found = context.store.read("Binary", reference.partition("/")[2])
    if found is None or found.text is None:
        raise NotFound(f"There is no {reference}.")
    binary: dict[str, Any] = orjson.loads(found.raw)
    return binary


def _data(binary: Any) -> bytes:
    try:
        return base64.b64decode(binary["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise BadRequest("The Binary of an input has the lines as base64 in data.") from None


OPERATION = Operation(
    name="import",
    levels=frozenset({"system"}),
    says="Store the resources of NDJSON files, and report on every line.",
    affects_state=True,
    parameters=(
        Parameter("inputFormat", "string", says="application/fhir+ndjson, the only format."),
        Parameter(
            "input",
            minimum=1,
            maximum="*",
            says="One file.",
            parts=(
                Parameter("type", "code", says="The type of every resource in it."),
                Parameter("url", "uri", says="Where it is: on an allowed host, or Binary/[id]."),
                Parameter("resource", "Binary", says="The lines themselves."),
            ),
        ),
    ),
    run=run,
)
