"""FHIR transaction: all entries or none.

Every entry is read and judged before anything is stored, so the issues of all entries come back
together; then references are resolved and everything is committed at once.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fhir_server.errors import BadRequest, FhirError, Invalid, NotSupported, PreconditionFailed
from fhir_server.interactions import provenance
from fhir_server.interactions.answers import preferences
from fhir_server.interactions.conditional import Moved, settled
from fhir_server.interactions.entries import (
    ORDER,
    Step,
    at,
    handed_down,
    language_of,
    of_answer,
    of_deletion,
    of_error,
    of_stored,
    placed,
    step,
)
from fhir_server.interactions.identities import gone_by, resolve
from fhir_server.interactions.request import Answer
from fhir_server.interactions.works import KINDS, Work, work_of
from fhir_server.interactions.write import commit
from fhir_server.resources.bundles import join
from fhir_server.resources.references import Rewriter
from fhir_server.resources.validate import validate

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.resources.bundles import Entry
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Check, Op, Written

    Answering = Callable[[Context, Request], Answer]


class Transaction(NamedTuple):
    """One transaction on its way: its entries, read, and those that write by their place."""

    context: Context
    request: Request
    answer: Answering
    steps: list[Step]
    works: dict[int, Work]


def transaction(
    context: Context,
    request: Request,
    document: Document,
    entries: list[Entry],
    answer: Answering,
) -> Answer:
    """Store what the entries ask for, or raise with the issues of all of them."""
    provenance.refuse(request)
    asked = Transaction(context, handed_down(request), answer, [], {})
    _read(asked, document, entries)
    _probe(asked)
    results = settled(lambda: _write(context, list(asked.works.values())))
    whole = preferences(asked.request.headers).get("return") == "representation"
    done = [_entry(asked, each, results, whole=whole) for each in asked.steps]
    return Answer(200, join("transaction-response", done))


def _read(asked: Transaction, document: Document, entries: list[Entry]) -> None:
    issues = validate(document, asked.context.definitions)
    errors: list[FhirError] = []
    if any(issue.severity in ("error", "fatal") for issue in issues):
        errors.append(Invalid(issues))
    for place, entry in enumerate(entries):
        try:
            _read_entry(asked, place, entry, document["entry"][place])
        except FhirError as error:
            errors.append(at(error, place))
    if errors:
        raise _together(errors)


def _read_entry(asked: Transaction, place: int, entry: Entry, document: Document) -> None:
    each = step(place, entry, asked.request, asked.context.definitions.types)
    if each.interaction == "transaction":
        raise BadRequest("A batch or transaction cannot stand inside a transaction.")
    if each.interaction == "operation":
        _refuse_change(asked.context, each)
    asked.steps.append(each)
    if each.kind in KINDS:
        asked.works[place] = work_of(asked.context, each, document.get("resource"))


def _refuse_change(context: Context, each: Step) -> None:
    """Refuse an operation that changes something by itself, for it could not be undone."""
    name = each.request.path.rpartition("$")[2]
    if any(one.affects_state for one in context.operations if one.name == name):
        raise NotSupported(
            f"${name} changes the server by itself; call it alone or in a batch, not in a "
            "transaction."
        )


def _together(errors: list[FhirError]) -> FhirError:
    """Make one refusal of many; its status is theirs, or 400 where they differ."""
    issues = [issue for error in errors for issue in error.issues]
    same = len({type(error) for error in errors}) == 1
    whole = errors[0] if same else BadRequest("The transaction was refused.")
    whole.issues = tuple(issues)
    return whole


def _probe(asked: Transaction) -> None:
    """Refuse the transaction for a GET that would fail, before anything is stored."""
    if not asked.works:
        return
    written = {each for work in asked.works.values() for each in work.identities}
    for each in asked.steps:
        if each.place in asked.works or "/".join(each.variables[:2]) in written:
            continue
        if each.interaction == "operation" and each.request.method == "POST":
            continue
        with placed(each.place):
            asked.answer(asked.context, each.request)


def _write(context: Context, works: list[Work]) -> dict[int, list[Written]]:
    rewriter = Rewriter(resolve(context, works), context.definitions)
    ops: list[Op] = []
    places: list[int] = []
    for work in sorted(works, key=lambda each: ORDER[each.step.request.method]):
        made = _ops(context, work, rewriter)
        ops += made
        places += [work.step.place] * len(made)
    gone = gone_by(works)
    checks = [check for work in works if (check := work.check(gone))]
    patches = {work.step.place for work in works if work.kind == "patch"}
    results: dict[int, list[Written]] = {work.step.place: [] for work in works}
    for place, each in zip(places, _commit(context, ops, checks, places, patches), strict=True):
        results[place].append(each)
    return results


def _commit(
    context: Context, ops: list[Op], checks: list[Check], places: list[int], patches: set[int]
) -> list[Written]:
    try:
        return commit(context, ops, checks) if ops else []
    except FhirError as error:
        number = 0 if len(ops) == 1 else error.op
        if number is None:
            raise
        if isinstance(error, PreconditionFailed) and places[number] in patches:
            raise Moved from error
        with placed(places[number]):
            raise


def _ops(context: Context, work: Work, rewriter: Rewriter) -> list[Op]:
    if work.kind == "delete":
        return work.deletions()
    if work.existing is not None or work.document is None:
        return []
    text, document = rewriter.rewritten(work.raw, work.document, work.step.entry.full_url)
    return [work.put(context, text, document)]


def _entry(
    asked: Transaction, each: Step, results: dict[int, list[Written]], *, whole: bool
) -> bytes:
    base = asked.request.base
    work = asked.works.get(each.place)
    if work is None:
        try:
            return of_answer(asked.answer(asked.context, each.request), base)
        except FhirError as error:
            language = language_of(asked.request.headers)
            return of_error(error.status, error.issues, each.place, language)
    if work.kind == "delete":
        return of_deletion([written.stored for written in results[each.place]])
    if work.existing is not None:
        return of_stored(work.existing, 200, base, whole=whole)
    (result,) = results[each.place]
    return of_stored(result.stored, 201 if result.created else 200, base, whole=whole)
