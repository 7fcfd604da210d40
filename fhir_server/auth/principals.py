"""Who is asking.

Until clients can sign in, everybody who reaches the loopback address is the operator.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a name for the record, and what it may ask for (SMART v2 scopes)."""

    subject: str
    scopes: frozenset[str] = frozenset()


OPERATOR = Principal("operator", frozenset({"system/*.cruds"}))
