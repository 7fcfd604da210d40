"""``Composition/$document``: a composition with all it refers to, as a document Bundle.

The Bundle holds the composition first, then what it refers to itself, then what those refer to,
two steps in all. A reference of the composition that leads nowhere here is an error: a document
with holes is none. ``persist=true`` (by POST) also stores the Bundle.

https://hl7.org/fhir/R4/composition-operation-document.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, Gone, MethodNotAllowed, NotFound
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit, prepare
from fhir_server.operations.linked import (
    document_bundle,
    expect_whole,
    follow,
    key_of,
    local,
    references,
)
from fhir_server.operations.operation import Operation, Parameter

if TYPE_CHECKING:
    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.store.ops import Stored

_STEPS = 2
_IS_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}").fullmatch


def run(context: Context, call: Call) -> Answer:
    """Answer the document."""
    persist = call.one("persist") is True
    if persist and call.request.method != "POST":
        raise MethodNotAllowed("persist=true stores the document; send it by POST.", ("POST",))
    base = call.request.base
    composition = _composition(context, call)
    links = set(references(composition.raw, base))
    others = follow(context, links, {key_of(composition)}, base, steps=_STEPS)
    expect_whole(composition, others, base)
    body = document_bundle(context, [composition, *others], base)
    if not persist:
        return Answer(200, body)
    stored = commit(context, [prepare(context, body, resource_type="Bundle")])[0].stored
    return Answer(200, stored.raw, {"Location": f"{base}/Bundle/{stored.id}"})


def _composition(context: Context, call: Call) -> Stored:
    identity = _identity(call)
    stored = context.store.read("Composition", identity)
    if stored is None:
        raise NotFound(f"There is no Composition/{identity}.")
    if stored.text is None:
        raise Gone(f"Composition/{identity} was deleted; version {stored.version} is the deletion.")
    return stored


def _identity(call: Call) -> str:
    given = call.one("id")
    if call.resource_id is not None:
        if given is not None:
            raise BadRequest("id is given already by the URL; leave the parameter out.")
        return call.resource_id
    text = str(call.required("id"))
    key = local(text, call.request.base)
    if key is not None and key[0] == "Composition":
        return key[1]
    if _IS_ID(text):
        return text
    raise BadRequest(f"id={text!r} is no Composition of this server; right is its logical id.")


OPERATION = Operation(
    name="document",
    types=("Composition",),
    levels=frozenset({"type", "instance"}),
    says="A composition with all it refers to, as a document Bundle.",
    parameters=(
        Parameter("id", "uri", says="The composition, where the URL names none."),
        Parameter("persist", "boolean", says="Store the Bundle too (POST only); false if absent."),
        Parameter("return", "Bundle", use="out", minimum=1, says="A Bundle of type document."),
    ),
    run=run,
)
