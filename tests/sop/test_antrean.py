"""BR-B20: the order of a queue, and who may go first."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, timedelta, timezone

import pytest

from fhir_server.sop.antrean import (
    BERIKUT,
    Antrean,
    Giliran,
    alasan_prioritas,
    periksa,
    periksa_perubahan,
    tutup,
    urutan,
)

DAY = date(2024, 4, 2)
WIB = timezone(timedelta(hours=7))


def ticket(**given):
    known = {"faskes": "pkm", "unit": "kia", "tanggal": DAY, "pasien": "p", **given}
    return Antrean(**known)


def test_br_b20_priority_first_then_number():
    queue = [
        Giliran(prioritas=False, nomor=12),
        Giliran(prioritas=False, nomor=13),
        Giliran(prioritas=False, nomor=14),
        Giliran(prioritas=True, nomor=15),
        Giliran(prioritas=True, nomor=16),
    ]

    assert [each.nomor for each in sorted(queue, key=urutan)] == [15, 16, 12, 13, 14]


def test_br_b20_who_pays_is_no_field_of_a_number():
    names = {each.name.lower() for each in fields(Antrean)}

    assert not {name for name in names if "bayar" in name or "jamin" in name or "bpjs" in name}


@pytest.mark.parametrize(
    ("born", "disabled", "reason"),
    [
        (date(1964, 4, 2), None, "lansia"),
        (date(1964, 4, 3), None, None),
        (date(1990, 1, 1), True, "disabilitas"),
        (date(1950, 1, 1), True, "disabilitas"),
        (date(1990, 1, 1), False, None),
        (None, None, None),
    ],
)
def test_br_b20_sixty_years_or_a_disability_go_first(born, disabled, reason):
    assert alasan_prioritas(born, DAY, disabilitas=disabled) == reason


def test_br_b13_nobody_takes_a_number_to_give_birth():
    (wrong,) = periksa(ticket(unit="persalinan"))

    assert wrong.aturan == "BR-B13"


def test_a_number_is_taken_on_its_day():
    other = datetime(2024, 4, 1, 23, 59, tzinfo=WIB)

    assert [each.bidang for each in periksa(ticket(ambil=other))] == ["ambil"]


@pytest.mark.parametrize(("hour", "end"), [(7, "14:00:00"), (15, "23:59:59")])
def test_a_number_lasts_until_the_unit_closes(hour, end):
    assert tutup(datetime(2024, 4, 2, hour, tzinfo=WIB)).isoformat() == f"2024-04-02T{end}+07:00"


@pytest.mark.parametrize("start", BERIKUT)
@pytest.mark.parametrize("goal", BERIKUT)
def test_a_number_moves_only_as_the_table_says(start, goal):
    wrong = list(periksa_perubahan({"status": start}, ticket(status=goal)))

    assert bool(wrong) == (goal not in (start, *BERIKUT[start]))
    assert all(each.jenis == "keadaan" for each in wrong)


@pytest.mark.parametrize(
    ("name", "value"), [("unit", "kb"), ("pasien", "q"), ("tanggal", date(2024, 4, 3))]
)
def test_a_number_stays_with_its_patient_unit_and_day(name, value):
    before = {"unit": "kia", "pasien": "p", "tanggal": DAY, "faskes": "pkm", "status": "menunggu"}

    wrong = list(periksa_perubahan(before, ticket(**{name: value})))

    assert [each.bidang for each in wrong] == [name]
