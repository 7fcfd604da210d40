"""The table type of the state machines."""

import pytest

from fhir_server.sop.alur import Alur, Keadaan

LAMPU = Alur(
    nama="lampu",
    benda="lampu",
    thing="lamp",
    aturan="BR-X",
    keadaan={
        "mati": Keadaan(("nyala",), ("siapa saja",), "off"),
        "nyala": Keadaan(("mati", "rusak"), ("siapa saja",), "on"),
        "rusak": Keadaan((), ("waktu",), "broken"),
        "salah": Keadaan((), ("siapa saja",), "wrong"),
    },
    awal=("mati",),
    selalu=("salah",),
)


@pytest.mark.parametrize(
    ("dari", "ke", "boleh"),
    [
        ("mati", "nyala", True),
        ("mati", "mati", True),
        ("mati", "rusak", False),
        ("rusak", "mati", False),
        ("rusak", "salah", True),
        (None, "rusak", True),
        ("padam", "rusak", True),
    ],
)
def test_a_move_is_allowed_as_the_table_says(dari, ke, boleh):
    assert LAMPU.boleh(dari, ke) is boleh
    assert (LAMPU.pindah(dari, ke) is None) is boleh


def test_a_refusal_names_rule_thing_states_and_what_is_allowed_in_both_languages():
    teguran = LAMPU.pindah("mati", "rusak", "L-1")

    assert (teguran.aturan, teguran.jenis, teguran.bidang) == ("BR-X", "keadaan", "status")
    assert teguran.kalimat == (
        "status: lampu L-1 berstatus mati dan tidak dapat menjadi rusak. "
        "Seharusnya: salah satu dari: nyala. (BR-X)"
    )
    assert teguran.english == "BR-X: lamp L-1 is off and cannot become broken. Allowed next: on."


def test_the_end_is_final():
    teguran = LAMPU.pindah("rusak", "mati")

    assert "sudah berakhir" in teguran.benar
    assert "broken is final" in teguran.english
    assert LAMPU.akhir == ("rusak", "salah")


def test_it_begins_where_the_table_says():
    assert LAMPU.mulai("mati") is None
    assert "mati" in LAMPU.mulai("nyala").benar
    assert "Allowed: off" in LAMPU.mulai("nyala").english


def test_a_variant_allows_more():
    lain = LAMPU.dengan("lampu-lain", "BR-Y", mati=("rusak",))

    assert lain.pindah("mati", "rusak") is None
    assert lain.boleh("mati", "nyala")
    assert LAMPU.pindah("mati", "rusak") is not None
