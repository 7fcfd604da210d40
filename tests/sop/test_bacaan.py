"""Readings in the words of a message."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fhir_server.sop.bacaan import Bacaan, baca


@pytest.mark.parametrize(
    ("teks", "diharapkan"),
    [
        ("Suhu 37.4\nSpO2 97, napas 20", Bacaan(Decimal("37.4"), 97, 20)),
        ("suhu: 36,8 saturasi 96% RR 22x/menit", Bacaan(Decimal("36.8"), 96, 22)),
        ("38.2 derajat, saturasi oksigen 93 nadi 104", Bacaan(Decimal("38.2"), 93, nadi=104)),
        ("SpO2 93, agak sesak", Bacaan(spo2=93, sesak=True)),
        ("tensi posyandu 130/80, tidak pusing", Bacaan(sistolik=130, diastolik=80)),
        ("TD 168/112", Bacaan(sistolik=168, diastolik=112)),
        ("SpO2 tadi 91 lalu diulang SpO2 95", Bacaan(spo2=95)),
        ("suhu 376", Bacaan()),
        ("tanggal 10/07/21 jam 07.20 ya bu", Bacaan()),
        ("napas biasa, tidak sesak", Bacaan()),
        ("umur 38 tahun, nomor 628000000", Bacaan()),
    ],
)
def test_readings(teks, diharapkan):
    assert baca(teks) == diharapkan


def test_breathlessness_alone_is_no_reading():
    assert not baca("agak sesak").ada
    assert baca("SpO2 97").ada
