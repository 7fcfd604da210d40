import subprocess

import pytest

from fhir_server.config import Settings
from fhir_server.errors import Unavailable
from fhir_server.resources.wire import text
from fhir_server.store import mongo, mongod
from fhir_server.store.mongo import connect
from fhir_server.store.ops import Put
from tests.support.processes import until


@pytest.fixture
def single(tmp_path):
    """A mongod that is no replica set."""
    socket = tmp_path / "m.sock"
    options = [
        o
        for o in mongod.options(tmp_path, str(socket), Settings())
        if o not in {"--replSet", "fhir"}
    ]
    with subprocess.Popen([mongod.find(""), *options], stdout=subprocess.DEVNULL) as process:
        until(socket.exists)
        yield "mongodb://" + str(socket).replace("/", "%2F")
        process.terminate()


def test_what_was_created_is_read_back(store):
    put = Put("Patient", "1", text(b'{"resourceType":"Patient","active":true}', "1"), {})

    (written,) = store.transact([put])

    assert written.created
    assert written.stored.version == 1
    assert store.read("Patient", "1") == written.stored


def test_a_store_that_answers_is_ready(store):
    assert store.ready() is None


def test_a_database_that_is_not_there_is_unavailable(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(mongo, "SELECTION_MS", 200)
    nobody = "mongodb://" + str(tmp_path / "nobody.sock").replace("/", "%2F")

    with pytest.raises(Unavailable, match="cannot be reached"):
        connect(nobody, settings)


def test_an_address_that_is_none_says_so(settings):
    with pytest.raises(Unavailable, match="FHIR_MONGODB_URI is not the address of a MongoDB"):
        connect("postgres://here", settings)


def test_a_single_server_is_refused(settings, single):
    with pytest.raises(Unavailable, match="has no transactions"):
        connect(single, settings)


def test_a_secret_stays_and_is_asked_once(store, settings, commands):
    first = store.secret("page")
    commands.clear()

    again = store.secret("page")
    asked = commands.round_trips
    other = connect(settings.mongodb_uri, settings)

    assert (len(first), again, asked) == (32, first, 0)
    assert other.secret("page") == first
    assert store.secret("another") != first
    other.close()
