"""MAP.yaml: what it must say, and how it is refused."""

from __future__ import annotations

from datetime import datetime

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
        ("utas: u\nkategori: gawat\npeserta: {A: pasien/a}", "kategori: 'gawat'"),
        ("utas: u\nkategori: sistem\npeserta: {A: pasien/a}", "kategori: 'sistem'"),
        ("utas: u\nkategori: [{dari: x}]\npeserta: {A: pasien/a}", "dari, sampai, kategori"),
        (
            "utas: u\nkategori: [{dari: x, sampai: y, kategori: darurat}]\npeserta: {A: pasien/a}",
            "2021-07-08 18:00",
        ),
        ("utas: u\nzona: Asia\npeserta: {A: pasien/a}", "zona: .Asia."),
        ("utas: u\npasien: 7\npeserta: {A: pasien/a}", "pasien: 7"),
    ],
)
def test_a_map_that_does_not_say_who_is_who(text, says):
    with pytest.raises(UnreadableMap, match=says):
        read(text, "Asia/Jakarta")


def test_one_category_for_all_a_patient_writes():
    who = read(f"{PETA}kategori: darurat\n", "Asia/Jakarta")

    assert who.category(datetime(2021, 7, 8, 18, 30)) == "darurat"  # noqa: DTZ001 - local time
    assert read(PETA, "Asia/Jakarta").category(datetime(2021, 7, 8)) == "pemantauan"  # noqa: DTZ001


def test_a_category_for_a_stretch_of_time():
    stretch = "{dari: 2021-07-08 18:00, sampai: 2021-07-08 19:30, kategori: darurat}"
    who = read(f"{PETA}kategori: [{stretch}]", "Asia/Jakarta")

    minutes = (datetime(2021, 7, 8, *each) for each in [(17, 59), (18, 0), (19, 30), (19, 31)])  # noqa: DTZ001
    found = [who.category(each) for each in minutes]
    assert found == ["pemantauan", "darurat", "darurat", "pemantauan"]
