"""FHIR search of one type, of several, and in a compartment, by GET and by POST.

https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/http.html#vsearch
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from fhir_server.interactions.answers import preferences
from fhir_server.interactions.explain import explain
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.request import Answer
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.subsets import narrow
from fhir_server.resources.wire import dump
from fhir_server.search import cursor
from fhir_server.search.compile import compile as compile_query
from fhir_server.search.query import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.search.query import Query
    from fhir_server.store.mongo import Store
    from fhir_server.store.ops import Found, Stored

_OF_HTTP = frozenset({"_format", "_pretty"})


def search_type(context: Context, request: Request, resource_type: str) -> Answer:
    """Answer one page of matches and what they include."""
    return _search(context, request, resource_type)


def search_system(context: Context, request: Request) -> Answer:
    """Answer one page of matches of the types that ``_type`` names, or of all."""
    return _search(context, request, None)


def search_compartment(
    context: Context, request: Request, owner: str, owner_id: str, member: str
) -> Answer:
    """Answer one page of what belongs to one Patient, Encounter, …; ``*`` means every type."""
    return _search(context, request, None if member == "*" else member, (owner, owner_id))


def _search(
    context: Context,
    request: Request,
    resource_type: str | None,
    compartment: tuple[str, str] | None = None,
) -> Answer:
    query = _query(context, request, resource_type, compartment)
    plan = compile_query(query, context.parameters, context.settings)
    if query.explain:
        return explain(context, plan)
    found = context.store.search(plan)
    links = _links(context, request, query, found)
    if plan.count_only:
        return Answer(200, join("searchset", (), links=links, total=found.total))
    entries = _entries(context, request, query, found)
    return Answer(200, join("searchset", entries, links=links, total=_total(query, found)))


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Read the parameters of the URL and, for POST, of the form, in the order they came."""
    text = request.query
    if request.method == "POST" and request.body:
        text = f"{text}&{request.body.decode('utf-8', 'replace')}"
    pairs = parse_qsl(text, keep_blank_values=True)
    return [pair for pair in pairs if pair[0] not in _OF_HTTP]


def page_key(context: Context) -> bytes:
    """Give the key that seals page links."""
    return cursor.key(context.settings.page_key or _kept(context.store))


@lru_cache(maxsize=16)
def _kept(store: Store) -> bytes:
    return store.secret("pages")


def _query(
    context: Context,
    request: Request,
    resource_type: str | None,
    compartment: tuple[str, str] | None,
) -> Query:
    pairs = pairs_of(request)
    known = context.parameters
    for name, value in pairs:
        if name == "_page":
            return cursor.unseal(value, resource_type, page_key(context), known, compartment)
    strict = preferences(request.headers).get("handling") == "strict"
    return parse(resource_type, pairs, known, strict=strict, compartment=compartment)


def _total(query: Query, found: Found) -> int | None:
    """Give the number of matches if it is known: asked for, or all on this page."""
    if found.total is not None or found.more or query.after is not None:
        return found.total
    return sum(stored.mode == "match" for stored in found.resources)


def _links(
    context: Context, request: Request, query: Query, found: Found
) -> Iterator[tuple[str, str]]:
    address = f"{request.base}/{request.path.removesuffix('_search')}".removesuffix("/")
    used = request.query
    as_asked = request.method != "POST" and not any(name in used for name in _OF_HTTP)
    if query.after is None and (query.warnings or not as_asked):
        used = urlencode(query.used, safe=":,|/$")
    yield "self", f"{address}?{used}" if used else address
    if found.more and found.last is not None:
        token = cursor.seal(query, found.last, page_key(context))
        yield "next", f"{address}?_page={token}"


def _entries(context: Context, request: Request, query: Query, found: Found) -> Iterator[bytes]:
    base = quoted(request.base)[:-1]
    if not query.elements and query.summary in (None, "false"):
        for stored in found.resources:
            yield _entry(base, stored, stored.raw)
    else:
        for stored in found.resources:
            elements = query.elements if stored.mode == "match" else ()
            raw = narrow(stored.raw, context.definitions, elements, query.summary)
            yield _entry(base, stored, raw)
    if query.warnings and query.after is None:
        yield b'{"resource":%s,"search":{"mode":"outcome"}}' % dump(outcome(query.warnings))


def _entry(base: bytes, stored: Stored, raw: bytes) -> bytes:
    return b'{"fullUrl":%s/%s/%s","resource":%s,"search":{"mode":"%s"}}' % (
        base,
        stored.resource_type.encode(),
        stored.id.encode(),
        raw,
        stored.mode.encode(),
    )
