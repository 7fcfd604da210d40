"""The feed: each organization gets exactly its own, once, in one order, as far as it may see it."""

import random
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from fhir_server.access import registry
from fhir_server.access.addressees import FEED
from fhir_server.interactions import feed
from fhir_server.store.ops import Check

BASE = "https://puskesmas.example/fhir"
KIND, STATE = f"{BASE}/CodeSystem/jenis-tugas", f"{BASE}/CodeSystem/status-rujukan"
REFERRALS, REPORTS = f"{BASE}/CodeSystem/jenis-rujukan", f"{BASE}/CodeSystem/kategori-komunikasi"
STATES = {"requested": "dikirim", "received": "diterima-sistem", "accepted": "disetujui"}
STATES |= {"rejected": "ditolak", "draft": "disusun"}
PATIENCE = 120


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def work(number, owner, status="requested"):
    return {
        "resourceType": "Task",
        "id": f"t{number}",
        "status": status,
        "businessStatus": concept(STATE, STATES[status]),
        "intent": "order",
        "code": concept(KIND, "rujukan"),
        "focus": {"reference": f"ServiceRequest/r{number}"},
        "for": {"reference": f"Patient/p{number}"},
        "authoredOn": "2026-11-20T08:00:00+07:00",
        "requester": {"reference": "Organization/pkm"},
        "owner": {"reference": f"Organization/{owner}"},
    }


def request(number, owner):
    return {
        "resourceType": "ServiceRequest",
        "id": f"r{number}",
        "status": "active",
        "intent": "order",
        "category": [concept(REFERRALS, "medis")],
        "subject": {"reference": f"Patient/p{number}"},
        "requester": {"reference": "Organization/pkm"},
        "performer": [{"reference": f"Organization/{owner}"}],
    }


def report(**more):
    return {
        "resourceType": "Communication",
        "status": "completed",
        "category": [concept(REPORTS, "laporan-sementara")],
        "basedOn": [{"reference": "ServiceRequest/r1"}],
        **more,
    }


class Reader:
    """A program of one organization that follows its feed and keeps where it is."""

    def __init__(self, ask, *, organization=None):
        self.ask = ask
        self.whose = f"&organization={organization}" if organization else ""
        self.cursor, self.seen = "first", []

    def page(self, count=20, **more):
        said = self.ask("GET", f"$umpan?_count={count}&since={self.cursor}{self.whose}", **more)
        assert said.status_code == 200, said.data
        links = {each["relation"]: each["url"] for each in said.json["link"]}
        self.cursor = parse_qs(urlsplit(links["resume"]).query)["since"][0]
        found = [named(each) for each in said.json.get("entry", ())]
        self.seen += found
        return found, "next" in links

    def all(self, count=20):
        """Read on to the end; give everything but the requests, which follow their works."""
        while self.page(count)[1]:
            pass
        return [each for each in self.seen if not each.startswith("ServiceRequest/")]

    def requests(self):
        return [each for each in self.seen if each.startswith("ServiceRequest/")]


def named(entry):
    version = entry["response"]["etag"].strip('W/"')
    return f"{entry['fullUrl'].partition('/fhir/')[2]}/{version}"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)


@pytest.fixture
def pkm(caller):
    pkm = caller("pkm", organization="Organization/pkm")
    for name in ("pkm", "rs-a", "rs-b"):
        whole = {"resourceType": "Organization", "id": name, "name": name}
        assert pkm("PUT", f"Organization/{name}", whole).status_code == 201
    return pkm


@pytest.fixture
def hospitals(caller, pkm):
    """Two hospitals beside the puskesmas."""
    assert pkm.id == "pkm"
    return {
        name: caller(name, organization=f"Organization/{name}", reach="referrals")
        for name in ("rs-a", "rs-b")
    }


def written(ask, *resources, status=(200, 201), **headers):
    for each in resources:
        said = ask("PUT", f"{each['resourceType']}/{each['id']}", each, **headers)
        assert said.status_code in status, said.data


