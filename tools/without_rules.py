"""For prove_rules.py: the write road without the rule that WITHOUT_RULE names."""

from __future__ import annotations

import os
from typing import Any


def apply(rules: Any) -> None:
    """Leave the rule, effect or claim of that id out of all Rules; one that is not there fails."""
    name, make = os.environ.get("WITHOUT_RULE", ""), rules.__init__
    if not name:
        return

    def without(self: Any, given: Any, facts: Any, effects: Any = (), unique: Any = ()) -> None:
        every = [list(given), list(effects), list(unique)]
        left = [[each for each in some if each.id != name] for some in every]
        if left == every:
            raise LookupError(name)
        make(self, left[0], facts, left[1], left[2])

    rules.__init__ = without
