"""PersetujuanAdvis: the second pair of eyes on an advice (domain §1.D D7, §2.1 row 29, §4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.advis import BR_D7
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Keputusan = Literal["disetujui", "ditolak"]
PENYETUJU = ("dokter penanggung jawab",)
ALUR_PERSETUJUAN: Final = Alur(
    nama="persetujuan-advis",
    benda="persetujuan advis kasus",
    thing="approval of the advice of case",
    aturan=BR_D7,
    keadaan={
        "diminta": Keadaan(
            ("disetujui", "ditolak", "dibatalkan"), ("dokter penulis",), "requested"
        ),
        "disetujui": Keadaan((), PENYETUJU, "completed"),
        "ditolak": Keadaan((), PENYETUJU, "rejected"),
        "dibatalkan": Keadaan((), ("operator",), "cancelled"),
    },
    bidang="keputusan",
)
"""A decision stands; after ``ditolak`` a new advice asks for a new approval."""


@dokumen
class PersetujuanAdvis(Dokumen):
    """Persetujuan advis."""

    advis: str = bidang("Advis", "§2.1/29", rujuk="advis", contoh="advis-s2", cari=True)
    kasus: str = bidang("Kasus", "§4.4", rujuk="kasus-konsultasi", contoh="kasus-s2", cari=True)
    noKasus: str = bidang("Nomor kasus", "§2.1/26", contoh="LGK-2021-0712-001", cari=True)
    pasien: str = bidang("Pasien", "§4.4", rujuk="pasien", contoh="bambang", cari=True)
    peminta: str = bidang(
        "Dokter penulis advis", "§1.D D7", rujuk="petugas", contoh="dokter-relawan-1"
    )
    penyetuju: str = bidang(
        "Dokter penanggung jawab", "§1.D D7", rujuk="petugas", contoh="dokter-pj", cari=True
    )
    diminta: datetime = bidang(
        "Waktu diminta", "§4.3", contoh="2021-07-12T08:07:40+07:00", cari=True, terjadi=True
    )
    keputusan: Keputusan | None = bidang(
        "Keputusan; kosong: belum diputuskan",
        "§2.1/29",
        default=None,
        kode="keputusan",
        contoh="disetujui",
    )
    waktu: datetime | None = bidang(
        "Waktu keputusan", "§2.1/29", default=None, contoh="2021-07-12T08:29:05+07:00", terjadi=True
    )
    alasan: str | None = bidang("Alasan", "§2.1/29", default=None)


def periksa(persetujuan: PersetujuanAdvis) -> Iterator[Teguran]:
    """Find what one approval can get wrong."""
    if salah := penyetuju_bukan_penulis(persetujuan.penyetuju == persetujuan.peminta):
        yield salah
    if (persetujuan.keputusan is None) != (persetujuan.waktu is None):
        yield Teguran("waktu", "tidak cocok dengan keputusan.", "keduanya, atau tidak keduanya.")
    if persetujuan.waktu is not None and persetujuan.waktu < persetujuan.diminta:
        yield Teguran("waktu", "sebelum diminta.", "sesudah diminta.")
    if persetujuan.keputusan == "ditolak" and not persetujuan.alasan:
        yield Teguran("alasan", "ditolak tanpa alasan.", "alasan penolakan.", BR_D7)


def periksa_perubahan(lama: Mapping[str, Any], baru: PersetujuanAdvis) -> Iterator[Teguran]:
    """Find which changes an approval forbids: a decision stands, a new cycle is a new document."""
    dulu, kini = lama.get("keputusan") or "diminta", baru.keputusan or "diminta"
    if salah := ALUR_PERSETUJUAN.pindah(dulu, kini, baru.noKasus):
        yield salah


def penyetuju_bukan_penulis(sama: bool) -> Teguran | None:  # noqa: FBT001 - the one fact
    """Judge BR-D7: who wrote an advice does not approve it."""
    if not sama:
        return None
    return Teguran(
        "penyetuju",
        "penulis advis tidak menyetujui advisnya sendiri.",
        "dokter penanggung jawab lain.",
        BR_D7,
        english="BR-D7: the author of an advice cannot approve it; another doctor must.",
    )


def oleh_peran(peran: set[str], wajib: str) -> Teguran | None:
    """Judge BR-D7: only the role that the clinic set decides; an unknown role is not judged."""
    if not peran or wajib in peran:
        return None
    return Teguran(
        "penyetuju",
        f"peran {', '.join(sorted(peran))} tidak memutuskan advis.",
        f"peran {wajib}.",
        BR_D7,
        english=f"BR-D7: an advice is decided by the role {wajib}, not by "
        f"{', '.join(sorted(peran))}.",
    )


def keputusan_sesuai(disetujui: bool, tertulis: Collection[str]) -> Teguran | None:  # noqa: FBT001
    """Judge BR-D7: the decision that is written is the one that the status carries out."""
    benar = "disetujui" if disetujui else "ditolak"
    if set(tertulis) <= {benar}:
        return None
    return Teguran(
        "keputusan",
        f"{', '.join(tertulis)} tidak cocok dengan status tugas.",
        f"{benar}.",
        BR_D7,
        english=f"BR-D7: the decision written is {', '.join(tertulis)}, the Task's status says "
        f"{benar}.",
    )
