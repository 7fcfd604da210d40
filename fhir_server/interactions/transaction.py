"""FHIR transaction: all entries or none.

Every entry is read and judged before anything is stored, so the issues of all entries come back
together; then references are resolved and everything is committed at once.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from fhir_server.errors import BadRequest, Conflict, FhirError, Invalid, NotSupported
from fhir_server.interactions.answers import preferences
from fhir_server.interactions.conditional import Exists, absent, criteria
from fhir_server.interactions.entries import (
    ORDER,
    language_of,
    of_answer,
    of_deletion,
    of_error,
    of_stored,
    placed,
    step,
)
from fhir_server.interactions.identities import Work, resolve
from fhir_server.interactions.preconditions import if_match
from fhir_server.interactions.request import Answer
from fhir_server.interactions.write import commit, expect, put
from fhir_server.resources.bundles import join
from fhir_server.resources.references import Rewriter
from fhir_server.resources.validate import validate
from fhir_server.store.ops import Delete

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.bundles import Entry
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Check, Method, Op, Written

_READS = frozenset({"GET", "HEAD"})
_WRITES = frozenset({"create", "update", "delete"})
_TRIES = 5


def transaction(
    context: Context,
    request: Request,
    document: Document,
    entries: list[Entry],
    answer: Callable[[Context, Request], Answer],
) -> Answer:
    """Store what the entries ask for, or raise with the issues of all of them."""
    works = _read(context, request, document, entries)
    _probe(context, works, answer)
    for _ in range(_TRIES):
        try:
            results = _write(context, works)
        except Exists:  # what If-None-Exist asks about was created in between: resolve anew
            continue
        done = [_entry(context, request, work, results, answer) for work in works]
        return Answer(200, join("transaction-response", done))
    raise Conflict("Others kept creating what ifNoneExist of this transaction asks about; retry.")


def _read(
    context: Context, request: Request, document: Document, entries: list[Entry]
) -> list[Work]:
    issues = validate(document, context.definitions)
    errors: list[FhirError] = []
    if any(issue.severity in ("error", "fatal") for issue in issues):
        errors.append(Invalid(issues))
    works = []
    for place, entry in enumerate(entries):
        try:
            with placed(place):
                works.append(_work(context, request, place, entry, document["entry"][place]))
        except FhirError as error:
            errors.append(error)
    if errors:
        raise _together(errors)
    return works


def _work(context: Context, request: Request, place: int, entry: Entry, document: Document) -> Work:
    asked = step(place, entry, request, context.definitions.types)
    if asked.request.method in _READS:
        return Work(asked, None)
    if asked.interaction not in _WRITES:
        raise NotSupported(f"{asked.interaction} is not supported in a transaction yet.")
    work = Work(asked, document.get("resource"))
    if asked.interaction != "delete" and work.document is None:
        raise BadRequest("The entry has no resource to store.")
    resource_type, *ids = asked.variables
    if work.document is not None and asked.interaction != "delete":
        expect(work.document, resource_type, ids[0] if ids else None)
    work.resource_type = resource_type
    work.resource_id = ids[0] if ids else context.new_id()
    work.if_match = if_match(asked.request.headers)
    search = asked.request.headers.get("if-none-exist")
    if asked.interaction == "create" and search is not None:
        work.wanted = criteria(context, resource_type, search, "ifNoneExist")
    return work


def _together(errors: list[FhirError]) -> FhirError:
    """Make one refusal of many; its status is theirs, or 400 where they differ."""
    issues = [issue for error in errors for issue in error.issues]
    same = len({type(error) for error in errors}) == 1
    whole = errors[0] if same else BadRequest("The transaction was refused.")
    whole.issues = tuple(issues)
    return whole


def _probe(
    context: Context, works: list[Work], answer: Callable[[Context, Request], Answer]
) -> None:
    """Refuse the transaction for a GET that would fail, before anything is stored."""
    if not any(work.interaction in _WRITES for work in works):
        return
    written = {work.identity for work in works if work.interaction in ("create", "update")}
    for work in works:
        if work.interaction in _WRITES or "/".join(work.step.variables[:2]) in written:
            continue
        with placed(work.step.place):
            answer(context, work.step.request)


def _write(context: Context, works: list[Work]) -> dict[int, Written]:
    targets = resolve(context, works)
    rewriter = Rewriter(targets, context.definitions)
    ops: list[Op] = []
    places = []
    for work in sorted(works, key=lambda each: ORDER[each.step.request.method]):
        if work.interaction in _WRITES and work.existing is None:
            ops.append(_op(context, work, rewriter))
            places.append(work.step.place)
    gone = frozenset(work.identity for work in works if work.interaction == "delete")
    checks = [absent(work.wanted, gone) for work in works if work.wanted and not work.existing]
    return dict(zip(places, _commit(context, ops, checks, places), strict=True))


def _commit(
    context: Context, ops: list[Op], checks: list[Check], places: list[int]
) -> list[Written]:
    try:
        return commit(context, ops, checks) if ops else []
    except FhirError as error:
        if error.op is not None:
            with placed(places[error.op]):
                raise
        raise


def _op(context: Context, work: Work, rewriter: Rewriter) -> Op:
    if work.interaction == "delete":
        return Delete(work.resource_type, work.resource_id, work.if_match)
    raw = work.step.request.body
    text = rewriter.rewrite(raw, work.step.entry.full_url)
    document = work.document if text == raw else orjson.loads(text)
    assert document is not None  # noqa: S101  # _work refused what has none
    method: Method = "POST" if work.interaction == "create" else "PUT"
    return put(
        context,
        document,
        text,
        work.resource_id,
        method=method,
        if_match=work.if_match,
        where=f"Bundle.entry[{work.step.place}].resource",
    )


def _entry(
    context: Context,
    request: Request,
    work: Work,
    results: dict[int, Written],
    answer: Callable[[Context, Request], Answer],
) -> bytes:
    place = work.step.place
    if work.interaction not in _WRITES:
        try:
            return of_answer(answer(context, work.step.request), request.base)
        except FhirError as error:
            return of_error(error.status, error.issues, place, language_of(request.headers))
    whole = preferences(request.headers).get("return") == "representation"
    if work.existing is not None:
        return of_stored(work.existing, 200, request.base, whole=whole)
    result = results[place]
    if work.interaction == "delete":
        return of_deletion(result.stored)
    status = 201 if result.created else 200
    return of_stored(result.stored, status, request.base, whole=whole)
