"""A backup and the archived oplog give back what was there at an instant, byte for byte."""

import random
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from bson import Int64, decode, encode
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from click.testing import CliRunner
from pymongo import MongoClient

from fhir_server.app import build_context
from fhir_server.cli import main
from fhir_server.commands import sealing
from fhir_server.config import Settings
from fhir_server.interactions.write import commit, prepare
from fhir_server.store import replay
from fhir_server.store.diffs import applied
from fhir_server.store.embedded import Embedded
from fhir_server.store.frames import Damaged
from fhir_server.store.oplog import Part, following
from fhir_server.store.ops import Delete
from tests.support.processes import until

SOURCE, AGAIN = "fhir", "again"
AS_THEY_ARE = CodecOptions(document_class=RawBSONDocument)
LARGE = 18 * 1024 * 1024
"""More than one entry of the oplog holds."""


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """A mongod that nobody else writes to: the oplog of the run's is soon written over."""
    with Embedded.start(Settings(data=tmp_path_factory.mktemp("mongod"))) as embedded:
        yield embedded.uri


def test_the_oplog_is_kept_for_as_long_as_is_asked(tmp_path):
    asked = Settings(data=tmp_path, oplog_hours=30)
    with Embedded.start(asked) as embedded, MongoClient(embedded.uri) as client:
        said = client.admin.command("getCmdLineOpts")["parsed"]["storage"]

    assert said["oplogMinRetentionHours"] == 30


@pytest.fixture
def client(uri):
    with MongoClient(uri) as client:
        yield client
        for name in (SOURCE, AGAIN):
            client.drop_database(name)


@pytest.fixture
def ours(uri, monkeypatch):
    """Runs a command of ours on the database."""
    monkeypatch.setenv("FHIR_MONGODB_URI", uri)

    def run(*arguments, expect=0, database=SOURCE):
        monkeypatch.setenv("FHIR_MONGODB_DATABASE", database)
        result = CliRunner().invoke(main, [str(each) for each in arguments])
        assert result.exit_code == expect, result.output
        return " ".join(result.output.split())

    return run


def held(database):
    """Everything in a database: documents byte for byte, and indexes."""
    return {
        name: (
            [each.raw for each in database[name].with_options(AS_THEY_ARE).find().sort("_id", 1)],
            database[name].index_information(),
        )
        for name in sorted(database.list_collection_names())
    }


def now_and_later():
    """Give this instant once it is over."""
    moment = datetime.now(UTC)
    until(lambda: datetime.now(UTC) > moment + timedelta(milliseconds=20))
    return moment


def patient(name, **more):
    return orjson.dumps({"resourceType": "Patient", "id": name, "name": [{"text": name}], **more})


def test_all_that_was_deleted_by_accident_is_as_it_was_the_instant_before(
    client, ours, uri, tmp_path
):
    key, file, archive = tmp_path / "x.key", tmp_path / "x.backup", tmp_path / "oplog"
    public = sealing.new_identity(key)
    context = build_context(Settings(), uri)
    commit(context, [prepare(context, patient("siti"), "siti")])
    ours("backup", "oplog", archive, "--recipient", public)
    ours("backup", "make", file, "--recipient", public)
    for gender in ("female", "other", "female"):
        commit(context, [prepare(context, patient("siti", gender=gender), "siti")])
    many = [prepare(context, patient(f"p{n}"), f"p{n}") for n in range(300)]
    commit(context, [*many, Delete("Patient", "siti")])
    commit(context, [prepare(context, b'{"resourceType":"Basic","code":{"text":"x"}}')])
    ours("backup", "oplog", archive, "--recipient", public)
    commit(context, [Delete("Patient", "p7")])
    expected, instant = held(client[SOURCE]), now_and_later()
    commit(context, [Delete("Patient", f"p{n}") for n in range(300) if n != 7])
    for each in client[SOURCE].list_collection_names():
        client[SOURCE][each].delete_many({})
    client[SOURCE].drop_collection("Basic")
    context.store.close()
    ours("backup", "oplog", archive, "--recipient", public)

    arguments = ("restore", file, "--identity", key, "--oplog", archive)
    said = ours(*arguments, "--until", instant.isoformat(), database=AGAIN)

    assert f"{instant:%Y-%m-%d %H:%M:%S}" in said
    assert held(client[AGAIN]) == expected
    assert ours("check", "--all", database=AGAIN)
    assert len(list(archive.iterdir())) == 3
    for each in archive.iterdir():
        assert b"siti" not in each.read_bytes()
        assert "whole" in ours("backup", "verify", each, "--identity", key)


