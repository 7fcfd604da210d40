"""What the card's rows are suggested from; the limits to the day and the unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from fhir_server.sop.kspr import skor
from fhir_server.sop.usulan_kspr import Fakta, usulkan

SITI = Fakta(
    tanggal_lahir=date(1986, 3, 12),
    hpht=date(2024, 1, 15),
    tanggal=date(2024, 4, 2),
    gravida=4,
    paritas=3,
    persalinan_terakhir=date(2013, 1, 10),
    tinggi=Decimal(152),
    pernah_sesar=True,
    hb=Decimal("10.8"),
    sistolik=130,
    diastolik=85,
)
BIASA = Fakta(
    tanggal_lahir=date(1998, 1, 1), hpht=date(2024, 1, 15), tanggal=date(2024, 4, 2), gravida=1
)


def kode(fakta, **beda):
    return [usulan.faktor for usulan in usulkan(replace(fakta, **beda))]


def test_siti_of_s1():
    assert kode(SITI) == ["f04", "f06", "f10", "f11ab"]
    assert skor(kode(SITI)) == 22


def test_endang_of_s4():
    endang = Fakta(
        tanggal_lahir=date(1983, 5, 14),
        hpht=date(2024, 1, 8),
        tanggal=date(2024, 8, 5),
        gravida=3,
        paritas=1,
        abortus=1,
        tinggi=Decimal(143),
    )

    assert kode(endang) == ["f06", "f07", "f08"]


def test_nur_aini_of_s10():
    nur_aini = replace(
        BIASA,
        tanggal_lahir=date(1989, 9, 9),
        hpht=date(2019, 4, 10),
        tanggal=date(2019, 10, 7),
        gravida=2,
        paritas=1,
        persalinan_terakhir=date(2017, 12, 20),
    )

    assert kode(nur_aini) == ["f03"]


def test_nothing_known_suggests_nothing():
    assert kode(BIASA) == []
    assert kode(SITI, tanggal_lahir=None, persalinan_terakhir=None) == ["f10", "f11ab"]


def test_without_gravida_age_over_35_is_left_to_the_bidan():
    assert kode(BIASA, tanggal_lahir=date(1980, 1, 1), gravida=None) == []


@pytest.mark.parametrize(
    ("lahir", "gravida", "diharapkan"),
    [
        (date(2007, 1, 15), 1, []),
        (date(2007, 1, 16), 1, ["f01"]),
        (date(1989, 1, 15), 1, ["f02b"]),
        (date(1989, 1, 15), 2, ["f06"]),
        (date(1989, 1, 16), 2, []),
    ],
)
def test_age_is_counted_at_the_last_period(lahir, gravida, diharapkan):
    assert kode(BIASA, tanggal_lahir=lahir, gravida=gravida) == diharapkan


@pytest.mark.parametrize(
    ("persalinan", "diharapkan"),
    [
        (date(2022, 1, 16), ["f03"]),
        (date(2022, 1, 15), []),
        (date(2014, 1, 16), []),
        (date(2014, 1, 15), ["f04"]),
    ],
)
def test_the_interval_runs_from_the_last_birth_to_the_last_period(persalinan, diharapkan):
    assert kode(BIASA, gravida=2, persalinan_terakhir=persalinan) == diharapkan


@pytest.mark.parametrize(
    ("fakta", "diharapkan"),
    [
        ({"tinggi": Decimal(145)}, ["f07"]),
        ({"tinggi": Decimal("145.1")}, []),
        ({"hb": Decimal(11)}, []),
        ({"hb": Decimal("10.9")}, ["f11ab"]),
        ({"paritas": 3}, []),
        ({"paritas": 4}, ["f05"]),
        ({"jumlah_janin": 1}, []),
        ({"jumlah_janin": 2}, ["f13"]),
        ({"bengkak": True, "sistolik": 140, "diastolik": 80}, ["f12"]),
        ({"bengkak": True, "sistolik": 130, "diastolik": 90}, ["f12"]),
        ({"bengkak": True, "sistolik": 139, "diastolik": 89}, []),
        ({"bengkak": False, "sistolik": 170, "diastolik": 110}, []),
        ({"tanggal": date(2024, 11, 4)}, ["f16"]),
        ({"tanggal": date(2024, 11, 3)}, []),
        ({"letak": "sungsang"}, ["f17"]),
        ({"letak": "lintang"}, ["f18"]),
        ({"letak": "kepala"}, []),
    ],
)
def test_limits(fakta, diharapkan):
    assert kode(BIASA, **fakta) == diharapkan


def test_every_suggestion_gives_its_reason():
    alasan = {usulan.faktor: usulan.alasan for usulan in usulkan(SITI)}

    assert alasan["f11ab"] == "Hb 10.8 g/dL"
    assert alasan["f06"] == "umur 37 tahun pada HPHT"


def test_what_is_confirmed_is_not_suggested_again():
    bengkak = replace(BIASA, bengkak=True, sistolik=168, diastolik=112)

    assert [u.faktor for u in usulkan(bengkak, ["f12"])] == []
    assert [u.faktor for u in usulkan(bengkak, ["f20"])] == []
