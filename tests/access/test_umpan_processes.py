"""A program that reads the feed is killed again and again, and has everything exactly once."""

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import requests

from tests.support.server import running

READER = Path(__file__).parent / "umpan_reader.py"
TASKS, KILLS, TIMEOUT, PATIENCE = 40, 4, 60, 180


def task(number, owner):
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "identifier": [{"value": str(number)}],
        "focus": {"reference": f"ServiceRequest/{number}"},
        "owner": {"reference": f"Organization/{owner}"},
    }


def kept(file):
    lines = file.read_bytes().rpartition(b"\n")[0].splitlines() if file.exists() else []
    return [name for line in lines for name in json.loads(line)["found"]]


def until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def test_a_reader_that_is_killed_has_everything_once(tmp_path):
    chance, file, made = random.Random(7), tmp_path / "kept.jsonl", []  # noqa: S311 - dice

    with running(tmp_path, {"FHIR_BACKGROUND": "0"}) as server:

        def write():
            for number in range(TASKS):
                whole = task(number, "rs-b" if number % 3 == 2 else "rs-a")
                said = requests.post(f"{server.fhir}/Task", json=whole, timeout=TIMEOUT)
                if whole["owner"]["reference"].endswith("rs-a"):
                    made.append(f"Task/{said.json()['id']}")

        def start():
            command = [sys.executable, str(READER), server.fhir, "Organization/rs-a", str(file)]
            return subprocess.Popen(command)

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(KILLS):
            before = len(kept(file))
            reader = start()
            until(lambda: len(kept(file)) > before or not writer.is_alive())  # noqa: B023 - at once
            time.sleep(chance.random() / 20)
            reader.kill()
            reader.wait(TIMEOUT)
        writer.join(PATIENCE)
        reader = start()
        until(lambda: len(kept(file)) >= len(made))
        reader.kill()
        reader.wait(TIMEOUT)

    assert len(made) == TASKS - TASKS // 3
    assert kept(file) == made
