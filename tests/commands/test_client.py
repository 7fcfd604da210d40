"""``fhir-server client``: what may be registered, and what is refused before it is."""

from __future__ import annotations

import contextlib

import pytest
from click.testing import CliRunner

from fhir_server.commands import client
from fhir_server.interactions.write import commit, prepare


@pytest.fixture
def run(monkeypatch, context):
    """Run the command against the database of the test."""
    monkeypatch.setattr(client.opening, "settings_given", lambda: context.settings)
    monkeypatch.setattr(client.opening, "attached", lambda _: contextlib.nullcontext(context))
    return lambda *words: CliRunner().invoke(client.command, list(words), terminal_width=200)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "x", "--as", "hospital"), "--organization"),
        (("add", "x", "--as", "staff"), "--organization"),
        (("add", "x", "--as", "person"), "--person"),
        (("add", "x", "--as", "student"), "--person"),
        (("add", "x y"), "is no name"),
        (("add", "x", "--scope", "patient/x.r"), "is no scope"),
        (("add", "x", "--scope", "system/*.rs?owner=x"), "is no scope"),
        (("add", "x", "--scope", "system/Task.rs?patient.name=x"), "not by chains"),
        (("add", "x", "--scope", "system/Task.rs?colour=x"), "colour"),
        (("add", "x", "--organization", "rs-a"), "is no reference"),
        (("add", "x", "--jwks", "nowhere.json"), "is no JWKS"),
        (("rotate", "nobody"), "There is no client nobody"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(run, context, words, says):
    said = run(*words)

    assert said.exit_code != 0
    assert says in said.output
    assert context.store.clients.all() == []


def test_whoever_is_not_there_yet_is_named_beside_the_secret(run, context):
    words = ("--as", "hospital", "--organization", "Organization/rs-b")
    early = run("add", "a", *words)
    rumah_sakit = b'{"resourceType":"Organization","id":"rs-b","name":"Rumah Sakit B"}'
    commit(context, [prepare(context, rumah_sakit, "rs-b")])

    assert "there is no Organization/rs-b here yet" in early.stderr
    assert early.stdout.startswith("client_id=a\nclient_secret=")
    assert run("add", "b", *words).stderr == ""


def test_a_client_is_registered_listed_and_ended(run, context):
    keys = ("--jwks", "https://rs.example/jwks.json")
    assert (
        "client_secret="
        in run("add", "a", "--as", "staff", "--organization", "Organization/p").output
    )
    by_keys = run("add", "b", "--as", "hospital", "--organization", "Organization/rs", *keys)
    assert "client_secret" not in by_keys.output
    assert run("add", "c", "--scope", "system/Task.rs?owner=Organization/rs").exit_code == 0
    assert "already" in run("add", "c").output

    assert "client_secret=" in run("rotate", "a").output
    assert "revoked" in run("revoke", "c").output

    known = {each["_id"]: each for each in context.store.clients.all()}
    assert (known["a"]["reach"], known["b"]["jwks_url"]) == ("area", keys[1])
    assert known["c"]["revoked"] is not None
    assert "secret" in run("list").output
