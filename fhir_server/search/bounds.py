"""The most that one search may ask for; what is more is refused with the setting that allows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """One server's; the defaults are those of the settings.

    ``values``: alternatives of one parameter, each of which is a range or a comparison of its own;
    ``codes``: the same for ids, codes and references, which the database looks up as one set.
    ``conditions`` and ``parentheses`` are those of one ``_filter``, ``references`` those that a
    chain or ``_has`` leads over.
    """

    parameters: int = 500
    values: int = 500
    codes: int = 20_000
    includes: int = 50
    sorts: int = 8
    conditions: int = 500
    parentheses: int = 20
    references: int = 10
