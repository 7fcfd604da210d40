"""Which addresses of the network are out in the world: what somebody names may lead nowhere else.

Whatever opens a connection to where somebody else says asks here, whichever way it connects.

An IPv6 address may carry an IPv4 one (mapped, 6to4, NAT64); then that one decides.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

_EMBEDDED: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Tell whether an IP address is one of the public internet."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _EMBEDDED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def addresses_of(host: str, port: int) -> list[str]:
    """Look a name up, once; give each of its addresses. OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def named(hosts: str) -> set[str]:
    """Read a setting of hosts that the operator allows: ``name`` or ``name:port``, by commas."""
    return {each.strip().lower() for each in hosts.split(",") if each.strip()}
