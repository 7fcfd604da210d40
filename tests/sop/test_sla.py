"""The clocks of §4.3: limits, precision, what counts, compliance, median and percentile."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from fhir_server.sop.sla import Jam, akhir_hari, median, persen, persentil, ringkas, tenggat

WIB = timezone(timedelta(hours=7))
MULAI = datetime(2021, 7, 12, 8, 3, 10, tzinfo=WIB)
KINI = MULAI + timedelta(days=1)


def jam(lama=None, langkah="sla-d6", **beda):
    selesai = None if lama is None else MULAI + timedelta(seconds=lama)
    return Jam(langkah, "Task/k", MULAI, selesai, **beda)


@pytest.mark.parametrize(
    ("langkah", "lama", "tepat"),
    [
        ("sla-d6", 300, True),
        ("sla-d6", 301, False),
        ("sla-d7", 1800, True),
        ("sla-d7", 1800.001, False),
        ("sla-d8", 900, True),
        ("sla-d8", 901, False),
        ("sla-total", 86400, True),
        ("sla-total", 86401, False),
        ("sla-d6", None, None),
    ],
)
def test_br_d8_a_limit_includes_its_value(langkah, lama, tepat):
    assert jam(lama, langkah).tepat is tepat


def test_with_minutes_only_minutes_are_counted():
    assert jam(349, presisi="menit").lama == timedelta(minutes=5)
    assert jam(349, presisi="menit").tepat is True
    assert jam(349).tepat is False


@pytest.mark.parametrize(
    ("selesai", "tepat"), [("12T23:59:59", True), ("13T00:00:00", False), ("12T08:03:10", True)]
)
def test_a_daily_step_has_until_the_end_of_its_day(selesai, tepat):
    end = datetime.fromisoformat(f"2021-07-{selesai}+07:00")

    assert Jam("sla-d5", "Task/k", MULAI, end).tepat is tepat
    assert tenggat("sla-d5", MULAI) == akhir_hari(MULAI)


def test_an_open_step_past_due_is_late_but_no_breach_yet():
    found = ringkas([jam(60), jam()], KINI)

    assert (found.tertutup, found.tepat, found.kepatuhan) == (1, 1, Decimal("100.0"))
    assert len(found.terlambat_berjalan) == 1
    assert not jam().terlambat_berjalan(MULAI + timedelta(minutes=5))


def test_what_was_cancelled_leaves_the_denominator():
    found = ringkas([jam(60), jam(600, batal=True), jam(batal=True)], KINI)

    assert (found.semua, found.dibatalkan, found.tertutup) == (3, 2, 1)
    assert found.terlambat_berjalan == ()


def test_compliance_has_one_decimal_rounded_half_up():
    assert persen(1, 16) == Decimal("6.3")
    assert persen(11, 14) == Decimal("78.6")
    assert persen(0, 0) is None


def test_median_and_90th_percentile():
    lama = [timedelta(seconds=each) for each in range(1, 11)]

    assert median(lama) == Decimal("5.5")
    assert median(lama[:3]) == 2
    assert persentil(lama, 90) == 9
    assert median([]) is None
