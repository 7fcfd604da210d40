"""New logical ids: random UUIDs, made some at a time.

Each reading of the system's random numbers lets another thread go first, which in a transaction of
hundreds of resources costs more than the numbers.

https://hl7.org/fhir/R4/datatypes.html#id
"""

from __future__ import annotations

import os
from typing import Final

_AT_ONCE: Final = 64

_ready: list[str] = []

os.register_at_fork(after_in_child=_ready.clear)  # or both processes would give the same ids


def new_id() -> str:
    """Give an id that no resource has."""
    try:
        return _ready.pop()
    except IndexError:
        made = [_spelt(each) for each in _pieces(os.urandom(16 * _AT_ONCE).hex())]
        given = made.pop()
        _ready.extend(made)
        return given


def _pieces(digits: str) -> list[str]:
    return [digits[at : at + 32] for at in range(0, len(digits), 32)]


def _spelt(digits: str) -> str:
    """Write 128 random bits as a UUID of version 4; six of them say that it is one (RFC 9562)."""
    variant = "89ab"[int(digits[16], 16) & 3]
    tail = f"{variant}{digits[17:20]}-{digits[20:]}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{tail}"
