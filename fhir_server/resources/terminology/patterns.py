"""Regular expressions of strangers, refused where their matching could take for ever.

Before a pattern is used, the ways in which it could try to match one code are counted: each
alternative, each optional part and each repetition multiplies them.

https://hl7.org/fhir/R4/codesystem-filter-operator.html#filter-operator-regex
"""

from __future__ import annotations

import re
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from fhir_server.errors import NotSupported

LONGEST_PATTERN = 500
LONGEST_CODE = 100
MOST_WAYS = 1_000_000

_SINGLE = {"LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY", "AT"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


@lru_cache(maxsize=256)
def pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern that a whole code must match; NotSupported for one that is not safe."""
    try:
        if len(text) > LONGEST_PATTERN or _ways(_parser.parse(text)) > MOST_WAYS:
            raise NotSupported(f"The regular expression {text[:80]!r} could take too long.")
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise NotSupported(f"{text[:80]!r} is no regular expression: {error}.") from None


def fits(text: str, code: str) -> bool:
    """Say whether a pattern matches a whole code."""
    return len(code) <= LONGEST_CODE and pattern(text).fullmatch(code) is not None


def _ways(items: Any) -> int:
    """Count in how many ways a sequence could be tried; never more than matters."""
    found = 1
    for op, argument in items:
        found = min(found * _ways_of(str(op), argument), MOST_WAYS + 1)
    return found


def _ways_of(op: str, argument: Any) -> int:
    if op in _SINGLE:
        return 1
    if op == "SUBPATTERN":
        return _ways(argument[-1])
    if op == "BRANCH":
        return sum(_ways(each) for each in argument[1])
    if op in _REPEATS:
        return _ways_of_repeat(*argument)
    raise NotSupported(f"A regular expression here has no {op.lower().replace('_', ' ')}.")


def _ways_of_repeat(least: int, most: Any, body: Any) -> int:
    times = LONGEST_CODE if most is _constants.MAXREPEAT else min(int(most), LONGEST_CODE)
    inside = _ways(body)
    once_each = max(times - min(int(least), times), 0) + 1
    return once_each if inside == 1 else min(once_each * inside**times, MOST_WAYS + 1)
