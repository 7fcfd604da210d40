"""What the file of targets says of a FHIR server, read and judged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from fhir_server.delivery.target import Pace
from fhir_server.resources.definitions import load_definitions

if TYPE_CHECKING:
    from collections.abc import Mapping

Identity = Literal["id", "identifier"]

AUTHS = {
    "none": frozenset[str](),
    "bearer": frozenset({"token"}),
    "basic": frozenset({"user", "password"}),
    "client-credentials": frozenset({"token_url", "client_id", "client_secret", "scope"}),
}
SECRETS = frozenset({"token", "password", "client_secret"})
"""Never in the file itself: in another file (``_file``) or in the environment (``_env``)."""
OPTIONAL = frozenset({"scope"})
KEYS = {
    "name": str,
    "url": str,
    "types": list,
    "criteria": dict,
    "identity": str,
    "source": str,
    "deletions": bool,
    "every_version": bool,
    "rate": float,
    "connections": int,
    "attempts": int,
    "timeout": float,
    "authority": str,
    "auth": dict,
}


@dataclass(frozen=True, slots=True)
class Table:
    """One FHIR server.

    ``criteria``: of these types only what they find; ``identity``: how a resource is known there,
    by our id or by an identifier of ours; ``source``: our FHIR base, for references to what it does
    not get.
    """

    name: str
    url: str
    types: frozenset[str]
    criteria: Mapping[str, str]
    identity: Identity
    source: str
    deletions: bool
    every_version: bool
    timeout: float
    authority: str | None
    pace: Pace
    auth: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(table: Mapping[str, Any], base_url: str) -> Table:
    """Read a table; ValueError says what is wrong with it."""
    _expect_known(table, KEYS, "")
    criteria = {kind: str(query) for kind, query in table.get("criteria", {}).items()}
    types = frozenset(table.get("types", ())) | frozenset(criteria)
    _expect_types(types)
    identity = table.get("identity", "id")
    if identity not in {"id", "identifier"}:
        raise ValueError('identity must be "id" or "identifier".')
    source = str(table.get("source", base_url)).rstrip("/")
    if identity == "identifier" and not source:
        raise ValueError('identity = "identifier" needs source, our FHIR base (or FHIR_BASE_URL).')
    standard = Pace()
    return Table(
        name=table["name"],
        url=str(table.get("url", "")),
        types=types,
        criteria=criteria,
        identity=cast("Identity", identity),
        source=source,
        deletions=table.get("deletions", True),
        every_version=table.get("every_version", False),
        timeout=float(table.get("timeout", 30)),
        authority=table.get("authority"),
        pace=Pace(
            rate=float(table.get("rate", standard.rate)),
            connections=_positive(table, "connections", standard.connections),
            attempts=_positive(table, "attempts", standard.attempts),
        ),
        auth=_auth(table.get("auth", {"kind": "none"})),
    )


def _expect_known(table: Mapping[str, Any], keys: Mapping[str, type], where: str) -> None:
    for name, value in table.items():
        if name not in keys:
            raise ValueError(f"{where}{name} is no setting; those are {', '.join(sorted(keys))}.")
        wanted = (int, float) if keys[name] is float else keys[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and keys[name] is not bool):
            raise ValueError(f"{where}{name} must be a {keys[name].__name__}.")


def _expect_types(types: frozenset[str]) -> None:
    if not types:
        raise ValueError("types or criteria must say what is sent.")
    strange = sorted(types - set(load_definitions().types))
    if strange:
        raise ValueError(f"{', '.join(map(str, strange))}: no resource type of R4.")


def _positive(table: Mapping[str, Any], name: str, standard: int) -> int:
    number = int(table.get(name, standard))
    if number < 1:
        raise ValueError(f"{name} must be at least 1.")
    return number


def _auth(said: Mapping[str, Any]) -> dict[str, str]:
    kind = said.get("kind")
    if kind not in AUTHS:
        raise ValueError(f"auth.kind must be one of {', '.join(AUTHS)}.")
    found = {"kind": str(kind)}
    for name in sorted(AUTHS[kind]):
        value = _secret(said, name) if name in SECRETS else said.get(name)
        if not value and name not in OPTIONAL:
            where = f"{name}_file or {name}_env" if name in SECRETS else name
            raise ValueError(f"auth of kind {kind} needs {where}.")
        found[name] = str(value or "")
    given = {each.removesuffix("_file").removesuffix("_env") for each in said} - {"kind"}
    strange = given - AUTHS[kind]
    if strange or SECRETS & set(said):
        wrong = sorted(strange | (SECRETS & set(said)))
        raise ValueError(
            f"auth.{wrong[0]} does not belong here; a secret is given as _file or _env."
        )
    return found


def _secret(said: Mapping[str, Any], name: str) -> str | None:
    if f"{name}_env" in said:
        return os.environ.get(str(said[f"{name}_env"]))
    if f"{name}_file" not in said:
        return None
    path = Path(str(said[f"{name}_file"]))
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"auth.{name}_file: {path} cannot be read ({error}).") from None
