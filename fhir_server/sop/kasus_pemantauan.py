"""KasusPemantauan: one contact of the monitoring, or one complaint of the patient's own.

Source: SOP Chat dengan petugas, steps 1 to 5 (domain §1.A, §2.1 row 26). The server opens it when
the bidan's first message of the day goes out, or when a patient writes of herself; everything
that she and the bidan write until it is closed belongs to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusPemantauan = Literal[
    "terjadwal",
    "dihubungi",
    "menjawab",
    "tidak-menjawab",
    "dilaporkan",
    "diberi-advis",
    "selesai",
    "darurat",
    "dirujuk",
    "terkendali",
    "salah-entri",
]
BIDAN, DOKTER, SISTEM = ("bidan",), ("dokter",), ("sistem",)
ALUR_PEMANTAUAN: Final = Alur(
    nama="pemantauan",
    benda="pemantauan",
    thing="monitoring case",
    aturan="alur pemantauan (domain §1.A)",
    keadaan={
        "terjadwal": Keadaan(("dihubungi", "darurat"), SISTEM, "scheduled (terjadwal)"),
        "dihubungi": Keadaan(
            ("menjawab", "tidak-menjawab", "darurat"), BIDAN, "waiting for an answer (dihubungi)"
        ),
        "menjawab": Keadaan(("dilaporkan", "darurat"), ("pasien",), "answered (menjawab)"),
        "tidak-menjawab": Keadaan(
            ("menjawab", "dilaporkan", "darurat"), BIDAN, "not answered (tidak-menjawab)"
        ),
        "dilaporkan": Keadaan(
            ("diberi-advis", "selesai", "darurat"), BIDAN, "reported (dilaporkan)"
        ),
        "diberi-advis": Keadaan(("selesai", "darurat"), DOKTER, "advised (diberi-advis)"),
        "darurat": Keadaan(("dirujuk", "terkendali"), ("pasien", *BIDAN), "emergency (darurat)"),
        "dirujuk": Keadaan(("selesai",), DOKTER, "referred (dirujuk)"),
        "terkendali": Keadaan(("dilaporkan", "selesai"), DOKTER, "under control (terkendali)"),
        "selesai": Keadaan((), (*BIDAN, *DOKTER), "closed (selesai)"),
        "salah-entri": Keadaan((), BIDAN, "entered in error (salah-entri)"),
    },
    awal=("terjadwal", "dihubungi", "menjawab", "darurat"),
    selalu=("salah-entri",),
)
"""A patient who writes first begins at ``menjawab``. A doctor who has read a report that needs no
advice closes it from ``dilaporkan``: the SOP asks for advice "sesuai data"."""

MENUNGGU_JAWABAN: Final = ("dihubungi", "tidak-menjawab")


@dokumen
class KasusPemantauan(Dokumen):
    """Satu kontak pemantauan lewat chat."""

    noKasus: str = bidang("Nomor kasus", "§2.1/26", contoh="PM-20240805-endang", cari=True)
    pasien: str = bidang("Pasien", "§1.A", rujuk="pasien", contoh="endang", cari=True)
    pemohon: str = bidang(
        "Siapa yang memulai: bidan sesuai jadwal, atau pasien sendiri",
        "§1.A A1, A2",
        pola=pihak.POLA,
        contoh="petugas/bidan-desa-ngelo",
    )
    mulai: datetime = bidang(
        "Waktu pesan pertama",
        "§1.A A1",
        contoh="2024-08-05T09:05:00+07:00",
        cari=True,
        terjadi=True,
    )
    pelaksana: str | None = bidang(
        "Bidan", "§1.A A1", default=None, rujuk="petugas", contoh="bidan-desa-ngelo", cari=True
    )
    faskes: str | None = bidang(
        "Puskesmas", "§1.A A-unit", default=None, rujuk="faskes", contoh="pkm-todanan"
    )
    jadwal: str | None = bidang(
        "Kontak terjadwal yang dipenuhi", "§1.A A1", default=None, rujuk="jadwal-kontak"
    )
    pesan: str | None = bidang("Pesan pertama", "§1.A A1", default=None, rujuk="pesan-chat")
    keluhan: str | None = bidang(
        "Keluhan pasien, kata demi kata", "§1.A A2", default=None, contoh="kaki bengkak"
    )
    status: StatusPemantauan = bidang(
        "Status",
        "§1.A",
        default="dihubungi",
        kode="status-pemantauan",
        contoh="dihubungi",
        cari=True,
    )
    alasan: str | None = bidang(
        "Alasan ditutup", "§1.A", default=None, contoh="Tidak ada keluhan; lanjut sesuai jadwal"
    )
    selesai: datetime | None = bidang(
        "Waktu selesai", "§1.A", default=None, contoh="2024-08-05T13:10:00+07:00", terjadi=True
    )


def periksa(kasus: KasusPemantauan) -> Iterator[Teguran]:
    """Find what one case can get wrong."""
    if (kasus.status == "selesai") != (kasus.selesai is not None):
        yield Teguran(
            "selesai",
            f"tidak cocok dengan status {kasus.status}.",
            "waktu selesai, hanya pada status selesai.",
        )
    if kasus.selesai is not None and kasus.selesai < kasus.mulai:
        yield Teguran("selesai", "sebelum mulai.", "sesudah mulai.")


def periksa_perubahan(lama: Mapping[str, Any], baru: KasusPemantauan) -> Iterator[Teguran]:
    """Find which moves the course of the monitoring does not allow."""
    if salah := ALUR_PEMANTAUAN.pindah(lama.get("status"), baru.status, baru.noKasus):
        yield salah
