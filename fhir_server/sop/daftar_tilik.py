"""DaftarTilik: the audit of how an SOP is kept, question by question (domain §1.A A-chk, §2.1/36).

The answers' columns of the SOP's form were lost; ya, tidak and tidak berlaku are ours. Compliance
is ya / (ya + tidak): what does not apply is not counted.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fhir_server.sop.laporan_pemantauan_desa import BarisLaporan

Jawaban = Literal["ya", "tidak", "tb"]
SopDinilai = Literal["chat"]
BR_A6: Final = "BR-A6"
SATU_DESIMAL: Final = Decimal("0.1")
BUTIR: Final[Mapping[str, Mapping[str, str]]] = {
    "chat": {
        "1": "Apakah bidan menghubungi pasien via chat WhatsApp guna menanyakan gejala maupun "
        "perkembangan kondisi pasien sesuai dengan jadwal pemantauan?",
        "2": "Apakah pasien dapat secara proaktif menghubungi bidan apabila merasa memiliki "
        "gejala keluhan yang mengkhawatirkan?",
        "3": "Apakah bidan melaporkan kepada dokter semua data yang didapatkan di desa binaannya?",
        "4": "Apakah dokter memberikan advis baik berupa pemeriksaan lanjutan, rekomendasi tata "
        "laksana maupun rujukan sesuai data yang didapatkan?",
        "5": "Apakah pasien dapat melakukan komunikasi chat dengan dokter apabila terdapat gejala "
        "perburukan yang membutuhkan tata laksana darurat?",
        "6": "Apakah petugas melakukan pendokumentasian?",
    },
}
"""SOP → number of a question → its text, word for word but for the form's misprints."""

DIHITUNG: Final = ("1", "3", "4", "6")
"""Questions of the chat SOP that the server can answer from what is recorded."""


@dokumen
class ButirTilik:
    """One question and its answer."""

    nomor: str = bidang("Nomor butir", "§1.A A-chk", pola=r"[1-9]\d?", contoh="1")
    jawaban: Jawaban = bidang("Jawaban", "§1.A A-chk", kode="jawaban-tilik", contoh="ya")
    usulan: Jawaban | None = bidang(
        "Jawaban menurut data",
        "§1.A A-chk",
        default=None,
        kode="jawaban-tilik",
        contoh="tidak",
        server=True,
    )
    bukti: str | None = bidang(
        "Yang ditemukan dalam data",
        "§1.A A-chk",
        default=None,
        contoh="1 dari 2 kontak jatuh tempo dihubungi pada harinya",
        server=True,
    )
    catatan: str | None = bidang("Catatan auditor", "§2.1/36", default=None)


@dokumen
class DaftarTilik(Dokumen):
    """Daftar tilik SOP."""

    auditor: str = bidang(
        "Auditor", "§1.A A-chk", rujuk="petugas", contoh="auditor-mutu", cari=True
    )
    unit: str = bidang("Unit yang dinilai", "§2.1/36", rujuk="faskes", contoh="pkm-todanan")
    tanggal: datetime = bidang(
        "Waktu penilaian", "§2.1/36", contoh="2024-08-06T09:00:00+07:00", cari=True, terjadi=True
    )
    sop: SopDinilai = bidang(
        "SOP yang dinilai",
        "§2.1/36",
        default="chat",
        kode="sop-dinilai",
        contoh="chat",
        cari=True,
    )
    desa: str | None = bidang(
        "Desa yang dinilai (kode)",
        "§1.A A3",
        default=None,
        pola=r"\d{10}",
        contoh="9902012003",
        cari=True,
    )
    mulai: date | None = bidang(
        "Masa yang dinilai: hari pertama", "§1.A A-chk", default=None, contoh="2024-08-05"
    )
    sampai: date | None = bidang(
        "Masa yang dinilai: hari terakhir", "§1.A A-chk", default=None, contoh="2024-08-05"
    )
    butir: tuple[ButirTilik, ...] = bidang(
        "Butir; yang dapat dihitung dan kosong diisi dari data", "§2.1/36", default=()
    )
    cr: Decimal | None = bidang(
        "Compliance rate (%)", "§1.A A-chk", default=None, contoh="80.0", server=True
    )
    ambang: Decimal | None = bidang(
        "Ambang kepatuhan (%)", "§1.A A-chk", default=None, contoh="80.0", server=True
    )


