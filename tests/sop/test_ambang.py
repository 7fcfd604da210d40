"""Thresholds of readings: each limit and the value beside it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fhir_server.sop.ambang import Ukuran, nilai, perlu_eskalasi, tingkat


@pytest.mark.parametrize(
    ("ukuran", "diharapkan"),
    [
        (Ukuran(sistolik=139, diastolik=89), "normal"),
        (Ukuran(sistolik=140, diastolik=80), "abnormal"),
        (Ukuran(sistolik=120, diastolik=90), "abnormal"),
        (Ukuran(sistolik=159, diastolik=109), "abnormal"),
        (Ukuran(sistolik=160, diastolik=80), "darurat"),
        (Ukuran(sistolik=120, diastolik=110), "darurat"),
        (Ukuran(sistolik=168, diastolik=112), "darurat"),
        (Ukuran(spo2=94), "normal"),
        (Ukuran(spo2=93), "darurat"),
        (Ukuran(spo2=Decimal("93.9")), "darurat"),
        (Ukuran(spo2=90), "darurat"),
        (Ukuran(spo2=89), "berat"),
        (Ukuran(napas=30), "normal"),
        (Ukuran(napas=31), "berat"),
        (Ukuran(suhu=Decimal("37.9")), "normal"),
        (Ukuran(suhu=Decimal("38.0")), "abnormal"),
        (Ukuran(suhu=Decimal("38.0"), sesak=True), "darurat"),
        (Ukuran(suhu=Decimal("38.1")), "abnormal"),
        (Ukuran(suhu=Decimal("38.0"), isoman=True), "abnormal"),
        (Ukuran(suhu=Decimal("38.1"), isoman=True), "darurat"),
        (Ukuran(), "normal"),
    ],
)
def test_limits(ukuran, diharapkan):
    assert tingkat(ukuran) == diharapkan


def test_the_worst_comes_first_and_every_finding_says_why():
    temuan = nilai(Ukuran(sistolik=145, diastolik=92, spo2=88, napas=24))

    assert [each.bidang for each in temuan] == ["spo2", "tensi"]
    assert temuan[0].alasan == "SpO₂ 88 % (<90)"


def test_only_what_cannot_wait_proposes_an_escalation():
    assert perlu_eskalasi(Ukuran(sistolik=150, diastolik=95)) == []
    (temuan,) = perlu_eskalasi(Ukuran(sistolik=150, diastolik=112))
    assert temuan.alasan == "tekanan darah 150/112 mmHg (≥160/110)"
