"""PemeriksaanMTBS: one examination of a sick child by the MTBS form (domain §1.B B6, S7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.hasil_ukur import HasilUkur, PenandaUkur, periksa_ukur, tandai
from fhir_server.sop.mtbs import (
    BALITA,
    Batuk,
    Demam,
    Diare,
    Ikterus,
    Klasifikasi,
    StatusGizi,
    TandaAnak,
    TandaBahayaAnak,
    Telinga,
    UsulanMtbs,
    usulkan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

StatusMtbs = Literal["akhir", "dikoreksi", "salah-entri"]
TERLAMA = 365


@dokumen
class PemeriksaanMTBS(Dokumen):
    """Pemeriksaan MTBS."""

    pasien: str = bidang("Anak", "§1.B B6", rujuk="pasien", contoh="alif", cari=True)
    kunjungan: str = bidang("Kunjungan", "§1.B B6", rujuk="kunjungan", contoh="mtbs-s7", cari=True)
    waktu: datetime = bidang(
        "Waktu pemeriksaan", "§1.B B6", contoh="2024-05-07T08:40:00+07:00", cari=True, terjadi=True
    )
    pemeriksa: str = bidang(
        "Petugas pemeriksa", "§1.B B6", rujuk="petugas-kesehatan", contoh="perawat-anak"
    )
    hasil: HasilUkur | None = bidang("Hasil ukur", "§3.4", default=None)
    tandaBahaya: tuple[TandaBahayaAnak, ...] = bidang(
        "Tanda bahaya umum", "MTBS", default=(), kode="tanda-bahaya-anak"
    )
    batuk: Batuk | None = bidang("Batuk atau sukar bernapas", "MTBS", default=None)
    diare: Diare | None = bidang("Diare", "MTBS", default=None)
    demam: Demam | None = bidang("Demam", "MTBS", default=None)
    telinga: Telinga | None = bidang("Masalah telinga", "MTBS", default=None)
    gizi: StatusGizi | None = bidang("Status gizi dan anemia", "MTBS", default=None)
    ikterus: Ikterus | None = bidang(
        "Ikterus (bayi di bawah 2 bulan)", "MTBS", default=None, kode="ikterus-mtbs"
    )
    imunisasiLengkap: bool | None = bidang(
        "Imunisasi lengkap menurut umur", "MTBS", default=None, contoh=True
    )
    vitaminA: bool | None = bidang(
        "Vitamin A sudah diberikan dalam 6 bulan", "MTBS", default=None, contoh=True
    )
    klasifikasi: tuple[Klasifikasi, ...] = bidang(
        "Klasifikasi yang ditetapkan petugas",
        "MTBS",
        default=(),
        kode="klasifikasi-mtbs",
        contoh=["pneumonia"],
    )
    tindakan: str | None = bidang(
        "Tindakan", "MTBS", default=None, contoh="Amoksisilin 3 hari, kontrol 2 hari"
    )
    kunjunganUlang: int | None = bidang(
        "Kunjungan ulang dalam (hari)", "MTBS", default=None, contoh=2
    )
    status: StatusMtbs = bidang("Status", "§1.B B6", default="akhir", kode="status-hasil-lab")
    umurBulan: int | None = bidang(
        "Umur (bulan genap)", "MTBS", default=None, contoh=24, server=True
    )
    napasCepat: bool | None = bidang(
        "Napas cepat menurut umur", "MTBS", default=None, contoh=True, server=True
    )
    usulan: tuple[UsulanMtbs, ...] = bidang(
        "Usulan klasifikasi dengan dasarnya; petugas yang menetapkan",
        "MTBS",
        default=(),
        server=True,
    )
    penanda: tuple[PenandaUkur, ...] = bidang(
        "Arti tiap hasil ukur", "§3.4", default=(), server=True
    )


def periksa(mtbs: PemeriksaanMTBS) -> Iterator[Teguran]:
    """Find what one form can get wrong."""
    if mtbs.hasil is not None:
        yield from periksa_ukur(mtbs.hasil, "hasil")
    for nama in ("batuk", "diare", "demam"):
        bagian = getattr(mtbs, nama)
        if bagian is not None and not 0 <= bagian.hari <= TERLAMA:
            yield Teguran(f"{nama}.hari", f"{bagian.hari}.", f"0 sampai {TERLAMA} hari.")
    for nama in ("tandaBahaya", "klasifikasi"):
        kode = getattr(mtbs, nama)
        if len(set(kode)) < len(kode):
            yield Teguran(nama, "berulang.", "tiap kode sekali.")
    if mtbs.tandaBahaya:
        yield Teguran(
            "tandaBahaya",
            f"{', '.join(mtbs.tandaBahaya)}: tanda bahaya umum.",
            "beri tindakan pra-rujukan dan rujuk segera.",
            "MTBS",
            jenis="peringatan",
        )
    if mtbs.batuk is not None and (mtbs.hasil is None or mtbs.hasil.napas is None):
        yield Teguran(
            "hasil.napas",
            "anak batuk tanpa hitungan napas.",
            "hitung napas satu menit penuh; tanpa itu napas cepat tidak dapat dinilai.",
            "MTBS",
            jenis="peringatan",
        )


def terlalu_tua(umur_bulan: int) -> Teguran | None:
    """Judge the age: MTBS is for children under five."""
    if umur_bulan < BALITA:
        return None
    return Teguran(
        "pasien",
        f"umur {umur_bulan} bulan.",
        "MTBS hanya untuk anak di bawah 60 bulan; catat pemeriksaan biasa.",
        "MTBS",
        english=f"MTBS is for children under 60 months; this one is {umur_bulan} months old.",
    )


def lengkap(mtbs: PemeriksaanMTBS, umur_bulan: int) -> PemeriksaanMTBS:
    """Judge the breathing by age, mark the values and suggest classifications."""
    hasil = mtbs.hasil or HasilUkur()
    anak = TandaAnak(
        umurBulan=umur_bulan,
        napas=hasil.napas,
        suhu=hasil.suhu,
        spo2=hasil.spo2,
        lila=hasil.lila,
        tandaBahaya=mtbs.tandaBahaya,
        batuk=mtbs.batuk,
        diare=mtbs.diare,
        demam=mtbs.demam,
        telinga=mtbs.telinga,
        gizi=mtbs.gizi,
        ikterus=mtbs.ikterus,
    )
    return replace(
        mtbs,
        umurBulan=umur_bulan,
        napasCepat=None if hasil.napas is None else anak.cepat,
        usulan=usulkan(anak),
        penanda=tandai(hasil, umur_bulan),
    )
