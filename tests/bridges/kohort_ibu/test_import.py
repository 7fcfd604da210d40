"""``fhir-server import kohort-ibu``: each row stored or refused; the same file stores nothing."""

import json
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from fhir_server.commands.importing import command

HEAD = ("NIK", "Nama Ibu", "Tgl lahir", "Kode desa", "HPHT", "G", "P", "A", "Kontak pertama")
ROWS = [
    ("9902015203860001", "Siti", "12/03/1986", "9902012001", "15-01-2024", 4, 3, 0, "2024-04-02"),
    ("9902015405830015", "Endang", "1983-05-14", "9902012001", "2024-02-01", 2, 1, 0, "2024-04-09"),
    ("99020", "Salah NIK", "1983-05-14", "9902012001", "2024-02-01", 2, 1, 0, "2024-04-09"),
    ("9902016308010032", "Salah HPHT", "2001-08-23", "9902012001", "kemarin", 1, 0, 0, ""),
]


@pytest.fixture
def run(context, tmp_path):
    """Import a file; gives the report, row by row."""

    def bring(file):
        @contextmanager
        def opened():
            yield context

        report = tmp_path / "laporan.json"
        args = ["kohort-ibu", str(file), "--faskes", "pkm-a", "--laporan", str(report)]
        done = CliRunner().invoke(command.commands["kohort-ibu"], args[1:], obj=opened)
        assert done.exit_code == 0, done.output
        said = json.loads(report.read_text("utf-8"))
        return [(each["number"], each["outcome"], each["reason"]) for each in said]

    return bring


@pytest.fixture
def register(tmp_path):
    """A register as CSV of semicolons, as a spreadsheet in Indonesian writes it."""
    file = tmp_path / "kohort.csv"
    lines = [";".join(map(str, each)) for each in (HEAD, *ROWS)]
    file.write_text("\ufeff" + "\n".join(lines), "utf-8")
    return file


def test_each_row_is_stored_or_refused_with_its_reason(run, register, fhir):
    report = run(register)

    assert [each[:2] for each in report] == [
        (2, "disimpan"),
        (3, "disimpan"),
        (4, "ditolak"),
        (5, "ditolak"),
    ]
    assert "nik: bukan 16 angka" in report[2][2]
    assert "hpht: 'kemarin' bukan tanggal" in report[3][2]
    cohort = fhir.read("Group/kohort-ibu-9902012001-2024")
    assert cohort["quantity"] == 2


def test_the_same_file_again_stores_nothing_twice(run, register, fhir):
    run(register)

    again = run(register)

    assert [each[1] for each in again] == ["sudah-ada", "sudah-ada", "ditolak", "ditolak"]
    assert fhir.read("EpisodeOfCare?_summary=count")["total"] == 2
    assert fhir.read("Patient?_summary=count")["total"] == 2


def test_a_second_pregnancy_beside_a_running_one_is_refused_by_the_sop(run, tmp_path):
    file = tmp_path / "dua.csv"
    second = (*ROWS[0][:4], "2024-03-01", *ROWS[0][5:])
    file.write_text("\n".join(",".join(map(str, e)) for e in (HEAD, ROWS[0], second)), "utf-8")

    report = run(file)

    assert [each[1] for each in report] == ["disimpan", "ditolak"]
    assert "episode" in report[1][2].lower()


def test_an_excel_workbook_is_read_and_a_rounded_nik_refused(run, tmp_path):
    file, book = tmp_path / "kohort.xlsx", Workbook()
    sheet = book.active
    sheet.append(HEAD)
    sheet.append(ROWS[0])
    sheet.append((9902015405830015, *ROWS[1][1:]))
    book.save(file)

    report = run(file)

    assert [each[1] for each in report] == ["disimpan", "ditolak"]
    assert "berformat Teks" in report[1][2]


def test_a_file_that_is_no_register_says_what_would_be_right(context, tmp_path):
    file = tmp_path / "lain.csv"
    file.write_text("a,b\n1,2\n", "utf-8")

    @contextmanager
    def opened():
        yield context

    done = CliRunner().invoke(
        command.commands["kohort-ibu"], [str(file), "--faskes", "pkm-a"], obj=opened
    )

    assert done.exit_code == 1
    assert "baris judul tidak memuat nik" in done.output
