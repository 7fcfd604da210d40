"""PenugasanMahasiswa: one student accompanies one mother for a while (domain §1.E, BR-E1, BR-E2).

The assignment is also what lets the student read: that mother's record and no other's, while both
the assignment and the student's role are in their period.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusPenugasan = Literal["aktif", "selesai", "salah-entri"]
BR_E1: Final = "BR-E1"
BIDAN: Final = ("bidan koordinator",)
ALUR_PENUGASAN: Final = Alur(
    nama="penugasan-mahasiswa",
    benda="penugasan",
    thing="assignment",
    aturan="domain §1.E",
    keadaan={
        "aktif": Keadaan(("selesai",), BIDAN, "active"),
        "selesai": Keadaan((), BIDAN, "ended"),
        "salah-entri": Keadaan((), BIDAN, "entered in error"),
    },
    awal=("aktif",),
    selalu=("salah-entri",),
)


@dokumen
class PenugasanMahasiswa(Dokumen):
    """Penugasan satu mahasiswa pada satu ibu hamil."""

    faskes: str = bidang("Puskesmas", "§1.E E4b", rujuk="faskes", contoh="pkm-osoc")
    mahasiswa: str = bidang(
        "Mahasiswa", "§1.E", rujuk="petugas-kesehatan", contoh="putri", cari=True
    )
    pasien: str = bidang("Ibu yang didampingi", "§1.E", rujuk="pasien", contoh="nur", cari=True)
    bidan: str = bidang(
        "Bidan penanggung jawab", "BR-E3", rujuk="petugas-kesehatan", contoh="bidan-ayu"
    )
    mulai: date = bidang(
        "Mulai; sejak hari ini mahasiswa boleh membaca", "BR-E2", contoh="2019-10-01"
    )
    sampai: date | None = bidang("Sampai", "BR-E2", default=None, contoh="2019-12-31")
    status: StatusPenugasan = bidang(
        "Status", "§1.E", default="aktif", kode="status-penugasan", contoh="aktif", cari=True
    )


def periksa(penugasan: PenugasanMahasiswa) -> Iterator[Teguran]:
    """Find what one assignment can get wrong."""
    if penugasan.sampai is not None and penugasan.sampai < penugasan.mulai:
        yield Teguran("sampai", "lebih awal daripada mulai.", f"{penugasan.mulai} atau sesudahnya.")
    if penugasan.status == "selesai" and penugasan.sampai is None:
        yield Teguran("sampai", "kosong pada penugasan selesai.", "hari terakhir.")


def periksa_perubahan(lama: Mapping[str, Any], baru: PenugasanMahasiswa) -> Iterator[Teguran]:
    """Find which changes an assignment forbids."""
    if salah := ALUR_PENUGASAN.pindah(lama.get("status"), baru.status):
        yield salah
    for nama in ("mahasiswa", "pasien"):
        if lama.get(nama) not in (None, getattr(baru, nama)):
            yield Teguran(
                nama, "berubah.", "akhiri penugasan ini, lalu buat yang baru.", jenis="keadaan"
            )


def satu_satu() -> Teguran:
    """Word BR-E1; which other assignment there is, is not for everybody to know."""
    return Teguran(
        "mahasiswa",
        "mahasiswa ini sudah mendampingi klien lain, atau klien ini sudah didampingi.",
        "satu mahasiswa satu klien; akhiri dulu penugasan yang aktif (status selesai).",
        BR_E1,
        english="BR-E1: one student has one active client and a client one active student. End "
        "the active assignment first (CareTeam.status inactive).",
    )


def tepat_berdua(mahasiswa: int, *, klien: bool) -> Teguran | None:
    """Judge BR-E1: an assignment names one student by role, and one mother."""
    if mahasiswa == 1 and klien:
        return None
    return Teguran(
        "mahasiswa",
        f"penugasan menyebut {mahasiswa} mahasiswa{'' if klien else ' dan tidak ada klien'}.",
        "tepat satu mahasiswa (PractitionerRole) dan satu klien (Patient).",
        BR_E1,
        english="BR-E1: an assignment has as subject one Patient and as participant one "
        "PractitionerRole with the role mahasiswa.",
    )


def bukan_mahasiswa(alasan: str, english: str) -> Teguran:
    """Word BR-E1: whoever accompanies is a student, in a role that covers the assignment."""
    return Teguran(
        "mahasiswa",
        alasan,
        "PractitionerRole dengan peran mahasiswa yang berlaku selama penugasan.",
        BR_E1,
        english=f"BR-E1: {english} Right is a PractitionerRole with the code mahasiswa whose "
        "period covers the assignment.",
    )
