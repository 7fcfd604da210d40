"""The course of a visit: which states may follow, and the history that it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fhir_server.sop.kunjungan import (
    ALUR_KUNJUNGAN,
    BERIKUT,
    INGGRIS,
    Kunjungan,
    RiwayatStatus,
    lanjutkan,
    periksa,
    periksa_perubahan,
    pindahkan,
)

START = datetime(2024, 4, 2, 0, 45, tzinfo=UTC)
LATER = START + timedelta(hours=1)


def visit(**given):
    known = {
        "faskes": "pkm",
        "noReg": "R",
        "pasien": "p",
        "kelas": "AMB",
        "unit": "kia",
        "klaster": "klaster-2",
        "mulai": START,
        "status": "tiba",
    }
    return Kunjungan(**{**known, **given})


@pytest.mark.parametrize("start", BERIKUT)
@pytest.mark.parametrize("goal", BERIKUT)
def test_a_visit_moves_only_as_the_table_says(start, goal):
    wrong = ALUR_KUNJUNGAN.pindah(start, goal)

    assert (wrong is None) == (goal in (start, "salah-entri", *BERIKUT[start]))


def test_an_illegal_move_names_the_allowed_ones_in_both_languages():
    wrong = ALUR_KUNJUNGAN.pindah("tiba", "selesai")

    assert wrong.benar == "salah satu dari: ditriase, dilayani, batal."
    assert "triaged, in-progress, cancelled" in wrong.english
    assert wrong.jenis == "keadaan"


def test_an_ended_visit_does_not_go_on():
    assert "sudah berakhir" in ALUR_KUNJUNGAN.pindah("selesai", "dilayani").benar


def test_a_state_that_the_sop_does_not_know_is_not_judged():
    assert ALUR_KUNJUNGAN.pindah(None, "selesai") is None


def test_every_state_has_an_english_name():
    assert INGGRIS.keys() == BERIKUT.keys()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "batal"}, "alasanBatal"),
        ({"selesai": LATER}, "selesai"),
        ({"status": "selesai", "selesai": START - timedelta(hours=1)}, "selesai"),
        ({"statusSejak": START - timedelta(minutes=1)}, "statusSejak"),
    ],
)
def test_what_one_visit_can_get_wrong(given, field):
    assert [each.bidang for each in periksa(visit(**given))] == [field]


def test_a_visit_stays_with_its_patient():
    wrong = periksa_perubahan({"status": "tiba", "pasien": "q"}, visit())

    assert [each.bidang for each in wrong] == ["pasien"]


def test_a_state_does_not_begin_before_the_last_one():
    before = {
        "status": "tiba",
        "pasien": "p",
        "riwayatStatus": (RiwayatStatus(status="tiba", mulai=LATER),),
    }

    wrong = periksa_perubahan(before, visit(status="dilayani", statusSejak=START))

    assert [each.bidang for each in wrong] == ["statusSejak"]


def test_a_history_closes_each_state_when_the_next_begins():
    one = lanjutkan((), "tiba", START)

    two = lanjutkan(one, "dilayani", LATER)

    assert [(e.status, e.mulai, e.selesai) for e in two] == [
        ("tiba", START, LATER),
        ("dilayani", LATER, None),
    ]


def test_places_close_when_the_patient_leaves():
    places = pindahkan(pindahkan((), "ruang-kia", START), "lab", LATER)

    assert [(e.lokasi, e.selesai) for e in places] == [("ruang-kia", LATER), ("lab", None)]
    assert all(each.selesai is not None for each in pindahkan(places, None, LATER))
