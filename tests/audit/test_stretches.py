"""A patient is in the index once in ten seconds; a search for her misses nothing all the same."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from fhir_server.store import traces
from fhir_server.store.mongo import connect
from fhir_server.store.trail import Event, retention, searching
from fhir_server.store.trail.blocks import TRAIL
from fhir_server.store.trail.stretches import LONGEST_STRETCH_MS, MOST_BLOCKS, Stretch
from tests.audit.test_searching import found, pages

BEGIN = int(datetime(2090, 3, 1, 8, tzinfo=UTC).timestamp() * 1000)
PEOPLE = ("siti", "rina", "dewi", "wati")


def block(number, last, *patients):
    """A block as far as stretches know it."""
    return {"n": number, "l": last, "patients": set(patients)}


def stored(stretch, given):
    """Let a stretch take a block, and give what it says of it."""
    said = stretch.of(given["n"], given["l"], given["patients"])
    stretch.took({**given, **said})
    return said["s"], said["p"], said["q"]


def test_a_patient_is_named_by_the_first_block_of_a_stretch_and_beside_by_the_others():
    stretch = Stretch()

    assert stored(stretch, block(4, 1000, "siti")) == (4, ["siti"], [])
    assert stored(stretch, block(5, 1100, "siti", "rina")) == (4, ["rina"], ["siti"])
    assert stored(stretch, block(7, 1100, "rina", "siti")) == (4, [], ["rina", "siti"])


@pytest.mark.parametrize(
    "given",
    [
        block(5, 1001 + LONGEST_STRETCH_MS, "siti"),
        block(5, 999, "siti"),
        block(4 + MOST_BLOCKS, 1000, "siti"),
    ],
)
def test_what_is_too_late_too_early_or_too_much_begins_a_stretch(given):
    stretch = Stretch()
    stored(stretch, block(4, 1000, "siti"))

    assert stored(stretch, given) == (given["n"], ["siti"], [])


def test_a_block_that_was_not_stored_has_named_nobody():
    stretch = Stretch()
    stored(stretch, block(4, 1000, "siti"))
    stretch.of(5, 1100, {"rina"})

    assert stretch.of(5, 1100, {"rina"}) == {"s": 4, "p": ["rina"], "q": []}


@pytest.fixture
def days(context, settings):
    """Many looks at few patients by two processes, some told late; give them all."""
    other = connect(settings.mongodb_uri, settings)
    other.trail.use(context.store.trail._recorder._pending._tell, lambda _block, _wanted: [])
    rand = random.Random(9900)  # noqa: S311 - for a test
    moment, looks = BEGIN, []
    for number in range(400):
        moment += rand.choice((5, 60, 60, 60, 60, 60, 900, 15_000))
        late = rand.choice((0,) * 30 + (700, 5000, 30_000))
        person = rand.choice(PEOPLE)
        recorder = rand.choice((context.store.trail, other.trail))._recorder
        access = traces.Access(None, "", f"r{number}")
        path = f"/fhir/Patient/{person}"
        recorder.record(Event(moment - late, access, "GET", path, "", 200, ()))
        looks.append((moment - late, person, f"r{number}"))
        if rand.random() < 0.7:
            recorder.flush()
    other.close()
    context.store.trail.flush()
    return sorted(looks)


@pytest.fixture
def trail(days, context):
    """The blocks of these looks, as they lie in the database."""
    assert days
    return context.store.trail._blocks.database[TRAIL]


def event_of(person):
    """A look at a patient, after all others."""
    access = traces.Access(None, "", "")
    return Event(BEGIN * 2, access, "GET", f"/fhir/Patient/{person}", "", 200, ())


def told(event):
    """Give when, about whom, and by which request."""
    (request,) = (
        each["what"]["identifier"]["value"]
        for each in event["entity"]
        if "identifier" in each["what"]
    )
    (patient,) = {
        each["what"]["reference"].partition("/")[2]
        for each in event["entity"]
        if each["what"].get("reference", "").startswith("Patient/")
    }
    at = datetime.fromisoformat(event["recorded"])
    return int(at.timestamp() * 1000), patient, request


@pytest.mark.parametrize("sort", ["date", "-date"])
@pytest.mark.parametrize("people", [("siti",), ("rina", "wati")])
def test_every_look_is_found_by_patient_in_both_directions(days, clinic, people, sort, monkeypatch):
    monkeypatch.setattr(searching, "BLOCKS_AT_ONCE", 2)
    monkeypatch.setattr(searching, "EVENTS_AT_ONCE", 3)
    asked = ",".join(f"Patient/{each}" for each in people)
    query = f"patient={asked}&action=R&_sort={sort}"

    events = [each for each in found(clinic, f"{query}&_count=500") if each["recorded"] > "2090"]
    ids = pages(clinic, f"{query}&_count=7&date=ge2090-01-01")

    wanted = [each for each in days if each[1] in people]
    assert sorted(map(told, events)) == wanted
    moments = [told(each)[0] for each in events]
    assert moments == sorted(moments, reverse=sort == "-date")
    assert ids == [each["id"] for each in events]


def test_every_look_of_a_time_is_found_by_patient(days, clinic):
    begin, end = days[120][0], days[260][0]
    first, last = (datetime.fromtimestamp(each / 1000, UTC).isoformat() for each in (begin, end))
    asked = f"patient=Patient/siti&action=R&_count=500&date=ge{first}&date=le{last}"

    events = found(clinic, asked.replace("+", "%2B"))

    wanted = [each for each in days if each[1] == "siti" and begin <= each[0] <= end]
    assert sorted(map(told, events)) == wanted


def test_the_index_names_a_patient_less_often_than_the_blocks(trail):
    blocks = list(trail.find({"d": "events"}))
    first = sum(len(each["p"]) for each in blocks)
    again = sum(len(each["q"]) for each in blocks)

    assert first
    assert again > first / 4


def test_a_search_by_patient_reads_the_blocks_of_stretches_only(trail, context):
    heads = list(trail.find({"p": "siti"}, {"c": 1, "l": 1, "s": 1}))

    read = list(context.store.trail._blocks.stretched(heads, ["siti"], {}))

    everywhere = trail.find({"$or": [{"p": "siti"}, {"q": "siti"}]}, {"_id": 1})
    assert {each["_id"] for each in read} == {each["_id"] for each in everywhere}


def test_blocks_of_earlier_releases_are_found(days, clinic, trail):
    for each in trail.find({}):
        whole = sorted({*each["p"], *each.get("q", ())})
        change = {"$set": {"p": whole}, "$unset": {"s": "", "q": ""}}
        trail.update_one({"_id": each["_id"]}, change)

    events = found(clinic, "patient=Patient/siti&action=R&_count=500&date=ge2090-01-01")

    assert sorted(map(told, events)) == [each for each in days if each[1] == "siti"]


def test_a_stretch_is_removed_whole_or_not_at_all(trail, context):
    """What is left is found by every patient it names."""
    mine = context.store.trail._recorder.chain
    (other,) = {each["c"] for each in trail.find({"d": "events", "c": {"$ne": mine}})}
    inside = trail.find({"c": other, "$expr": {"$lt": ["$s", "$n"]}, "n": {"$gt": 30}})
    cut = next(inside.sort("_id"))

    assert retention.remove(context.store.trail._blocks, context.store.trail._recorder, cut["l"])

    left = list(trail.find({"c": other}).sort("_id"))
    assert left[0]["n"] == left[0]["s"] <= cut["s"]
    assert left[0]["n"] > 0
    assert context.store.trail.verify().faults == []


def test_what_a_removal_that_was_cut_short_has_left_is_removed(trail, context):
    mine = context.store.trail._recorder.chain
    chain = {"c": {"$ne": mine}}
    one = trail.find_one({**chain, "d": "events", "$expr": {"$gt": ["$n", {"$add": ["$s", 1]}]}})
    trail.delete_many({**chain, "n": {"$lt": one["n"] - 1}})
    trail.delete_many({**chain, "n": one["n"] - 1})
    last = max(each["l"] for each in trail.find(chain))

    retention.remove(context.store.trail._blocks, context.store.trail._recorder, last + 1)

    assert trail.count_documents(chain) == 0


def test_no_stretch_goes_on_after_a_removal(trail, context):
    recorder = context.store.trail._recorder
    recorder.record(event_of("siti"))
    recorder.flush()
    recorder.add("removal", {"removed": {}, "before": 0, "blocks": 0})
    recorder.record(event_of("siti"))
    recorder.flush()

    (last,) = trail.find({"c": recorder.chain}).sort("_id", -1).limit(1)
    assert (last["s"], last["p"]) == (last["n"], ["siti"])
