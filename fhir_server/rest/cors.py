"""Which pages of other origins may call the APIs from a browser.

Without FHIR_CORS_ORIGINS none may, and nothing here runs. Cookies are never allowed: who asks
shows it by a header.

https://hl7.org/fhir/R4/security.html#cors
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse

    Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

ANY = "*"
PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, "
        "If-Modified-Since, If-None-Exist, If-None-Match, Prefer, X-Provenance, X-Request-Id",
    ),
    ("Access-Control-Max-Age", "86400"),
)
EXPOSED = (
    "Access-Control-Expose-Headers",
    "Content-Location, ETag, Last-Modified, Location, Retry-After, X-Progress, X-Request-Id",
)

_is_origin = re.compile(
    r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?"
).fullmatch


def origins(text: str) -> frozenset[str]:
    """Read the setting; raises ValueError for what no browser would send as Origin."""
    found = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    for each in found:
        if each != ANY and not _is_origin(each):
            raise ValueError(
                f"FHIR_CORS_ORIGINS: {each} is no origin; one would be https://klinik.example:8443."
            )
    return found


def allowing(application: Wsgi, allowed: frozenset[str]) -> Wsgi:
    """Wrap a WSGI application: answer preflights, and tell browsers who may read its answers."""

    def wrapped(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        says = _headers(environ.get("HTTP_ORIGIN", "").lower(), allowed)
        if _is_preflight(environ):
            start_response("204 No Content", [*says, *PREFLIGHT])
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *says], *rest)

        return application(environ, start)

    return wrapped


def _is_preflight(environ: dict[str, Any]) -> bool:
    asked = "HTTP_ORIGIN" in environ and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return asked and environ["REQUEST_METHOD"] == "OPTIONS"


def _headers(origin: str, allowed: frozenset[str]) -> list[tuple[str, str]]:
    if ANY in allowed:
        return [("Access-Control-Allow-Origin", ANY), EXPOSED] if origin else []
    varies = ("Vary", "Origin")
    if origin not in allowed:
        return [varies]
    return [("Access-Control-Allow-Origin", origin), EXPOSED, varies]
