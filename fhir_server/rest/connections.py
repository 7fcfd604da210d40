"""Connections of one address: when there are too many, those that were silent longest are closed.

granian accepts FHIR_CONNECTIONS from whoever comes and counts no addresses, so one client could
keep all others out. A thread of each server process looks once a second at the sockets that the
process has open. It needs what Linux tells of them; elsewhere nothing is counted.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import threading
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPEN: Final = Path("/proc/self/fd")
TICK_SECONDS: Final = 1.0
SILENT: Final = struct.Struct("=52xI")
"""Where ``tcp_info`` has the milliseconds since something was received (linux/tcp.h)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection of a client."""

    file: int
    peer: tuple[str, int]
    silent: int

    @property
    def network(self) -> str:
        """Whose it is: an address, of IPv6 the network of one customer (/64)."""
        address = ipaddress.ip_address(self.peer[0].partition("%")[0])
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))


def watch(port: int, most: int) -> None:
    """Look after the connections to this port for as long as the process lives; 0: any number."""
    if most and OPEN.is_dir():
        threading.Thread(target=_watch, args=(port, most), name="connections", daemon=True).start()


def _watch(port: int, most: int) -> None:
    while True:
        time.sleep(TICK_SECONDS)
        closed = look(port, most)
        if closed:
            log.warning("connections closed", closed=closed, limit=most)


def look(port: int, most: int) -> int:
    """Close what any address has too many of; give how many that were."""
    files = [int(each.name) for each in OPEN.iterdir()]
    if len(files) <= most:
        return 0
    found = [each for each in (_connection(file, port) for file in files) if each]
    return sum(_is_closed(each, port) for each in too_many(found, most))


def too_many(connections: Iterable[Connection], most: int) -> Iterator[Connection]:
    """Give the connections that are too many of their address, longest silent first."""
    by_network: dict[str, list[Connection]] = defaultdict(list)
    for each in connections:
        by_network[each.network].append(each)
    for group in by_network.values():
        if len(group) > most:
            yield from sorted(group, key=lambda each: -each.silent)[: len(group) - most]


@contextmanager
def _opened(file: int) -> Iterator[socket.socket]:
    """Give the socket of a file that another thread may close meanwhile; OSError if it is none."""
    copied = os.dup(file)
    try:
        opened = socket.socket(fileno=copied)
    except OSError:
        os.close(copied)
        raise
    with opened:
        yield opened


def _connection(file: int, port: int) -> Connection | None:
    with suppress(OSError), _opened(file) as opened:
        if opened.family in {socket.AF_INET, socket.AF_INET6} and opened.getsockname()[1] == port:
            told = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SILENT.size)
            return Connection(file, opened.getpeername()[:2], SILENT.unpack(told)[0])
    return None


def _is_closed(connection: Connection, port: int) -> bool:
    """Close it, unless it is gone and another one has its number."""
    with suppress(OSError), _opened(connection.file) as opened:
        here, peer = opened.getsockname()[1], opened.getpeername()[:2]
        if (here, peer) == (port, connection.peer):
            opened.shutdown(socket.SHUT_RDWR)
            return True
    return False
