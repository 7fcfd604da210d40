"""What a scope allows: SMART's ``system/Type.cruds?search``, and ``read``, ``write``, ``*`` of old.

``system/`` is what a client may by itself, ``user/`` what it may for the person who is signed in.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

ALL: Final = "system/*.cruds"
LETTERS: Final = "cruds"
AUDIT: Final = "AuditEvent"
_OLD: Final = {"read": "rs", "write": "cud", "*": LETTERS}
_SCOPE = re.compile(
    r"(?P<who>system|user)/(?P<type>\*|[A-Z][A-Za-z]+)"
    r"\.(?P<how>read|write|\*|c?r?u?d?s?)(?:\?(?P<search>[^\s]+))?"
)

WORDS: Final = {
    "c": "create",
    "r": "read",
    "u": "update",
    "d": "delete",
    "s": "search",
}


class UnknownScope(ValueError):
    """A scope this server does not grant."""


@dataclass(frozen=True, slots=True)
class Right:
    """What one scope gives: letters on a type (``*``: any), perhaps only what a search finds."""

    resource_type: str
    letters: frozenset[str]
    search: str = ""

    def gives(self, resource_type: str, letter: str) -> bool:
        """Say whether it lets resources of a type be met in one way, perhaps not all.

        Who saw what is met by whoever may do everything, or has a scope that names it.
        """
        if resource_type == AUDIT and self.resource_type == "*" and self.letters != {*LETTERS}:
            return False
        return self.resource_type in {"*", resource_type} and letter in self.letters


@lru_cache(maxsize=256)
def rights(scopes: frozenset[str]) -> tuple[Right, ...]:
    """Read scopes, in no order."""
    return tuple(_right(each) for each in sorted(scopes))


def _right(scope: str) -> Right:
    match = _SCOPE.fullmatch(scope)
    if match is None or not match["how"] or (match["search"] and match["type"] == "*"):
        raise UnknownScope(
            f"{scope} is no scope of this server; right is system/Patient.rs, "
            f"system/Task.rs?owner=Organization/rs-a or {ALL}."
        )
    letters = frozenset(_OLD.get(match["how"], match["how"]))
    return Right(match["type"], letters, match["search"] or "")


def allows(scopes: frozenset[str], resource_type: str, letter: str) -> bool:
    """Say whether scopes let all resources of a type (``*``: of all types) be met in one way."""
    return any(each.gives(resource_type, letter) and not each.search for each in rights(scopes))


def within(asked: frozenset[str], granted: frozenset[str]) -> bool:
    """Say whether every right that a client asks for was granted; a person's are no client's."""
    return not any(each.startswith("user/") for each in asked) and all(
        allows(granted, each.resource_type, letter) or _is_same(each, letter, granted)
        for each in rights(asked)
        for letter in each.letters
    )


def _is_same(right: Right, letter: str, granted: frozenset[str]) -> bool:
    return bool(right.search) and any(
        each.search == right.search
        and each.resource_type == right.resource_type
        and letter in each.letters
        for each in rights(granted)
    )


def of_user(scopes: frozenset[str]) -> frozenset[str]:
    """Keep what a token gives to a person; words of OpenID and of other servers are not ours."""
    return frozenset(each for each in scopes if each.startswith("user/") and _SCOPE.fullmatch(each))
