"""Both doors tell the audit trail who came, what was asked and what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fhir_server.store.traces import Access
    from fhir_server.store.trail import Trail

NOTHING_SEEN: Final = frozenset({"/fhir/metadata"})
"""What shows nothing of anybody and is open to all."""

_FORMS: Final = ("/_search", "/_cari")


def begun(trail: Trail, environ: Mapping[str, Any]) -> Access | None:
    """Open the access of a request; None where it is not recorded. ``ended`` must follow."""
    method = environ["REQUEST_METHOD"]
    if not trail.on or method == "OPTIONS" or environ["PATH_INFO"] in NOTHING_SEEN:
        return None
    address = environ.get("REMOTE_ADDR") or ""
    return trail.access(None, address, environ["fhir_server.request_id"])


def ended(  # noqa: PLR0913 - what is known of an answer
    trail: Trail,
    access: Access | None,
    environ: Mapping[str, Any],
    status: int,
    *,
    body: bytes = b"",
    form: bytes = b"",
) -> None:
    """Record what was answered; Unavailable if that had to be stored first and could not.

    ``body`` is the answer as JSON, ``form`` what was posted.
    """
    if access is None:
        return
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if form and path.endswith(_FORMS):
        query = f"{query}&{form.decode('utf-8', 'replace')}".removeprefix("&")
    trail.record(access, (environ["REQUEST_METHOD"], path, query), status, body)


def signed_in(
    trail: Trail,
    access: Access | None,
    environ: Mapping[str, Any],
    status: int,
    said: Mapping[str, str],
) -> None:
    """Record what became of a request to ``/oauth2``, with what is said of it; never a secret."""
    if access is not None:
        asked = (environ["REQUEST_METHOD"], environ["PATH_INFO"], urlencode(said))
        trail.record(access, asked, status, b"")


def refused(trail: Trail, access: Access | None, environ: Mapping[str, Any], status: int) -> None:
    """Record that a request failed; the answer to it goes out whatever becomes of that."""
    if access is not None:
        access.sure = False
        ended(trail, access, environ, status)
