"""A plugin of pytest for prove_rules.py: the write road without the rule WITHOUT_RULE."""

from __future__ import annotations

import os
from typing import Any

from fhir_server.mappings import rules


def pytest_configure() -> None:
    """Leave the rule, effect or claim of that id out of all Rules; one that is not there fails."""
    name, make = os.environ.get("WITHOUT_RULE", ""), rules.Rules.__init__
    if not name:
        return

    def without(self: Any, given: Any, facts: Any, effects: Any = (), unique: Any = ()) -> None:
        every = [list(given), list(effects), list(unique)]
        left = [[each for each in some if each.id != name] for some in every]
        if left == every:
            raise LookupError(name)
        make(self, left[0], facts, left[1], left[2])

    rules.Rules.__init__ = without  # type: ignore[method-assign, assignment]
