"""Kunjungan: a visit from the ticket until the patient goes home (domain §2.1 row 9, §1.B)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import ruang_bersalin
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.unit import Klaster, Penjamin, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Kelas = Literal["AMB", "EMER", "IMP", "HH", "VR", "FLD"]
Status = Literal[
    "direncanakan",
    "tiba",
    "ditriase",
    "dilayani",
    "keluar-sementara",
    "selesai",
    "batal",
    "salah-entri",
]
Prioritas = Literal["gawat-darurat", "segera", "rutin"]
CaraPulang = Literal["pulang", "pulang-paksa", "dirujuk", "meninggal", "lainnya"]

ALUR = "alur kunjungan (domain §1.B)"
PETUGAS, LOKET = ("petugas unit",), ("pendaftaran",)
ALUR_KUNJUNGAN: Final = Alur(
    nama="kunjungan",
    benda="kunjungan",
    thing="visit",
    aturan=ALUR,
    keadaan={
        "direncanakan": Keadaan(("tiba", "batal"), LOKET, "planned"),
        "tiba": Keadaan(("ditriase", "dilayani", "batal"), LOKET, "arrived"),
        "ditriase": Keadaan(("dilayani", "batal"), ("petugas skrining",), "triaged"),
        "dilayani": Keadaan(("keluar-sementara", "selesai", "batal"), PETUGAS, "in-progress"),
        "keluar-sementara": Keadaan(("dilayani", "selesai", "batal"), PETUGAS, "onleave"),
        "selesai": Keadaan((), PETUGAS, "finished"),
        "batal": Keadaan((), (*LOKET, *PETUGAS), "cancelled"),
        "salah-entri": Keadaan((), (*LOKET, *PETUGAS), "entered-in-error"),
    },
    selalu=("salah-entri",),
)
BERIKUT: Final = ALUR_KUNJUNGAN.berikut
INGGRIS: Final = {nama: each.english for nama, each in ALUR_KUNJUNGAN.keadaan.items()}
BERAKHIR = ("selesai", "batal")
MILIK: Final = {
    **dict.fromkeys(("kia", "anak-mtbs", "kb", "imunisasi", "persalinan"), "klaster-2"),
    **dict.fromkeys(("umum-dewasa", "lansia"), "klaster-3"),
}
"""Unit → its cluster; the other units serve several."""


@dokumen
class RiwayatStatus:
    """Satu keadaan kunjungan dan kapan berlaku."""

    status: Status = bidang("Status", "§1.B")
    mulai: datetime = bidang("Sejak", "§1.B")
    selesai: datetime | None = bidang("Sampai", "§1.B", default=None)


@dokumen
class RiwayatLokasi:
    """Satu tempat pasien berada selama kunjungan."""

    lokasi: str = bidang("Lokasi", "§1.B B5", rujuk="lokasi")
    mulai: datetime | None = bidang("Sejak", "§1.B B5", default=None)
    selesai: datetime | None = bidang("Sampai", "§1.B B5", default=None)


@dokumen
class PerhentianRute:
    """Satu perhentian pada rute kunjungan."""

    unit: Unit = bidang("Unit", "§1.C C3", kode="unit-layanan")
    klaster: Klaster = bidang("Klaster", "§1.C C3", kode="klaster")
    ruangInfeksi: bool = bidang("Di ruang infeksi", "§1.C C5", default=False)
    alasan: str | None = bidang("Alasan", "§1.C C3", default=None)


@dokumen
class LayananTertunda:
    """Satu layanan yang belum diselesaikan pada kunjungan ini."""

    layanan: str = bidang("Layanan", "§1.C C4b", kode="unit-layanan")
    janji: str | None = bidang("Janji layanan", "BR-C4", default=None, rujuk="janji-layanan")


@dokumen
class Kunjungan(Dokumen):
    """Kunjungan pasien."""

    faskes: str = bidang("Puskesmas", "§2.1/9", rujuk="faskes", contoh="pkm-dharma-rini", cari=True)
    noReg: str = bidang("Nomor registrasi", "§2.1/9", contoh="RG-20240402-0031", cari=True)
    pasien: str = bidang("Pasien", "§2.1/9", rujuk="pasien", contoh="siti", cari=True)
    kelas: Kelas = bidang("Kelas kunjungan", "§2.1/9", contoh="AMB", cari=True)
    unit: Unit = bidang(
        "Unit tujuan", "§2.1/9, BR-B3", kode="unit-layanan", contoh="kia", cari=True
    )
    klaster: Klaster = bidang("Klaster", "§2.1/9", kode="klaster", contoh="klaster-2", cari=True)
    mulai: datetime = bidang(
        "Mulai (mengambil nomor)",
        "§2.1/9",
        contoh="2024-04-02T07:45:00+07:00",
        cari=True,
        terjadi=("direncanakan",),
    )
    status: Status = bidang("Status", "§1.B", contoh="tiba", cari=True)
    statusSejak: datetime | None = bidang(
        "Sejak kapan status ini; kosong: sekarang", "§1.B", default=None, terjadi=("direncanakan",)
    )
    selesai: datetime | None = bidang("Selesai (pulang)", "§2.1/9", default=None, terjadi=True)
    antrean: str | None = bidang("Antrean", "§2.1/9", default=None, rujuk="antrean", cari=True)
    episode: str | None = bidang("Episode perawatan", "§2.1/9", default=None, cari=True)
    kodeKontak: str | None = bidang(
        "Kode kontak ANC (K1A, K1M, K2 … K6)",
        "§2.1/9",
        default=None,
        pola=r"K1[AM]|K[2-6]",
        contoh="K1M",
    )
    kodeNifas: str | None = bidang(
        "Kode kunjungan nifas (KF1 … KF4)", "§2.1/9", default=None, pola=r"KF[1-4]", contoh="KF1"
    )
    kodeNeonatal: str | None = bidang(
        "Kode kunjungan neonatal (KN1 … KN3)", "§2.1/9", default=None, pola=r"KN[1-3]", contoh="KN1"
    )
    prioritas: Prioritas | None = bidang(
        "Prioritas; bersalin: gawat-darurat atau segera", "BR-B13", default=None, contoh="rutin"
    )
    petugas: str | None = bidang(
        "Petugas penanggung jawab", "§2.1/9", default=None, rujuk="petugas-kesehatan"
    )
    lokasi: str | None = bidang(
        "Lokasi sekarang", "§1.B B5", default=None, rujuk="lokasi", cari=True
    )
    caraBayar: Penjamin | None = bidang("Cara bayar", "§2.1/9", default=None, kode="jenis-penjamin")
    caraPulang: CaraPulang | None = bidang("Cara pulang", "§2.1/9", default=None)
    diagnosis: tuple[str, ...] = bidang("Diagnosis (id)", "§2.1/9", default=())
    alasanBatal: str | None = bidang("Alasan batal", "§1.B", default=None)
    riwayatStatus: tuple[RiwayatStatus, ...] = bidang(
        "Riwayat status", "§1.B", default=(), server=True
    )
    riwayatLokasi: tuple[RiwayatLokasi, ...] = bidang(
        "Riwayat lokasi", "§1.B B5", default=(), server=True
    )
    rute: tuple[PerhentianRute, ...] = bidang(
        "Rute yang diterapkan", "§1.C C3", default=(), server=True
    )
    layananTertunda: tuple[LayananTertunda, ...] = bidang(
        "Layanan tertunda", "§1.C C4b", default=(), server=True
    )


def periksa(kunjungan: Kunjungan) -> Iterator[Teguran]:
    """Find what one visit can get wrong."""
    if kunjungan.selesai is not None and kunjungan.selesai < kunjungan.mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {kunjungan.mulai}.")
    if kunjungan.selesai is not None and kunjungan.status not in (*BERAKHIR, "salah-entri"):
        yield Teguran(
            "selesai",
            f"status masih {kunjungan.status}.",
            "kosong selama kunjungan berjalan.",
            ALUR,
        )
    if (milik := MILIK.get(kunjungan.unit, kunjungan.klaster)) != kunjungan.klaster:
        yield Teguran(
            "klaster",
            f"{kunjungan.klaster}, padahal unit {kunjungan.unit} milik {milik}.",
            f"{milik}; laporan beban penyakit menghitung menurut klaster.",
            "domain §1.C C3",
            jenis="peringatan",
        )
    yield from ruang_bersalin.langsung(
        kunjungan.unit, kunjungan.kelas, kunjungan.prioritas, antrean=kunjungan.antrean is not None
    )
    if kunjungan.status == "batal" and not kunjungan.alasanBatal:
        yield Teguran("alasanBatal", "kosong.", "mengapa kunjungan dibatalkan.", ALUR)
    if kunjungan.statusSejak is not None and kunjungan.statusSejak < kunjungan.mulai:
        yield Teguran("statusSejak", "lebih awal daripada mulai.", f"sesudah {kunjungan.mulai}.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Kunjungan) -> Iterable[Teguran]:
    """Find changes that the course of a visit does not allow."""
    if salah := ALUR_KUNJUNGAN.pindah(lama.get("status"), baru.status):
        yield salah
    if lama.get("pasien") not in (None, baru.pasien):
        yield Teguran(
            "pasien",
            "kunjungan tidak boleh pindah ke pasien lain.",
            "batalkan kunjungan ini, buat yang baru.",
            ALUR,
            jenis="keadaan",
        )
    riwayat = lama.get("riwayatStatus") or ()
    if baru.status != lama.get("status") and baru.statusSejak is not None and riwayat:
        akhir = riwayat[-1].mulai
        if baru.statusSejak < akhir:
            yield Teguran(
                "statusSejak", f"lebih awal daripada status sebelumnya ({akhir}).", "sesudahnya."
            )


def lanjutkan(
    riwayat: tuple[RiwayatStatus, ...], status: Status, sejak: datetime
) -> tuple[RiwayatStatus, ...]:
    """Close the last state of a history and open the next one."""
    if not riwayat:
        return (RiwayatStatus(status=status, mulai=sejak),)
    *dulu, akhir = riwayat
    tutup = RiwayatStatus(status=akhir.status, mulai=akhir.mulai, selesai=akhir.selesai or sejak)
    return (*dulu, tutup, RiwayatStatus(status=status, mulai=sejak))


def pindahkan(
    riwayat: tuple[RiwayatLokasi, ...], lokasi: str | None, sejak: datetime
) -> tuple[RiwayatLokasi, ...]:
    """Close the place where the patient was and open the one where the patient is."""
    tutup = tuple(
        each
        if each.selesai is not None
        else RiwayatLokasi(lokasi=each.lokasi, mulai=each.mulai, selesai=sejak)
        for each in riwayat
    )
    return tutup if lokasi is None else (*tutup, RiwayatLokasi(lokasi=lokasi, mulai=sejak))
