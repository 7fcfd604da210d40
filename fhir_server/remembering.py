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
