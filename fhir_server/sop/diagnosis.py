"""Diagnosis: what a patient complains of, and what staff find (domain §1.A A2, §2.1 row 12).

A complaint (``keluhan``) is unconfirmed until staff have judged it: the words of a patient are no
diagnosis.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from fhir_server.sop import pihak
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.tanda_bahaya import KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Kategori = Literal["keluhan", "diagnosis", "masalah"]
Keadaan = Literal["aktif", "kambuh", "membaik", "sembuh"]
Kepastian = Literal["belum-pasti", "sementara", "banding", "pasti", "tidak-terbukti", "salah-entri"]
Keparahan = Literal["ringan", "sedang", "berat"]
POLA_ICD10 = r"[A-Z][0-9]{2}(\.[0-9]{1,2})?"


@dokumen
class Diagnosis(Dokumen):
    """Keluhan, diagnosis atau masalah kesehatan pasien."""

    pasien: str = bidang("Pasien", "§2.1/12", rujuk="pasien", contoh="siti", cari=True)
    kategori: Kategori = bidang(
        "Kategori", "§2.1/12", kode="kategori-kondisi", contoh="keluhan", cari=True
    )
    waktu: datetime = bidang(
        "Waktu dicatat", "§2.1/12", contoh="2024-08-20T19:30:00+07:00", terjadi=True
    )
    pencatat: str = bidang(
        "Yang menyatakan atau mencatat", "§1.A A2", pola=pihak.POLA, contoh="pasien/siti"
    )
    kode: str | None = bidang(
        "Kode ICD-10", "§2.1/12", default=None, pola=POLA_ICD10, contoh="O14.1", cari=True
    )
    tandaBahaya: KodeTanda | None = bidang(
        "Tanda bahaya", "§3.2", default=None, kode="tanda-bahaya", contoh="sakit-kepala-hebat"
    )
    uraian: str | None = bidang("Uraian", "§2.1/12", default=None, contoh="pusing hebat sekali")
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/12", default=None, rujuk="kunjungan", contoh="anc-s1", cari=True
    )
    pesan: str | None = bidang(
        "Pesan yang menyatakannya", "§1.A A2", default=None, rujuk="pesan-chat", contoh="pesan-s5"
    )
    mulai: date | None = bidang(
        "Mulai dirasakan", "§2.1/12", default=None, contoh="2024-08-20", terjadi=True
    )
    berakhir: date | None = bidang("Berakhir", "§2.1/12", default=None, contoh="2024-08-24")
    keadaan: Keadaan = bidang(
        "Keadaan", "§2.1/12", default="aktif", kode="keadaan-kondisi", contoh="aktif", cari=True
    )
    kepastian: Kepastian = bidang(
        "Kepastian",
        "§1.A A2",
        default="belum-pasti",
        kode="kepastian-kondisi",
        contoh="belum-pasti",
    )
    keparahan: Keparahan | None = bidang(
        "Keparahan", "§3.2", default=None, kode="keparahan-kondisi", contoh="berat"
    )
    catatan: str | None = bidang("Catatan", "§2.1/12", default=None)


def periksa(diagnosis: Diagnosis) -> Iterator[Teguran]:
    """Find what one complaint or diagnosis can get wrong."""
    if not (diagnosis.kode or diagnosis.tandaBahaya or diagnosis.uraian):
        yield Teguran("uraian", "kosong.", "uraian, kode ICD-10, atau tanda bahaya.")
    if diagnosis.kategori == "diagnosis" and diagnosis.kode is None:
        yield Teguran("kode", "kosong pada diagnosis.", "kode ICD-10, misalnya O14.1.", "§2.1/12")
    if teguran := keluhan_belum_pasti(
        diagnosis.kategori, diagnosis.kepastian, petugas=not pihak.adalah_warga(diagnosis.pencatat)
    ):
        yield teguran
    if diagnosis.mulai and diagnosis.berakhir and diagnosis.berakhir < diagnosis.mulai:
        yield Teguran("berakhir", "sebelum mulai.", "sama dengan mulai atau sesudahnya.")
    if diagnosis.mulai and diagnosis.mulai > diagnosis.waktu.date():
        yield Teguran("mulai", "sesudah waktu dicatat.", "tanggal sebelum dicatat.")
    if diagnosis.berakhir and diagnosis.keadaan in {"aktif", "kambuh"}:
        yield Teguran("keadaan", f"{diagnosis.keadaan} tetapi berakhir.", "membaik atau sembuh.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Diagnosis) -> Iterator[Teguran]:
    """Find which changes the SOP forbids: what was entered in error stays so."""
    if lama.get("kepastian") == "salah-entri" and baru.kepastian != "salah-entri":
        yield Teguran(
            "kepastian",
            "catatan ini sudah dinyatakan salah entri.",
            "catatan baru.",
            jenis="keadaan",
        )


def keluhan_belum_pasti(kategori: str, kepastian: str | None, *, petugas: bool) -> Teguran | None:
    """Judge A2: what a patient says is unconfirmed until staff have judged it."""
    if kategori != "keluhan" or petugas or kepastian in {"belum-pasti", "salah-entri"}:
        return None
    return Teguran(
        "kepastian",
        f"keluhan yang dinyatakan pasien tidak dapat berstatus {kepastian}.",
        "belum-pasti; bidan atau dokter yang memastikan, sebagai pencatat.",
        "§1.A A2",
        english="SOP Chat, step 2: a complaint in a patient's own words is unconfirmed until staff "
        "have judged it (recorder).",
    )
