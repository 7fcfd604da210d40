"""LaporanPemantauanDesa: all that the bidan learnt in her village, for the doctor (domain §1.A A3).

BR-A3: every patient of the village with a contact in the period, kept or missed, is in it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.sla import median

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

HasilKontak = Literal[
    "terjadwal",
    "terlewat",
    "menunggu-jawaban",
    "dijawab",
    "terlambat",
    "keluhan-sendiri",
    "di-luar-jadwal",
]
StatusLaporan = Literal["disusun", "dikirim", "ditinjau", "salah-entri"]
BR_A3: Final = "BR-A3"
TEPAT: Final = ("menunggu-jawaban", "dijawab")
JATUH_TEMPO: Final = ("terjadwal", "terlewat", "terlambat", *TEPAT)
SATU_DESIMAL: Final = Decimal("0.1")


@dokumen
class KontakLaporan:
    """One contact, kept or missed, and what was written."""

    tanggal: date = bidang("Tanggal", "§1.A A1", contoh="2024-08-05")
    hasil: HasilKontak = bidang(
        "Hasil kontak", "§1.A A1", kode="status-kontak", contoh="menunggu-jawaban"
    )
    jadwal: str | None = bidang("Kontak terjadwal", "§2.1/24", default=None, rujuk="jadwal-kontak")
    kasus: str | None = bidang(
        "Kasus pemantauan", "§2.1/26", default=None, rujuk="kasus-pemantauan"
    )
    pesan: tuple[str, ...] = bidang("Pesan", "§2.1/27", default=(), rujuk="pesan-chat")


@dokumen
class BarisLaporan:
    """One patient of the village."""

    pasien: str = bidang("Pasien", "§1.A A3", rujuk="pasien", contoh="endang")
    kontak: tuple[KontakLaporan, ...] = bidang("Kontak dalam masa laporan", "§1.A A3")
    pengamatan: tuple[str, ...] = bidang(
        "Hasil pemeriksaan", "§1.A A3", default=(), rujuk="pengamatan"
    )
    isian: tuple[str, ...] = bidang("Isian pemantauan", "§1.A A1", default=(), rujuk="isian")
    keluhan: tuple[str, ...] = bidang(
        "Keluhan dan diagnosis", "§1.A A2", default=(), rujuk="kondisi"
    )


@dokumen
class LaporanPemantauanDesa(Dokumen):
    """Laporan pemantauan desa."""

    desa: str = bidang(
        "Desa binaan (kode)", "§1.A A3", pola=r"\d{10}", contoh="9902012003", cari=True
    )
    mulai: date = bidang("Masa laporan: hari pertama", "§1.A A3", contoh="2024-08-05", cari=True)
    sampai: date = bidang("Masa laporan: hari terakhir", "§1.A A3", contoh="2024-08-05")
    bidan: str = bidang(
        "Bidan pelapor", "§1.A A3", rujuk="petugas", contoh="bidan-desa-ngelo", cari=True
    )
    dokter: str = bidang("Dokter penerima", "§1.A A3", rujuk="petugas", contoh="dokter-todanan")
    dibuat: datetime = bidang(
        "Waktu dibuat", "§1.A A3", contoh="2024-08-05T12:00:00+07:00", terjadi=True
    )
    faskes: str | None = bidang(
        "Puskesmas", "§1.A A-unit", default=None, rujuk="faskes", contoh="pkm-todanan"
    )
    baris: tuple[BarisLaporan, ...] = bidang(
        "Pasien; kosong: semua yang ada datanya (BR-A3)", "§1.A A3", default=(), server=True
    )
    jatuhTempo: int = bidang("Kontak yang jatuh tempo", "§4.3", default=0, contoh=2, server=True)
    tepatWaktu: int = bidang(
        "Dihubungi pada hari jatuh tempo", "§4.3", default=0, contoh=1, server=True
    )
    terlewat: int = bidang("Kontak yang terlewat", "§1.A A1", default=0, contoh=1, server=True)
    kepatuhan: Decimal | None = bidang(
        "Kepatuhan jadwal (%)", "§4.3", default=None, contoh="50.0", server=True
    )
    menitJawab: Decimal | None = bidang(
        "Waktu jawab pasien: median menit dari pesan bidan sampai jawabannya (informasi)",
        "§4.3",
        default=None,
        contoh="35.0",
        server=True,
    )
    menitTanggap: Decimal | None = bidang(
        "Waktu tanggap: median menit dari pesan pasien sampai ia dijawab klinik (informasi)",
        "§4.3",
        default=None,
        contoh="12.5",
        server=True,
    )
    status: StatusLaporan = bidang(
        "Status", "§1.A A3", default="dikirim", kode="status-laporan", contoh="dikirim", cari=True
    )
    ditinjau: datetime | None = bidang(
        "Waktu ditinjau dokter",
        "§1.A A4",
        default=None,
        contoh="2024-08-05T13:10:00+07:00",
        terjadi=True,
    )
    catatan: str | None = bidang("Catatan bidan", "§1.A A3", default=None)


def periksa(laporan: LaporanPemantauanDesa) -> Iterator[Teguran]:
    """Find what one report can get wrong."""
    if laporan.sampai < laporan.mulai:
        yield Teguran("sampai", f"{laporan.sampai} sebelum mulai.", "hari yang sama atau sesudah.")
    if (laporan.status == "ditinjau") != (laporan.ditinjau is not None):
        yield Teguran(
            "ditinjau",
            f"tidak cocok dengan status {laporan.status}.",
            "waktu tinjauan, hanya pada status ditinjau.",
        )
    pasien = [each.pasien for each in laporan.baris]
    for ganda in sorted({p for p in pasien if pasien.count(p) > 1}):
        yield Teguran("baris", f"pasien {ganda} tertulis dua kali.", "satu baris saja.", BR_A3)
    for each in laporan.baris:
        if not each.kontak:
            yield Teguran("baris.kontak", f"kosong untuk {each.pasien}.", "kontaknya.", BR_A3)


def periksa_perubahan(lama: Mapping[str, Any], baru: LaporanPemantauanDesa) -> Iterator[Teguran]:
    """Find which changes a report forbids: one that the doctor has read stays as it is."""
    if lama.get("status") == "ditinjau" and baru.status not in {"ditinjau", "salah-entri"}:
        yield Teguran(
            "status",
            "laporan sudah ditinjau dokter.",
            "buat laporan baru.",
            "§1.A A3",
            jenis="keadaan",
        )


def hitung(baris: Iterable[BarisLaporan]) -> dict[str, Any]:
    """Count contacts: due, kept on the day, missed; adherence is kept on the day of due (§4.3)."""
    hasil = [kontak.hasil for each in baris for kontak in each.kontak]
    jatuh_tempo = sum(each in JATUH_TEMPO for each in hasil)
    tepat = sum(each in TEPAT for each in hasil)
    return {
        "jatuhTempo": jatuh_tempo,
        "tepatWaktu": tepat,
        "terlewat": hasil.count("terlewat"),
        "kepatuhan": persen(tepat, jatuh_tempo),
    }


def menit(lama: Iterable[timedelta]) -> Decimal | None:
    """Give the median of waits in minutes, one decimal, half rounded up; None of nothing (§4.3)."""
    detik = median(sorted(lama))
    return None if detik is None else (detik / 60).quantize(SATU_DESIMAL, ROUND_HALF_UP)


def persen(bagian: int, semua: int) -> Decimal | None:
    """Give a share in percent with one decimal, half rounded up; None of nothing."""
    if not semua:
        return None
    return (Decimal(100 * bagian) / semua).quantize(SATU_DESIMAL, ROUND_HALF_UP)


def lengkap(pasien: Iterable[str], tertulis: Iterable[str]) -> Teguran | None:
    """Judge BR-A3: ``pasien`` have a contact in the period, ``tertulis`` are in the report."""
    kurang = sorted(set(pasien) - set(tertulis))
    if not kurang:
        return None
    siapa = ", ".join(kurang)
    return Teguran(
        "baris",
        f"tidak memuat pasien yang punya kontak dalam masa laporan: {siapa}.",
        "semua pasien desa itu yang dihubungi, menghubungi, atau terlewat ($laporan-desa "
        "menyusunnya).",
        BR_A3,
        english=f"BR-A3: the report misses patients of the village with a contact in the period, "
        f"kept or missed: {siapa}. $laporan-desa builds a complete one.",
    )


def tanpa_masa(kurang: Sequence[str]) -> Teguran:
    """Word BR-A3 for a report that does not say of which village or period it is."""
    return Teguran(
        ", ".join(kurang),
        "laporan pemantauan desa tanpa desa atau masa laporan.",
        "desa (ekstensi desa) dan masa (event.period.start dan end).",
        BR_A3,
        english="BR-A3: a village report says its village (extension desa) and its period "
        "(event.period with start and end).",
    )
