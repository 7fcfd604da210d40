"""What a scope allows: SMART's ``system/Type.cruds``, and ``read``, ``write``, ``*`` of version 1.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

ALL: Final = "system/*.cruds"
LETTERS: Final = "cruds"
_OLD: Final = {"read": "rs", "write": "cud", "*": LETTERS}
_SCOPE = re.compile(r"system/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)")

WORDS: Final = {
    "c": "create",
    "r": "read",
    "u": "update",
    "d": "delete",
    "s": "search",
}


class UnknownScope(ValueError):
    """A scope this server does not grant."""


@lru_cache(maxsize=256)
def rights(scopes: frozenset[str]) -> dict[str, frozenset[str]]:
    """Read scopes as type (``*``: any) → letters."""
    found: dict[str, frozenset[str]] = {}
    for scope in scopes:
        match = _SCOPE.fullmatch(scope)
        if match is None or not match[2]:
            raise UnknownScope(
                f"{scope} is no scope of this server; right is system/Patient.rs or {ALL}."
            )
        letters = frozenset(_OLD.get(match[2], match[2]))
        found[match[1]] = found.get(match[1], frozenset()) | letters
    return found


def allows(scopes: frozenset[str], resource_type: str, letter: str) -> bool:
    """Say whether scopes let resources of a type (``*``: all types) be met in one way."""
    known = rights(scopes)
    return letter in known.get("*", ()) or letter in known.get(resource_type, ())


def within(asked: frozenset[str], granted: frozenset[str]) -> bool:
    """Say whether every right that is asked for was granted."""
    wanted = [(kind, letter) for kind, letters in rights(asked).items() for letter in letters]
    return all(allows(granted, kind, letter) for kind, letter in wanted)