def tree(chosen, depth=3):
    """A document, an array or a value."""
    kind = chosen.random()
    if depth and kind < 0.35:
        return {name: tree(chosen, depth - 1) for name in chosen.sample("abcdefg", 4)}
    if depth and kind < 0.65:
        return [tree(chosen, depth - 1) for _ in range(chosen.randrange(5))]
    return chosen.choice([1, Int64(1), 1.5, "x", None, True, b"raw", datetime(2026, 1, 1)])  # noqa: DTZ001


def changed(chosen, value):
    """The same with something else somewhere, or in another order."""
    if isinstance(value, dict) and value:
        name, new = chosen.choice(list(value)), dict(value)
        step = chosen.randrange(4)
        if step == 0:
            del new[name]
        elif step == 1:
            new[name] = new.pop(name)
        elif step == 2:
            new[chosen.choice("hijk")] = tree(chosen, 2)
        else:
            new[name] = changed(chosen, value[name])
        return new
    if isinstance(value, list) and value:
        place = chosen.randrange(len(value))
        step = chosen.randrange(3)
        if step == 0:
            return value[:place]
        if step == 1:
            return [*value, tree(chosen, 1)]
        return [*value[:place], changed(chosen, value[place]), *value[place + 1 :]]
    return tree(chosen, 1)


def test_every_way_to_change_a_document_is_played_on(client, ours, tmp_path):
    """Replacements, pipelines, operators on arrays: the database writes them as differences."""
    chosen, kept = random.Random(5), client[SOURCE]["kept"]  # noqa: S311 - nothing is secret
    documents = {n: {"big": "b" * 500, "tree": tree(chosen)} for n in range(60)}
    kept.insert_many({"_id": {"id": str(n), "v": n}, **each} for n, each in documents.items())
    ours("backup", "make", tmp_path / "x", "--plain")
    for _ in range(10):
        for n, each in documents.items():
            documents[n] = {**each, "tree": changed(chosen, each["tree"])}
            named = {"_id": {"id": str(n), "v": n}}
            kept.replace_one(named, documents[n])
    for n in range(0, 60, 3):
        named = {"_id": {"id": str(n), "v": n}}
        kept.update_one(named, {"$push": {"list": {"$each": [1, {"a": 2}, 3]}}})
        kept.update_one(named, {"$set": {"list.1.a": 5, "list.6": "far"}, "$inc": {"n": 1}})
        kept.update_one(named, [{"$set": {"big": {"$concat": ["$big", "x"]}}}])
        kept.update_one(named, {"$unset": {"tree": 1}, "$pop": {"list": -1}})
    ours("backup", "oplog", tmp_path / "oplog", "--plain")
    expected = held(client[SOURCE])

    ours("restore", tmp_path / "x", "--oplog", tmp_path / "oplog", database=AGAIN)

    assert held(client[AGAIN]) == expected


