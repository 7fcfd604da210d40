"""Whatever opens connections is listed here with what guards it: a new one fails until it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
SOURCES = HERE / "fhir_server"
OPENS = re.compile(
    r"requests\.(get|post|put|request|Session)\(|urlopen\(|HTTPS?Connection\(|HTTPS?ConnectionPool\("
    r"|create_connection\(|websockets\.connect\(|HTTPAdapter\("
)
OPERATOR, GUARDED, OWN = "named by the operator", "guarded", "this server itself"
FETCHERS = {
    "auth/fetching.py": (GUARDED, "tests/access/test_people.py"),
    "bridges/satusehat/connection.py": (OPERATOR, "tests/bridges/satusehat/test_protocol.py"),
    "bridges/subscriptions/reaching.py": (GUARDED, "tests/bridges/subscriptions/test_notifying.py"),
    "bridges/whatsapp/graph.py": (GUARDED, "tests/bridges/whatsapp/test_reaching.py"),
    "commands/loading.py": (OPERATOR, "tests/commands/test_load.py"),
    "commands/serve.py": (OWN, "tests/commands/test_serve.py"),
    "delivery/transport.py": (GUARDED, "tests/bridges/plain/test_plain.py"),
    "jobs/sources.py": (OPERATOR, "tests/jobs/test_import.py"),
}
"""Module, who says where it goes, and the test that proves it.

``guarded``: what somebody else names leads to public addresses only, unless the operator allows
the host; ``named by the operator``: a setting or a command says the host, and nothing else does.
"""


def openers():
    found = {}
    for path in SOURCES.rglob("*.py"):
        if OPENS.search(path.read_text("utf-8")):
            found[path.relative_to(SOURCES).as_posix()] = path
    return found


def test_whatever_opens_connections_is_listed():
    assert set(openers()) == set(FETCHERS)


@pytest.mark.parametrize("module", FETCHERS)
def test_its_test_is_there(module):
    assert (HERE / FETCHERS[module][1]).exists()


@pytest.mark.parametrize(
    "module", [name for name, (kind, _) in FETCHERS.items() if kind == GUARDED]
)
def test_what_is_guarded_asks_the_one_judge_of_addresses(module):
    judge = "is_public" if module != "bridges/whatsapp/graph.py" else "session_to"

    assert judge in (SOURCES / module).read_text("utf-8")


@pytest.mark.parametrize(
    "module", ["bridges/whatsapp/graph.py", "delivery/transport.py", "jobs/sources.py"]
)
def test_no_redirect_is_followed(module):
    text = (SOURCES / module).read_text("utf-8")

    assert "allow_redirects=False" in text
