"""MAP.yaml: what it must say, and how it is refused."""

from __future__ import annotations

import pytest

from fhir_server.bridges.whatsapp.participants import UnreadableMap, read

PETA = """
utas: utas-endang
layanan: pemantauan
pasien: endang
peserta:
  Bu Endang: pasien/endang
  "+62 812-0000-0009": keluarga/suami-endang
  Nenek: nik/9902015405830015
"""


def test_a_whole_map():
    who = read(PETA, "Asia/Jakarta")

    assert (who.thread, who.service, who.patient) == ("utas-endang", "pemantauan", "endang")
    assert who.zone.key == "Asia/Jakarta"
    assert who.parties["+62 812-0000-0009"] == "keluarga/suami-endang"


def test_the_map_may_name_another_zone():
    assert read(f"{PETA}zona: Asia/Makassar\n", "Asia/Jakarta").zone.key == "Asia/Makassar"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("peserta: [", "Bukan YAML"),
        ("- a", "Bukan peta"),
        ("utas: u\npesrta: {A: pasien/a}", "pesrta: tidak dikenal"),
        ("peserta: {A: pasien/a}", "utas: None"),
        ("utas: a b\npeserta: {A: pasien/a}", "utas: 'a b'"),
        ("utas: u\npeserta: {}", "peserta: kosong"),
        ("utas: u\npeserta: {A: siti}", "peserta A: 'siti'"),
        ("utas: u\npeserta: {A: nik/123}", "16 angka"),
        ("utas: u\nlayanan: apa\npeserta: {A: pasien/a}", "lakon, pemantauan, umum"),
        ("utas: u\nzona: Mars/Olympus\npeserta: {A: pasien/a}", "zona: 'Mars/Olympus'"),
        ("utas: u\npasien: 7\npeserta: {A: pasien/a}", "pasien: 7"),
    ],
)
def test_a_map_that_does_not_say_who_is_who(text, says):
    with pytest.raises(UnreadableMap, match=says):
        read(text, "Asia/Jakarta")
