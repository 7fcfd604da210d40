"""One address has so many connections and no more; those of others stay."""

import socket
from contextlib import ExitStack

import pytest

from fhir_server.rest import connections
from fhir_server.rest.connections import Connection, look, too_many
from tests.support.processes import until

pytestmark = pytest.mark.skipif(not connections.OPEN.is_dir(), reason="only Linux tells of sockets")


def one(address, silent, file=1):
    return Connection(file, (address, 1000 + file), silent)


def test_those_that_were_silent_longest_are_too_many():
    found = [one("10.0.0.1", silent, file) for file, silent in enumerate((5, 900, 0, 30))]

    assert [each.silent for each in too_many([*found, one("10.0.0.2", 9999)], 2)] == [900, 30]


def test_a_network_of_ipv6_is_one_and_an_address_is_itself_in_both_versions():
    near = [one("2001:db8::1", 1), one("2001:db8::ffff:1", 2), one("2001:db8:0:1::1", 3)]

    assert [each.silent for each in too_many(near, 1)] == [2]
    assert one("::ffff:10.0.0.1", 0).network == one("10.0.0.1", 0).network


@pytest.fixture
def door():
    """A port that is listened to, and what connects to it from an address."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listening.getsockname()[1]
        accepted = []

        def come(address):
            client = socket.create_connection(("127.0.0.1", port), 60, (address, 0))
            opened.enter_context(client)
            accepted.append(opened.enter_context(listening.accept()[0]))
            return client

        yield port, come


def is_open(client):
    client.settimeout(0)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def test_what_is_too_much_of_one_address_is_closed_and_no_other(door):
    port, come = door
    crowd = [come("127.0.0.1") for _ in range(6)]
    others = [come("127.0.0.2") for _ in range(2)]

    closed = look(port, 4)

    assert closed == 2
    until(lambda: sum(map(is_open, crowd)) == 4)
    assert all(map(is_open, others))


def test_up_to_the_limit_nothing_is_closed(door):
    port, come = door
    clients = [come("127.0.0.1") for _ in range(4)]

    assert look(port, 4) == 0
    assert all(map(is_open, clients))
