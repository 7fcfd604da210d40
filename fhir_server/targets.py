"""WHICH SYSTEMS ARE SENT RESOURCES: the file of targets, and what settings configure.

    [[target]]
    name = "rsud"
    kind = "fhir"
    url = "https://fhir.rsud.example/fhir"
    types = ["Patient", "Encounter"]

``docs/targets.md`` describes the file. Every other key belongs to the kind.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fhir_server.bridges.plain import target as plain
from fhir_server.bridges.satusehat import target as satusehat
from fhir_server.bridges.whatsapp import target as whatsapp
from fhir_server.config import Settings
from fhir_server.delivery.target import Target
from fhir_server.mappings.dibaca import is_read
from fhir_server.store.ops import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fhir_server.context import Context
    from fhir_server.delivery.target import Document
    from fhir_server.store.outbox import Notices, Provider

Kind = Callable[[Mapping[str, Any], Settings], Target]

KINDS: dict[str, Kind] = {"fhir": plain.make}
"""What ``kind`` may be in the file: makes a target of its table; ValueError says what is wrong."""

FROM_SETTINGS: tuple[Callable[[Settings], Target | None], ...] = (satusehat.make, whatsapp.make)
"""Targets that environment variables configure; None where they do not."""

RESERVED = frozenset({"umpan", "subscription"})
NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@cache
def load(settings: Settings) -> tuple[Target, ...]:
    """Give all targets; ValueError if the file cannot be read or a target cannot be."""
    made = [make(settings) for make in FROM_SETTINGS]
    found = [each for each in made if each is not None]
    if settings.targets:
        found += _of_file(Path(settings.targets), settings)
    names = [each.name for each in found]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise ValueError(f"There are two targets called {', '.join(twice)}; each needs its own.")
    return tuple(found)


def provider(context: Context) -> Provider | None:
    """Tell targets of what they want."""
    targets = load(context.settings)
    return notices(targets) if targets else None


def notices(targets: Sequence[Target]) -> Notices:
    """Ask each of some targets whether it wants a resource; what was read goes to none."""

    def told(document: Document) -> tuple[Notice, ...]:
        if is_read(document):
            return ()
        return tuple(Notice(each.name) for each in targets if each.wants(document))

    return told


def _of_file(path: Path, settings: Settings) -> Iterator[Target]:
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"FHIR_TARGETS: {path} cannot be read: {error}") from None
    tables = said.get("target")
    if set(said) != {"target"} or not isinstance(tables, list):
        raise ValueError(f"FHIR_TARGETS: {path} must consist of [[target]] tables.")
    for table in tables:
        name = table.get("name")
        try:
            yield _of_table(table, settings)
        except ValueError as error:
            raise ValueError(f"FHIR_TARGETS: {path}, target {name!r}: {error}") from None


def _of_table(table: Mapping[str, Any], settings: Settings) -> Target:
    name, kind = table.get("name"), table.get("kind")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in RESERVED:
        raise ValueError("name must be a small letter, then letters, digits and hyphens.")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}.")
    return KINDS[str(kind)]({key: each for key, each in table.items() if key != "kind"}, settings)
