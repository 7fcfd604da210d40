"""``fhir-server audit``, and what is left of the trail after ``kill -9`` of everything."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest
import requests

from tests.support.processes import until
from tests.support.server import command, running

PATIENCE = 120


def audited(folder, *arguments):
    """Run a command on the database of a folder."""
    environment = os.environ | {"DATA": str(folder / "data"), "DEMO": "0"}
    return subprocess.run(
        command("audit", *arguments),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


BASIC = {"resourceType": "Basic", "code": {"text": "uji"}}


def write(url, answered, stop):
    """Create, change and delete until the server is gone; remember what was answered."""
    with contextlib.suppress(requests.RequestException), requests.Session() as session:
        while not stop.is_set():
            made = session.post(f"{url}/Basic", json=BASIC, timeout=PATIENCE)
            assert made.status_code in {201, 503}, made.text
            if made.status_code == 503:
                continue
            name = f"Basic/{made.json()['id']}"
            answered.append(f"{name}/_history/1")
            body = {**made.json(), "created": "2026-01-01"}
            if session.put(f"{url}/{name}", json=body, timeout=PATIENCE).status_code == 200:
                answered.append(f"{name}/_history/2")
            if session.delete(f"{url}/{name}", timeout=PATIENCE).status_code == 204:
                answered.append(f"{name}/_history/3")


def killed(server, answered, enough):
    """Write from several threads, and kill everything in the middle of it."""
    stop = threading.Event()
    writers = [threading.Thread(target=write, args=(server.fhir, answered, stop)) for _ in range(4)]
    for each in writers:
        each.start()
    try:
        until(lambda: len(answered) >= enough, PATIENCE)
    finally:
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(PATIENCE)
        stop.set()
        for each in writers:
            each.join(PATIENCE)


def told(server):
    """Give all versions of which the trail says that they were written."""
    found = set()
    address = f"{server.fhir}/AuditEvent?action=C,U,D&_count=500"
    while address:
        page = requests.get(address, timeout=PATIENCE).json()
        for entry in page.get("entry", ()):
            names = [e["what"]["reference"] for e in entry["resource"]["entity"] if "what" in e
                     and "reference" in e["what"]]  # fmt: skip
            found.update(names)
        links = {each["relation"]: each["url"] for each in page["link"]}
        address = links.get("next")
    return found


@pytest.mark.process
def test_no_answered_write_is_without_its_event(tmp_path):
    answered = []
    with running(tmp_path, {"FHIR_WORKERS": "2"}) as server:
        killed(server, answered, 40)
    with running(tmp_path) as server:
        until(lambda: set(answered) <= told(server), PATIENCE)
        heads = audited(tmp_path, "heads")
    (tmp_path / "heads.json").write_text(heads.stdout)
    whole = audited(tmp_path, "verify", "--heads", str(tmp_path / "heads.json"))
    missing = json.loads(heads.stdout) | {"0123456789": [3, "0" * 64]}
    (tmp_path / "heads.json").write_text(json.dumps(missing))
    gone = audited(tmp_path, "verify", "--heads", str(tmp_path / "heads.json"))

    assert whole.returncode == 0, whole.stderr
    assert "The trail is whole" in whole.stdout
    assert gone.returncode == 1
    assert "0123456789-00000003" in gone.stderr


@pytest.mark.process
def test_a_server_that_is_told_to_end_loses_no_read(tmp_path):
    with running(tmp_path) as server:
        for number in range(20):
            requests.get(f"{server.fhir}/Patient/dibaca-{number}", timeout=PATIENCE)
    with running(tmp_path) as server:
        seen = read_of(server)

    assert seen == set(range(20))


def read_of(server):
    """Give the numbers of the reads that are on record."""
    page = requests.get(f"{server.fhir}/AuditEvent?outcome=4&_count=100", timeout=PATIENCE)
    return {int(each) for each in re.findall(r"Patient/dibaca-(\d+)", page.text)}


def wait_for_files(folder, count):
    """Wait until all reads have been in a file, or must have come to the database meanwhile."""
    found, latest = set(), time.monotonic() + 5

    def kept():
        for path in folder.glob("*/*.jsonl"):
            with contextlib.suppress(FileNotFoundError):
                found.update(re.findall(r"Patient/dibaca-(\d+)", path.read_text()))
        return len(found) == count or time.monotonic() > latest

    until(kept, PATIENCE)


@pytest.mark.process
def test_what_was_read_before_a_kill_is_on_record(tmp_path):
    with running(tmp_path, {"FHIR_WORKERS": "2"}) as server:
        for number in range(40):
            requests.get(f"{server.fhir}/Patient/dibaca-{number}", timeout=PATIENCE)
        wait_for_files(tmp_path / "data" / "audit", 40)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(PATIENCE)
    with running(tmp_path) as server:
        until(lambda: read_of(server) >= set(range(40)), PATIENCE)

    assert list((tmp_path / "data" / "audit").glob("*/*.jsonl")) == []
