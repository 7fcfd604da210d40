"""One request to an endpoint that a client has named, and to nothing that it may not reach.

The name is resolved once, every address is judged, and the connection goes to an address that was
judged: a name that changes its address meanwhile gains nothing. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import SplitResult, urlsplit

from fhir_server.auth.addresses import addresses_of, is_public, named

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS: Final = {"http": 80, "https": 443}
_ANY: Final = "*"


class Forbidden(Exception):
    """The endpoint is one that this server does not speak to; the text says why."""


class Unreached(Exception):
    """The endpoint did not answer; the text says how far it came."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send to. ``trusted``: the operator has allowed the host, wherever it is."""

    scheme: str
    host: str
    port: int
    path: str
    trusted: bool


def endpoint(url: str, hosts: str) -> Endpoint:
    """Read an address; Forbidden if it is none that may be notified."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise Forbidden("the endpoint is no address") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in _PORTS or not host:
        raise Forbidden("the endpoint must be https://host/path")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("the endpoint must not hold a user or password; use channel.header")
    trusted = bool({_ANY, host, f"{host}:{port}"} & named(hosts))
    if parts.scheme == "http" and not trusted:
        raise Forbidden("the endpoint must be https")
    return Endpoint(parts.scheme, host, port, _path(parts), trusted)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: ``place`` comes after the path of the endpoint."""

    method: str
    place: str
    headers: Mapping[str, str]
    body: bytes


def send(to: Endpoint, message: Message, seconds: float) -> int:
    """Send one request and give the status; all of it takes at most so many seconds."""
    path, mark, query = to.path.partition("?")
    whole = path.removesuffix("/") + message.place if message.place else path
    headers = dict(message.headers)
    with _Line(to, seconds) as line:
        line.connection.request(
            message.method, whole + mark + query, body=message.body or None, headers=headers
        )
        return int(line.connection.getresponse().status)


def touch(to: Endpoint, seconds: float) -> None:
    """Connect, and send nothing."""
    with _Line(to, seconds):
        return


class _Line:
    """A connection that is cut when its time is over, however slowly the other side speaks."""

    def __init__(self, to: Endpoint, seconds: float) -> None:
        self._to = to
        self._seconds = seconds
        self._late = False
        self.connection = http.client.HTTPConnection(to.host, to.port)

    def __enter__(self) -> Self:
        addresses = _judged(self._to)
        self._timer = threading.Timer(self._seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            self._socket = self._connected(addresses)
            self.connection.sock = self._secured()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        self.connection.close()
        if isinstance(error, OSError | http.client.HTTPException | ValueError):
            raise Unreached(self._why(error)) from error

    def _connected(self, addresses: list[str]) -> socket.socket:
        failure: OSError | None = None
        for address in addresses:
            try:
                return socket.create_connection((address, self._to.port), self._seconds)
            except OSError as error:
                failure = error
        raise failure or OSError("no address")

    def _secured(self) -> socket.socket:
        if self._to.scheme == "http":
            return self._socket
        context = ssl.create_default_context()
        return context.wrap_socket(self._socket, server_hostname=self._to.host)

    def _cut(self) -> None:
        self._late = True
        sock = self.connection.sock or getattr(self, "_socket", None)
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.connection.close()

    def _why(self, error: BaseException) -> str:
        if self._late or isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} seconds"
        if isinstance(error, ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        if isinstance(error, ssl.SSLError):
            return "no TLS connection"
        if isinstance(error, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(error, ConnectionError | http.client.HTTPException):
            return "the connection broke"
        return "no connection"


def _judged(to: Endpoint) -> list[str]:
    try:
        addresses = addresses_of(to.host, to.port)
    except OSError:
        raise Unreached("the name of the host is not known") from None
    if not to.trusted and not all(is_public(each) for each in addresses):
        raise Forbidden("the host is at a loopback or private address (FHIR_SUBSCRIPTION_HOSTS)")
    return addresses


def _path(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path
