"""Where the files of messages may be fetched from: an answer leads to nowhere inside."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from fhir_server.bridges.whatsapp.graph import Graph, Media, Refused, Unknown
from fhir_server.config import Settings

GRAPH = "https://graph.facebook.com/v23.0"


@pytest.fixture
def inside():
    """Something that listens inside; ``heard`` is what was said to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard, ended = [], threading.Event()

        def listen():
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    connection, _ = listening.accept()
                    with connection:
                        heard.append(connection.recv(1000))
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nya")

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        ended.set()
        with contextlib.suppress(OSError):
            socket.create_connection(listening.getsockname()).close()
        thread.join(60)


def graph(address=GRAPH):
    return Graph(Settings(whatsapp_graph=address, whatsapp_token="of the tests"))  # noqa: S106


@pytest.mark.parametrize(
    ("address", "refusal"),
    [
        ("http://127.0.0.1:{port}/a", Refused),
        ("https://127.0.0.1:{port}/a", Unknown),
        ("https://localhost:{port}/a", Unknown),
        ("http://graph.facebook.com/a", Refused),
        ("file:///etc/passwd", Refused),
        ("https://a:b@graph.facebook.com/a", Refused),
        ("", Refused),
    ],
)
def test_an_answer_that_leads_inside_is_not_followed(inside, address, refusal):
    port, heard = inside

    with pytest.raises(refusal):
        graph().fetch(Media(address.format(port=port), "image/png", 2), 100)

    assert b"".join(heard) == b""


def test_what_the_operator_named_is_spoken_to_wherever_it_lies(inside):
    port, heard = inside
    address = f"http://127.0.0.1:{port}"

    assert graph(address).fetch(Media(f"{address}/a", "image/png", 2), 100) == b"ya"
    assert b"Authorization: Bearer of the tests" in b"".join(heard)
