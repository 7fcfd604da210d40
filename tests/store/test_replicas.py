"""Three real mongods whose primary is killed; more: ``python -m tests.soak.replicas``."""

import pytest

from tests.soak.mixed import Ledger
from tests.soak.replicas import ReplicaSet, check, fail_over
from tests.support.server import running

pytestmark = pytest.mark.slow


def test_a_killed_primary_loses_no_answered_write_and_service_comes_back(tmp_path):
    ledger = Ledger()

    with ReplicaSet(tmp_path) as members:
        with running(tmp_path, {"FHIR_MONGODB_URI": members.uri}) as server:
            fail_over(members, server.url, ledger, 1)
        check(members.uri, ledger)

    assert ledger.answered