def test_transactions_are_whole_and_what_was_made_and_dropped_is_followed(client, ours, tmp_path):
    source, other = client[SOURCE], client["other"]
    source["gone"].insert_one({"_id": 1})
    source["indexed"].insert_many([{"_id": n, "one": n} for n in range(5)])
    source["indexed"].create_index("old")
    source["indexed"].create_index("one", unique=True)
    ours("backup", "make", tmp_path / "x", "--plain")
    for name in ("first", "second"):
        source.create_collection(name)
    other["foreign"].insert_one({"_id": 0})
    with client.start_session() as session, session.start_transaction():
        for n in range(LARGE // 1024**2):
            source["first"].insert_one({"_id": n, "b": b"x" * 1024**2}, session=session)
            source["second"].insert_one({"_id": n}, session=session)
        source["first"].update_one({"_id": 3}, {"$set": {"more": 1}}, session=session)
        source["second"].delete_one({"_id": 3}, session=session)
        other["foreign"].insert_one({"_id": 1, "secret": "s3cr3t"}, session=session)
    with client.start_session() as session:
        session.start_transaction()
        source["second"].insert_one({"_id": "aborted"}, session=session)
        session.abort_transaction()
    source["indexed"].drop_index("old_1")
    source["indexed"].create_index("late", expireAfterSeconds=100_000)
    source["indexed"].update_one({"_id": 0}, {"$set": {"one": 50}})
    source["indexed"].update_one({"_id": 1}, {"$set": {"one": 0}})
    source["indexed"].update_one({"_id": 0}, {"$set": {"one": 1}})
    source.drop_collection("gone")
    expected = held(source)
    ours("backup", "oplog", tmp_path / "oplog", "--plain")

    ours("restore", tmp_path / "x", "--oplog", tmp_path / "oplog", database=AGAIN)

    assert held(client[AGAIN]) == expected
    (part,) = (tmp_path / "oplog").iterdir()
    with sealing.opened(part, None) as source:
        assert b"s3cr3t" not in source.read()
    client.drop_database("other")


def test_what_cannot_be_restored_is_said_and_leaves_nothing(client, ours, tmp_path):
    file, archive = tmp_path / "x", tmp_path / "oplog"
    client[SOURCE]["a"].insert_one({"_id": 0})
    before = now_and_later()
    ours("backup", "make", file, "--plain")
    for n in range(1, 4):
        client[SOURCE]["a"].insert_one({"_id": n})
        ours("backup", "oplog", archive, "--plain")
    last = max(archive.iterdir())

    def refused(*more):
        return ours("restore", file, *more, database=AGAIN, expect=1)

    tomorrow = (before + timedelta(days=1)).isoformat()
    assert "archive the oplog on" in refused("--oplog", archive, "--until", tomorrow)
    assert "older one" in refused("--oplog", archive, "--until", before.isoformat())
    assert "holds the moment" in refused("--oplog", tmp_path)
    last.write_bytes(last.read_bytes()[:-40])
    assert "cut off" in refused("--oplog", archive)
    assert client[AGAIN].list_collection_names() == []
    ours("restore", file, "--until", tomorrow, database=AGAIN, expect=2)


def test_a_gap_of_the_archive_is_told(client, ours, tmp_path):
    client[SOURCE]["a"].insert_one({"_id": 0})
    long_ago = Timestamp(1, 1)
    (tmp_path / Part(long_ago, long_ago).name).touch()

    said = ours("backup", "oplog", tmp_path, "--plain", expect=1)

    assert "is in no archive" in said
    assert len(list(tmp_path.iterdir())) == 2


def test_parts_follow_one_another():
    times = [Timestamp(1_700_000_000 + n, 1) for n in range(6)]
    parts = [Part(times[0], times[2]), Part(times[2], times[3]), Part(times[4], times[5])]

    assert [Part.of(each.name) for each in parts] == parts
    assert Part.of("x.oplog") is None
    assert following(parts, times[1]) == parts[:2]
    assert following(parts, times[3]) == [parts[1]]
    assert following(parts, Timestamp(1, 1)) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"op": "x", "o": {}},
        {"op": "c", "o": {"convertToCapped": "a"}},
        {"op": "c", "o": {"create": "a", "capped": True}},
        {"op": "c", "o": {"collMod": "a", "validator": {}}},
        {"op": "c", "o": {"applyOps": [], "prepare": True}},
        {"op": "u", "o": {"$v": 1, "$set": {"a": 1}}, "o2": {"_id": 1}},
        {"op": "u", "o": {"$v": 2, "diff": {"u": {"a": 1}}}, "o2": {"_id": "nobody"}},
        {
            "op": "c",
            "o": {"applyOps": []},
            "lsid": {},
            "txnNumber": 1,
            "prevOpTime": {"ts": Timestamp(5, 1)},
        },
    ],
)
def test_an_entry_that_is_not_understood_is_not_passed_over(client, entry):
    raw = client.get_database(AGAIN, codec_options=AS_THEY_ARE)
    player = replay.Player(raw, {"database": SOURCE, "time": Timestamp(1, 1)}, {})
    given = {"ts": Timestamp(9, 1), "ns": f"{SOURCE}.a", **entry}

    with pytest.raises(Damaged):
        player.take(RawBSONDocument(encode(given)))


@pytest.mark.parametrize("diff", [{"x": 1}, {"sa": {"a": True, "u0": 1}}, {"sb": {"u": {"c": 1}}}])
def test_a_difference_that_does_not_fit_is_refused(diff):
    with pytest.raises(Damaged):
        applied(decode(encode({"a": {"c": 1}, "b": [1]})), diff)
