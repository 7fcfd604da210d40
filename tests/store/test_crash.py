"""kill -9 of the server and of mongod, in the middle of writing: what was answered is there."""

import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from fhir_server.config import Settings
from fhir_server.store.embedded import Embedded
from fhir_server.store.mongo import connect
from tests.support.processes import ended, until

pytestmark = pytest.mark.slow

ANSWERS = 150
ROOT = Path(__file__).parents[2]


def read(journal):
    """Give the complete lines of a journal; a killed writer may leave half of one."""
    lines = journal.read_bytes().split(b"\n")[:-1] if journal.exists() else []
    return [json.loads(line) for line in lines]


def mongod_of(server):
    """Find the mongod that a server started."""
    children = Path(f"/proc/{server.pid}/task").glob("*/children")
    pids = [int(pid) for each in children for pid in each.read_text().split()]
    return next(pid for pid in pids if "mongod" in Path(f"/proc/{pid}/comm").read_text())


def write_until_killed(data, journal, number, killed):
    """Run the writer until it has had answers, kill what is named; give the journal's length."""
    command = [sys.executable, "-m", "tests.support.writer", str(data), str(journal), str(number)]
    before = len(read(journal))
    with subprocess.Popen(command, cwd=ROOT) as server:
        until(lambda: len(read(journal)) > before + ANSWERS)
        database = mongod_of(server)
        if "mongod" in killed:
            os.kill(database, signal.SIGKILL)
        if "server" not in killed:
            done = len(read(journal))
            until(lambda: len(read(journal)) > done + ANSWERS)
        server.kill()
    until(lambda: ended(database))


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory):
    """What was journaled, and a store on what is left after three crashes."""
    folder = tmp_path_factory.mktemp("crash")
    journal = folder / "journal"
    for number, killed in enumerate([{"mongod"}, {"server"}, {"mongod", "server"}]):
        write_until_killed(folder / "data", journal, number, killed)
    settings = Settings(data=folder / "data")
    with Embedded.start(settings) as database:
        store = connect(database.uri, settings)
        yield read(journal), store
        store.close()


def test_every_answered_write_is_there(aftermath):
    journal, store = aftermath
    answered = [line for line in journal if "done" in line]

    lost = [
        line
        for line in answered
        if (found := store.vread(*line["done"])) is None or found.text.raw.decode() != line["raw"]
    ]

    assert len(answered) > 3 * ANSWERS / 2
    assert lost == []


def test_no_transaction_is_half_there(aftermath):
    journal, store = aftermath
    attempted = [line["attempted"] for line in journal if "attempted" in line]

    parts = {
        name: {
            store.read("Task", name) is not None,
            store.read("Basic", name) is not None,
            store.read("Basic", f"own-{name}") is not None,
        }
        for name in attempted
    }

    assert attempted
    assert [name for name, found in parts.items() if len(found) > 1] == []


def test_no_version_is_missing_in_any_history(aftermath):
    _, store = aftermath
    versions = defaultdict(list)
    after = None
    while True:
        page = store.history(count=1000, after=after)
        for each in page.resources:
            versions[each.resource_type, each.id].append(each.version)
        if not page.more:
            break
        after = page.last

    gaps = [
        who for who, found in versions.items() if sorted(found) != list(range(1, len(found) + 1))
    ]

    assert max(len(found) for found in versions.values()) > 10
    assert gaps == []
