"""Some rounds of ``python -m tests.soak.crash``: nothing that was answered is lost."""

import pytest

from tests.soak.crash import Crashes

pytestmark = pytest.mark.slow

LIVES = [["write-uncommitted", "everything"], ["fhir-http", "mongod", "parent"]]


def test_what_was_answered_survives_every_kind_of_death(tmp_path):
    """Versions, whole transactions, gapless histories and queue numbers, outbox, index."""
    crashes = Crashes(tmp_path, 1)

    for faults in LIVES:
        crashes.life(faults)
    crashes.end()

    assert sum(crashes.faults.values()) == sum(map(len, LIVES))
    assert crashes.ledger.answered
