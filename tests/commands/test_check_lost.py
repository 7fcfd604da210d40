"""The check finds what the outbox and large Binaries have lost, and brings back what it can."""

import base64
import os
from unittest.mock import ANY

import pytest
from click.testing import CliRunner
from msgspec import structs
from pymongo import MongoClient

from fhir_server.app import create_app
from fhir_server.cli import main
from fhir_server.interactions.write import commit, prepare
from fhir_server.store.ops import Delete, Notice
from fhir_server.store.progress import Settlement

TARGETS = """
[[target]]
name = "rsud"
kind = "fhir"
url = "http://127.0.0.1:9/fhir"
types = ["Basic"]
identity = "id"
source = "https://puskesmas.example/fhir"
"""
TOLD = (Notice("rsud"),)
LARGE = 13 * 1024 * 1024 // 4
"""In base64 two pieces of GridFS."""


@pytest.fixture(autouse=True)
def environment(settings, monkeypatch, tmp_path):
    (tmp_path / "targets.toml").write_text(TARGETS, "utf-8")
    monkeypatch.setenv("FHIR_MONGODB_URI", settings.mongodb_uri)
    monkeypatch.setenv("FHIR_MONGODB_DATABASE", settings.mongodb_database)
    monkeypatch.setenv("FHIR_TARGETS", str(tmp_path / "targets.toml"))
    monkeypatch.setenv("FHIR_TARGET_HOSTS", "127.0.0.1")


@pytest.fixture
def database(settings):
    with MongoClient(settings.mongodb_uri) as client:
        yield client[settings.mongodb_database]


def invoked(*arguments):
    result = CliRunner().invoke(main, ["check", "--all", *arguments])
    return result.exit_code, " ".join(result.output.split())


def write(context, name, *notes):
    """Write a version for each note, each told to the target."""
    for note in notes:
        body = b'{"resourceType":"Basic","id":"%s","code":{"text":"%s"}}'
        op = prepare(context, body % (name.encode(), note.encode()), name)
        commit(context, [structs.replace(op, notices=TOLD)])


def numbered(context):
    while context.store.outbox.number():
        pass


def told(context):
    numbered(context)
    return [(row.id, row.version, row.method) for row in context.store.outbox.after("rsud")]


@pytest.mark.parametrize("has_numbers", [True, False])
def test_a_row_that_was_taken_out_is_found_and_told_again(context, database, has_numbers):
    for name in ("a", "b", "c"):
        write(context, name, "one")
    if has_numbers:
        numbered(context)
    assert invoked() == (0, ANY)
    database["_outbox"].delete_one({"id": "b"})

    code, says = invoked()
    mended = invoked("--repair")

    assert code == 1
    assert "Basic/b: its version 1 was for rsud, but the outbox does not tell of it" in says
    assert ("no row has the number 2" in says) == has_numbers
    assert mended[0] == 0, mended[1]
    assert "tells 1 times again" in mended[1]
    assert sorted(told(context)) == [(name, 1, "PUT") for name in ("a", "b", "c")]
    assert invoked() == (0, ANY)


def test_the_row_of_a_later_version_is_missed_before_it_has_a_number(context, database):
    write(context, "a", "one", "two")
    write(context, "b", "one")
    database["_outbox"].delete_one({"id": "a", "v": 2})

    code, says = invoked()

    assert code == 1
    assert "Basic/a: its version 2 was for rsud" in says
    assert "its version 1" not in says
    assert invoked("--repair")[0] == 0
    assert sorted(told(context)) == [("a", 1, "PUT"), ("a", 2, "PUT"), ("b", 1, "PUT")]
    assert invoked() == (0, ANY)


def test_a_version_that_told_nobody_is_not_missed(context):
    write(context, "a", "one")
    silent = b'{"resourceType":"Basic","id":"a","code":{"text":"two"}}'
    commit(context, [prepare(context, silent, "a")])

    assert invoked() == (0, ANY)


def test_the_row_of_a_later_version_is_missed_by_its_number(context, database):
    write(context, "a", "one", "two")
    write(context, "b", "one")
    numbered(context)
    database["_outbox"].delete_one({"id": "a", "v": 2})

    code, says = invoked()

    assert code == 1
    assert "no row has the number 2" in says
    assert "Basic/a: its version 2 was for rsud" in says
    assert invoked("--repair")[0] == 0
    assert told(context) == [("a", 1, "PUT"), ("b", 1, "PUT"), ("a", 2, "PUT")]


def test_what_a_later_version_replaced_is_not_told_again(context, database):
    write(context, "a", "one", "two")
    numbered(context)
    database["_outbox"].delete_one({"id": "a", "v": 1})

    code, says = invoked()
    mended = invoked("--repair")

    assert code == 1
    assert "no row has the number 1" in says
    assert "its version" not in says
    assert mended[0] == 0, mended[1]
    assert told(context) == [("a", 2, "PUT")]


