"""A simulator of another system as a process of its own, steered and asked by a test."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
READY_SECONDS = END_SECONDS = ASK_SECONDS = 120


@dataclass
class Simulator:
    """Where it listens; ``given`` are the settings with which a server speaks to it."""

    url: str
    process: subprocess.Popen[str]

    @property
    def given(self):
        raise AssertionError(f"{type(self).__name__} must say it")

    def environment(self, **more):
        """Give the settings as environment variables."""
        return {f"FHIR_{name.upper()}": value for name, value in self.given.items()} | more

    def ask(self, method, path, body=None):
        """Ask the door that only a simulator has."""
        url = f"{self.url}/_simulator/{path}"
        answer = requests.request(method, url, json=body, timeout=ASK_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ways(self, **ways):
        self.ask("PUT", "ways", ways)


@contextlib.contextmanager
def started(module, kind, *options):
    """Start a simulator of the folder tools on a free port, and kill it with the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tools.{module}", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield kind(_ready(process)["url"], process)
    finally:
        process.kill()
        process.wait(END_SECONDS)
        process.stdout.close()


def _ready(process):
    """Read the line with which the simulator says where it listens."""
    watch = threading.Timer(READY_SECONDS, process.kill)
    watch.start()
    try:
        line = process.stdout.readline()
    finally:
        watch.cancel()
    assert line, "the simulator did not start"
    return json.loads(line)
