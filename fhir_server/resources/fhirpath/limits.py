"""How much one expression may cost: nothing that a client writes can occupy the server.

Text and nesting bound the reading, steps and time the evaluation, and regular expressions run in
time linear to the text (RE2), whatever they are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of everything; a step is one item looked at."""

    length: int = 20_000
    depth: int = 150
    steps: int = 2_000_000
    text: int = 1_048_576
    regex: int = 1_000
    seconds: float = 5.0


LIMITS = Limits()

_decided = [LIMITS]


def decide(limits: Limits) -> None:
    """Put the operator's limits in force, for this process, before expressions are compiled."""
    _decided[0] = limits


def in_force() -> Limits:
    """Give the limits of an expression for which the caller names none."""
    return _decided[0]
