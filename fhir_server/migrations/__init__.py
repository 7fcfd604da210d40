"""Brings the data of older versions up to the format of this one, one step after another.

A step has a number, the format that it leads to. It may die anywhere and begin again, and two
processes may be at it: what is done twice is the same. No step is ever changed once it was
released, and tests/store/formats keeps data of every format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.migrations import index_and_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from fhir_server.context import Context

STEPS = {1: index_and_keys}


def bring_up(context: Context, say: Callable[[str], None]) -> int:
    """Bring the data up to the present format; give how many steps that took.

    Unavailable if the data are of a newer server.
    """
    number = context.store.formats.number()
    due = [each for each in sorted(STEPS) if each > number]
    for each in due:
        say(f"Bringing the data up to format {each}: {STEPS[each].WHAT} …")
        STEPS[each].run(context, each)
        context.store.formats.finish(each)
    return len(due)
