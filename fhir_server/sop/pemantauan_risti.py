"""PemantauanRisti: what a pregnant woman at risk answers to the bidan's question (domain §1.A A1).

Symptoms and how she fares, and what was measured at home or at the Posyandu. What a message names
is proposed by the server and counts once staff have confirmed it; a danger sign proposes an
escalation (§3.2), it decides nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from fhir_server.sop import pihak
from fhir_server.sop.ambang import Temuan, Ukuran, perlu_eskalasi
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.hasil_ukur import BATAS
from fhir_server.sop.pemantauan_isoman import ALUR_BACAAN, StatusBacaan
from fhir_server.sop.tanda_bahaya import KodeTanda

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

A1: Final = "domain §1.A A1"
DIUKUR: Final = ("sistolik", "diastolik", "suhu", "nadi", "berat")
DIJAWAB: Final = (*DIUKUR, "tandaBahaya", "keluhan", "tabletFe", "catatan")

ALUR_ISIAN: Final = replace(
    ALUR_BACAAN,
    nama="isian-risti",
    benda="isian pemantauan risti",
    thing="form of the monitoring",
    aturan=A1,
)


@dokumen
class PemantauanRisti(Dokumen):
    """Isian pemantauan ibu hamil risiko tinggi."""

    pasien: str = bidang("Ibu hamil", "§1.A A1", rujuk="pasien", contoh="endang", cari=True)
    waktu: datetime = bidang(
        "Waktu menjawab", "§1.A A1", contoh="2024-08-05T09:40:00+07:00", cari=True, terjadi=True
    )
    pelapor: str = bidang("Yang menjawab", "§1.A A1", pola=pihak.POLA, contoh="pasien/endang")
    rencana: str | None = bidang(
        "Rencana asuhan; kosong: yang berjalan",
        "§2.1/23",
        default=None,
        rujuk="rencana-asuhan",
        contoh="asuhan-endang",
        cari=True,
    )
    kunjungan: str | None = bidang(
        "Konsultasi (kunjungan daring)",
        "§4.1",
        default=None,
        rujuk="kunjungan",
        contoh="pm-endang-konsultasi",
    )
    keluhan: str | None = bidang(
        "Gejala atau keluhan, dengan kata-katanya",
        "§1.A A1",
        default=None,
        contoh="kaki agak bengkak",
    )
    tandaBahaya: tuple[KodeTanda, ...] = bidang(
        "Tanda bahaya", "§3.2", default=(), kode="tanda-bahaya", contoh=["bengkak"]
    )
    sistolik: int | None = bidang("Tekanan sistolik (mmHg)", "§3.4", default=None, contoh=130)
    diastolik: int | None = bidang("Tekanan diastolik (mmHg)", "§3.4", default=None, contoh=80)
    suhu: Decimal | None = bidang("Suhu (°C)", "§3.4", default=None, contoh=36.7)
    nadi: int | None = bidang("Nadi per menit", "§3.4", default=None, contoh=84)
    berat: Decimal | None = bidang("Berat badan (kg)", "§3.4", default=None, contoh=58.5)
    tabletFe: bool | None = bidang(
        "Minum tablet tambah darah", "§1.A A1", default=None, contoh=True
    )
    pesan: str | None = bidang(
        "Pesan yang memuatnya", "§1.A A1", default=None, rujuk="pesan-chat", contoh="pesan-s4"
    )
    status: StatusBacaan = bidang(
        "Status",
        "§1.A A1",
        default="dikonfirmasi",
        kode="status-bacaan",
        contoh="dikonfirmasi",
        cari=True,
    )
    dikonfirmasiOleh: str | None = bidang(
        "Petugas yang mengonfirmasi",
        "§1.A A1",
        default=None,
        rujuk="petugas",
        contoh="bidan-desa-ngelo",
    )
    catatan: str | None = bidang(
        "Perkembangan dan catatan bidan", "§1.A A1", default=None, contoh="Anjuran istirahat"
    )


def periksa(isian: PemantauanRisti) -> Iterator[Teguran]:
    """Find what one form can get wrong."""
    if all(getattr(isian, nama) in (None, ()) for nama in DIJAWAB):
        yield Teguran("keluhan", "kosong.", "keluhan, tanda bahaya, hasil ukur, atau catatan.", A1)
    for nama in DIUKUR:
        nilai, (bawah, atas) = getattr(isian, nama), BATAS[nama]
        if nilai is not None and not bawah <= nilai <= atas:
            yield Teguran(nama, f"{nilai}.", f"antara {bawah} dan {atas}.", "§3.4")
    yield from _tensi(isian)
    if len(set(isian.tandaBahaya)) < len(isian.tandaBahaya):
        yield Teguran("tandaBahaya", "menyebut satu tanda dua kali.", "tiap tanda satu kali.")
    if isian.status == "dikonfirmasi" and isian.dikonfirmasiOleh is None:
        yield Teguran("dikonfirmasiOleh", "kosong.", "petugas yang mengonfirmasi isian ini.", A1)
    for temuan in gawat(isian):
        yield Teguran(
            "sistolik",
            f"{temuan.alasan}: gawat darurat.",
            "ukur ulang; bila benar, pastikan usulan eskalasi-darurat dan hubungi dokter.",
            "§3.2",
            jenis="peringatan",
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: PemantauanRisti) -> Iterator[Teguran]:
    """Find which moves are forbidden."""
    if teguran := ALUR_ISIAN.pindah(lama.get("status"), baru.status):
        yield teguran


def gawat(isian: PemantauanRisti) -> list[Temuan]:
    """Give what of the values cannot wait: the blood pressure alone decides that."""
    return perlu_eskalasi(Ukuran(sistolik=isian.sistolik, diastolik=isian.diastolik))


def _tensi(isian: PemantauanRisti) -> Iterator[Teguran]:
    atas, bawah = isian.sistolik, isian.diastolik
    if (atas is None) != (bawah is None):
        yield Teguran("sistolik", "tekanan darah hanya separuh.", "sistolik dan diastolik.", "§3.4")
    elif atas is not None and bawah is not None and atas <= bawah:
        yield Teguran(
            "sistolik",
            f"{atas} tidak di atas diastolik {bawah}.",
            "sistolik di atas diastolik; barangkali tertukar.",
            "§3.4",
        )
