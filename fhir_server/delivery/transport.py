"""HTTP to a target: kept connections, no address that the operator did not mean, no redirect.

What a failure means is decided here, once: whether the request may have arrived. A loopback or
private address is spoken to only where FHIR_TARGET_HOSTS names the host; it is the address of the
connection itself that is judged, so a name that changes its address gains nothing.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

from fhir_server.auth.addresses import is_public, named
from fhir_server.delivery.target import Later

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

CONNECT_SECONDS = 10.0
LONGEST_RETRY_AFTER = 86_400.0
MOST_BYTES = 16 * 1024 * 1024


class Forbidden(NewConnectionError):
    """The host is at an address that this server does not speak to."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; {} if it is none (HTML of a gateway, say)."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """The seconds that the other side asks us to wait, at most a day; None if it does not."""
        said = self.headers.get("Retry-After", "").strip()
        if said.isascii() and said.isdigit():
            return min(float(said), LONGEST_RETRY_AFTER)
        try:
            moment = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
        return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


class Line:
    """The way to one target; safe for threads.

    ``base`` is the URL that paths follow; ``hosts`` is FHIR_TARGET_HOSTS; ``authority`` a file of
    certificates to trust instead of the system's. ValueError if the address may not be spoken to.
    """

    def __init__(
        self,
        base: str,
        hosts: str = "",
        *,
        timeout: float = 30.0,
        authority: str | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self._trusted = expect_allowed(base, hosts)
        self._timeout = (min(CONNECT_SECONDS, timeout), timeout)
        self._authority = authority
        self._own = threading.local()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Reply | Later:
        """Send one request; Later says whether it may have arrived, and holds no word of it."""
        try:
            found = self._session().request(
                method,
                f"{self.base}/{path}" if path else self.base,
                data=body if form is None else dict(form),
                headers=dict(headers or {}),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with found:
                return Reply(found.status_code, found.headers, _read(found))
        except (requests.RequestException, HTTPError) as error:
            return _failed(error, self._timeout[1])

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = session_to(trusted=self._trusted)
            if self._authority:
                session.verify = self._authority
            self._own.session = session
        return session


def session_to(*, trusted: bool) -> requests.Session:
    """Give a session that speaks to public addresses only, or to any that is ``trusted``."""
    session = requests.Session()
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1)
    if not trusted:
        pools = adapter.poolmanager.pool_classes_by_scheme
        adapter.poolmanager.pool_classes_by_scheme = {**pools, **_JUDGED}
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def expect_allowed(url: str, hosts: str) -> bool:
    """Refuse (ValueError) an address that may not be; tell whether the operator named its host."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url} is no address; one would be https://fhir.rsud.example/fhir.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("The address must not hold a user or password.")
    host = parts.hostname.lower()
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    trusted = bool({"*", host, f"{host}:{port}"} & named(hosts))
    if parts.scheme == "http" and not trusted:
        raise ValueError(f"{url} must be https, or its host must be in FHIR_TARGET_HOSTS.")
    return trusted


def _judged(connection: HTTPConnection, opened: socket.socket) -> socket.socket:
    if is_public(str(opened.getpeername()[0])):
        return opened
    opened.close()
    raise Forbidden(connection, "it is at a loopback or private address (FHIR_TARGET_HOSTS)")


class _JudgedHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _judged(self, super()._new_conn())


class _JudgedHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _judged(self, super()._new_conn())


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _JudgedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _JudgedHTTPS


_JUDGED = {"http": _HTTPPool, "https": _HTTPSPool}


def _read(found: requests.Response) -> bytes:
    read = bytearray()
    for piece in found.iter_content(64 * 1024):
        read += piece
        if len(read) > MOST_BYTES:
            raise requests.exceptions.ContentDecodingError("too large")
    return bytes(read)


def _failed(error: Exception, seconds: float) -> Later:
    if isinstance(error, requests.ConnectTimeout):
        return Later("It could not be connected in time.")
    if isinstance(error, requests.Timeout):
        return Later(f"No answer within {seconds:g} seconds.", unknown=True)
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else None
    if isinstance(cause, Forbidden):
        return Later("The host is at a loopback or private address (FHIR_TARGET_HOSTS).")
    if isinstance(cause, SSLError):
        return Later("Its certificate is not trusted, or it speaks no TLS.")
    if isinstance(cause, NewConnectionError):
        return Later("It cannot be connected.")
    return Later(f"The connection broke ({type(error).__name__}).", unknown=True)
