"""How many webhooks a second are accepted, and how fast the worker takes them in; run by hand.

    PYTHONPATH=. python tests/performance/bench_webhook.py [WEBHOOKS] [CONNECTIONS] [CHATS] [KNOWN]

Starts a server with its usual processes on an empty folder and posts signed webhooks of one message
each, over kept connections, from a load generator on the same machine; KNOWN of the CHATS are
those of registered patients, the others of numbers nobody knows. Says the rate and times of what
was accepted (200: it is on disk), then how fast the worker took it in from there on, and holds the
number of stored messages against what was accepted: none lost, none twice; and those of each chat
against the order in which they were sent.
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
from tests.support.server import end_on_term, running

WEBHOOKS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
CONNECTIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 16
CHATS = int(sys.argv[3]) if len(sys.argv) > 3 else 200
KNOWN = int(sys.argv[4]) if len(sys.argv) > 4 else 0
PATH = "/webhooks/whatsapp"


def number_of(chat):
    """Give the telephone number at the other end of a chat."""
    return f"62800001{chat:05d}"


def register(server):
    """Register the patients who are known."""
    for chat in range(KNOWN):
        phone = [{"system": "phone", "value": f"+{number_of(chat)}"}]
        body = {"resourceType": "Patient", "id": f"uji-{chat}", "telecom": phone}
        requests.put(f"{server.fhir}/Patient/uji-{chat}", json=body, timeout=60).raise_for_status()


def bodies():
    """Give webhooks with their headers, made before the clock runs."""
    for number in range(WEBHOOKS):
        sender = number_of(number % CHATS)
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
    query = f"{server.fhir}/Communication?category:not=utas&_summary=count"
    return requests.get(query, timeout=300).json()["total"]


def disorder(server):
    """Count the messages that were stored before an earlier one of the same chat."""
    stamps, wrong = {}, 0
    url = f"{server.fhir}/Communication?category:not=utas&_sort=sent&_count=1000"
    while url:
        page = requests.get(url, timeout=300).json()
        for each in (entry["resource"] for entry in page.get("entry", ())):
            chat, at = each["partOf"][0]["reference"], each["meta"]["lastUpdated"]
            wrong += at < stamps.get(chat, "")
            stamps[chat] = at
        url = next((e["url"] for e in page["link"] if e["relation"] == "next"), None)
    return wrong


def main():
    """Measure."""
    end_on_term()
    shares = [[] for _ in range(CONNECTIONS)]  # a chat keeps its connection, and so its order
    for number, each in enumerate(bodies()):
        shares[number % CHATS % CONNECTIONS].append(each)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            **SETTINGS,
            "FHIR_WORKERS": "2",
            "FHIR_THREADS": "32",
            "FHIR_LOG_LEVEL": "error",
        }
        with running(Path(folder), settings) as server:
            register(server)
            host, port = server.url.removeprefix("http://").split(":")
            times, since = [], time.perf_counter()
            threads = [
                threading.Thread(target=post, args=(host, int(port), shares[n], times))
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
            before, since = stored(server), time.perf_counter()
            while (number := stored(server)) < len(times):
                time.sleep(1.0)
            worked = time.perf_counter() - since
            sys.stdout.write(
                f"{before} stored meanwhile, {number - before} more after {worked:.1f} s: "
                f"{(number - before) / worked:.0f}/s; {disorder(server)} out of order\n"
            )
            assert number == len(times) == WEBHOOKS


if __name__ == "__main__":
    main()
