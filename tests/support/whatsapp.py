"""The simulator of WhatsApp's Graph API as a process of its own, steered by a test."""

from __future__ import annotations

import base64
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
TOKEN = SECRET = VERIFY = "latihan"  # noqa: S105 - the simulator's own
LINE = "PN-1"


@dataclass
class Simulator:
    url: str
    process: subprocess.Popen[str]

    @property
    def settings(self):
        """Give the settings with which a server sends to this simulator and hears from it."""
        return {
            "whatsapp_graph": f"{self.url}/v23.0",
            "whatsapp_token": TOKEN,
            "whatsapp_nomor": LINE,
            "whatsapp_secret": SECRET,
            "whatsapp_verify_token": VERIFY,
        }

    def environment(self, **more):
        """Give the same as environment variables."""
        return {f"FHIR_{name.upper()}": value for name, value in self.settings.items()} | more

    def ask(self, method, path, body=None):
        answer = requests.request(method, f"{self.url}/_simulator/{path}", json=body, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def calls_back(self, server):
        """Let it tell this server what happens."""
        self.ask("PUT", "webhook", {"url": f"{server.url}/webhooks/whatsapp"})

    def ways(self, **ways):
        self.ask("PUT", "ways", ways)

    def faults(self, *kinds, times=1):
        """Let these strike the next messages: a code of the Graph API, drop, html or hang."""
        self.ask("PUT", "faults", [{"kind": str(each), "times": times} for each in kinds])

    def writes(self, number, text, *, name="Warga", **message):
        """Let somebody write to the clinic; give the number (wamid) of the message."""
        whole = {"from": number, "type": "text", "text": {"body": text}, **message}
        said = self.ask("POST", "write", {"message": whole, "name": name})
        assert said["status"] == 200
        return said["id"]

    def tells(self, **what):
        return self.ask("POST", "tell", what)

    def has_file(self, media_id, media_type, content):
        data = base64.b64encode(content).decode()
        self.ask("PUT", f"media/{media_id}", {"type": media_type, "data": data})

    @property
    def landed(self):
        """Give what people were sent, in order."""
        return self.ask("GET", "messages")["messages"]

    @property
    def requests(self):
        return self.ask("GET", "messages")["requests"]


@contextlib.contextmanager
def simulator():
    """Start the simulator on a free port, and end it with the test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.whatsapp_simulator"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Simulator(_ready(process)["url"], process)
    finally:
        process.terminate()
        process.wait(120)
        process.stdout.close()


def _ready(process, seconds=120):
    """Read the line with which the simulator says where it listens."""
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    try:
        line = process.stdout.readline()
    finally:
        watch.cancel()
    assert line, "the simulator did not start"
    return json.loads(line)
