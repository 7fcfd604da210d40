import pytest

from fhir_server.store import mongod_log
from fhir_server.store.mongod_log import cleaned

NIK = b"3171234567890001"


@pytest.mark.parametrize("component", [b"QUERY", b"COMMAND", b"STORAGE", b"INDEX", b"REPL", b"-"])
def test_a_line_about_data_only_says_what_happened(component):
    line = b'{"s":"W","c":"%s","msg":"Slow query","attr":{"filter":"%s"}}\n' % (component, NIK)

    assert cleaned(line) == b'{"s":"W","c":"%s","msg":"Slow query"}\n' % component


@pytest.mark.parametrize(
    "line",
    [
        b'{"c":"CONTROL","msg":"Build Info","attr":{"version":"6.0.5"}}\n',
        b'{"c":"STORAGE","msg":"WiredTiger error message","attr":{"error":28}}\n',
        b"mongod: error while loading shared libraries\n",
    ],
)
def test_what_helps_an_operator_is_kept(line):
    assert cleaned(line) == line


def test_a_large_log_makes_room(tmp_path, monkeypatch):
    monkeypatch.setattr(mongod_log, "LOG_LIMIT", 3)
    log = tmp_path / "mongod.log"
    log.write_bytes(b"old lines")

    mongod_log.open_log(log).close()

    assert log.read_bytes() == b""
    assert (tmp_path / "mongod.log.1").read_bytes() == b"old lines"
