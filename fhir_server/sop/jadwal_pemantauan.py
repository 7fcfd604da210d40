"""JadwalPemantauan: on which days the bidan writes to a patient (domain §2.1 row 24, §3.3).

A plan of care has its own (RencanaAsuhan); this one stands alone: for a patient in isolation at
home, or for the days after a danger sign was treated, on top of whatever else is planned.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.pemantauan import KEBIASAAN, Fase, Frekuensi, Kebiasaan
from fhir_server.sop.rencana_asuhan import Kanal, KontakTerjadwal, StatusRencana

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Alasan = Literal["ibu-hamil-risti", "isoman", "sesudah-tanda-bahaya"]


@dokumen
class JadwalPemantauan(Dokumen):
    """Jadwal pemantauan lewat chat."""

    pasien: str = bidang("Pasien", "§2.1/24", rujuk="pasien", contoh="endang", cari=True)
    alasan: Alasan = bidang(
        "Mengapa dipantau",
        "§3.3",
        kode="alasan-pemantauan",
        contoh="sesudah-tanda-bahaya",
        cari=True,
    )
    pelaksana: str = bidang(
        "Bidan yang menghubungi",
        "§1.A A1",
        rujuk="petugas",
        contoh="bidan-desa-ngelo",
        cari=True,
    )
    dibuat: datetime = bidang(
        "Waktu disusun", "§2.1/24", contoh="2024-08-20T21:00:00+07:00", terjadi=True
    )
    mulai: date = bidang("Kontak pertama", "§2.1/24", contoh="2024-08-21", cari=True)
    berakhir: date | None = bidang(
        "Hari terakhir; kosong: usulan sesudah tanda bahaya",
        "§2.1/24",
        default=None,
        contoh="2024-08-23",
        server=True,
    )
    frekuensi: Frekuensi | None = bidang(
        "Frekuensi; kosong: usulan menurut alasan",
        "§2.1/24, §3.3",
        default=None,
        kode="frekuensi-pemantauan",
        contoh="harian",
        server=True,
    )
    kanal: Kanal = bidang(
        "Kanal", "§2.1/24", default="whatsapp", kode="medium-komunikasi", contoh="whatsapp"
    )
    rencana: str | None = bidang(
        "Rencana asuhan yang dilengkapi",
        "§2.1/23",
        default=None,
        rujuk="rencana",
        contoh="asuhan-endang",
    )
    kontak: tuple[KontakTerjadwal, ...] = bidang(
        "Hari kontak; kosong: dihitung", "§1.A A1", default=(), server=True
    )
    status: StatusRencana = bidang(
        "Status",
        "§2.1/24",
        default="berjalan",
        kode="status-rencana",
        contoh="berjalan",
        cari=True,
    )


def periksa(jadwal: JadwalPemantauan) -> Iterator[Teguran]:
    """Find what one schedule can get wrong."""
    if jadwal.berakhir is not None and jadwal.berakhir < jadwal.mulai:
        yield Teguran("berakhir", f"{jadwal.berakhir} sebelum mulai.", "sesudahnya.", "§2.1/24")
    if jadwal.berakhir is None and jadwal.alasan != "sesudah-tanda-bahaya":
        yield Teguran(
            "berakhir", f"kosong untuk {jadwal.alasan}.", "hari terakhir pemantauan.", "§2.1/24"
        )
    if jadwal.frekuensi is None and jadwal.alasan == "ibu-hamil-risti":
        yield Teguran(
            "frekuensi",
            "kosong untuk ibu hamil risiko tinggi.",
            "frekuensi, atau susun rencana-asuhan: di sana usulannya menurut kelompok risiko.",
            "§3.3",
        )
    hari = [each.tanggal for each in jadwal.kontak]
    if len(set(hari)) < len(hari):
        yield Teguran("kontak", "satu hari tertulis dua kali.", "sekali saja.")


def lengkap(
    jadwal: JadwalPemantauan,
    sebelumnya: Iterable[KontakTerjadwal] = (),
    kebiasaan: Kebiasaan = KEBIASAAN,
) -> JadwalPemantauan:
    """Fill what was not given; ``sebelumnya`` are the days as they stand: one kept stays kept."""
    frekuensi = jadwal.frekuensi or (kebiasaan.isoman if jadwal.alasan == "isoman" else "harian")
    hari_terakhir = jadwal.mulai + timedelta(days=kebiasaan.hari_tanda_bahaya - 1)
    berakhir = jadwal.berakhir or hari_terakhir
    kontak = jadwal.kontak or tuple(
        KontakTerjadwal(tanggal=each) for each in Fase(frekuensi, jadwal.mulai, berakhir).kontak()
    )
    terlaksana = {each.tanggal: each for each in sebelumnya if each.status == "selesai"}
    kontak = tuple(terlaksana.get(each.tanggal, each) for each in kontak)
    return replace(jadwal, frekuensi=frekuensi, berakhir=berakhir, kontak=kontak)
