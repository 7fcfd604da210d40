"""Pendampingan: one visit of a student to the mother she accompanies (domain §1.E E6, row 33).

A student who finds a danger sign does not wait for the report: the bidan is called within the same
visit (BR-E3).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kehamilan import usia_hamil
from fhir_server.sop.pemeriksaan_anc import Topik
from fhir_server.sop.tanda_bahaya import KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

StatusPendampingan = Literal["berlangsung", "selesai", "salah-entri"]
BR_E3: Final = "BR-E3"
E6: Final = "domain §1.E E6"
MAHASISWA: Final = ("mahasiswa",)
ALUR_PENDAMPINGAN: Final = Alur(
    nama="pendampingan",
    benda="pendampingan",
    thing="accompaniment",
    aturan=E6,
    keadaan={
        "berlangsung": Keadaan(("selesai",), MAHASISWA, "in progress"),
        "selesai": Keadaan((), MAHASISWA, "finished"),
        "salah-entri": Keadaan((), ("petugas",), "entered in error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class Pendampingan(Dokumen):
    """Satu pendampingan ibu hamil di rumah, dengan catatannya."""

    faskes: str = bidang("Puskesmas", "§2.1/33", rujuk="faskes", contoh="pkm-osoc", cari=True)
    nomor: str = bidang("Nomor", "§2.1/33", contoh="OSOC-2019-001", cari=True)
    mahasiswa: str = bidang(
        "Mahasiswa", "§2.1/33", rujuk="petugas-kesehatan", contoh="putri", cari=True
    )
    pasien: str = bidang("Klien", "§2.1/33", rujuk="pasien", contoh="nur", cari=True)
    mulai: datetime = bidang("Mulai", "§2.1/33", contoh="2019-10-07T09:00:00+07:00", cari=True)
    selesai: datetime | None = bidang(
        "Selesai; kosong selama berlangsung",
        "§2.1/33",
        default=None,
        contoh="2019-10-07T10:00:00+07:00",
    )
    noBukuKIA: str | None = bidang("Nomor Buku KIA", "§1.E", default=None, contoh="3510-19-0042")
    temuan: str | None = bidang(
        "Temuan", "§2.1/33", default=None, contoh="Ibu teratur minum tablet tambah darah"
    )
    konseling: tuple[Topik, ...] = bidang(
        "Konseling yang diberikan",
        "§2.1/33",
        default=(),
        kode="topik-konseling",
        contoh=["tanda-bahaya", "imd-asi"],
    )
    tandaBahaya: tuple[KodeTanda, ...] = bidang(
        "Tanda bahaya yang ditemukan; kosong: disaring, tidak ada",
        "BR-E3",
        default=(),
        kode="tanda-bahaya",
        contoh=["bengkak"],
    )
    rencana: str | None = bidang("Rencana", "§2.1/33", default=None, contoh="ANC 14 Oktober")
    usiaKehamilan: str | None = bidang(
        "Usia kehamilan", "§2.1/20", default=None, contoh="25w5d", server=True
    )
    durasi: int | None = bidang("Lama (menit)", "§2.1/33", default=None, contoh=60, server=True)
    status: StatusPendampingan = bidang(
        "Status", "§2.1/33", default="berlangsung", kode="status-pendampingan", contoh="selesai"
    )


def periksa(kunjungan: Pendampingan) -> Iterator[Teguran]:
    """Find what one visit can get wrong."""
    if kunjungan.selesai is not None and kunjungan.selesai < kunjungan.mulai:
        yield Teguran("selesai", "lebih awal daripada mulai.", f"sesudah {kunjungan.mulai}.")
    if (kunjungan.status == "selesai") and kunjungan.selesai is None:
        yield Teguran("selesai", "kosong pada pendampingan selesai.", "waktu selesai.", E6)
    if kunjungan.status == "berlangsung" and kunjungan.selesai is not None:
        yield Teguran("status", "berlangsung, padahal ada waktu selesai.", "selesai.", E6)
    if kunjungan.status == "selesai" and not (kunjungan.temuan or kunjungan.konseling):
        yield Teguran("temuan", "kosong pada pendampingan selesai.", "temuan atau konseling.", E6)


def periksa_perubahan(lama: Mapping[str, Any], baru: Pendampingan) -> Iterator[Teguran]:
    """Find which changes a visit forbids."""
    if salah := ALUR_PENDAMPINGAN.pindah(lama.get("status"), baru.status, baru.nomor):
        yield salah


def lengkap(kunjungan: Pendampingan, hpht: date | None) -> Pendampingan:
    """Fill how long it took, and how far the pregnancy is."""
    minutes, day = menit(kunjungan.mulai, kunjungan.selesai), kunjungan.mulai.date()
    age = str(usia_hamil(hpht, day)) if hpht is not None and hpht <= day else None
    return replace(kunjungan, durasi=minutes, usiaKehamilan=age or kunjungan.usiaKehamilan)


def menit(mulai: datetime, selesai: datetime | None) -> int | None:
    """Give the whole minutes of a visit."""
    return None if selesai is None else (selesai - mulai) // timedelta(minutes=1)


def belum_siap(*, ditugaskan: bool, berkualifikasi: bool) -> Teguran | None:
    """Judge E6: whoever accompanies is assigned to this client and has shown her qualification."""
    if ditugaskan and berkualifikasi:
        return None
    if not ditugaskan:
        return Teguran(
            "mahasiswa",
            "tidak ditugaskan mendampingi klien ini pada hari itu.",
            "penugasan (CareTeam) yang memuat hari kunjungan.",
            "BR-E1",
            english="BR-E1: on that day this student is not assigned to this client. Right is an "
            "assignment (CareTeam) whose period contains the day of the visit.",
        )
    return Teguran(
        "mahasiswa",
        "belum punya kualifikasi.",
        "bukti pelatihan di Practitioner.qualification sebelum pendampingan pertama.",
        E6,
        english="E6: the student has no qualification yet. Right is evidence of training in "
        "Practitioner.qualification before the first visit.",
    )
