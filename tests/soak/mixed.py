"""Clients that write everything there is to write, and remember what they were answered."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections import Counter
from dataclasses import dataclass, field

import requests

from tests.support.clinic import WILAYAH
from tests.support.fhir import bundle, entry

PATIENCE = 240
SHARED, PEOPLE = 4, 50
QUEUE = {"faskes": "pkm-dharma-rini", "unit": "kia", "tanggal": "2024-04-02"}
EXPECTED = {200, 201, 204, 404, 409, 410, 412, 503}
PATCH = "application/json-patch+json"


@dataclass
class Ledger:
    """What was answered: versions with their token, None for a deletion; and what went wrong."""

    answered: list[tuple[str, str, int, str | None]] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)


class Client:
    """One who writes, on its own thread, until told to stop."""

    def __init__(self, url: str, name: str, ledger: Ledger, seed: int) -> None:
        self.url, self.name, self.ledger = url, name, ledger
        self.random = random.Random(seed)  # noqa: S311 - nothing is secret
        self.session = requests.Session()
        self.tokens = itertools.count()
        self.mine: list[str] = []
        self.patient = ""

    def run(self, stop: threading.Event) -> None:
        """Write one thing after another; a server that is away is asked again."""
        steps = [self.create, self.update, self.shared, self.patch, self.delete]
        steps += [self.untold, self.transaction, self.conditional, self.document, self.queue]
        while not stop.is_set():
            try:
                self.random.choice(steps)(f"{self.name}-{next(self.tokens)}")
            except requests.RequestException:
                self.ledger.statuses["no answer"] += 1
                stop.wait(0.1)

    def send(self, method, path, body=None, **headers):
        """Send one write; give the answer if it was a success."""
        answer = self.session.request(
            method, f"{self.url}/{path}", json=body, headers=headers, timeout=PATIENCE
        )
        self.ledger.statuses[str(answer.status_code)] += 1
        if answer.status_code not in EXPECTED:
            self.ledger.odd.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            self.ledger.odd.append(f"{method} {path}: 503 without Retry-After")
        return answer if answer.ok else None

    def keep(self, answer, token, where=None) -> str:
        """Remember a version that was answered; give the id."""
        path = where or answer.headers["Location"].rpartition("/fhir/")[2]
        kind, name = path.split("/")[:2]
        version = int(answer.headers["ETag"].strip('W/"'))
        self.ledger.answered.append((kind, name, version, token))
        return name

    def create(self, token):
        if answer := self.send("POST", "fhir/Basic", basic(token)):
            self.mine.append(self.keep(answer, token))

    def untold(self, token):
        """Create what no target is told of: one insert, without a transaction."""
        body = {"resourceType": "Patient", "name": [{"text": token}]}
        if answer := self.send("POST", "fhir/Patient", body):
            self.keep(answer, token)

    def update(self, token):
        name = self.random.choice(self.mine or [f"{token}-new"])
        if answer := self.send("PUT", f"fhir/Basic/{name}", basic(token, id=name)):
            self.keep(answer, token, f"Basic/{name}")

    def shared(self, token):
        name = f"shared-{self.random.randrange(SHARED)}"
        if answer := self.send("PUT", f"fhir/Basic/{name}", basic(token, id=name)):
            self.keep(answer, token, f"Basic/{name}")

    def patch(self, token):
        if self.mine:
            name = self.random.choice(self.mine)
            steps = [{"op": "replace", "path": "/code/text", "value": token}]
            headers = {"Content-Type": PATCH}
            if answer := self.send("PATCH", f"fhir/Basic/{name}", steps, **headers):
                self.keep(answer, token, f"Basic/{name}")

    def delete(self, _):
        if len(self.mine) > 3:
            name = self.random.choice(self.mine)
            answer = self.send("DELETE", f"fhir/Basic/{name}")
            if answer is not None and "ETag" in answer.headers:
                self.keep(answer, None, f"Basic/{name}")

    def transaction(self, token):
        self.ledger.transactions.append(token)
        shared = f"shared-{self.random.randrange(SHARED)}"
        patient = {"resourceType": "Patient", "id": f"{token}-p", "name": [{"text": token}]}
        body = bundle(
            "transaction",
            entry("POST", "Basic", basic(token)),
            entry("PUT", f"Basic/{token}-b", basic(token, id=f"{token}-b")),
            entry("PUT", f"Patient/{token}-p", patient),
            entry("PUT", f"Basic/{shared}", basic(token, id=shared)),
        )
        if answer := self.send("POST", "fhir", body):
            for each in answer.json()["entry"]:
                kind, name, _, version = each["response"]["location"].split("/")[-4:]
                self.ledger.answered.append((kind, name, int(version), token))

    def conditional(self, token):
        number = self.random.randrange(PEOPLE)
        identifier = [{"system": "urn:one", "value": str(number)}]
        body = {"resourceType": "Patient", "identifier": identifier, "name": [{"text": token}]}
        headers = {"If-None-Exist": f"identifier=urn:one|{number}"}
        answer = self.send("POST", "fhir/Patient", body, **headers)
        if answer is not None and answer.status_code == 201:
            self.keep(answer, token)

    def document(self, token):
        body = {
            "faskes": QUEUE["faskes"],
            "noRM": token,
            "nama": token,
            "tanggalLahir": "1990-01-01",
            "jenisKelamin": "female",
            **WILAYAH,
        }
        if answer := self.send("POST", "sop/v1/pasien", body):
            self.patient = answer.json()["id"]
            self.ledger.answered.append(("Patient", self.patient, 1, token))

    def queue(self, _):
        if self.patient:
            taken = {"pasien": self.patient, "ambil": f"{QUEUE['tanggal']}T07:40:00+07:00"}
            if answer := self.send("POST", "sop/v1/antrean", {**QUEUE, **taken}):
                said = answer.json()
                self.ledger.numbers.append(said["nomor"])
                self.ledger.answered.append(("Appointment", said["id"], 1, QUEUE["unit"]))


def basic(token, **more):
    return {"resourceType": "Basic", "code": {"text": token}, **more}


@contextlib.contextmanager
def writing(url: str, ledger: Ledger, name: str, seed: int, clients: int = 4):
    """Let clients write for as long as the block lasts."""
    stop = threading.Event()
    writers = [Client(url, f"{name}-{n}", ledger, seed * 100 + n) for n in range(clients)]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in writers]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in threads:
            each.join()
