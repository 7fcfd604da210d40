"""The road every write takes: parse, validate, index, store.

create, update, transaction, the SOP API, the bridges and the command line all come through
here. ``prepare`` is pure and can run for many resources before anything is stored; ``commit`` is
the one call that changes the database.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from fhir_server.errors import BadRequest, FhirError, Invalid
from fhir_server.interactions import consequences, subscribing
from fhir_server.interactions.declared import declared
from fhir_server.mappings import jenis_tugas
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse, text
from fhir_server.search import custom
from fhir_server.search.index import index
from fhir_server.store.ops import Delete, Put
from fhir_server.waiting import aside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fhir_server.context import Context
    from fhir_server.resources.wire import Document
    from fhir_server.store.ops import Condition, Method, Op, Written


def prepare(
    context: Context,
    body: bytes,
    resource_id: str | None = None,
    *,
    resource_type: str | None = None,
    if_match: int | None = None,
) -> Put:
    """Turn the body of a request into a write that can no longer be refused for its content.

    Without ``resource_id`` it is a create under a new id, whatever id the body has; with it an
    update, and the body must have the same id. ``resource_type`` is what the URL says, if any.
    """
    document = checked(context, body)
    expect(document, resource_type, resource_id)
    if resource_id is None:
        return put(context, document, body, context.new_id(), method="POST")
    blind = if_match is None
    return put(context, document, body, resource_id, method="PUT", if_match=if_match, blind=blind)


def checked(context: Context, body: bytes) -> Document:
    """Parse and validate; any issue worse than a warning raises Invalid."""
    document = parse(body, context.settings.depth_limit)
    issues = validate(document, context.definitions)
    if document["resourceType"] == "SearchParameter" and not issues:
        issues += custom.problems(document, context.parameters)
    if any(issue.severity in ("error", "fatal") for issue in issues):
        raise Invalid(issues)
    return document


def expect(document: Document, resource_type: str | None, resource_id: str | None) -> None:
    """Hold the body against the URL it was sent to."""
    given, own_id = document["resourceType"], document.get("id")
    if resource_type is not None and given != resource_type:
        says = f"The URL is of {resource_type}, but the body is a {given}."
        raise BadRequest(says, expression=f"{given}.resourceType")
    if resource_id is not None and own_id != resource_id:
        has = "the body has no id" if own_id is None else f"the id in the body is {own_id}"
        says = f"The URL is of {given}/{resource_id}, but {has}; they must be the same."
        raise BadRequest(says, expression=f"{given}.id")


def put(  # noqa: PLR0913
    context: Context,
    document: Document,
    raw: bytes,
    resource_id: str,
    *,
    method: Method,
    if_match: int | None = None,
    where: str = "",
    blind: bool = False,
    tidy: bool = False,
) -> Put:
    """Make the write of a resource that was checked; ``raw`` is the text of ``document``.

    A POST writes what is new, under an id the server made. ``where`` is the FHIRPath of the
    resource in the request, if it did not come alone; ``blind`` says that the request asks for
    no version, ``tidy`` that ``raw`` has no white space outside of strings. Invalid if it breaks a
    profile it declares.
    """
    faults = declared(context, document, where)
    if faults:
        raise Invalid(faults)
    new = method == "POST"
    resource_type = document["resourceType"]
    bare = "" if "id" in document or "meta" in document else resource_type
    document["id"] = resource_id
    if resource_type == subscribing.TYPE:
        raw, bare = subscribing.prepared(context, document, resource_id, new=new), ""
    by = context.principal.organization
    return Put(
        resource_type,
        resource_id,
        text(raw, resource_id, tidy=tidy, bare=bare),
        index(document, context.parameters),
        method,
        existing=False if new else None,
        if_match=if_match,
        concerns=context.rules.concerns(
            document, resource_id, new=new, where=where, blind=blind, by=by or ""
        ),
        claims=context.rules.claims(document, where),
        notices=context.notices(document),
        authors=context.principal.authors,
    )


def commit(
    context: Context, ops: Sequence[Op], conditions: Sequence[Condition] = ()
) -> list[Written]:
    """Store all of them or none, with what follows; the rules of the SOPs judge everything.

    Gives what was written of ``ops``, in their order.
    """
    asker = context.store
    asker.permit(ops)
    conditions = asker.judged(conditions)
    if asker is not asker.unguarded:  # what follows is not asked for its rights
        context = context.unguarded()
    try:
        return _committed(context, ops, conditions)
    except FhirError as error:
        asker.veil(error, ops)
        raise


def _committed(
    context: Context, ops: Sequence[Op], conditions: Sequence[Condition]
) -> list[Written]:
    concerns = [concern for op in ops if isinstance(op, Put) for concern in op.concerns]
    tasks = [op.id for op in ops if isinstance(op, Delete) and op.resource_type == "Task"]
    if tasks:
        kept = jenis_tugas.deletion(tasks, context.settings.canonical, context.rules.facts)
        conditions = [*conditions, kept]
    if concerns and context.rules.effects(concerns):
        written = aside(
            lambda: consequences.store(context, ops, conditions, partial(_follows, context))
        )
    else:
        checks = context.rules.checks(concerns) if concerns else ()
        written = context.store.transact(ops, [*conditions, *checks])
    kinds = {op.resource_type for op in ops}
    if "SearchParameter" in kinds:
        context.store.customs.refresh(context.parameters)
    if "StructureDefinition" in kinds:
        context.store.profiles.changed()
    return written


def _follows(context: Context, body: bytes, resource_id: str, new: bool) -> Put:  # noqa: FBT001
    """Make the write of what an SOP lets follow."""
    method: Method = "POST" if new else "PUT"
    made = put(context, checked(context, body), body, resource_id, method=method)
    return structs.replace(made, authors=())  # who asked for the write did not ask for this one
