"""Fetches public documents about keys: small, without redirect, and from nowhere inside.

An address is looked up once, judged, and connected to as it was judged. What lies inside the own
network (an identity provider of the puskesmas) is fetched only from hosts the operator names.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3

from fhir_server.auth.addresses import is_public

PORTS: Final = {"http": 80, "https": 443}
SECONDS: Final = 5.0
LARGEST: Final = 256 * 1024


class Unfetched(ValueError):
    """The document cannot be had; the text says why, and never what the other side said."""


def document(url: str, hosts: str) -> dict[str, Any]:
    """Fetch a JSON object; ``hosts`` are those inside (``name`` or ``name:port``) we may ask."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    if parts.scheme not in PORTS or not host or parts.username is not None:
        raise Unfetched(f"{url} is no address of keys; right is https://…/jwks.json.")
    known = _is_known(host, port, hosts)
    if parts.scheme != "https" and not known:
        raise Unfetched(f"{url}: keys are fetched by https, or from hosts of FHIR_KEY_HOSTS.")
    address = _address(host, port, inside=known)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _read(_get(parts.scheme, host, address, port, target), url)


def _is_known(host: str, port: int, hosts: str) -> bool:
    named = {each.strip().lower() for each in hosts.split(",") if each.strip()}
    return bool(named & {host, f"{host}:{port}"})


def _address(host: str, port: int, *, inside: bool) -> str:
    try:
        found = [
            str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]
    except OSError as error:
        raise Unfetched(f"{host} has no address.") from error
    if not inside and not all(is_public(each) for each in found):
        raise Unfetched(f"{host} is inside; the operator may allow it by FHIR_KEY_HOSTS.")
    return found[0]


def _get(scheme: str, host: str, address: str, port: int, target: str) -> bytes:
    timeout = urllib3.Timeout(SECONDS)
    if scheme == "https":
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=timeout)
    headers = {"Host": host if port in PORTS.values() else f"{host}:{port}", "Accept": "*/*"}
    try:
        with pool:
            said = pool.request(
                "GET", target, headers=headers, redirect=False, retries=False, preload_content=False
            )
            if said.status != 200:
                raise Unfetched(f"{host} answered {said.status}, not 200.")
            return said.read(LARGEST + 1)
    except urllib3.exceptions.HTTPError as error:
        raise Unfetched(f"{host} cannot be asked: {type(error).__name__}.") from error


def _read(raw: bytes, url: str) -> dict[str, Any]:
    if len(raw) > LARGEST:
        raise Unfetched(f"{url} is larger than {LARGEST} bytes.")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unfetched(f"{url} is no JSON.") from error
    if not isinstance(found, dict):
        raise Unfetched(f"{url} is no JSON object.")
    return found
