"""How many webhooks a second are accepted, and how fast the worker takes them in; run by hand.

    PYTHONPATH=. python tests/performance/bench_webhook.py [WEBHOOKS] [CONNECTIONS] [CHATS]

Starts a server with its usual processes on an empty folder and posts signed webhooks of one message
each, over kept connections, from a load generator on the same machine. Says the rate and times of
what was accepted (200: it is on disk), then how long the worker took, and holds the number of
stored messages against what was accepted: none lost, none twice.
"""

import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

from tests.bridges.whatsapp.payloads import SENT, SETTINGS, change, message, posted, signed
from tests.support.server import running

WEBHOOKS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 16
CHATS = int(sys.argv[3]) if len(sys.argv) > 3 else 200
PATH = "/webhooks/whatsapp"


def bodies():
    """Give webhooks with their headers, made before the clock runs."""
    for number in range(WEBHOOKS):
        sender = f"62800001{number % CHATS:05d}"
        body = posted(change([message(f"wamid.B-{number}", sender=sender, at=SENT + number)]))
        yield body, signed(body)


def post(host, port, some, times):
    """Post some on one connection."""
    connection = http.client.HTTPConnection(host, port, timeout=60)
    for body, headers in some:
        since = time.perf_counter()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        times.append(time.perf_counter() - since)
    connection.close()


def stored(server):
    """Count the messages that were worked off."""
    query = f"{server.fhir}/Communication?part-of:missing=false&_summary=count"
    return requests.get(query, timeout=300).json()["total"]


def main():
    """Measure."""
    everything = list(bodies())
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            **SETTINGS,
            "FHIR_WORKERS": "2",
            "FHIR_THREADS": "32",
            "FHIR_LOG_LEVEL": "error",
        }
        with running(Path(folder), settings) as server:
            host, port = server.url.removeprefix("http://").split(":")
            times, since = [], time.perf_counter()
            threads = [
                threading.Thread(
                    target=post, args=(host, int(port), everything[n::CONNECTIONS], times)
                )
                for n in range(CONNECTIONS)
            ]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            took = time.perf_counter() - since
            times.sort()
            sys.stdout.write(
                f"{len(times)} webhooks accepted over {CONNECTIONS} connections in {took:.2f} s: "
                f"{len(times) / took:.0f}/s, p50 {statistics.median(times) * 1000:.1f} ms, "
                f"p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms\n"
            )
            while (number := stored(server)) < len(times):
                time.sleep(1.0)
            worked = time.perf_counter() - since
            rate = number / worked
            sys.stdout.write(f"{number} stored after {worked:.1f} s: {rate:.0f}/s\n")
            assert number == len(times) == WEBHOOKS


if __name__ == "__main__":
    main()
