"""Yes, no, and None for what cannot be known: a code system that is not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Verdict = bool | None


def some(verdicts: Iterable[Verdict]) -> Verdict:
    """One yes is enough; without one, one unknown is enough not to know."""
    found: Verdict = False
    for each in verdicts:
        if each:
            return True
        found = None if each is None else found
    return found


def every(verdicts: Iterable[Verdict]) -> Verdict:
    """One no is enough; without one, one unknown is enough not to know."""
    found: Verdict = True
    for each in verdicts:
        if each is False:
            return False
        found = None if each is None else found
    return found
