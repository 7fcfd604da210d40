"""TindakLanjut: field work given to Pustu, cadres or a midwife (domain §1.C C12, §2.1 row 35).

A home visit, a Posyandu or a Pustu activity that was planned, asked for by the PWS, by a doctor's
advice or by a hospital's back-referral. What came of it is ``hasil``; only ``selesai`` counts as
done.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Jenis = Literal["kunjungan-rumah", "posyandu", "kegiatan-pustu"]
Asal = Literal["rutin", "pws", "advis", "rujuk-balik"]
Hasil = Literal["selesai", "tidak-bertemu", "ditolak", "pindah", "meninggal"]
Status = Literal[
    "diminta", "diterima", "dikerjakan", "selesai", "gagal", "ditolak", "batal", "salah-entri"
]
C12: Final = "domain §1.C C12"
BERAKHIR: Final = ("selesai", "gagal", "ditolak", "batal")
PEMBERI, PELAKSANA = ("puskesmas",), ("pustu, kader atau petugas pelaksana",)

ALUR_TINDAK_LANJUT: Final = Alur(
    nama="tindak-lanjut",
    benda="tindak lanjut",
    thing="follow-up task",
    aturan=C12,
    keadaan={
        "diminta": Keadaan(("diterima", "ditolak", "batal"), PEMBERI, "requested"),
        "diterima": Keadaan(("dikerjakan", "batal"), PELAKSANA, "accepted"),
        "dikerjakan": Keadaan(("selesai", "gagal", "batal"), PELAKSANA, "in-progress"),
        "selesai": Keadaan((), PELAKSANA, "completed"),
        "gagal": Keadaan((), PELAKSANA, "failed"),
        "ditolak": Keadaan((), PELAKSANA, "rejected"),
        "batal": Keadaan((), PEMBERI, "cancelled"),
        "salah-entri": Keadaan((), PEMBERI, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class TindakLanjut(Dokumen):
    """Tugas tindak lanjut: kunjungan rumah, posyandu atau kegiatan pustu."""

    faskes: str = bidang(
        "Puskesmas pemberi tugas", "§1.C C12", rujuk="faskes", contoh="pkm-todanan"
    )
    nomor: str = bidang("Nomor tugas", "§2.1/35", contoh="TL-2024-0031", cari=True)
    jenis: Jenis = bidang(
        "Jenis kegiatan", "§2.1/35", kode="jenis-tugas", contoh="kunjungan-rumah", cari=True
    )
    asal: Asal = bidang("Asal tugas", "§2.1/35", kode="asal-tindak-lanjut", contoh="pws")
    petugas: str = bidang(
        "Pelaksana: pustu, tim kader atau petugas",
        "§2.1/35",
        pola=pihak.POLA,
        contoh="faskes/pustu-sidorejo",
        cari=True,
    )
    jadwal: date = bidang("Tanggal pelaksanaan", "§2.1/35", contoh="2024-07-10")
    waktu: datetime = bidang(
        "Waktu ditugaskan", "§2.1/35", contoh="2024-07-05T09:00:00+07:00", terjadi=True
    )
    uraian: str = bidang(
        "Yang harus dikerjakan", "§1.C C12", contoh="Kunjungi ibu hamil yang belum K1"
    )
    batas: date | None = bidang("Paling lambat; kosong: pada jadwal", "§2.1/35", default=None)
    pasien: str | None = bidang(
        "Pasien", "§1.C C12", default=None, rujuk="pasien", contoh="siti", cari=True
    )
    kelompok: str | None = bidang(
        "Kelompok sasaran (Group)", "§1.C C12", default=None, rujuk="kelompok"
    )
    lokasi: str | None = bidang(
        "Desa atau tempat", "§1.C C12", default=None, rujuk="lokasi", contoh="desa-9902012001"
    )
    rencana: str | None = bidang(
        "Rencana tindak lanjut PWS", "§1.C C11b", default=None, rujuk="rencana"
    )
    permintaan: str | None = bidang(
        "Permintaan asal (advis, rujuk balik)", "§2.1/35", default=None, rujuk="permintaan"
    )
    laporan: tuple[str, ...] = bidang(
        "Laporan PWS yang mendasari", "§1.C C12", default=(), rujuk="laporan-pws"
    )
    analisis: str | None = bidang(
        "Analisis PWS yang mendasari", "§1.C C11b", default=None, rujuk="analisis-pws"
    )
    status: Status = bidang(
        "Status",
        "§1.C C12",
        default="diminta",
        kode="status-tindak-lanjut",
        contoh="diminta",
        cari=True,
    )
    alasan: str | None = bidang(
        "Alasan ditolak, batal atau gagal", "§1.C C12", default=None, contoh="Pasien pindah"
    )
    hasil: Hasil | None = bidang(
        "Hasil", "§2.1/35", default=None, kode="hasil-tindak-lanjut", contoh="selesai"
    )
    mulai: datetime | None = bidang("Mulai dikerjakan", "§1.C C12", default=None, terjadi=True)
    selesai: datetime | None = bidang("Selesai", "§1.C C12", default=None, terjadi=True)
    catatan: str | None = bidang("Catatan", "§2.1/35", default=None)
    pelaksanaan: tuple[str, ...] = bidang(
        "Kunjungan yang dilakukan", "§1.C C12", default=(), rujuk="kunjungan", server=True
    )
    evaluasi: tuple[str, ...] = bidang(
        "Evaluasi", "§1.C C13", default=(), rujuk="evaluasi-kegiatan", server=True
    )


def periksa(tugas: TindakLanjut) -> Iterator[Teguran]:
    """Find what one task can get wrong."""
    if (tugas.pasien is None) == (tugas.kelompok is None):
        yield Teguran("pasien", "harus salah satu.", "pasien, atau kelompok sasaran.", C12)
    if tugas.batas is not None and tugas.batas < tugas.jadwal:
        yield Teguran("batas", "lebih awal daripada jadwal.", f"{tugas.jadwal} atau sesudahnya.")
    if tugas.asal == "pws" and not (tugas.laporan or tugas.analisis or tugas.rencana):
        yield Teguran(
            "laporan", "tugas dari PWS tanpa dasar.", "laporan, analisis atau rencana PWS.", C12
        )
    if tugas.status in {"ditolak", "batal"} and not tugas.alasan:
        yield Teguran("alasan", f"kosong pada tugas yang {tugas.status}.", "alasannya.", C12)
    if tugas.mulai is not None and tugas.selesai is not None and tugas.selesai < tugas.mulai:
        yield Teguran(
            "selesai", "lebih awal daripada mulai.", f"{tugas.mulai} atau sesudahnya.", C12
        )
    if (teguran := hasil_sesuai(tugas.status, tugas.hasil)) is not None:
        yield teguran


def hasil_sesuai(status: str | None, hasil: str | None) -> Teguran | None:
    """Judge that a closed task says what came of it, and that only ``selesai`` closes it well."""
    diharapkan = {
        "selesai": ("selesai",),
        "gagal": ("tidak-bertemu", "ditolak", "pindah", "meninggal"),
    }
    boleh = diharapkan.get(status or "")
    if (boleh is None and hasil is None) or (boleh is not None and hasil in boleh):
        return None
    return Teguran(
        "hasil",
        f"tugas berstatus {status} dengan hasil {hasil or 'kosong'}.",
        f"salah satu dari: {', '.join(boleh)}." if boleh else "kosong sampai tugas selesai.",
        C12,
        english=f"C12: a follow-up task that is {status} has the result {hasil or 'none'}; "
        f"right: {', '.join(boleh) if boleh else 'none until it is closed'}.",
    )


def periksa_perubahan(lama: Mapping[str, Any], baru: TindakLanjut) -> Iterator[Teguran]:
    """Find which changes the course of a task forbids."""
    if (
        salah := ALUR_TINDAK_LANJUT.pindah(lama.get("status"), baru.status, baru.nomor)
    ) is not None:
        yield salah
