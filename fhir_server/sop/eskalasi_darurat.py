"""EskalasiDarurat: an emergency goes to a dokter at once (domain §1.A A5, §4.5).

The server proposes one from the words of a chat or from a reading; a bidan or dokter opens it. Only
what a patient writes to a dokter as an emergency opens by itself. What turns out to be none is
downgraded with a reason, never deleted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.tanda_bahaya import KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Pemicu = Literal["pesan-darurat", "usulan-tanda-bahaya", "ambang", "tombol", "pendampingan"]
StatusEskalasi = Literal[
    "diusulkan",
    "dibuka",
    "ditangani",
    "terkendali",
    "rujukan",
    "ambulans",
    "tidak-darurat",
    "salah-entri",
]
BR_A5: Final = "BR-A5"
BERAKHIR: Final = ("terkendali", "rujukan", "ambulans", "tidak-darurat")
PERLU_KONFIRMASI: Final = ("usulan-tanda-bahaya", "ambang")
_BIDAN, _DOKTER = ("bidan", "dokter"), ("dokter",)

ALUR_ESKALASI: Final = Alur(
    nama="eskalasi-darurat",
    benda="eskalasi darurat",
    thing="emergency escalation",
    aturan="domain §4.5",
    keadaan={
        "diusulkan": Keadaan(("dibuka", "tidak-darurat"), ("server",), "proposed"),
        "dibuka": Keadaan(("ditangani", *BERAKHIR), _BIDAN, "open"),
        "ditangani": Keadaan(BERAKHIR, _DOKTER, "being handled"),
        "ambulans": Keadaan(("rujukan", "terkendali"), _DOKTER, "ambulance sent"),
        "terkendali": Keadaan((), _DOKTER, "under control"),
        "rujukan": Keadaan((), _DOKTER, "referred"),
        "tidak-darurat": Keadaan((), _DOKTER, "no emergency"),
        "salah-entri": Keadaan((), ("petugas",), "entered in error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class EskalasiDarurat(Dokumen):
    """Eskalasi darurat kepada dokter."""

    pasien: str = bidang("Pasien", "§1.A A5", rujuk="pasien", contoh="siti", cari=True)
    waktu: datetime = bidang(
        "Waktu tanda pertama", "§4.5", contoh="2024-08-20T19:30:00+07:00", cari=True, terjadi=True
    )
    pemicu: Pemicu = bidang("Pemicu", "§4.5", kode="pemicu-eskalasi", contoh="usulan-tanda-bahaya")
    pelapor: str = bidang("Pelapor", "§4.5", pola=pihak.POLA, contoh="pasien/siti")
    tanda: tuple[KodeTanda, ...] = bidang(
        "Tanda bahaya",
        "§3.2",
        default=(),
        kode="tanda-bahaya",
        contoh=["sakit-kepala-hebat", "gangguan-penglihatan"],
    )
    temuan: tuple[str, ...] = bidang(
        "Temuan lain", "§4.5", default=(), contoh=["tekanan darah 168/112 mmHg (≥160/110)"]
    )
    pesan: str | None = bidang(
        "Pesan yang memicu", "§4.5", default=None, rujuk="pesan-chat", contoh="pesan-s5"
    )
    pengukuran: tuple[str, ...] = bidang(
        "Hasil pengukuran", "§4.5", default=(), rujuk="tanda-vital", contoh=["tensi-s5"]
    )
    kunjungan: str | None = bidang(
        "Konsultasi daring yang sudah ada; kosong: dibuat",
        "§1.A A5",
        default=None,
        rujuk="kunjungan",
        contoh="darurat-s5",
    )
    faskes: str | None = bidang(
        "Puskesmas; kosong: milik pasien",
        "§1.A A5",
        default=None,
        rujuk="faskes",
        contoh="pkm-todanan",
        server=True,
    )
    penanggungJawab: str | None = bidang(
        "Dokter yang dipanggil",
        "§4.5",
        default=None,
        rujuk="petugas-kesehatan",
        contoh="dokter-todanan",
        cari=True,
    )
    dikonfirmasiOleh: str | None = bidang(
        "Bidan atau dokter yang memastikan",
        "§3.2",
        default=None,
        rujuk="petugas-kesehatan",
        contoh="bidan-desa-ngelo",
    )
    dibuka: datetime | None = bidang(
        "Waktu dibuka", "§4.5", default=None, contoh="2024-08-20T19:36:00+07:00", terjadi=True
    )
    batas: datetime | None = bidang(
        "Harus ditangani sebelum",
        "§4.5",
        default=None,
        contoh="2024-08-20T19:41:00+07:00",
        server=True,
    )
    ditangani: datetime | None = bidang(
        "Waktu dokter menangani",
        "§4.5",
        default=None,
        contoh="2024-08-20T19:38:00+07:00",
        terjadi=True,
    )
    status: StatusEskalasi = bidang(
        "Status", "§4.5", default="dibuka", kode="status-eskalasi", contoh="dibuka", cari=True
    )
    alasan: str | None = bidang("Alasan bila bukan darurat", "§1.A A5", default=None)
    rujukan: str | None = bidang(
        "Rujukan yang dibuat", "§4.5", default=None, rujuk="rujukan", contoh="rujukan-s5"
    )
    selesai: datetime | None = bidang(
        "Waktu hasil diketahui",
        "§4.5",
        default=None,
        contoh="2024-08-20T19:42:00+07:00",
        terjadi=True,
    )
    catatan: str | None = bidang("Catatan", "§4.5", default=None)


def periksa(eskalasi: EskalasiDarurat) -> Iterator[Teguran]:
    """Find what one escalation can get wrong."""
    if not (eskalasi.tanda or eskalasi.temuan or eskalasi.pesan or eskalasi.catatan):
        yield Teguran("tanda", "kosong.", "tanda bahaya, temuan, pesan, atau catatan.", "§4.5")
    if eskalasi.status in {"diusulkan", "salah-entri"}:
        return
    if eskalasi.status == "tidak-darurat":
        if teguran := diturunkan_dengan_alasan(eskalasi.alasan):
            yield teguran
        if eskalasi.dibuka is None:
            return
    if teguran := punya_dokter(eskalasi.penanggungJawab):
        yield teguran
    if eskalasi.pemicu in PERLU_KONFIRMASI and eskalasi.dikonfirmasiOleh is None:
        yield Teguran(
            "dikonfirmasiOleh",
            f"kosong pada eskalasi dari {eskalasi.pemicu}.",
            "bidan atau dokter yang memastikan; usulan server bukan keputusan.",
            "§3.2",
        )
    yield from _urutan(eskalasi)


def periksa_perubahan(lama: Mapping[str, Any], baru: EskalasiDarurat) -> Iterator[Teguran]:
    """Find which moves §4.5 forbids."""
    if teguran := ALUR_ESKALASI.pindah(lama.get("status"), baru.status):
        yield teguran


def _urutan(eskalasi: EskalasiDarurat) -> Iterator[Teguran]:
    if eskalasi.status in BERAKHIR and eskalasi.selesai is None:
        yield Teguran("selesai", f"kosong pada status {eskalasi.status}.", "waktu hasil diketahui.")
    waktu = [
        (nama, getattr(eskalasi, nama)) for nama in ("waktu", "dibuka", "ditangani", "selesai")
    ]
    ada = [(nama, each) for nama, each in waktu if each is not None]
    for (dulu, satu), (nama, dua) in pairwise(ada):
        if dua < satu:
            yield Teguran(nama, f"sebelum {dulu}.", f"sama dengan {dulu} atau sesudahnya.")


def lengkap(
    eskalasi: EskalasiDarurat, sekarang: datetime, menit: int, faskes: str | None
) -> EskalasiDarurat:
    """Fill what the server knows: when it was opened, when it is due, whose it is."""
    if eskalasi.status in {"diusulkan", "salah-entri", "tidak-darurat"} and not eskalasi.dibuka:
        return replace(eskalasi, faskes=eskalasi.faskes or faskes)
    dibuka = eskalasi.dibuka or max(sekarang, eskalasi.waktu)
    return replace(
        eskalasi,
        faskes=eskalasi.faskes or faskes,
        dibuka=dibuka,
        batas=eskalasi.batas or _batas(dibuka, menit),
    )


def _batas(dibuka: datetime, menit: int) -> datetime:
    """Give when a dokter must have taken it up; at the end of the calendar, then."""
    try:
        return dibuka + timedelta(minutes=menit)
    except OverflowError:
        return dibuka


def diturunkan_dengan_alasan(alasan: str | None) -> Teguran | None:
    """Judge A5: a dokter who finds no emergency says why."""
    if alasan:
        return None
    return Teguran(
        "alasan",
        "eskalasi dinyatakan tidak darurat tanpa alasan.",
        "alasan dokter; eskalasi diturunkan, tidak dihapus.",
        BR_A5,
        english="BR-A5: an escalation is downgraded with a reason (statusReason), not deleted.",
    )


def punya_dokter(dokter: str | None) -> Teguran | None:
    """Judge A5: an open escalation has a dokter who is called."""
    if dokter:
        return None
    return Teguran(
        "penanggungJawab",
        "kosong.",
        "dokter yang dipanggil.",
        BR_A5,
        english="BR-A5: an open escalation has an owner, the doctor who is called.",
    )
