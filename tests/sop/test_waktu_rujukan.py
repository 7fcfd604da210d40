"""How long a referral took, by what happened when; and who may move it (BR-R2)."""

from datetime import datetime, timedelta

import pytest

from fhir_server.sop.status_rujuk_balik import ALUR_RUJUK_BALIK
from fhir_server.sop.status_rujukan import ALUR_RUJUKAN
from fhir_server.sop.waktu_rujukan import (
    Kejadian,
    batas_kontak,
    batas_terima,
    tepat_waktu,
    waktu_jawab,
    waktu_lingkar,
)
from fhir_server.sop.wewenang_rujukan import RUJUK_BALIK, RUJUKAN, boleh_memindahkan


def pukul(text):
    return datetime.fromisoformat(f"2024-08-{text}:00+07:00")


S5 = [
    Kejadian(status, pukul(when))
    for status, when in (
        ("dikirim", "20T19:42"),
        ("diterima-sistem", "20T19:44"),
        ("disetujui", "20T19:49"),
        ("pasien-tiba", "20T20:55"),
        ("dalam-perawatan", "20T22:10"),
        ("dirujuk-balik", "24T09:00"),
    )
]


def test_s5_answer_and_loop():
    assert waktu_jawab(S5) == timedelta(minutes=7)
    assert waktu_lingkar(S5) == timedelta(days=3, hours=13, minutes=18)


def test_what_is_still_to_come_has_no_duration():
    assert waktu_jawab(S5[:2]) is None
    assert waktu_lingkar(S5[:-1]) is None
    assert waktu_jawab([]) is None


def test_a_refusal_is_an_answer_and_a_later_acceptance_does_not_undo_it():
    declined = [
        S5[0],
        Kejadian("ditolak", pukul("20T19:45")),
        Kejadian("disetujui", pukul("21T08:00")),
    ]

    assert waktu_jawab(declined) == timedelta(minutes=3)


@pytest.mark.parametrize(
    ("selesai", "sekarang", "tepat"),
    [
        ("20T19:57", "21T08:00", True),
        ("20T19:58", "21T08:00", False),
        (None, "20T19:57", None),
        (None, "20T19:58", False),
    ],
)
def test_the_limit_belongs_to_the_time_and_silence_is_late_after_it(selesai, sekarang, tepat):
    done = selesai and pukul(selesai)

    assert tepat_waktu(done, pukul("20T19:57"), pukul(sekarang)) is tepat


@pytest.mark.parametrize(
    ("dikirim", "hari_kerja", "batas"),
    [
        ("23T09:00", "123456", "24T09:00"),
        ("24T09:00", "123456", "26T09:00"),
        ("23T09:00", "12345", "26T09:00"),
        ("24T09:00", "1234567", "25T09:00"),
    ],
)
def test_one_working_day_to_accept(dikirim, hari_kerja, batas):
    assert batas_terima(pukul(dikirim), 1, {int(each) for each in hari_kerja}) == pukul(batas)


def test_first_contact_in_three_days_for_krst_in_24_hours():
    sent = pukul("24T09:00")

    assert batas_kontak(sent, krst=False, hari=3, jam_krst=24) == pukul("27T09:00")
    assert batas_kontak(sent, krst=True, hari=3, jam_krst=24) == pukul("25T09:00")


@pytest.mark.parametrize("table", [RUJUKAN, RUJUK_BALIK])
def test_br_r2_every_move_has_one_side(table):
    alur = ALUR_RUJUKAN if table is RUJUKAN else ALUR_RUJUK_BALIK

    assert set(table) == {(dari, ke) for dari, after in alur.berikut.items() for ke in after}
    assert set(table.values()) == {"peminta", "diminta"}


@pytest.mark.parametrize(
    ("dari", "ke", "pelaku"),
    [
        ("disusun", "dikirim", "pkm"),
        ("dikirim", "disetujui", "rs"),
        ("dikirim", "ditolak", "rs"),
        ("dikirim", "dibatalkan", "pkm"),
        ("disetujui", "pembatalan-diminta", "pkm"),
        ("pembatalan-diminta", "dibatalkan", "rs"),
        ("pembatalan-diminta", "disetujui", "rs"),
        ("ditolak", "dibatalkan", "pkm"),
        ("dalam-perawatan", "dirujuk-balik", "rs"),
        ("dipantau", "selesai", "rs"),
    ],
)
def test_br_r2_only_that_side_moves(dari, ke, pelaku):
    other = {"pkm": "rs", "rs": "pkm"}[pelaku]

    def judged(who):
        return boleh_memindahkan(who, peminta="pkm", diminta="rs", dari=dari, ke=ke)

    assert judged(pelaku) is None
    assert judged(other).aturan == "BR-R2"
    assert judged("rs-lain").jenis == "keadaan"


def test_br_r2_staying_is_no_move():
    assert boleh_memindahkan("x", peminta="pkm", diminta="rs", dari="dikirim", ke="dikirim") is None
