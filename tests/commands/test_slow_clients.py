"""Clients that send or read as slowly as they can: whoever else asks is answered all the same."""

from __future__ import annotations

import contextlib
import json
import socket

import pytest
import requests

from tests.support.processes import PATIENCE_SECONDS, until
from tests.support.server import running

pytestmark = pytest.mark.process

MANY = 200
"""Many times the threads of the server."""
SETTINGS = {"FHIR_THREADS": "4", "FHIR_HEADER_SECONDS": "3", "FHIR_SLOW_LIMIT": "0"}
JSON = "application/fhir+json"
BODY = b'{"resourceType":"Patient","active":true}'
LARGE = 12 * 1024 * 1024
"""More than the sockets of both sides keep."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = SETTINGS | {"FHIR_BODY_SECONDS": "600", "FHIR_BODY_LIMIT": str(2 * LARGE)}
    with running(tmp_path_factory.mktemp("slow"), settings) as started:
        yield started


@contextlib.contextmanager
def connected(server, many, first=b""):
    """Open connections and send the beginning of a request on each."""
    port = int(server.url.rpartition(":")[2])
    with contextlib.ExitStack() as opened:
        made = []
        for _ in range(many):
            connection = opened.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(("127.0.0.1", port))
            connection.sendall(first)
            made.append(connection)
        yield made


def head(length):
    named = f"Host: here\r\nContent-Type: {JSON}\r\nContent-Length: {length}\r\n"
    return f"POST /fhir/Patient HTTP/1.1\r\n{named}\r\n".encode()


def expect_service(server):
    """Read and write as others do, more often than the server has threads."""
    for _ in range(6):
        assert requests.get(f"{server.fhir}/Patient", timeout=PATIENCE_SECONDS).status_code == 200
        said = requests.post(
            f"{server.fhir}/Patient",
            data=BODY,
            headers={"Content-Type": JSON},
            timeout=PATIENCE_SECONDS,
        )
        assert said.status_code == 201


def answer(connection):
    """Read one answer to its end: status, headers and body."""
    read = connection.makefile("rb")
    status = int(read.readline().split()[1])
    headers = {}
    while line := read.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, read.read(int(headers.get("content-length", 0)))


def test_bodies_that_come_byte_by_byte_hold_nobody_up(server):
    with connected(server, MANY, head(len(BODY)) + BODY[:1]) as slow:
        for at in range(1, 4):
            expect_service(server)
            for each in slow:
                each.sendall(BODY[at : at + 1])
        for each in slow:
            each.sendall(BODY[4:])

        assert {answer(each)[0] for each in slow} == {201}


def test_headers_that_come_byte_by_byte_hold_nobody_up_and_end(server):
    with connected(server, MANY, b"POST /fhir/Pat") as slow:
        for byte in (b"i", b"e"):
            expect_service(server)
            for each in slow:
                with contextlib.suppress(OSError):  # its time may be over
                    each.sendall(byte)

        for each in slow:
            with contextlib.suppress(ConnectionError):
                assert each.recv(64) in {b"", b"HTTP/1.1 408 Request Timeout\r\n"[:64]}


def test_answers_that_nobody_reads_hold_nobody_up(server):
    url, content = f"{server.fhir}/Binary/large", b"\x01" * LARGE
    with requests.put(
        url, content, headers={"Content-Type": "image/x-none"}, timeout=PATIENCE_SECONDS
    ) as stored:
        assert stored.status_code == 201
    asked = b"GET /fhir/Binary/large HTTP/1.1\r\nHost: here\r\nAccept: image/x-none\r\n\r\n"

    with connected(server, 12, asked) as slow:
        for each in slow:
            assert each.recv(12) == b"HTTP/1.1 200"
        expect_service(server)

        with slow[0].makefile("rb") as read:
            while read.readline().strip():
                pass
            assert read.read(LARGE) == content


def test_a_body_that_does_not_come_is_given_up_and_its_sender_told(tmp_path):
    settings = SETTINGS | {"FHIR_BODY_SECONDS": "1", "FHIR_SLOW_LIMIT": "10"}
    with running(tmp_path, settings) as server, connected(server, 40, head(9) + b"{") as slow:
        said = [answer(each) for each in slow]
        expect_service(server)

    assert {status for status, _, _ in said} <= {408, 429}
    assert 408 in {status for status, _, _ in said}
    for status, headers, body in said:
        (issue,) = json.loads(body)["issue"]
        named = {408: ("timeout", "FHIR_BODY_SECONDS"), 429: ("throttled", "FHIR_SLOW_LIMIT")}
        assert (issue["code"], named[status][1] in issue["diagnostics"]) == (named[status][0], True)
        assert headers["content-type"].startswith(JSON)
        assert headers["connection"] == "close"


def exported(server):
    """Store more than the sockets keep, export it, and give the path of the file."""
    words = "<div xmlns='http://www.w3.org/1999/xhtml'>" + "a " * (LARGE // 30) + "</div>"
    stored = {
        "resourceType": "Basic",
        "text": {"status": "generated", "div": words},
        "code": {"text": "a"},
    }
    for _ in range(15):
        url = f"{server.fhir}/Basic"
        assert requests.post(url, json=stored, timeout=PATIENCE_SECONDS).status_code == 201
    asked = {"Prefer": "respond-async", "Accept": JSON}
    begun = requests.get(
        f"{server.fhir}/$export?_type=Basic", headers=asked, timeout=PATIENCE_SECONDS
    )
    status = begun.headers["Content-Location"]
    until(lambda: requests.get(status, timeout=PATIENCE_SECONDS).status_code == 200)
    (file,) = requests.get(status, timeout=PATIENCE_SECONDS).json()["output"]
    return file["url"].removeprefix(server.url)


def test_an_export_that_nobody_reads_holds_nobody_up(server):
    path = exported(server)

    with connected(server, 12, f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()) as slow:
        for each in slow:
            assert each.recv(12) == b"HTTP/1.1 200"
        expect_service(server)

        assert len(slow[0].makefile("rb").read(LARGE)) == LARGE