def refer(pkm, number, owner):
    patient = {"resourceType": "Patient", "id": f"p{number}", "gender": "female"}
    written(pkm, patient, request(number, owner), work(number, owner))


def test_a_referral_is_for_who_is_asked_and_its_answer_for_who_asked(pkm, hospitals):
    a, b, own = (Reader(each) for each in (*hospitals.values(), pkm))
    refer(pkm, 1, "rs-a")

    assert a.all() == ["Task/t1/1"]
    assert a.requests()[0] == "ServiceRequest/r1/1"
    assert b.all() == own.all() == []

    written(hospitals["rs-a"], work(1, "rs-a", "accepted"), If_Match='W/"1"')
    note = report(recipient=[{"reference": "Organization/pkm"}])
    made = hospitals["rs-a"]("POST", "Communication", note).json["id"]

    assert own.all() == ["Task/t1/2", f"Communication/{made}/1"]
    assert a.all()[1:] == ["Task/t1/2"]
    assert b.all() == b.requests() == []


def test_a_report_that_names_nobody_is_for_who_asked(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    made = hospitals["rs-a"]("POST", "Communication", report()).json["id"]

    assert Reader(pkm).all() == [f"Communication/{made}/1"]
    assert Reader(hospitals["rs-a"]).all() == ["Task/t1/1"]


def test_a_draft_is_for_nobody_until_it_is_sent(pkm, hospitals):
    draft = work(1, "rs-a", "draft")
    del draft["for"], draft["focus"]
    written(pkm, draft)
    reader = Reader(hospitals["rs-a"])
    assert reader.all() == []

    written(pkm, draft | {"status": "requested"}, If_Match='W/"1"')

    assert reader.all() == ["Task/t1/2"]


def test_a_decline_ends_the_sight_of_what_was_not_read_yet(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    declined = work(1, "rs-a", "rejected") | {"statusReason": {"text": "penuh"}}
    written(hospitals["rs-a"], declined, If_Match='W/"1"')
    written(pkm, request(1, "rs-b"), work(1, "rs-b") | {"id": "t2"})

    before, now = Reader(hospitals["rs-a"]), Reader(hospitals["rs-b"])
    assert before.all() == ["Task/t1/1", "Task/t1/2"]
    assert before.requests() == []
    assert now.all() == ["Task/t2/1"]
    assert now.requests()


def test_a_deletion_is_told_to_who_was_told(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    reader = Reader(hospitals["rs-a"])
    reader.all()

    assert pkm("DELETE", "ServiceRequest/r1").status_code == 204

    said = hospitals["rs-a"]("GET", f"$umpan?since={reader.cursor}").json["entry"]
    assert [(each["request"]["method"], named(each)) for each in said] == [
        ("DELETE", f"ServiceRequest/r1/{len(reader.requests()) + 1}")
    ]
    assert "resource" not in said[0]


def test_pages_go_on_where_the_last_one_ended(pkm, hospitals):
    for number in range(5):
        refer(pkm, number, "rs-a")
    one, all_at_once = Reader(hospitals["rs-a"]), Reader(hospitals["rs-a"])

    assert len(one.page(count=3)[0]) == 3
    assert one.all(count=2) == all_at_once.all() == [f"Task/t{number}/1" for number in range(5)]
    assert one.seen == all_at_once.seen
    assert len(one.seen) == len(set(one.seen))


def test_who_has_everything_is_told_that_nothing_changed(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    ask = hospitals["rs-a"]
    known = ask("GET", "$umpan").headers["ETag"]

    same = ask("GET", "$umpan", If_None_Match=known)
    assert (same.status_code, same.data) == (304, b"")
    refer(pkm, 2, "rs-a")
    new = ask("GET", "$umpan", If_None_Match=same.headers["ETag"])

    assert {named(each) for each in new.json["entry"]} >= {"ServiceRequest/r2/1", "Task/t2/1"}
    assert {each["resource"]["id"] for each in new.json["entry"]} == {"r2", "t2"}


def test_asking_while_nothing_is_new_costs_few_queries(context, pkm, hospitals, monkeypatch):
    refer(pkm, 1, "rs-a")
    reader = Reader(hospitals["rs-a"])
    reader.all()
    looked = []
    monkeypatch.setattr(feed, "_visible", lambda *asked: looked.append(asked) or {})

    assert reader.page() == ([], False)

    assert looked == []
    assert context.store.outbox.number() == 0


def test_what_was_acknowledged_does_not_come_again(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    ask, reader = hospitals["rs-a"], Reader(hospitals["rs-a"])
    reader.page(count=1)
    early = reader.cursor
    reader.all()

    for cursor in (reader.cursor, early):
        given = {"name": "cursor", "valueString": cursor}
        said = ask("POST", "$terima-umpan", {"resourceType": "Parameters", "parameter": [given]})
        assert said.status_code == 200, said.data
    refer(pkm, 2, "rs-a")

    found = ask("GET", "$umpan").json["entry"]
    assert {each["resource"]["id"] for each in found} == {"r2", "t2"}
    assert ask("GET", f"$terima-umpan?cursor={early}").status_code == 405


def test_now_leaves_out_what_was(pkm, hospitals):
    refer(pkm, 1, "rs-a")
    reader = Reader(hospitals["rs-a"])
    reader.cursor = "now"
    assert reader.all() == []
    refer(pkm, 2, "rs-a")
    assert reader.all() == ["Task/t2/1"]


def test_a_cursor_from_before_what_is_kept_says_how_to_catch_up(context, pkm, hospitals):
    refer(pkm, 1, "rs-a")
    ask, reader = hospitals["rs-a"], Reader(hospitals["rs-a"])
    reader.page(count=1)
    context.store.outbox.sweep(FEED, -1)
    refer(pkm, 2, "rs-a")

    for url in ("$umpan", f"$umpan?since={reader.cursor}"):
        said = ask("GET", url)
        assert said.status_code == 410
        assert "since=now" in said.json["issue"][0]["diagnostics"]
    reader.cursor = "first"
    assert reader.all() == ["Task/t2/1"]
    assert hospitals["rs-b"]("GET", "$umpan").status_code == 200


def test_a_feed_is_for_its_own_organization(pkm, hospitals, caller):
    refer(pkm, 1, "rs-a")
    mine = hospitals["rs-a"]("GET", "$umpan").headers["ETag"].strip('W/"')
    other = hospitals["rs-b"]

    assert other("GET", "$umpan?organization=Organization/rs-a").status_code == 403
    assert other("GET", f"$umpan?since={mine}").status_code == 400
    assert other("GET", "$umpan?since=nonsense").status_code == 400
    assert caller("app")("GET", "$umpan").status_code == 400
    assert Reader(caller("app2"), organization="rs-a").all() == ["Task/t1/1"]
    assert caller("cut", reach="referrals")("GET", "$umpan").status_code == 403


def test_types_that_the_scopes_do_not_name_are_left_out(pkm, caller):
    refer(pkm, 1, "rs-a")
    narrow = caller(
        "rs-a2", ["system/Task.rs"], organization="Organization/rs-a", reach="referrals"
    )

    reader = Reader(narrow)
    assert reader.all() == ["Task/t1/1"]
    assert reader.requests() == []


def test_a_scope_with_a_search_shows_what_that_finds(pkm, caller):
    for number, owner in enumerate(("rs-a", "rs-b", "rs-a")):
        refer(pkm, number, owner)
    written(pkm, work(3, "rs-a") | {"priority": "stat", "focus": {"display": "RJ 3"}})
    own = caller(
        "urgent",
        ["system/Task.rs?priority=stat"],
        organization="Organization/rs-a",
    )

    assert Reader(own).all() == ["Task/t3/1"]


def test_who_waits_is_answered_when_something_comes(pkm, hospitals):
    reader = Reader(hospitals["rs-a"])
    reader.all()
    begun = threading.Event()

    def later():
        begun.wait(PATIENCE)
        refer(pkm, 1, "rs-a")

    writer = threading.Thread(target=later)
    writer.start()
    begun.set()
    deadline = time.monotonic() + PATIENCE
    while not reader.seen and time.monotonic() < deadline:
        reader.whose = "&wait=20"
        reader.page()
    writer.join(PATIENCE)
    reader.whose = ""

    assert reader.all() == ["Task/t1/1"]


def test_nobody_waits_where_too_many_do(hospitals, context, monkeypatch):
    monkeypatch.setattr(feed, "_seats", [1] * context.settings.feed_waiting)
    monkeypatch.setattr(feed, "LOOK_SECONDS", PATIENCE)

    assert hospitals["rs-a"]("GET", "$umpan?wait=20").status_code == 200
    assert len(feed._seats) == context.settings.feed_waiting


def test_a_write_that_is_committed_late_comes_late_and_is_not_lost(context, pkm, hospitals):
    """Writers hold their transactions open and commit in another order than they began in."""
    seen, order = Reader(hospitals["rs-a"]), [3, 1, 4, 0, 2]
    held = [Held(context, number) for number in range(5)]
    for each in held:
        each.begin()
    for number in order:
        assert seen.all() == [f"Task/t{each}/1" for each in order[: order.index(number)]]
        held[number].commit()
    written(pkm, *(work(number, "rs-a", "draft") | {"id": f"d{number}"} for number in range(2)))

    assert seen.all() == [f"Task/t{each}/1" for each in order]
    assert Reader(hospitals["rs-a"]).all(count=2) == seen.seen


class Held:
    """A write on the road with a transaction, that waits before its commit until it is told."""

    def __init__(self, context, number):
        self.context, self.number = context, number
        self.open, self.free, self.failed = threading.Event(), threading.Event(), []

    def begin(self):
        self.thread = threading.Thread(target=self._write)
        self.thread.start()
        assert self.open.wait(PATIENCE)

    def commit(self):
        self.free.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        assert self.failed == []

    def _write(self):
        from fhir_server.interactions.write import prepare  # noqa: PLC0415 - after the fixtures
        from fhir_server.resources.wire import dump  # noqa: PLC0415

        def decide(_found):
            self.open.set()
            self.free.wait(PATIENCE)

        document = {**work(self.number, "rs-a")}
        del document["for"], document["focus"]
        put = prepare(self.context, dump(document), document["id"])
        try:
            self.context.store.transact(
                [put], [Check((f"held-{self.number}",), (), decide, "after")]
            )
        except Exception as error:  # noqa: BLE001 - told in the thread of the test
            self.failed.append(error)


@pytest.mark.parametrize("seed", range(3))
def test_random_referrals_reach_each_hospital_exactly_once(pkm, hospitals, seed):
    """Two hospitals, and an oracle of what each of them was told while both read on and off."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    readers = {name: Reader(each) for name, each in hospitals.items()}
    told = {name: [] for name in hospitals}
    works = {}
    for _ in range(25):
        owner = chance.choice(sorted(hospitals))
        if works and chance.random() < 0.5:
            number, (owner, status, version) = chance.choice(sorted(works.items()))
            following = {"requested": "received", "received": "accepted"}.get(status)
            if following is None:
                continue
            mine = work(number, owner, following)
            written(hospitals[owner], mine, If_Match=f'W/"{version}"')
            works[number] = (owner, following, version + 1)
            told[owner].append(f"Task/t{number}/{version + 1}")
        else:
            number = len(works)
            refer(pkm, number, owner)
            works[number] = (owner, "requested", 1)
            told[owner].append(f"Task/t{number}/1")
        if chance.random() < 0.3:
            readers[chance.choice(sorted(readers))].page(count=chance.randint(1, 4))

    assert {name: each.all(count=3) for name, each in readers.items()} == told
    for name, reader in readers.items():
        versions = [f"{named(each)}" for n in works if works[n][0] == name for each in past(pkm, n)]
        assert sorted(reader.requests()) == sorted(versions)


def past(ask, number):
    """Give every version of a request, as the history has it."""
    return ask("GET", f"ServiceRequest/r{number}/_history?_count=100").json["entry"]
