"""What a connection may be at most: a real server, and sockets of who means harm."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import requests

from tests.support.processes import PATIENCE_SECONDS, until
from tests.support.server import running

SOCKETS = Path("/proc/net/tcp")
ESTABLISHED = "01"
LARGE = 12 * 1024 * 1024
"""More than the sockets of both sides keep."""
SETTINGS = {
    "FHIR_CONNECTIONS_EACH": "30",
    "FHIR_SEND_SECONDS": "2",
    "FHIR_HEADER_LIMIT": "8192",
    "FHIR_HEADER_SECONDS": "600",
}

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not SOCKETS.is_file(), reason="only Linux tells of sockets"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("held"), SETTINGS) as started:
        yield started


@pytest.fixture
def come(server):
    """Open a connection from an address, and send something."""
    port = int(server.url.rpartition(":")[2])
    with ExitStack() as opened:

        def made(address, first=b""):
            connection = opened.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE_SECONDS)
            connection.bind((address, 0))
            connection.connect(("127.0.0.1", port))
            with suppress(ConnectionError):  # the server may have had enough of it
                connection.sendall(first)
            return connection

        yield made


def held(server, connections):
    """Count the connections that the server still has open."""
    here = f":{int(server.url.rpartition(':')[2]):04X}"
    peers = {f":{each.getsockname()[1]:04X}" for each in connections}
    rows = [line.split() for line in SOCKETS.read_text("ascii").splitlines()[1:]]
    return sum(
        row[1].endswith(here) and row[2][8:] in peers and row[3] == ESTABLISHED for row in rows
    )


def first_line(connection):
    """Read the first line of an answer; nothing if the connection was closed on what it sent."""
    with connection.makefile("rb") as answer, suppress(ConnectionError):
        return answer.readline()
    return b""


def test_headers_that_are_too_long_are_refused(come):
    asked = b"GET /health/live HTTP/1.1\r\nHost: here\r\nX-Long: %s\r\n\r\n"

    refused = first_line(come("127.0.0.1", asked % (b"a" * 100_000)))
    answered = first_line(come("127.0.0.1", asked % (b"a" * 6_000)))

    assert refused in {b"HTTP/1.1 431 Request Header Fields Too Large\r\n", b""}
    assert answered.startswith(b"HTTP/1.1 200")


def test_who_reads_nothing_for_long_loses_the_connection(server, come):
    content = b"\x01" * LARGE
    stored = requests.put(
        f"{server.fhir}/Binary/large",
        content,
        headers={"Content-Type": "image/x-none"},
        timeout=PATIENCE_SECONDS,
    )
    assert stored.status_code == 201
    asked = b"GET /fhir/Binary/large HTTP/1.1\r\nHost: here\r\nAccept: image/x-none\r\n\r\n"

    lazy = [come("127.0.0.1", asked) for _ in range(3)]

    until(lambda: held(server, lazy) == 0)


def test_one_address_has_so_many_connections_and_others_are_answered(server, come):
    other = come("127.0.0.2")
    crowd = [come("127.0.0.9") for _ in range(60)]

    until(lambda: held(server, crowd) <= 30)

    assert held(server, [other]) == 1
    other.sendall(b"GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n")
    assert first_line(other).startswith(b"HTTP/1.1 200")
