"""FHIR batch: every entry for itself; and the door through which transactions come too.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.errors import BadRequest, FhirError, Invalid, TooLarge
from fhir_server.interactions.entries import (
    ORDER,
    handed_down,
    language_of,
    of_answer,
    of_error,
    step,
)
from fhir_server.interactions.faults import report
from fhir_server.interactions.request import Answer
from fhir_server.interactions.transaction import transaction
from fhir_server.resources.bundles import join, split
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.bundles import Entry
    from fhir_server.resources.wire import Document

    Answering = Callable[[Context, Request], Answer]


def process(context: Context, request: Request, answer: Answering) -> Answer:
    """Run a Bundle that was posted to the base; ``answer`` runs what its entries ask for."""
    document = parse(request.body, context.settings.depth_limit)
    kind = _kind(document)
    entries = split(request.body)
    if len(entries) > context.settings.entry_limit:
        raise TooLarge(
            f"The Bundle has {len(entries)} entries; {context.settings.entry_limit} are allowed "
            "(FHIR_ENTRY_LIMIT).",
            expression="Bundle.entry",
        )
    if kind == "transaction":
        return transaction(context, request, document, entries, answer)
    _check_envelope(context, document)
    done = _batch(context, request, entries, answer)
    return Answer(200, join("batch-response", done))


def _kind(document: Document) -> str:
    if document["resourceType"] != "Bundle":
        raise BadRequest(
            f"Only a Bundle can be posted to the base; send a {document['resourceType']} to "
            f"[base]/{document['resourceType']}.",
            expression=document["resourceType"],
        )
    kind = document.get("type")
    if kind not in ("batch", "transaction"):
        raise BadRequest(
            f"A Bundle of type {kind} cannot be processed; it must be batch or transaction.",
            expression="Bundle.type",
        )
    return str(kind)


def _check_envelope(context: Context, document: Document) -> None:
    """Validate the Bundle itself; each resource in it is judged by its own entry."""
    entries = document.get("entry")
    if isinstance(entries, list):
        bare = [
            {name: value for name, value in each.items() if name != "resource"}
            if isinstance(each, dict)
            else each
            for each in entries
        ]
        document = document | {"entry": bare}
    issues = validate(document, context.definitions)
    if any(issue.severity in ("error", "fatal") for issue in issues):
        raise Invalid(issues)


def _batch(
    context: Context, request: Request, entries: list[Entry], answer: Answering
) -> list[bytes]:
    request = handed_down(request)
    order = sorted(range(len(entries)), key=lambda place: _rank(entries[place]))
    done = {place: _one(context, request, place, entries[place], answer) for place in order}
    return [done[place] for place in range(len(entries))]


def _one(context: Context, request: Request, place: int, entry: Entry, answer: Answering) -> bytes:
    language = language_of(request.headers)
    try:
        asked = step(place, entry, request, context.definitions.types).request
        _refuse_nested(asked)
        return of_answer(answer(context, asked), request.base)
    except FhirError as error:
        return of_error(error.status, error.issues, place, language)
    except Exception as error:  # noqa: BLE001 -- the other entries stand, and are answered
        return of_error(500, (report(error, context.new_id()),), place, language)


def _refuse_nested(asked: Request) -> None:
    if asked.path == "" and asked.method == "POST":
        raise BadRequest("A batch or transaction cannot stand inside a batch.")


def _rank(entry: Entry) -> int:
    """Give the place of an entry in the order of R4; a search by POST comes with the others."""
    if entry.request is None:
        return 0
    is_search = entry.request.url.partition("?")[0].endswith("_search")
    return ORDER.get("GET" if is_search else entry.request.method, 0)
