"""``ServiceRequest/[id]/$paket-rujukan``: a referral as one document, for whoever receives it.

The letter comes first, then the request, its present work, and what the letter and the request
refer to; of staff also the person and the facility, of reports also their results. The work of a
facility that was asked before is not in it, nor anything else of the patient's record. The same
for a back-referral (domain §5.3, steps 3 and 8).

https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from fhir_server.errors import Gone, Invalid, Issue, NotFound
from fhir_server.interactions.matches import matches
from fhir_server.interactions.request import Answer
from fhir_server.mappings.ikut_tugas import newest
from fhir_server.operations.linked import (
    document_bundle,
    expect_whole,
    fetch,
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

ONWARD = frozenset({"PractitionerRole", "DiagnosticReport", "Task"})
"""What is followed one step further: who stands behind a role, what a report says."""


def run(context: Context, call: Call) -> Answer:
    """Answer the document."""
    base = call.request.base
    request = _request(context, call.resource_id or "")
    letter = _letter(context, request, base)
    own = [request, *_work(context, request)]
    known = {key_of(each) for each in (letter, *own)}
    wanted = {key for each in (letter, *own) for key in references(each.raw, base)}
    others = follow(
        context, wanted, known, base, goes_on=lambda each: each.resource_type in ONWARD, steps=3
    )
    expect_whole(letter, [*own, *others], base)
    return Answer(200, document_bundle(context, [letter, *own, *others], base))


def _request(context: Context, resource_id: str) -> Stored:
    stored = context.store.read("ServiceRequest", resource_id)
    if stored is None:
        raise NotFound(f"There is no ServiceRequest/{resource_id}.")
    if stored.text is None:
        raise Gone(f"ServiceRequest/{resource_id} was deleted.")
    return stored


def _letter(context: Context, request: Stored, base: str) -> Stored:
    """Give the letter that the request names."""
    said = orjson.loads(request.raw).get("supportingInfo", ())
    keys = [key for each in said if (key := local(each.get("reference", ""), base))]
    letters = [key for key in keys if key[0] == "Composition"]
    found = fetch(context, letters[:1], lambda _: {})
    if not found:
        says = (
            f"ServiceRequest/{request.id} has no letter here. A referral names its Composition "
            "in supportingInfo."
        )
        raise Invalid([Issue("not-found", says, "ServiceRequest.supportingInfo")])
    return found[0]


def _work(context: Context, request: Stored) -> list[Stored]:
    """Give the present work of a request: the Task of the facility that was asked last."""
    found = matches(context, "Task", [("focus", f"ServiceRequest/{request.id}")])
    if not found:
        return []
    last = newest(orjson.loads(each.raw) for each in found)["id"]
    return [each for each in found if each.id == last]


OPERATION = Operation(
    name="paket-rujukan",
    types=("ServiceRequest",),
    levels=frozenset({"instance"}),
    says="A referral or back-referral with its letter and what that says, as a document Bundle.",
    parameters=(
        Parameter("return", "Bundle", use="out", minimum=1, says="A Bundle of type document."),
    ),
    run=run,
)
