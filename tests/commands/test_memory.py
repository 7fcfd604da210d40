"""A request that was answered is forgotten, in a server process as it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.support.processes import PATIENCE_SECONDS, named
from tests.support.server import running

pytestmark = pytest.mark.process

LENGTH, MANY, WARM = 48 * 1024, 1200, 300
BODY = b'{"resourceType":"Patient"' + b" " * LENGTH
"""No JSON: what is looked at is the way of a body, not what is written."""
MOST_KEPT = LENGTH * MANY // 2


def resident(pid):
    """Give how many bytes of a process are in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096


def test_bodies_are_not_kept(tmp_path):
    with running(tmp_path) as server, requests.Session() as session:
        (worker,) = named(server.process.pid, "fhir-http")

        def send(times):
            for _ in range(times):
                said = session.post(
                    f"{server.fhir}/Patient",
                    data=BODY,
                    headers={"Content-Type": "application/fhir+json"},
                    timeout=PATIENCE_SECONDS,
                )
                assert said.status_code == 400

        send(WARM)
        before = resident(worker)
        send(MANY)

        assert resident(worker) - before < MOST_KEPT
