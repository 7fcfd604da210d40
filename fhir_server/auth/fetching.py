"""Asks others about keys and codes: small answers, without redirect, and from nowhere inside.

An address is looked up once, judged, and connected to as it was judged. What lies inside the own
network (an identity provider of the puskesmas) is fetched only from hosts the operator names.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3

from fhir_server.auth.addresses import addresses_of, is_public, named

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS: Final = {"http": 80, "https": 443}
SECONDS: Final = 5.0
LARGEST: Final = 256 * 1024


class Unfetched(ValueError):
    """The document cannot be had; the text says why, and never what the other side said."""


def document(url: str, hosts: str) -> dict[str, Any]:
    """Fetch a JSON object; ``hosts`` are those inside (``name`` or ``name:port``) we may ask."""
    status, found = _asked("GET", url, hosts)
    if status != 200:
        raise Unfetched(f"{url} answered {status}, not 200.")
    return found


def posted(
    url: str, hosts: str, form: Mapping[str, str], authorization: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Post a form; give the status and the JSON object that is answered."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization:
        headers["Authorization"] = authorization
    return _asked("POST", url, hosts, urlencode(form).encode(), headers)


def _asked(
    method: str,
    url: str,
    hosts: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    if parts.scheme not in PORTS or not host or parts.username is not None:
        raise Unfetched(f"{url} is no address of keys; right is https://…/jwks.json.")
    known = bool(named(hosts) & {host, f"{host}:{port}"})
    if parts.scheme != "https" and not known:
        raise Unfetched(f"{url}: keys are fetched by https, or from hosts of FHIR_KEY_HOSTS.")
    address = _address(host, port, inside=known)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(parts.scheme, host, address, port) as pool:
        own = {"Host": host if port in PORTS.values() else f"{host}:{port}", "Accept": "*/*"}
        status, raw = _said(pool, method, target, body, {**own, **(headers or {})})
    return status, _read(raw, url) if status == 200 or method == "POST" else {}


def _address(host: str, port: int, *, inside: bool) -> str:
    try:
        found = addresses_of(host, port)
    except OSError as error:
        raise Unfetched(f"{host} has no address.") from error
    if not inside and not all(is_public(each) for each in found):
        raise Unfetched(f"{host} is inside; the operator may allow it by FHIR_KEY_HOSTS.")
    return found[0]


def _pool(scheme: str, host: str, address: str, port: int) -> urllib3.HTTPConnectionPool:
    """Connect to the address that was judged, by the name it was judged for."""
    timeout = urllib3.Timeout(SECONDS)
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(
            address, port, timeout=timeout, server_hostname=host, assert_hostname=host
        )
    return urllib3.HTTPConnectionPool(address, port, timeout=timeout)


def _said(
    pool: urllib3.HTTPConnectionPool,
    method: str,
    target: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> tuple[int, bytes]:
    try:
        said = pool.request(
            method,
            target,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        return said.status, said.read(LARGEST + 1)
    except urllib3.exceptions.HTTPError as error:
        raise Unfetched(f"{headers['Host']} cannot be asked: {type(error).__name__}.") from error


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
