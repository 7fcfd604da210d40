"""Where the lines of an import come from: what was sent along, or a file on a host we trust.

The server fetches only from the hosts of FHIR_IMPORT_HOSTS, none by default, and follows no
redirect: otherwise whoever may import could make it ask machines that only it can reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from fhir_server.errors import BadRequest, FhirError
from fhir_server.store.jobs import BODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fhir_server.context import Context
    from fhir_server.store.jobs import Job

TIMEOUT_SECONDS = (5, 30)
CHUNK_BYTES = 256 * 1024
PORTS = {"http": 80, "https": 443}


class Unreachable(FhirError):
    """An input cannot be read, or not to its end."""

    status, code = 422, "not-found"


def expect_allowed(url: str, hosts: str) -> None:
    """Refuse an address that the operator has not allowed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise BadRequest(f"{url} is no address.") from None
    if parts.scheme not in PORTS or not host or parts.username is not None:
        raise BadRequest(f"{url}: an input is http://… or https://…, without user or password.")
    allowed = {each.strip().lower() for each in hosts.split(",") if each.strip()}
    if not {f"{host}:{port}", *([host] if port == PORTS[parts.scheme] else ())} & allowed:
        raise BadRequest(
            f"This server does not fetch from {host}:{port}. Send the lines along as a Binary, or "
            "ask the operator to allow the host (FHIR_IMPORT_HOSTS)."
        )


def lines(context: Context, job: Job, given: dict[str, Any]) -> Iterator[bytes]:
    """Give the lines of one input, from its beginning; may raise Unreachable."""
    if given.get("url"):
        chunks = _fetched(context, given["url"])
    else:
        chunks = _sent(context.store.jobs.parts(job.id, BODY), given["start"], given["size"])
    return _cut(chunks, context.settings.body_limit)


def _sent(parts: Iterable[bytes], start: int, size: int) -> Iterator[bytes]:
    end, place = start + size, 0
    for part in parts:
        piece = part[max(0, start - place) : max(0, end - place)]
        if piece:
            yield piece
        place += len(part)


def _fetched(context: Context, url: str) -> Iterator[bytes]:
    expect_allowed(url, context.settings.import_hosts)
    try:
        with requests.Session() as session:
            session.trust_env = False
            found = session.get(url, stream=True, allow_redirects=False, timeout=TIMEOUT_SECONDS)
            with found:
                if found.status_code != 200:
                    raise Unreachable(f"{url} answered {found.status_code}, not 200.")
                yield from found.iter_content(CHUNK_BYTES)
    except requests.RequestException as error:
        raise Unreachable(f"{url} cannot be read: {type(error).__name__}.") from error


def _cut(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > limit:
            raise Unreachable(f"A line is longer than {limit} bytes, the limit of this server.")
    if rest:
        yield rest
