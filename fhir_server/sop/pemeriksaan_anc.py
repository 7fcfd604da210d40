"""PemeriksaanANC: one antenatal examination, mother and fetus, 10T (domain §2.1 rows 11 and 20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop import ambang
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.hasil_ukur import HasilUkur, PenandaUkur, periksa_ukur, tandai
from fhir_server.sop.kehamilan import trimester, usia_hamil
from fhir_server.sop.sepuluh_t import ButirT, FaktaT, nilai_t
from fhir_server.sop.tanda_vital import StatusUkur

if TYPE_CHECKING:
    from collections.abc import Iterator

Presentasi = Literal["kepala", "sungsang", "lintang"]
KepalaPap = Literal["masuk", "belum-masuk"]
StatusTd = Literal["t0", "t1", "t2", "t3", "t4", "t5"]
Topik = Literal["tanda-bahaya", "imd-asi", "phbs", "kb-pascasalin", "gizi", "lainnya"]
BATAS_JANIN: Final = {
    "tfu": (5, 60),
    "djj": (50, 240),
    "tbj": (100, 6000),
    "jumlahJanin": (1, 6),
    "tabletFe": (0, 360),
}
DJJ: Final = (120, 160)


@dokumen
class PemeriksaanANC(Dokumen):
    """Pemeriksaan ANC."""

    pasien: str = bidang("Ibu hamil", "§2.1/11", rujuk="pasien", contoh="siti", cari=True)
    kunjungan: str = bidang("Kunjungan", "§2.1/11", rujuk="kunjungan", contoh="anc-s1", cari=True)
    waktu: datetime = bidang(
        "Waktu pemeriksaan", "§2.1/11", contoh="2024-04-02T08:50:00+07:00", cari=True, terjadi=True
    )
    pemeriksa: str = bidang("Pemeriksa", "§2.1/11", rujuk="petugas-kesehatan", contoh="bidan-kia")
    episode: str | None = bidang(
        "Episode kehamilan; kosong: yang sedang berjalan",
        "§2.1/20",
        default=None,
        rujuk="episode-kehamilan",
        contoh="anc-siti",
    )
    hasil: HasilUkur | None = bidang("Hasil ukur ibu", "§3.4", default=None)
    tfu: Decimal | None = bidang("Tinggi fundus uteri (cm)", "§3.4", default=None, contoh=24)
    djj: int | None = bidang("Denyut jantung janin per menit", "§3.4", default=None, contoh=144)
    presentasi: Presentasi | None = bidang(
        "Presentasi janin", "§3.4", default=None, kode="letak-janin", contoh="kepala"
    )
    kepalaPap: KepalaPap | None = bidang(
        "Kepala terhadap pintu atas panggul",
        "§3.4",
        default=None,
        kode="kepala-pap",
        contoh="belum-masuk",
    )
    tbj: int | None = bidang("Taksiran berat janin (g)", "§3.4", default=None, contoh=1800)
    jumlahJanin: int | None = bidang("Jumlah janin", "§3.4", default=None, contoh=1)
    bengkak: bool | None = bidang(
        "Bengkak pada muka atau tungkai", "§3.2", default=None, contoh=False
    )
    statusTd: StatusTd | None = bidang(
        "Status imunisasi tetanus", "§2.1/20", default=None, kode="status-td", contoh="t5"
    )
    tabletFe: int | None = bidang(
        "Tablet tambah darah yang diberikan", "§2.1/20", default=None, contoh=30
    )
    konseling: tuple[Topik, ...] = bidang(
        "Topik temu wicara", "§3.4", default=(), kode="topik-konseling", contoh=["tanda-bahaya"]
    )
    alasanTanpaKonseling: str | None = bidang("Mengapa tidak ada konseling", "§3.4", default=None)
    keluhan: str | None = bidang("Keluhan", "§2.1/12", default=None, contoh="mual pagi hari")
    tataLaksana: str | None = bidang(
        "Tata laksana", "§2.1/20", default=None, contoh="Fe/folat 1 x 1, kontrol 4 minggu"
    )
    status: StatusUkur = bidang("Status", "§2.1/11", default="akhir", kode="status-hasil-lab")
    usiaMinggu: int | None = bidang(
        "Usia hamil, minggu genap", "§3.4", default=None, contoh=11, server=True
    )
    usiaHari: int | None = bidang(
        "Usia hamil, hari di atas minggu genap", "§3.4", default=None, contoh=1, server=True
    )
    trimester: int | None = bidang("Trimester", "§3.4", default=None, contoh=1, server=True)
    penanda: tuple[PenandaUkur, ...] = bidang(
        "Arti tiap hasil ukur", "§3.4", default=(), server=True
    )
    sepuluhT: tuple[ButirT, ...] = bidang(
        "10T yang sudah waktunya, dilakukan atau belum", "§1.B B8", default=(), server=True
    )


def periksa(anc: PemeriksaanANC) -> Iterator[Teguran]:
    """Find what one examination can get wrong."""
    if anc.hasil is not None:
        yield from periksa_ukur(anc.hasil, "hasil")
        yield from _gawat(anc.hasil)
    for nama, (bawah, atas) in BATAS_JANIN.items():
        nilai = getattr(anc, nama)
        if nilai is not None and not bawah <= nilai <= atas:
            yield Teguran(nama, f"{nilai}.", f"antara {bawah} dan {atas}.", "§3.4")
    if anc.konseling and anc.alasanTanpaKonseling:
        yield Teguran(
            "alasanTanpaKonseling", "konseling diberikan.", "kosong bila konseling diberikan."
        )
    if len(set(anc.konseling)) < len(anc.konseling):
        yield Teguran("konseling", "topik berulang.", "tiap topik sekali.")
    if anc.djj is not None and not DJJ[0] <= anc.djj <= DJJ[1]:
        yield Teguran(
            "djj",
            f"{anc.djj} per menit di luar {DJJ[0]} sampai {DJJ[1]}.",
            "hitung ulang; bila tetap, rujuk.",
            "§3.4",
            jenis="peringatan",
        )


def _gawat(hasil: HasilUkur) -> Iterator[Teguran]:
    """Propose an escalation where a value is an emergency; a bidan or dokter confirms it."""
    ukuran = ambang.Ukuran(
        sistolik=hasil.sistolik,
        diastolik=hasil.diastolik,
        spo2=hasil.spo2,
        suhu=hasil.suhu,
        napas=hasil.napas,
    )
    for temuan in ambang.perlu_eskalasi(ukuran):
        yield Teguran(
            "hasil",
            f"{temuan.alasan}: gawat darurat.",
            "ukur ulang; bila benar, pastikan usulan eskalasi-darurat dan hubungi dokter.",
            "§3.2",
            jenis="peringatan",
        )


def lengkap(
    anc: PemeriksaanANC, hpht: date, umur_bulan: int | None, *, lab: bool
) -> PemeriksaanANC:
    """Count the gestational age, mark the values, and say which of the 10T were done.

    ``lab``: tests were asked for or done at this visit. Raises ValueError before HPHT.
    """
    usia = usia_hamil(hpht, anc.waktu.date())
    hasil = anc.hasil or HasilUkur()
    fakta = FaktaT(
        berat=hasil.berat is not None,
        tekanan_darah=hasil.sistolik is not None,
        lila=hasil.lila is not None,
        fundus=anc.tfu is not None,
        janin=anc.djj is not None,
        status_td=anc.statusTd is not None,
        tablet=bool(anc.tabletFe),
        lab=lab,
        tata_laksana=bool(anc.tataLaksana),
        konseling=bool(anc.konseling),
    )
    return replace(
        anc,
        usiaMinggu=usia.minggu,
        usiaHari=usia.hari,
        trimester=trimester(usia),
        penanda=tandai(hasil, umur_bulan, hamil=True),
        sepuluhT=nilai_t(fakta, usia),
    )