def test_the_row_of_a_deletion_is_found_and_told_again(context, database):
    write(context, "a", "one")
    commit(context, [Delete("Basic", "a")])
    numbered(context)
    database["_outbox"].delete_one({"id": "a", "v": 2})

    assert "Basic/a: its version 2 was for rsud" in invoked()[1]
    assert invoked("--repair")[0] == 0
    assert told(context) == [("a", 1, "PUT"), ("a", 2, "DELETE")]


def test_what_was_swept_for_its_age_is_not_missed(context):
    for name in ("a", "b"):
        write(context, name, "one", "two")
    numbered(context)

    removed = context.store.outbox.sweep("rsud", -1)

    assert removed == 4
    assert invoked() == (0, ANY)
    write(context, "c", "one")
    numbered(context)
    assert invoked() == (0, ANY)


@pytest.mark.parametrize("has_numbers", [True, False])
def test_what_was_expunged_is_not_missed_and_costs_no_number(context, has_numbers):
    write(context, "a", "one", "two")
    write(context, "b", "one")
    if has_numbers:
        numbered(context)

    context.store.expunge.resources("Basic", ["a"])

    assert invoked() == (0, ANY)
    numbered(context)
    assert invoked() == (0, ANY)
    assert [row.n for row in context.store.outbox.after("rsud")] == [1, 2, 3]
    assert invoked("--repair") == (0, ANY)


def test_an_expunged_id_that_is_used_again_is_told_anew(context, database):
    write(context, "a", "one", "two")
    numbered(context)
    context.store.expunge.resources("Basic", ["a"])
    write(context, "a", "three")
    assert invoked() == (0, ANY)

    database["_outbox"].delete_one({"n": 0})

    assert "Basic/a: its version 1 was for rsud" in invoked()[1]
    assert invoked("--repair")[0] == 0
    assert told(context) == [("a", 1, "PUT"), ("a", 2, "PUT"), ("a", 1, "PUT")]


def test_an_expunged_id_that_is_used_again_is_to_be_sent(context):
    outbox, dispatches = context.store.outbox, context.store.dispatches
    write(context, "a", "one", "two")
    numbered(context)
    dispatches.take_in("rsud", outbox.after("rsud"))
    (claimed,) = dispatches.claim("rsud", dispatches.due("rsud", 10), "worker")
    dispatches.settle([Settlement(claimed, 2, "accepted")])

    context.store.expunge.resources("Basic", ["a"])
    write(context, "a", "three")
    numbered(context)
    dispatches.take_in("rsud", outbox.after("rsud", n=2))

    waiting = dispatches.find("rsud", ["Basic/a"])["Basic/a"]
    assert (waiting.state, waiting.seen, waiting.sent) == ("pending", 1, 0)


@pytest.fixture
def picture(context):
    """A Binary of two versions with the same content."""
    client, data = create_app(context).test_client(), base64.b64encode(os.urandom(LARGE)).decode()
    for kind in ("image/png", "image/gif"):
        body = {"resourceType": "Binary", "id": "b", "contentType": kind, "data": data}
        assert client.put("/fhir/Binary/b", json=body).status_code in {200, 201}

    def content(path="Binary/b"):
        answer = client.get(f"/fhir/{path}", headers={"Accept": "application/fhir+json"})
        return answer.json.get("data") == data

    return content


HARMS = {
    "lacks pieces": lambda stored, one: stored.chunks.delete_one({"files_id": one, "n": 1}),
    "is missing": lambda stored, one: stored.files.delete_one({"_id": one}),
    "is not what was written": lambda stored, one: stored.chunks.update_one(
        {"files_id": one, "n": 0}, {"$set": {"data": bytes(4 * 1024 * 1024)}}
    ),
}


@pytest.mark.parametrize("fault", HARMS)
def test_content_that_is_still_somewhere_is_brought_back(database, picture, fault):
    assert invoked() == (0, ANY)
    HARMS[fault](database["_binaries"], database["Binary"].find_one({"_id": "b"})["f"]["id"])

    code, says = invoked()
    mended = invoked("--repair")

    assert code == 1
    assert f"Binary/b version 2: its content {fault}" in says
    assert mended[0] == 0, mended[1]
    assert picture()
    assert picture("Binary/b/_history/1")


def test_a_file_is_made_anew_of_its_pieces(database, picture):
    database["_binaries.files"].delete_many({})

    assert invoked("--repair")[0] == 0
    assert picture()
    assert picture("Binary/b/_history/1")


@pytest.mark.usefixtures("picture")
def test_content_that_is_nowhere_is_named_and_comes_from_a_backup(database):
    database["_binaries.chunks"].delete_many({"n": 0})

    code, says = invoked("--repair")

    assert code == 1
    assert "Binary/b version 1: its content lacks pieces" in says
    assert "take it from a backup" in says
