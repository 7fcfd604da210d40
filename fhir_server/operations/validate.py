"""``$validate``: everything that is wrong with a resource, by R4 and by profiles, without storing.

https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fhir_server.errors import BadRequest, Gone, Hidden, Issue, NotFound
from fhir_server.interactions.declared import hooks, urls_of
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.operations.operation import Operation, Parameter
from fhir_server.resources.invariants import advice
from fhir_server.resources.profiles.codes import judge_codes
from fhir_server.resources.profiles.judge import judge, judge_extensions
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import dump, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.context import Context
    from fhir_server.operations.call import Call
    from fhir_server.resources.wire import Document

MODES = ("create", "update", "delete", "profile")
WORST = ("fatal", "error", "warning", "information")
FINE = "All OK"


def run(context: Context, call: Call) -> Answer:
    """Answer 200 with an OperationOutcome, whatever is found."""
    mode = call.one("mode")
    if mode not in {None, *MODES}:
        raise BadRequest(f"There is no mode {mode!r}; there are {', '.join(MODES)}.")
    document = call.one("resource")
    if mode == "delete":
        issues = list(_deletion(context, call))
    elif document is None:
        issues = _issues(context, call, _stored(context, call), mode)
    else:
        issues = _issues(context, call, document, mode)
    language = "id" if call.request.headers.get("accept-language", "").startswith("id") else None
    issues.sort(key=lambda each: WORST.index(each.severity))
    return Answer(200, dump(outcome(issues or [_fine()], language)))


def _issues(context: Context, call: Call, document: Document, mode: str | None) -> list[Issue]:
    urls = call.all("profile")
    if mode == "profile" and not urls:
        raise BadRequest("The mode profile needs a profile to validate against.")
    found = list(_fitting(context, call, document, mode))
    structural = validate(document, context.definitions)
    found += structural
    if all(each.code == "invariant" for each in structural):
        found += advice(document, context.definitions)
        found += _profiled(context, document, urls)
    if not any(each.severity != "information" for each in found):
        found.insert(0, _fine())
    return found


def _profiled(context: Context, document: Document, urls: list[str]) -> list[Issue]:
    """Judge by the given and the declared profiles, those of the resources inside as well."""
    library, asks = context.store.profiles.library(), hooks(context)
    found = judge_codes(document, context.definitions, asks.member)
    for inner, at, resolve in _resources(document):
        wanted = dict.fromkeys([*(urls if inner is document else ()), *urls_of(inner)])
        found += judge(library, inner, list(wanted), replace(asks, resolve=resolve), at=at)
    return found + judge_extensions(library, document, asks, found)


def _resources(
    document: Document,
) -> Iterator[tuple[Document, str, Callable[[str], Document | None]]]:
    """Give a resource and those in it, each with its FHIRPath and what its references lead to."""
    kind = document["resourceType"]
    yield document, kind, lambda _: None
    lists = [("contained", document.get("contained", ()))]
    entries = document.get("entry", ()) if kind == "Bundle" else ()
    for name, several in lists:
        for number, each in enumerate(several):
            yield each, f"{kind}.{name}[{number}]", _nearby(document.get("contained", ()))
    for number, entry in enumerate(entries):
        if "resource" in entry:
            yield entry["resource"], f"Bundle.entry[{number}].resource", _in_bundle(entries)


def _nearby(contained: Any) -> Callable[[str], Document | None]:
    known = {f"#{each.get('id')}": each for each in contained}
    return known.get


def _in_bundle(entries: Any) -> Callable[[str], Document | None]:
    known: dict[str, Document] = {}
    for each in entries:
        resource = each.get("resource", {})
        known[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
        known[each.get("fullUrl", "")] = resource
    return known.get


def _fitting(context: Context, call: Call, document: Document, mode: str | None) -> Iterator[Issue]:
    """Hold the resource against the URL and the mode, as the write itself would."""
    given, own = document["resourceType"], document.get("id")
    if given != call.resource_type:
        says = f"The URL is of {call.resource_type}, but this is a {given}."
        yield Issue("invalid", says, f"{given}.resourceType")
    if mode == "update" and call.resource_id is not None and own != call.resource_id:
        says = f"An update of {given}/{call.resource_id} needs that id in the resource."
        yield Issue("invalid", says, f"{given}.id")
    if mode == "create" and own is not None and _is_there(context, given, str(own)):
        says = f"{given}/{own} is there already; a create gives an id of its own."
        yield Issue("informational", says, f"{given}.id", "information")


def _is_there(context: Context, resource_type: str, resource_id: str) -> bool:
    try:
        return context.store.read(resource_type, resource_id) is not None
    except Hidden:  # a create is given another id in any case
        return False


def _stored(context: Context, call: Call) -> Document:
    if call.resource_id is None:
        raise BadRequest("$validate needs the resource: as the body, or in Parameters.")
    return parse(_current(context, call), context.settings.depth_limit)


def _deletion(context: Context, call: Call) -> Iterator[Issue]:
    if call.resource_id is None:
        raise BadRequest("The mode delete needs the id of a resource in the URL.")
    _current(context, call)
    yield Issue("informational", f"{FINE}: it can be deleted.", severity="information")


def _current(context: Context, call: Call) -> bytes:
    name = f"{call.resource_type}/{call.resource_id}"
    stored = context.store.read(str(call.resource_type), str(call.resource_id))
    if stored is None:
        raise NotFound(f"{name} is not there.")
    if stored.text is None:
        raise Gone(f"{name} was deleted.")
    return stored.raw


def _fine() -> Issue:
    return Issue("informational", FINE, severity="information", indonesian="Semuanya benar")


OPERATION = Operation(
    name="validate",
    levels=frozenset({"type", "instance"}),
    says="Say what is wrong with a resource, by R4 and by profiles, without storing it.",
    parameters=(
        Parameter("resource", "Resource", says="Left out: the stored one, by its id in the URL."),
        Parameter("mode", "code", says="create, update, delete or profile."),
        Parameter("profile", "uri", maximum="*", says="Profiles besides those it declares."),
        Parameter("return", "OperationOutcome", use="out", minimum=1),
    ),
    run=run,
)
