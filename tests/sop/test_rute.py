"""BR-C3: the routing table, at every boundary."""

import pytest

from fhir_server.sop.rute import Fakta, keluhan_dari_diagnosis, menular, penyakit_menular, rute


def tempat(fakta):
    return [(each.unit, each.klaster, each.ruang_infeksi) for each in rute(fakta)]


@pytest.mark.parametrize(
    ("umur", "unit", "klaster"),
    [
        (0, "anak-mtbs", "klaster-2"),
        (17, "anak-mtbs", "klaster-2"),
        (18, "umum-dewasa", "klaster-3"),
        (59, "umum-dewasa", "klaster-3"),
        (60, "lansia", "klaster-3"),
        (102, "lansia", "klaster-3"),
    ],
)
def test_br_c3_age_decides_the_cluster(umur, unit, klaster):
    assert tempat(Fakta(umur=umur)) == [(unit, klaster, False)]


@pytest.mark.parametrize("umur", [14, 17, 18, 44, 60])
@pytest.mark.parametrize("keadaan", ["hamil", "nifas"])
def test_br_c3_pregnancy_and_childbed_go_to_cluster_2_at_any_age(umur, keadaan):
    assert tempat(Fakta(umur=umur, **{keadaan: True})) == [("kia", "klaster-2", False)]


def test_br_c3_breastfeeding_counts_only_with_a_complaint_of_the_baby():
    tanpa = Fakta(umur=30, menyusui=True)
    dengan = Fakta(umur=30, menyusui=True, keluhan=frozenset({"bayi"}))

    assert tempat(tanpa) == [("umum-dewasa", "klaster-3", False)]
    assert tempat(dengan) == [("kia", "klaster-2", False)]
    assert tempat(Fakta(umur=30, keluhan=frozenset({"bayi"}))) == tempat(tanpa)


def test_br_c3_toothache_goes_to_the_dental_room_and_then_to_the_cluster():
    gigi = frozenset({"gigi"})

    assert tempat(Fakta(umur=66, keluhan=gigi)) == [
        ("gigi", "klaster-3", False),
        ("lansia", "klaster-3", False),
    ]
    assert tempat(Fakta(umur=30, hamil=True, keluhan=gigi)) == [
        ("gigi", "klaster-2", False),
        ("kia", "klaster-2", False),
    ]


@pytest.mark.parametrize(
    "fakta",
    [
        Fakta(umur=54, infeksi=True),
        Fakta(umur=54, keluhan=frozenset({"demam-pernapasan"})),
    ],
)
def test_br_c3_infection_moves_the_same_cluster_into_its_infection_room(fakta):
    assert tempat(fakta) == [("umum-dewasa", "klaster-3", True)]
    assert "ruang infeksi" in rute(fakta)[0].alasan


def test_br_c3_infection_with_toothache_stays_in_one_room():
    fakta = Fakta(umur=10, infeksi=True, keluhan=frozenset({"gigi"}))

    assert tempat(fakta) == [("gigi", "klaster-2", True), ("anak-mtbs", "klaster-2", True)]


def test_br_c2_an_emergency_goes_to_the_ugd_whatever_else_is_true():
    fakta = Fakta(
        umur=30, gawat_darurat=True, hamil=True, infeksi=True, keluhan=frozenset({"gigi"})
    )

    assert tempat(fakta) == [("ugd", "lintas-klaster", False)]


def test_every_stop_says_why():
    assert "66 tahun" in rute(Fakta(umur=66))[0].alasan
    assert "hamil" in rute(Fakta(umur=20, hamil=True))[0].alasan


@pytest.mark.parametrize(
    ("kode", "keluhan"),
    [
        ("K00.1", "gigi"),
        ("K02.9", "gigi"),
        ("K14", "gigi"),
        ("K15", None),
        ("J00", "demam-pernapasan"),
        ("J22", "demam-pernapasan"),
        ("J30", None),
        ("R05", "demam-pernapasan"),
        ("Z34.9", None),
    ],
)
def test_diagnoses_tell_the_complaint(kode, keluhan):
    assert keluhan_dari_diagnosis(kode) == keluhan


def test_infectious_diseases_are_chapters_a_and_b():
    assert [penyakit_menular(each) for each in ("A15.0", "B99", "C00", "Z11")] == [
        True,
        True,
        False,
        False,
    ]
    assert not menular(Fakta(umur=3))
