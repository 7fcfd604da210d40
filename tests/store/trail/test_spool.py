"""What is not in a block yet outlives its process; what is in one is told once."""

from __future__ import annotations

import contextlib
import errno
import random
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import orjson
import pytest
from pymongo.errors import AutoReconnect

from fhir_server.config import Settings
from fhir_server.store import traces
from fhir_server.store.trail import Event, Told, pending, told
from fhir_server.store.trail.pending import Pending
from fhir_server.store.trail.portions import as_json
from fhir_server.store.trail.spool import Alive, Spool, folder_of, inherited, lives

UNSEEN = ("Observation", "o")


def tell(given):
    """Tell of an event by its moment; of each third one the patients have to be looked up."""
    who = {"subject": f"petugas-{given.moment % 4}"}
    row = [given.moment, "R", "read", 200, who, "", f"minta-{given.moment}", "Patient/p", None]
    return Told([*row, [], [], 0, None], (UNSEEN,) if given.moment % 3 == 0 else ())


def take(waiting, *moments):
    for moment in moments:
        access = traces.Access(None, "", "")
        waiting.take(Event(moment, access, "GET", "/fhir/Patient/p", "", 200, ()))


def left(folder, life="c"):
    with inherited(folder, life) as found:
        return found


def moments(found):
    return [each.row[0] for each in found]


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What is looked up belongs to one patient."""
    looked_up = Mock(return_value={UNSEEN: ("siti",)})
    monkeypatch.setattr(told, "looked_up", looked_up)
    return looked_up


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "audit" / "fhir", "c")
    yield spool
    spool.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit" / "fhir"


def test_what_was_written_out_is_inherited_word_for_word_and_once(spool, folder):
    waiting = Pending(tell, spool)
    for first in range(0, 40, 10):
        take(waiting, *range(first, first + 10))
        waiting.keep()
    spool.close()  # as the kernel does when a process is killed

    found = left(folder)

    wanted = [tell(SimpleNamespace(moment=moment)) for moment in range(40)]
    assert sorted((as_json(each.row), [*each.unseen]) for each in found) == sorted(
        (as_json(each.row), [*each.unseen]) for each in wanted
    )
    assert left(folder) == []
    assert list(folder.iterdir()) == []


def test_only_its_account_may_read_it(spool, folder):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()

    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_a_living_process_keeps_what_is_its_own(spool, folder):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()

    with pytest.raises(Alive):
        left(folder)
    assert lives(folder) == {"c"}
    spool.close()
    with pytest.raises(RuntimeError), inherited(folder, "c"):
        raise RuntimeError("the database is away")
    assert moments(left(folder)) == [1]


def test_what_is_stored_is_not_left_and_what_came_after_is(spool, folder):
    waiting = Pending(tell, spool)
    take(waiting, 1, 3)
    waiting.close(Mock())
    take(waiting, 4)
    waiting.keep()
    while waiting.parts:
        waiting.stored(0)
    waiting.emptied()
    spool.close()

    assert moments(left(folder)) == [4]


def test_patients_that_wait_to_be_looked_up_go_on_into_the_next_file(spool, folder, known):
    waiting = Pending(tell, spool)
    take(waiting, 1)

    def meanwhile(*_):
        take(waiting, 6, 7)
        waiting.keep()
        return {UNSEEN: ("siti",)}

    take(waiting, 3)
    known.side_effect = meanwhile
    waiting.close(Mock())
    stored = [len(each) for each in waiting.parts]
    while waiting.parts:
        waiting.stored(0)
    waiting.emptied()
    spool.close()

    assert stored == [3]  # 1, 3 and 7
    assert moments(left(folder)) == [6]  # whether anything happens afterwards or not


@pytest.mark.parametrize("kept", range(0, 700, 7))
def test_what_is_cut_off_costs_only_itself(spool, folder, kept):
    waiting = Pending(tell, spool)
    for moment in (1, 2, 3, 4):
        take(waiting, moment)
        waiting.keep()
    spool.close()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    lines = whole[:kept].count(b"\n")
    path.write_bytes(whole[:kept])

    assert moments(left(folder)) == [1, 2, 3, 4][:lines]


def test_what_is_damaged_ends_what_can_be_read(spool, folder):
    waiting = Pending(tell, spool)
    for moment in (1, 2, 4):
        take(waiting, moment)
        waiting.keep()
    spool.close()
    (path,) = folder.iterdir()
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"\0" * len(lines[1]), *lines[2:]]))

    assert moments(left(folder)) == [1]


def test_a_folder_that_cannot_be_written_costs_no_event(tmp_path, spool):
    (tmp_path / "audit").write_text("in the way")
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()
    assert not spool.works
    assert len(waiting) == 1

    (tmp_path / "audit").unlink()
    take(waiting, 2)
    waiting.keep()

    assert spool.works
    waiting.close(Mock())
    assert sum(len(each) for each in waiting.parts) == 2


def test_half_a_line_on_a_full_disk_spoils_no_other(spool, folder):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()
    path, file = spool._file
    spool._file = path, Mock(write=lambda content: file.write(content[: len(content) // 2]))
    take(waiting, 2)
    waiting.keep()
    assert not spool.works
    take(waiting, 4)
    waiting.keep()
    file.close()
    spool.close()

    assert spool.works
    assert moments(left(folder)) == [1, 4]


def test_a_file_that_somebody_took_away_meanwhile_is_his(spool, folder, monkeypatch):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()
    spool.close()
    (path,) = folder.iterdir()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("fcntl.flock", lambda *_: path.unlink())
        with pytest.raises(Alive):
            left(folder)

    assert left(folder) == []


def test_a_file_of_another_account_is_left_where_it_is(spool, folder, monkeypatch):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()
    spool.close()
    with monkeypatch.context() as denied:
        denied.setattr("os.open", Mock(side_effect=PermissionError("not yours")))
        assert left(folder) == []

    assert moments(left(folder)) == [1]


def test_what_may_be_read_and_not_removed_is_told_by_nobody(spool, folder, monkeypatch):
    waiting = Pending(tell, spool)
    take(waiting, 1)
    waiting.keep()
    spool.close()
    with monkeypatch.context() as denied:
        for each in ("unlink", "rename"):
            denied.setattr(Path, each, Mock(side_effect=OSError(errno.EROFS, "read only")))
        assert left(folder) == []

    with pytest.raises(RuntimeError), inherited(folder, "c"):
        raise RuntimeError("the database is away")
    assert lives(folder) == {"c"}
    assert moments(left(folder)) == [1]
    assert lives(folder) == set()


def test_what_waits_for_a_database_that_is_away_does_not_fill_the_disk(spool, folder, monkeypatch):
    monkeypatch.setattr(pending, "MOST_PARTS", 2)
    waiting = Pending(tell, spool)
    for number in range(20):
        take(waiting, number * 10_000 + 1)
        waiting.close(Mock())
    spool.close()

    assert len(left(folder)) == 2


@pytest.mark.parametrize("seed", range(40))
def test_whenever_it_is_killed_what_was_kept_is_there(spool, folder, known, seed):
    """Any order of taking, keeping, closing and storing, some of which fail."""
    draw = random.Random(seed)  # noqa: S311 - nothing is secret
    waiting, stored, kept, count = Pending(tell, spool), set(), set(), 0
    for _ in range(draw.randrange(1, 60)):
        step = draw.choice(("take", "take", "keep", "close", "fail", "store", "store part"))
        if step == "take":
            more = range(count, count + draw.randrange(1, 6))
            take(waiting, *more)
            count = more.stop
            continue
        if step == "keep":
            waiting.keep()
        elif step in {"close", "fail"}:
            known.side_effect = AutoReconnect("away") if step == "fail" else None
            with contextlib.suppress(AutoReconnect):
                waiting.close(Mock())
        else:
            known.side_effect = None
            waiting.close(Mock())
            while waiting.parts:
                part = waiting.parts[0]
                stored |= {row[0] for row in rows_of(part)}
                waiting.stored(0)
                if step == "store part":
                    break
            if not waiting.parts:
                waiting.emptied()
        kept = set(range(count))
    spool.close()

    found = set(moments(left(folder)))

    assert kept <= found | stored <= set(range(count))


def rows_of(part):
    return orjson.loads(part.written())[1]


def test_where_it_lies(tmp_path):
    embedded = Settings(data=tmp_path)
    elsewhere = Settings(mongodb_uri="mongodb://db1/?replicaSet=rs0", mongodb_database="sleman")

    assert folder_of(embedded) == tmp_path / "audit" / "fhir"
    assert folder_of(elsewhere) is None
    chosen = Settings(mongodb_uri=elsewhere.mongodb_uri, mongodb_database="sleman",
                      audit_folder=str(tmp_path))  # fmt: skip
    assert folder_of(chosen) == tmp_path / "sleman"
