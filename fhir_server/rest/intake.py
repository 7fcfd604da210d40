"""Requests as granian's RSGI gives them, for a WSGI application: no thread waits for a client.

granian's own WSGI reads a body in the thread that answers, however slowly it comes. Here nobody is
busy with a request before its body is whole: then a short one is answered in turn with the other
short ones (``waiting``), any other by a thread of its own. What is answered is sent by granian,
however slowly it is read.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from fhir_server.rest import outcomes
from fhir_server.rest.arriving import Arrival, Patience, Waiting
from fhir_server.rest.negotiation import FHIR_JSON
from fhir_server.rest.quick import is_quick
from fhir_server.waiting import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fhir_server.config import Settings
    from fhir_server.errors import FhirError
    from fhir_server.rest.doors import Application

Environ = dict[str, Any]

SMALL: Final = 64 * 1024
"""Bytes of a body that is taken in before it is asked who sends it."""
IN_MEMORY: Final = 1024 * 1024
"""Bytes of an answer in parts that are sent from memory; a longer one is sent from a file."""
OPENED_SECONDS: Final = 60.0
"""How long that file is there for granian to open."""

_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
_FIXED: Final[Environ] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


_USUAL: Final = {
    name: _key(name)
    for name in (
        "accept", "accept-encoding", "accept-language", "authorization", "connection",
        "content-length", "content-type", "host", "if-match", "if-none-exist", "if-none-match",
        "prefer", "user-agent", "x-request-id",
    )
}  # fmt: skip


class Direct:
    """Stands for granian's event loop: what it is told to call it calls at once, in that thread."""

    def call_soon(self, call: Callable[..., object], *given: Any, context: object = None) -> None:
        """Call it."""
        del context
        call(*given)

    call_soon_threadsafe = call_soon


class Intake:
    """Takes requests in, and hands each to the application when it is whole."""

    def __init__(self, app: Application, settings: Settings) -> None:
        self._app, self._largest = app, settings.body_limit
        self._turns = Turns()
        self._threads = ThreadPoolExecutor(settings.threads, "request")
        self._waiting = Waiting(
            Patience(
                seconds=settings.body_seconds,
                rate=settings.body_rate,
                together=settings.bodies_limit,
                each=settings.slow_limit,
            )
        )

    def __call__(self, watcher: Any) -> None:
        """Take one request in; granian calls this, and it may block nothing and raise nothing."""
        _safely(watcher.proto, self._take, watcher)

    def _take(self, watcher: Any) -> None:
        proto, environ = watcher.proto, environ_of(watcher.scope)
        size = self._size(environ)
        if size == 0 or size > self._largest:  # what will be refused is not read
            self._answer(proto, environ, b"")
        elif size > SMALL:
            self._threads.submit(_safely, proto, self._take_large, proto, environ)
        else:
            self._await(proto, environ)

    def _take_large(self, proto: Any, environ: Environ) -> None:
        """Read a large body of those who may send one."""
        if self._app.gate.is_open_to(environ):
            self._await(proto, environ)
        else:
            self._answer(proto, environ, b"")

    def _size(self, environ: Environ) -> int:
        """Give how many bytes are to be read, or may be."""
        length = environ.get("CONTENT_LENGTH")
        if environ["REQUEST_METHOD"] in _WITHOUT_BODY:
            return 0
        if length is None:
            return self._largest if "HTTP_TRANSFER_ENCODING" in environ else 0
        return int(length)

    def _await(self, proto: Any, environ: Environ) -> None:
        length = environ.get("CONTENT_LENGTH")
        size = None if length is None else int(length)
        arrival = Arrival(proto, size, environ["REMOTE_ADDR"], self._largest)
        self._waiting.add(arrival)
        arrival.begin(partial(self._arrived, proto, environ))

    def _arrived(
        self, proto: Any, environ: Environ, arrival: Arrival, body: bytes | FhirError
    ) -> None:
        self._waiting.drop(arrival)
        if isinstance(body, bytes):
            self._answer(proto, environ, body)
        else:
            self._threads.submit(_safely, proto, self._refuse, proto, environ, body)

    def _refuse(self, proto: Any, environ: Environ, why: FhirError) -> None:
        answer = self._app.refused(environ, why)
        headers = [*answer.headers.items(), ("Connection", "close")]
        proto.response_bytes(answer.status, headers, answer.body)

    def _answer(self, proto: Any, environ: Environ, body: bytes) -> None:
        """Let a request be answered when its turn comes, or a thread is free."""
        environ["wsgi.input"] = io.BytesIO(body)
        if is_quick(environ):
            self._turns.run(partial(_safely, proto, self._say, proto, environ))
        else:
            self._threads.submit(_safely, proto, self._say, proto, environ)

    def _say(self, proto: Any, environ: Environ) -> None:
        """Ask the application, and give granian what it answers."""
        head = Head()
        parts = self._app(environ, head)
        if isinstance(parts, list):
            whole = parts[0] if len(parts) == 1 else b"".join(parts)
            proto.response_bytes(head.status, head.headers, whole)
        else:
            _send(proto, head, parts)


def _safely(proto: Any, work: Callable[..., None], *given: Any) -> None:
    """Do a part of a request; a bug of ours is told to the client."""
    try:
        work(*given)
    except Exception as error:  # noqa: BLE001 - whatever it is
        _fail(proto, error)


def _fail(proto: Any, error: Exception) -> None:
    answer = outcomes.failure(error, "", "-")
    headers = [("Cache-Control", "no-store"), ("Content-Type", FHIR_JSON)]
    proto.response_bytes(answer.status, headers, answer.body)


class Head:
    """Status and headers of an answer; it is WSGI's ``start_response``."""

    __slots__ = ("headers", "status")

    def __init__(self) -> None:
        self.status, self.headers = 500, list[tuple[str, str]]()

    def __call__(
        self, status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        """Take them; WSGI's old way to write is not offered."""
        self.status, self.headers = int(status[:3]), headers
        return _nothing


def environ_of(scope: Any) -> Environ:
    """Make WSGI's environ of granian's scope; the body is not in it."""
    path: str = scope.path
    server, _, port = scope.server.rpartition(":")
    environ = {
        **_FIXED,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else _latin(path),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
    }
    for name, value in scope.headers.items():
        key = _USUAL.get(name) or _key(name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if "HTTP_HOST" not in environ:
        environ["HTTP_HOST"] = scope.authority or ""
    return environ


def _latin(path: str) -> str:
    """Write a path as WSGI has it; what was not UTF-8 stays something that is not."""
    return path.encode().replace(b"\xef\xbf\xbd", b"\xff").decode("latin-1")


def _send(proto: Any, head: Head, parts: Iterable[bytes]) -> None:
    """Send an answer in parts: granian has no way to make a thread wait for who reads it."""
    try:
        given, begun = iter(parts), bytearray()
        for part in given:
            begun += part
            if len(begun) > IN_MEMORY:
                _send_file(proto, head, chain((bytes(begun),), given))
                return
        proto.response_bytes(head.status, head.headers, bytes(begun))
    finally:
        getattr(parts, "close", _nothing)()


def _nothing(*_given: object) -> None:
    """Do nothing."""


def _send_file(proto: Any, head: Head, parts: Iterable[bytes]) -> None:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the timer closes it
    file.writelines(parts)
    file.flush()
    file.seek(0)
    closing = threading.Timer(OPENED_SECONDS, file.close)
    closing.daemon = True
    closing.start()
    proto.response_file(head.status, head.headers, f"/dev/fd/{file.fileno()}")