def periksa(tilik: DaftarTilik) -> Iterator[Teguran]:
    """Find what one checklist can get wrong."""
    ada = BUTIR[tilik.sop]
    nomor = [each.nomor for each in tilik.butir]
    for no in sorted(set(nomor)):
        if no not in ada:
            yield Teguran("butir", f"nomor {no} tidak ada.", f"salah satu dari: {', '.join(ada)}.")
        if nomor.count(no) > 1:
            yield Teguran("butir", f"nomor {no} dijawab dua kali.", "sekali saja.")
    dari_data = DIHITUNG if tilik.desa and tilik.mulai else ()
    kurang = [no for no in ada if no not in nomor and no not in dari_data]
    if kurang:
        yield Teguran(
            "butir",
            f"nomor {', '.join(kurang)} belum dijawab.",
            "ya, tidak, atau tb (tidak berlaku). Nomor 1, 3, 4 dan 6 diisi dari data bila desa "
            "dan masa disebut.",
            "§1.A A-chk",
        )
    if (tilik.mulai is None) != (tilik.sampai is None):
        yield Teguran("sampai", "masa tidak lengkap.", "mulai dan sampai.")
    if tilik.mulai is not None and tilik.sampai is not None and tilik.sampai < tilik.mulai:
        yield Teguran("sampai", f"{tilik.sampai} sebelum mulai.", "hari yang sama atau sesudah.")


def cr(jawaban: Iterable[Jawaban]) -> Decimal | None:
    """Give ya / (ya + tidak) in percent, one decimal, half rounded up; None if nothing applies."""
    semua = list(jawaban)
    ya, tidak = semua.count("ya"), semua.count("tidak")
    if not ya + tidak:
        return None
    return (Decimal(100 * ya) / (ya + tidak)).quantize(SATU_DESIMAL, ROUND_HALF_UP)


def nilai_jadwal(baris: Iterable[BarisLaporan]) -> tuple[Jawaban, str]:
    """Answer question 1: everybody who was due was written to on the day."""
    hasil = [kontak.hasil for each in baris for kontak in each.kontak]
    tepat = sum(each in {"dijawab", "menunggu-jawaban"} for each in hasil)
    gagal = sum(each in {"terlewat", "terlambat"} for each in hasil)
    if not tepat + gagal:
        return "tb", "tidak ada kontak yang jatuh tempo"
    dari = f"{tepat} dari {tepat + gagal} kontak jatuh tempo dihubungi pada harinya"
    return ("tidak" if gagal else "ya"), dari


def nilai_laporan(pasien: Iterable[str], dilaporkan: Iterable[str]) -> tuple[Jawaban, str]:
    """Answer question 3: everybody with a contact is in a report that the doctor has."""
    semua = set(pasien)
    sudah = semua & set(dilaporkan)
    if not semua:
        return "tb", "tidak ada pasien dengan kontak"
    dari = f"{len(sudah)} dari {len(semua)} pasien dengan kontak dilaporkan"
    return ("ya" if sudah == semua else "tidak"), dari


def nilai_advis(laporan: int, dijawab: int) -> tuple[Jawaban, str]:
    """Answer question 4: every report that says something was given advice."""
    if not laporan:
        return "tb", "tidak ada laporan yang memuat data"
    dari = f"{dijawab} dari {laporan} laporan diberi advis"
    return ("ya" if dijawab == laporan else "tidak"), dari


def nilai_dokumentasi(kontak: int, terdokumentasi: int) -> tuple[Jawaban, str]:
    """Answer question 6, BR-A6: every contact has a message with encounter and provenance."""
    if not kontak:
        return "tb", "tidak ada kontak yang terjadi"
    dari = f"{terdokumentasi} dari {kontak} kontak terdokumentasi ({BR_A6})"
    return ("ya" if terdokumentasi == kontak else "tidak"), dari
