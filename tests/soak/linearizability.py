"""Whether what several clients saw of one thing can have happened one after another.

The search of Wing and Gong. A history is a list of calls, each with the moments at which it was
asked and answered. A model says what a call does to the state of the thing: it gives the next
state, or None if the answer is none that this state gives. A call without an answer may have
happened at any time after it was asked, or never.

M. Herlihy, J. Wing: Linearizability, 1990; J. Wing, C. Gong: Testing and verifying concurrent
objects, 1993.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

State = Hashable
NEVER = math.inf


@dataclass(frozen=True)
class Call:
    """One call of one process; ``returned`` is NEVER if the answer did not come."""

    process: int
    asked: float
    returned: float
    op: Any
    result: Any = None


Model = Callable[[State, Call], State | None]


def explained(history: Sequence[Call], model: Model, begin: State) -> list[Call] | None:
    """Give an order of the calls that explains every answer, or None if there is none.

    Only a call that was asked before the first answer of those still open can be next; a state
    that was met with the same calls left is not tried again.
    """
    calls = sorted(history, key=lambda call: call.asked)
    tried: set[tuple[frozenset[int], State]] = set()
    stack: list[tuple[frozenset[int], State, tuple[int, ...]]] = [
        (frozenset(range(len(calls))), begin, ())
    ]
    while stack:
        left, state, order = stack.pop()
        if all(calls[each].returned == NEVER for each in left):
            return [calls[each] for each in order]
        if (left, state) in tried:
            continue
        tried.add((left, state))
        first = min(calls[each].returned for each in left)
        stack += [
            (left - {each}, after, (*order, each))
            for each in left
            if calls[each].asked <= first and (after := model(state, calls[each])) is not None
        ]
    return None


def register(state: State, call: Call) -> State | None:
    """Model one resource with versions: the state is (version, value), (0, None) before the first.

    ``("read",)`` is answered (version, value); ``("write", value)`` the version it made;
    ``("write-if", version, value)`` that too, or "refused" if another version was current.
    """
    version, value = state  # type: ignore[misc]
    if call.op[0] == "read":
        return state if call.result == (version, value) else None
    if call.op[0] == "write-if" and call.result == "refused":
        return state if call.op[1] != version else None
    if call.op[0] == "write-if" and call.op[1] != version:
        return state if call.returned == NEVER else None
    if call.returned == NEVER or call.result == version + 1:
        return (version + 1, call.op[-1])
    return None


def once(state: State, call: Call) -> State | None:
    """Model what is made once: the state is its id, or "" before; every call has its answer.

    A call is answered ("made", id) or ("there", id).
    """
    how, name = call.result
    if how == "made":
        return name if state == "" else None
    return state if state == name else None


def lease(state: State, call: Call) -> State | None:
    """Model what one at a time has: the state is its id, or "" if it is free.

    ``("take",)`` is answered its id or "refused", ``("give", id)`` always "given".
    """
    if call.op[0] == "give":
        return "" if state == call.op[1] else None
    if call.result == "refused":
        return state or None
    return call.result if state == "" else None


def counter(state: State, call: Call) -> State | None:
    """Model the numbers of a queue: each call is answered the next one."""
    return call.result if call.result == state + 1 else None  # type: ignore[operator]
