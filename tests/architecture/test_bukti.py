"""Every rule and effect was once taken away, and a test noticed (tools/prove_rules.py).

The tables of the state machines are taken away by tests/interactions/test_alur_every_table.py.
"""

from __future__ import annotations

import re

from fhir_server.config import CANONICAL
from fhir_server.mappings import entity_modules
from tools.prove_rules import MUTANTS, PAGE, ROOT

ROWS = (ROOT / PAGE).read_text("utf-8").splitlines()
ROAD = re.compile(r"^alur [A-Z]\w+$")


def names(kind):
    """Give the ids of all rules, effects or unique keys that the write road knows."""
    made = [m for m in entity_modules().values() if hasattr(m, kind)]
    return {each.id for m in made for each in getattr(m, kind)(CANONICAL)}


def test_every_rule_and_effect_has_a_mutant():
    of_settings = {"BR-B9", "BR-D1", "BR-D7 empat mata"}
    unique = {m.UNIQUE.id for m in entity_modules().values() if hasattr(m, "UNIQUE")}
    known = names("rules") | of_settings | unique | names("effects")
    taken = {each.without for each in MUTANTS}

    assert {each for each in known - taken if not ROAD.match(each)} == set()


def test_every_mutant_was_noticed_by_a_test():
    proven = {row.rpartition(" `")[0].strip() for row in ROWS if "`tests/" in row}
    wanted = [f"| {each.rule} | {each.says} |" for each in MUTANTS]

    assert [each for each in wanted if each not in proven] == []
    assert "**tidak ada**" not in "\n".join(ROWS)


def test_what_a_mutant_takes_away_is_there():
    texts = [each for each in MUTANTS if each.old]

    assert texts
    assert [e.rule for e in texts if e.old not in (ROOT / e.path).read_text("utf-8")] == []
