"""SkriningVisual: the quick look at a patient who enters (domain §1.C C1, §2.1 row 10).

It comes before any routing (BR-C1). Who is in danger is treated at once and waits in no queue
(BR-C2).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

Bantuan = Literal["kursi-roda", "penolong", "brankar", "lainnya"]
Triase = Literal["merah", "kuning", "hijau", "hitam"]
BR_C1: Final = "BR-C1"
BR_C2: Final = "BR-C2"


@dokumen
class SkriningVisual(Dokumen):
    """Skrining visual."""

    pasien: str = bidang("Pasien", "§2.1/10", rujuk="pasien", contoh="karto", cari=True)
    kunjungan: str = bidang(
        "Kunjungan", "§2.1/10", rujuk="kunjungan", contoh="kunjungan-karto", cari=True
    )
    gawatDarurat: bool = bidang("Gawat darurat", "§1.C C1", contoh=False)
    oleh: str = bidang("Petugas", "§2.1/10", rujuk="petugas-kesehatan", contoh="perawat-triase")
    waktu: datetime = bidang("Waktu", "§2.1/10", contoh="2024-05-13T07:40:00+07:00", terjadi=True)
    bantuan: tuple[Bantuan, ...] = bidang(
        "Bantuan yang dibutuhkan",
        "§1.C C1",
        default=(),
        kode="bantuan-pasien",
        contoh=["kursi-roda"],
    )
    triase: Triase | None = bidang(
        "Triase", "§2.1/10", default=None, kode="triase", contoh="hijau", cari=True
    )
    catatan: str | None = bidang("Catatan", "§1.C C1", default=None)


def periksa(skrining: SkriningVisual) -> Iterator[Teguran]:
    """Find what one screening can get wrong."""
    merah = skrining.triase == "merah"
    if skrining.triase not in {None, "hitam"} and merah != skrining.gawatDarurat:
        yield Teguran(
            "triase",
            f"{skrining.triase}, padahal {'' if skrining.gawatDarurat else 'tidak '}gawat darurat.",
            "merah bila gawat darurat; kuning atau hijau bila tidak.",
            BR_C1,
            english="BR-C1: triage is red (merah) exactly when the screening says emergency.",
        )


def belum_diskrining() -> Teguran:
    """Word BR-C1: a visit is routed that nobody has looked at."""
    return Teguran(
        "rute",
        "kunjungan ini belum mempunyai skrining visual sehingga belum dapat diarahkan.",
        "catat skrining visual lebih dahulu.",
        BR_C1,
        jenis="keadaan",
        english="BR-C1: this visit has no visual screening yet and cannot be routed. Record a "
        "SkriningVisual (Observation skrining-visual) for it first.",
    )


def darurat_tidak_menunggu(salah: str, english: str) -> Teguran:
    """Word BR-C2: an emergency that is made to wait or is routed like any other visit."""
    return Teguran(
        "kelas",
        f"pasien gawat darurat {salah}.",
        "kelas EMER di UGD, dilayani seketika, tanpa antrean dan tanpa rute lain.",
        BR_C2,
        english=f"BR-C2: an emergency {english}; it is class EMER in the UGD, in progress at "
        "once, without queue and without another route.",
    )
