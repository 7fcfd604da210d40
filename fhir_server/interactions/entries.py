"""Bundle entries as requests, and answers as Bundle entries.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from fhir_server.errors import BadRequest, FhirError
from fhir_server.interactions.answers import etag
from fhir_server.interactions.grammar import find
from fhir_server.interactions.outcome import outcome
from fhir_server.interactions.patch import of_entry as patch_of_entry
from fhir_server.interactions.request import Request
from fhir_server.resources.bundles import quoted
from fhir_server.resources.wire import dump, instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from fhir_server.errors import Issue
    from fhir_server.interactions.request import Answer
    from fhir_server.resources.bundles import Entry, EntryRequest
    from fhir_server.store.ops import Stored

ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 3, "GET": 4, "HEAD": 4}
_FROM_OUTSIDE = ("prefer", "accept-language")
_STATUS = {each.value: f"{each.value} {each.phrase}" for each in HTTPStatus}


class Step(Struct, frozen=True):
    """One entry, read: its place in the Bundle, what it asks for, the request it stands for."""

    place: int
    entry: Entry
    interaction: str
    variables: tuple[str, ...]
    request: Request

    @property
    def kind(self) -> str:
        """Name the interaction, whether it is conditional or not."""
        return self.interaction.removesuffix("-conditional")


def step(place: int, entry: Entry, outer: Request, types: Collection[str]) -> Step:
    """Read one entry; BadRequest, NotFound or MethodNotAllowed if it asks for no interaction.

    ``outer`` is the request for the Bundle, ``handed_down``.
    """
    asked = entry.request
    where = f"Bundle.entry[{place}].request"
    if asked is None:
        raise BadRequest("An entry of a batch or transaction needs a request.", expression=where)
    if asked.method not in ORDER:
        raise BadRequest(
            f"The method {asked.method!r} is not one of {', '.join(ORDER)}.",
            expression=f"{where}.method",
        )
    path, query = asked.url, ""
    if path not in types:
        path, _, query = path.removeprefix(f"{outer.base}/").removeprefix("/").partition("?")
    if ":" in path:
        raise BadRequest(
            f"The URL {asked.url!r} is not below {outer.base}.", expression=f"{where}.url"
        )
    route, variables = find(asked.method, path, types)
    headers, body = _headers(asked, outer.headers), bytes(entry.resource)
    if asked.method == "PATCH":
        body = patch_of_entry(body)
    request = Request(asked.method, path, outer.base, query, headers, body)
    return Step(place, entry, route.interaction, tuple(variables), request)


def handed_down(request: Request) -> Request:
    """Give the request for a Bundle with those headers only that hold for its entries too."""
    headers = {name: request.headers.get(name) for name in _FROM_OUTSIDE}
    kept = {name: value for name, value in headers.items() if value is not None}
    return structs.replace(request, headers=kept)


def _headers(asked: EntryRequest, outer: Mapping[str, str]) -> dict[str, str]:
    given = dict(outer)
    if asked.if_match is not None:
        given["if-match"] = asked.if_match
    if asked.if_none_match is not None:
        given["if-none-match"] = asked.if_none_match
    if asked.if_modified_since is not None:
        given["if-modified-since"] = asked.if_modified_since
    if asked.if_none_exist is not None:
        given["if-none-exist"] = asked.if_none_exist
    return given


def within(issue: Issue, place: int) -> Issue:
    """Say where in the Bundle an issue of one entry stands."""
    expression = issue.expression
    if expression is not None and expression.startswith("Bundle.entry["):
        return issue
    inner = expression.partition(".")[2] if expression else ""
    where = f"Bundle.entry[{place}]"
    if expression:
        where += f".resource.{inner}" if inner else ".resource"
    return replace(issue, expression=where)


@contextmanager
def placed(place: int) -> Iterator[None]:
    """Let failures of one entry say which entry it was."""
    try:
        yield
    except FhirError as error:
        at(error, place)
        raise


def at(error: FhirError, place: int) -> FhirError:
    """Let a failure of one entry say which entry it was."""
    error.issues = tuple(within(issue, place) for issue in error.issues)
    return error


def language_of(headers: Mapping[str, str]) -> str | None:
    """Give ``id`` where Indonesian is the first of the accepted languages."""
    first = (headers.get("accept-language") or "").strip().lower()
    return "id" if re.match(r"id\b", first) else None


def of_answer(answer: Answer, base: str) -> bytes:
    """Write the entry that answers one entry of a batch, or a GET of a transaction."""
    response: dict[str, Any] = {"status": _STATUS[answer.status]}
    location = answer.headers.get("Location")
    if location is not None:
        response["location"] = location.removeprefix(f"{base}/")
    if "ETag" in answer.headers:
        response["etag"] = answer.headers["ETag"]
    if "Last-Modified" in answer.headers:
        response["lastModified"] = instant(parsedate_to_datetime(answer.headers["Last-Modified"]))
    head = b'{"resource":%s,' % answer.body if answer.body else b"{"
    return head + b'"response":' + dump(response) + b"}"


def of_error(
    status: int, issues: Iterable[Issue], place: int | None = None, language: str | None = None
) -> bytes:
    """Write the entry that answers one that was refused; ``place`` is where in a Bundle it was."""
    placed = issues if place is None else [within(issue, place) for issue in issues]
    says = outcome(placed, language)
    return dump({"response": {"status": _STATUS[status], "outcome": says}})


def of_deletion(gone: Sequence[Stored]) -> bytes:
    """Write the entry that answers a deletion; what never was, and several, have no version."""
    version = gone[0].version if len(gone) == 1 else 0
    tag = {"etag": etag(version)} if version else {}
    return dump({"response": {"status": _STATUS[204], **tag}})


def of_stored(stored: Stored, status: int, base: str, *, whole: bool) -> bytes:
    """Write the entry that answers a create or update; ``whole``: with the resource."""
    address = f"{stored.resource_type}/{stored.id}"
    version = stored.version
    says = (
        f'"response":{{"status":"{_STATUS[status]}","location":"{address}/_history/{version}",'
        f'"etag":"W/\\"{version}\\"","lastModified":"{instant(stored.moment)}"}}}}'
    )
    head = b'{"fullUrl":%s,' % quoted(f"{base}/{address}")
    resource = b'"resource":%s,' % stored.raw if whole else b""
    return head + resource + says.encode()
