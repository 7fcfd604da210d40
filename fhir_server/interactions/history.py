"""FHIR history of an instance, a type, the whole server.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fhir_server.errors import BadRequest, NotFound
from fhir_server.interactions.answers import etag
from fhir_server.interactions.request import Answer
from fhir_server.interactions.search import page_key, pairs_of
from fhir_server.resources.bundles import join, quoted
from fhir_server.resources.wire import dump, instant
from fhir_server.search import cursor
from fhir_server.search.date import bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.interactions.request import Request
    from fhir_server.store.ops import Stored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_DELETED = "204 No Content"


def history_instance(
    context: Context, request: Request, resource_type: str, resource_id: str
) -> Answer:
    """Answer with the versions of one resource, the newest first; 404 if it never was."""
    return _history(context, request, resource_type, resource_id)


def history_type(context: Context, request: Request, resource_type: str) -> Answer:
    """Answer with the versions of all resources of a type, the newest first."""
    return _history(context, request, resource_type, None)


def history_system(context: Context, request: Request) -> Answer:
    """Answer with the versions of all resources, the newest first."""
    return _history(context, request, None, None)


def _history(
    context: Context, request: Request, resource_type: str | None, resource_id: str | None
) -> Answer:
    asked = _asked(context, request)
    since = _period(context, asked, "_since")
    page = context.store.history(
        resource_type,
        resource_id,
        since=since[0] if since else None,
        at=_period(context, asked, "_at"),
        count=_count(context, asked),
        after=tuple(asked["after"]) if "after" in asked else None,
    )
    if resource_id is not None and not page.resources and "after" not in asked:
        _require(context, resource_type or "", resource_id)
    address = f"{request.base}/{request.path}"
    links = [("self", address + (f"?{request.query}" if request.query else ""))]
    if page.more:
        state = {name: value for name, value in asked.items() if name != "after"}
        token = cursor.seal_state(state | {"after": page.last}, request.path, page_key(context))
        links.append(("next", f"{address}?_page={token}"))
    return Answer(
        200, join("history", entries(request, page.resources), links=links, total=page.total)
    )


def _asked(context: Context, request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = dict(pairs_of(request))
    if "_page" in asked:
        return _page(context, request, asked["_page"])
    return asked


def _page(context: Context, request: Request, token: str) -> dict[str, Any]:
    state: dict[str, Any] = cursor.unseal_state(token, request.path, page_key(context))
    return state


def _period(context: Context, asked: dict[str, Any], name: str) -> tuple[datetime, datetime] | None:
    text = asked.get(name)
    if text is None:
        return None
    try:  # a "+" that was not escaped arrives as a space
        low, high = bounds(text.replace(" ", "+"), ZoneInfo(context.settings.timezone))
    except ValueError:
        raise BadRequest(
            f"{name}={text} is neither a date nor an instant such as 2026-01-31T08:00:00%2B07:00."
        ) from None
    return _moment(low), _moment(high)


def _moment(milliseconds: int) -> datetime:
    """Give the instant, or the nearest that Python knows."""
    return _EPOCH + timedelta(milliseconds=max(_FIRST, min(milliseconds, _LAST)))


def _count(context: Context, asked: dict[str, Any]) -> int:
    text = str(asked.get("_count", context.settings.count_default))
    if not text.isascii() or not text.isdigit():
        raise BadRequest(f"_count={text} is not a number of entries.")
    return max(1, min(int(text), context.settings.count_limit))


def _require(context: Context, resource_type: str, resource_id: str) -> None:
    if context.store.read(resource_type, resource_id) is None:
        raise NotFound(f"There is no {resource_type}/{resource_id}.")


def entries(request: Request, versions: tuple[Stored, ...]) -> Iterator[bytes]:
    """Write versions as the entries of a history."""
    for stored in versions:
        address = f"{stored.resource_type}/{stored.id}"
        asked = {
            "method": stored.method,
            "url": stored.resource_type if stored.method == "POST" else address,
        }
        response = {
            "status": _status(stored),
            "etag": etag(stored.version),
            "lastModified": instant(stored.moment),
        }
        yield b'{"fullUrl":%s,%s"request":%s,"response":%s}' % (
            quoted(f"{request.base}/{address}"),
            b"" if stored.text is None else b'"resource":%s,' % stored.raw,
            dump(asked),
            dump(response),
        )


def _status(stored: Stored) -> str:
    if stored.text is None:
        return _DELETED
    return "201 Created" if stored.version == 1 else "200 OK"
