"""What one document of a consultation can get wrong, and which changes are forbidden."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from fhir_server.sop import (
    advis,
    kasus_konsultasi,
    penyerahan_obat,
    percakapan_konsultasi,
    persetujuan_advis,
    pesan_chat,
    rencana_asuhan,
    resep,
)
from fhir_server.sop.pihak import adalah_warga, jenis
from fhir_server.sop.sla import BATAS, tenggat, ukur

PUKUL_8 = datetime.fromisoformat("2021-07-12T08:00:00+07:00")
PUKUL_9 = PUKUL_8 + timedelta(hours=1)
PESAN = pesan_chat.PesanChat(
    idPesan="wamid.1",
    utas="u",
    arah="masuk",
    waktuKirim=PUKUL_8,
    pengirim="pasien/b",
    isi="batuk",
)
KASUS = kasus_konsultasi.KasusKonsultasi(
    noKasus="K",
    layanan="lakon",
    faskes="f",
    pasien="b",
    pemohon="pasien/b",
    kanal="whatsapp",
    keluhan="batuk",
    diajukan=PUKUL_8,
)
ADVIS = advis.Advis(
    utas="u",
    kunjungan="k",
    pasien="b",
    penulis="d",
    jenis=("saran",),
    isi="istirahat",
    diterimaTim=PUKUL_8,
    dibuat=PUKUL_9,
)
SETUJU = persetujuan_advis.PersetujuanAdvis(
    advis="a",
    kasus="k",
    noKasus="K",
    pasien="b",
    peminta="d1",
    penyetuju="d2",
    diminta=PUKUL_8,
)
ITEM = resep.ItemResep(obat="93999901", nama="Parasetamol", signa="3x1", jumlah=Decimal(10))
RESEP = resep.Resep(
    noResep="R", asal="kunjungan", pasien="b", peresep="d", waktu=PUKUL_8, item=(ITEM,)
)
SERAH = penyerahan_obat.PenyerahanObat(
    resep="r", pasien="b", obat="93999901", nama="Parasetamol", jumlah=Decimal(10), petugas="a"
)
UTAS = percakapan_konsultasi.PercakapanKonsultasi(
    idUtas="u", layanan="umum", kanal="whatsapp", dimulai=PUKUL_8, peserta=("pasien/b",)
)


def salah(modul, dokumen, **beda):
    return [each.bidang for each in modul.periksa(replace(dokumen, **beda))]


@pytest.mark.parametrize(
    ("modul", "dokumen"),
    [
        (pesan_chat, PESAN),
        (kasus_konsultasi, KASUS),
        (advis, ADVIS),
        (persetujuan_advis, SETUJU),
        (resep, RESEP),
        (penyerahan_obat, SERAH),
        (percakapan_konsultasi, UTAS),
    ],
)
def test_a_plain_document_has_nothing_wrong(modul, dokumen):
    assert salah(modul, dokumen) == []


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"isi": None}, ["isi"]),
        ({"isi": "  "}, ["isi"]),
        ({"dihapus": True}, ["isi"]),
        ({"dihapus": True, "isi": None}, []),
        ({"isi": None, "lampiran": (pesan_chat.Lampiran(jenis="media"),)}, []),
        ({"pengirim": None}, ["pengirim"]),
        ({"pengirim": None, "kategori": "sistem"}, []),
        ({"arah": "keluar"}, ["arah"]),
        ({"pengirim": "petugas/p"}, ["arah"]),
        ({"pengirim": "petugas/p", "arah": "internal"}, []),
        ({"pengirim": "wa/628"}, []),
        ({"waktuTerima": PUKUL_8 - timedelta(seconds=1)}, ["waktuTerima"]),
        ({"waktuTerima": PUKUL_8}, []),
        ({"waktuTerima": PUKUL_9, "status": "gagal"}, ["status"]),
    ],
)
def test_a_message(beda, bidang):
    assert salah(pesan_chat, PESAN, **beda) == bidang


def test_a_deletion_is_not_undone_and_a_message_does_not_move():
    lama = {"dihapus": True, "utas": "lain"}

    found = list(pesan_chat.periksa_perubahan(lama, PESAN))

    assert [(each.bidang, each.jenis) for each in found] == [
        ("dihapus", "keadaan"),
        ("utas", "keadaan"),
    ]
    assert list(pesan_chat.periksa_perubahan({"dihapus": False, "utas": "u"}, PESAN)) == []


@pytest.mark.parametrize(("kategori", "aturan"), [("darurat", None), (None, "BR-A5")])
def test_br_a5(kategori, aturan):
    reproof = pesan_chat.langsung_ke_dokter_hanya_darurat(kategori)

    assert (reproof and reproof.aturan) == aturan


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"peserta": ()}, ["peserta"]),
        ({"layanan": "pemantauan"}, ["pasien"]),
        ({"layanan": "pemantauan", "pasien": "b"}, []),
        ({"layanan": "pemantauan", "pasien": "b", "peserta": ("pasien/c",)}, ["pasien"]),
    ],
)
def test_br_a0_exactly_one_patient(beda, bidang):
    assert salah(percakapan_konsultasi, UTAS, **beda) == bidang


def test_br_a0_who_is_monitored():
    assert percakapan_konsultasi.hanya_risti_atau_isoman(dipantau=True) is None
    assert percakapan_konsultasi.hanya_risti_atau_isoman(dipantau=False).aturan == "BR-A0"


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"status": "ditolak", "selesai": PUKUL_9}, ["alasan"]),
        ({"status": "selesai"}, ["selesai"]),
        ({"selesai": PUKUL_9}, ["selesai"]),
        ({"status": "selesai", "selesai": PUKUL_9}, []),
        ({"status": "selesai", "selesai": PUKUL_8 - timedelta(1)}, ["selesai"]),
    ],
)
def test_a_case(beda, bidang):
    assert salah(kasus_konsultasi, KASUS, **beda) == bidang


def test_a_case_that_ended_stays_ended():
    (reproof,) = kasus_konsultasi.periksa_perubahan({"status": "selesai"}, KASUS)

    assert reproof.jenis == "keadaan"
    assert list(kasus_konsultasi.periksa_perubahan({"status": "diajukan"}, KASUS)) == []


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"jenis": ()}, ["jenis"]),
        ({"jenis": ("resep",)}, ["resep"]),
        ({"dibuat": PUKUL_8 - timedelta(1)}, ["dibuat"]),
        ({"waktuKirim": PUKUL_9}, ["waktuKirim"]),
        ({"status": "dikirim"}, ["waktuKirim"]),
        ({"status": "diterima", "waktuKirim": PUKUL_9}, ["waktuTerima"]),
        ({"status": "diterima", "waktuKirim": PUKUL_9, "waktuTerima": PUKUL_9}, []),
    ],
)
def test_an_advice(beda, bidang):
    assert salah(advis, ADVIS, **beda) == bidang


def test_an_advice_that_was_sent_is_not_rewritten():
    lama = {"status": "dikirim", "isi": "lain", "jenis": ("saran",), "resep": (), "penulis": "d"}

    assert [each.bidang for each in advis.periksa_perubahan(lama, ADVIS)] == ["status", "isi"]
    assert list(advis.periksa_perubahan({"status": "disusun", "isi": "lain"}, ADVIS)) == []


def test_br_d7_sending_waits_for_approval():
    assert advis.kirim_setelah_disetujui(disetujui=True) is None
    assert advis.kirim_setelah_disetujui(disetujui=False).jenis == "keadaan"


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"penyetuju": "d1"}, ["penyetuju"]),
        ({"keputusan": "disetujui"}, ["waktu"]),
        ({"waktu": PUKUL_9}, ["waktu"]),
        ({"keputusan": "disetujui", "waktu": PUKUL_8 - timedelta(1)}, ["waktu"]),
        ({"keputusan": "ditolak", "waktu": PUKUL_9}, ["alasan"]),
        ({"keputusan": "ditolak", "waktu": PUKUL_9, "alasan": "dosis"}, []),
    ],
)
def test_br_d7_an_approval(beda, bidang):
    assert salah(persetujuan_advis, SETUJU, **beda) == bidang


def test_br_d7_a_decision_stands():
    (reproof,) = persetujuan_advis.periksa_perubahan({"keputusan": "ditolak"}, SETUJU)

    assert (reproof.aturan, reproof.jenis) == ("BR-D7", "keadaan")


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"item": ()}, ["item"]),
        ({"item": (replace(ITEM, jumlah=Decimal(0)),)}, ["item[0].jumlah"]),
        ({"asal": "konsultasi-daring"}, ["kasus"]),
    ],
)
def test_a_prescription(beda, bidang):
    assert salah(resep, RESEP, **beda) == bidang


@pytest.mark.parametrize(
    ("dulu", "kini", "boleh"),
    [
        ("disusun", "aktif", True),
        ("disusun", "selesai", False),
        ("aktif", "selesai", True),
        ("aktif", "disusun", False),
        ("selesai", "aktif", False),
        ("dibatalkan", "dibatalkan", True),
        (None, "aktif", True),
    ],
)
def test_the_course_of_a_prescription(dulu, kini, boleh):
    found = list(resep.periksa_perubahan({"status": dulu}, replace(RESEP, status=kini)))

    assert (found == []) is boleh


def test_a_drug_does_not_vanish_from_a_prescription():
    (reproof,) = resep.periksa_perubahan({"status": "aktif", "item": (ITEM, ITEM)}, RESEP)

    assert reproof.bidang == "item"


@pytest.mark.parametrize(
    ("beda", "bidang"),
    [
        ({"jumlah": Decimal(0)}, ["jumlah"]),
        ({"status": "selesai"}, ["diserahkan"]),
        ({"diserahkan": PUKUL_9}, ["diserahkan"]),
        ({"status": "selesai", "disiapkan": PUKUL_9, "diserahkan": PUKUL_8}, ["diserahkan"]),
        ({"status": "ditolak"}, ["alasan"]),
        ({"status": "diantar"}, ["diantarKe"]),
        ({"kurir": "f"}, ["kurir"]),
        ({"status": "diantar", "kurir": "f", "diantarKe": "rumah"}, []),
    ],
)
def test_a_handing_over(beda, bidang):
    assert salah(penyerahan_obat, SERAH, **beda) == bidang


def test_a_handing_over_that_ended_stays_ended():
    (reproof,) = penyerahan_obat.periksa_perubahan({"status": "selesai"}, SERAH)

    assert reproof.jenis == "keadaan"


def test_br_d2_words():
    assert kasus_konsultasi.gratis("K").aturan == "BR-D2"


def test_parties():
    assert jenis("wa/628") == "wa"
    assert adalah_warga("keluarga/s")
    assert not adalah_warga("petugas/p")


@pytest.mark.parametrize("langkah", sorted(BATAS))
def test_a_limit_includes_its_value_and_not_a_second_more(langkah):
    batas = tenggat(langkah, PUKUL_8)

    assert ukur(langkah, PUKUL_8, batas).tepat
    assert not ukur(langkah, PUKUL_8, batas + timedelta(seconds=1)).tepat


@pytest.fixture
def rencana():
    hpht = (PUKUL_8 - timedelta(weeks=12)).date()
    return rencana_asuhan.RencanaAsuhan(
        nomor="RA",
        pasien="s",
        kelompok="KRST",
        hpht=hpht,
        dibuat=PUKUL_8,
        penyusun="b",
        rencanaPersalinan=rencana_asuhan.RencanaPersalinan(tempat="RS", penolong="dokter"),
        jadwalPemantauan=rencana_asuhan.JadwalAsuhan(
            kanal="whatsapp", pelaksana="b", mulai=PUKUL_9.date()
        ),
    )


def test_a_plan_is_completed_and_again_the_same(rencana):
    lengkap = rencana_asuhan.lengkap(rencana)

    assert salah(rencana_asuhan, lengkap) == []
    assert lengkap.berakhir == rencana.hpht + timedelta(days=280)
    assert rencana_asuhan.lengkap(lengkap) == lengkap


def test_a_birth_at_home_for_krst_is_a_warning(rencana):
    rumah = rencana_asuhan.RencanaPersalinan(tempat="rumah", penolong="bidan")

    (reproof,) = rencana_asuhan.periksa(replace(rencana, rencanaPersalinan=rumah))

    assert reproof.jenis == "peringatan"
    assert "RS" in reproof.benar


def test_a_plan_that_cannot_be(rencana):
    jadwal = rencana.jadwalPemantauan
    hari = rencana_asuhan.KontakTerjadwal(tanggal=PUKUL_9.date())
    fase = rencana_asuhan.FasePemantauan(
        frekuensi="harian", mulai=PUKUL_9.date(), berakhir=rencana.hpht
    )

    assert salah(rencana_asuhan, rencana, hpht=PUKUL_9.date() + timedelta(1)) == [
        "hpht",
        "jadwalPemantauan.mulai",
    ]
    kacau = replace(jadwal, fase=(fase,), kontak=(hari, hari))
    assert salah(rencana_asuhan, rencana, jadwalPemantauan=kacau) == [
        "jadwalPemantauan.fase",
        "jadwalPemantauan.kontak",
    ]
