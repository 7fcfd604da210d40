"""A bad line to an HTTP server: a proxy that loses some requests and some answers, by chance."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = ("lost", "unavailable", "busy", "answer lost", "answer spoilt")
"""Lost before it is passed on; 503; 429; passed on, and no answer; passed on, and a 502 of HTML."""
KEPT = ("Content-Type", "Accept", "Prefer", "Authorization", "If-None-Exist")
GIVEN = ("Content-Type", "Location", "Content-Location", "ETag")


class BadLine(ThreadingHTTPServer):
    """Passes requests on to a server; ``rate`` of them meet a fault."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, to: str, rate: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.to = to
        self.rate = rate
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.lock = threading.Lock()
        self.met: Counter[str] = Counter()
        self.own = threading.local()

    @property
    def url(self) -> str:
        """The address of the server behind, by this line."""
        return f"http://127.0.0.1:{self.server_port}{urlsplit(self.to).path}"

    def fault(self, method: str) -> str:
        """Draw what happens to a request."""
        with self.lock:
            met = self.chance.choice(FAULTS) if self.chance.random() < self.rate else "none"
            self.met[method] += 1
            self.met[met] += 1
        return met

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a worker that was killed has broken its connection."""

    def session(self) -> requests.Session:
        """Give this thread's connections to the server behind."""
        if not hasattr(self.own, "session"):
            self.own.session = requests.Session()
            self.own.session.trust_env = False
        found: requests.Session = self.own.session
        return found


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BadLine

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault(self.command)
        if fault == "lost":
            self.close_connection = True
            return
        if fault in {"unavailable", "busy"}:
            self._answer(503 if fault == "unavailable" else 429, {}, b"")
            return
        there = urlsplit(self.server.to)
        found = self.server.session().request(
            self.command,
            f"{there.scheme}://{there.netloc}{self.path}",
            data=body or None,
            headers={name: self.headers[name] for name in KEPT if name in self.headers},
            timeout=120,
            allow_redirects=False,
        )
        if fault == "answer lost":
            self.close_connection = True
            return
        if fault == "answer spoilt":
            self._answer(502, {"Content-Type": "text/html"}, b"<html>Bad Gateway</html>")
            return
        given = {name: found.headers[name] for name in GIVEN if name in found.headers}
        self._answer(found.status_code, given, found.content)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _pass  # noqa: N815


@contextlib.contextmanager
def bad_line(to: str, rate: float, seed: int = 1) -> Iterator[BadLine]:
    """Run a bad line to a server until the end of the block."""
    with BadLine(to, rate, seed) as line:
        thread = threading.Thread(target=line.serve_forever, daemon=True)
        thread.start()
        try:
            yield line
        finally:
            line.shutdown()
            thread.join()
