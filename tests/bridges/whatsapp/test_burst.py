"""A burst of webhooks to a real server: all are accepted, each message is stored once (BR-W2)."""

from __future__ import annotations

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.bridges.whatsapp.payloads import SENT, SETTINGS, change, message, posted, signed
from tests.support.processes import until
from tests.support.server import command, running

MESSAGES = 500
CHATS = 20


def bodies():
    for number in range(MESSAGES):
        sender = f"6280000010{number % CHATS:02d}"
        yield posted(change([message(f"wamid.B-{number}", sender=sender, at=SENT + number)]))


def accepted(server, some):
    """Post all at once, as Meta does; give the statuses of the answers."""
    with requests.Session() as session, ThreadPoolExecutor(16) as several:

        def post(body):
            return session.post(f"{server.url}/webhooks/whatsapp", data=body, headers=signed(body))

        return [each.status_code for each in several.map(post, some)]


def count(server, query):
    answer = requests.get(f"{server.fhir}/Communication?{query}&_summary=count", timeout=120)
    return answer.json()["total"]


def stored(server):
    return count(server, "part-of:missing=false")


def test_br_w2_five_hundred_at_once_and_a_server_killed_in_between(tmp_path):
    everything = list(bodies())
    with running(tmp_path, SETTINGS) as server:
        assert accepted(server, everything) == [200] * MESSAGES
        until(lambda: stored(server) > 0)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()

    with running(tmp_path, SETTINGS) as server:
        assert accepted(server, everything[:50]) == [200] * 50
        until(lambda: stored(server) >= MESSAGES, 300)

        assert stored(server) == MESSAGES
        assert count(server, "category=utas") == CHATS


def asked(folder, action):
    environment = os.environ | {"DATA": str(folder / "data")}
    words = command("webhook", action)
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_command_shows_what_was_laid_aside_and_tries_it_again(tmp_path):
    bare = message(body="rahasia pasien") | {"id": ""}
    with running(tmp_path, SETTINGS) as server:
        assert accepted(server, [posted(change([bare]))]) == [200]
        until(lambda: "1 without number" in asked(tmp_path, "status"))

        assert "rahasia" not in asked(tmp_path, "status")
        assert asked(tmp_path, "retry").startswith("1 webhooks are tried again")
