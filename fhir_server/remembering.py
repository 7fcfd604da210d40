"""Remembering what a function made of a short text; a long one is worked out each time.

Texts come from clients. A number of them is no bound of memory where each may be as long as a body.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Given = ParamSpec("Given")
Made = TypeVar("Made")

LONGEST: Final = 256


class _Known(dict[str, Made]):
    """Results by their texts; one that is there is found without a call. Full, it begins anew."""

    def __init__(self, make: Callable[[str], Made], most: int, longest: int) -> None:
        super().__init__()
        self._make = make
        self._most = most
        self._longest = longest

    def __missing__(self, text: str) -> Made:
        made = self._make(text)
        if len(text) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[text] = made
        return made


def known(
    most: int, longest: int = LONGEST
) -> Callable[[Callable[[str], Made]], Callable[[str], Made]]:
    """Remember up to ``most`` results of a function of a text alone, for the hottest paths."""
    return lambda make: _Known(make, most, longest).__getitem__


def remembered(
    most: int, longest: int = LONGEST
) -> Callable[[Callable[Concatenate[str, Given], Made]], Callable[Concatenate[str, Given], Made]]:
    """Remember the last ``most`` results, of texts that have at most ``longest`` characters.

    The text is the first thing given; what else is given must be small.
    """

    def kept(
        make: Callable[Concatenate[str, Given], Made],
    ) -> Callable[Concatenate[str, Given], Made]:
        known = lru_cache(most)(make)

        @wraps(make)
        def ask(text: str, /, *rest: Given.args, **more: Given.kwargs) -> Made:
            if len(text) > longest:
                return make(text, *rest, **more)
            return known(text, *rest, **more)  # type: ignore[arg-type]

        return ask

    return kept
