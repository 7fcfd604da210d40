"""A real server process: started as its user starts it, on a free port and an empty data folder."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.support import canaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PORTS = (10_240, 32_768)
"""Below those that systems hand out."""
READY_SECONDS = 180
END_SECONDS = 120


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def fhir(self) -> str:
        return f"{self.url}/fhir"

    @property
    def sop(self) -> str:
        return f"{self.url}/sop/v1"


def free_port() -> int:
    """Find a port that is free and that no outgoing connection is given meanwhile."""
    while True:
        port = random.randrange(*PORTS)  # noqa: S311 - nothing is secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def end_on_term() -> None:
    """Let SIGTERM end this program as Ctrl-C does: what it has started ends too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "fhir_server.cli", *arguments]


@contextlib.contextmanager
def running(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server, wait until it is ready, and end it with Ctrl-C."""
    port = free_port()
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA": str(data / "data"),
        "DEMO": "0",
        "FHIR_WORKERS": "1",
        "FHIR_THREADS": "8",
        **(settings or {}),
    }
    log = data / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command("serve"), env=environment, stdout=output, stderr=output, start_new_session=True
        )
    server = Server(f"http://127.0.0.1:{environment['PORT']}", process, log)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(END_SECONDS)
    for each in (log, data / "data" / "mongod.log"):
        if each.exists():
            canaries.expect_none(each)


def wait_until_ready(server: Server) -> None:
    """Ask /health until it says 200; fail with the log when the process ends or time is up."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{server.url}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"The server is not ready:\n{server.log.read_text('utf-8', 'replace')}")
