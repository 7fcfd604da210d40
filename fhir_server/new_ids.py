"""New logical ids: random UUIDs, made some at a time.

Each reading of the system's random numbers lets another thread go first, which in a transaction of
hundreds of resources costs more than the numbers.

https://hl7.org/fhir/R4/datatypes.html#id
"""

from __future__ import annotations

import os
import uuid
from typing import Final

_AT_ONCE: Final = 64

_ready: list[str] = []

os.register_at_fork(after_in_child=_ready.clear)  # or both processes would give the same ids


def new_id() -> str:
    """Give an id that no resource has."""
    try:
        return _ready.pop()
    except IndexError:
        made = [
            str(uuid.UUID(bytes=each, version=4)) for each in _pieces(os.urandom(16 * _AT_ONCE))
        ]
        given = made.pop()
        _ready.extend(made)
        return given


def _pieces(numbers: bytes) -> list[bytes]:
    return [numbers[at : at + 16] for at in range(0, len(numbers), 16)]
