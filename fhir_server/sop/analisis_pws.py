"""AnalisisPWS: what klaster 1 makes of the PWS of a month (domain §1.C C11b, C12, §2.1 row 34).

Problems of klaster 2, 3, 4, of Pustu and of other facilities are put together, ranked, and
followed up. When the analysis is final, each Pustu that has to act is told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.pws import INDIKATOR, StatusDesa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SumberMasalah = Literal["klaster-2", "klaster-3", "klaster-4", "pustu", "faskes-lain"]
JenisKegiatan = Literal["kunjungan-rumah", "posyandu", "kegiatan-pustu"]
StatusAnalisis = Literal["disusun", "final", "diralat", "salah-entri"]
C11: Final = "domain §1.C C11b"
C12: Final = "domain §1.C C12"
BERAT: Final[Mapping[str, int]] = {"JELEK": 4, "KURANG": 3, "CUKUP": 2, "BAIK": 1}
SKALA: Final = (1, 5)

ALUR_ANALISIS: Final = Alur(
    nama="analisis-pws",
    benda="analisis PWS",
    thing="PWS analysis",
    aturan=C11,
    keadaan={
        "disusun": Keadaan(("final",), ("klaster 1",), "preliminary"),
        "final": Keadaan(("diralat",), ("klaster 1",), "final"),
        "diralat": Keadaan((), ("klaster 1",), "amended"),
        "salah-entri": Keadaan((), ("klaster 1",), "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class DataPws:
    """Laporan indikator yang dianalisis."""

    indikator: str = bidang("Kode indikator", "§6", kode="indikator-pws", contoh="K4")
    laporan: str = bidang("Laporan PWS (MeasureReport)", "§6", rujuk="laporan-pws")


@dokumen
class MasalahPws:
    """Satu masalah di satu desa."""

    nomor: int = bidang("Nomor masalah", C11, contoh=1)
    desa: str = bidang("Kode desa", C11, pola=r"\d{10}", contoh="9902012003")
    indikator: str = bidang("Kode indikator", "§6", kode="indikator-pws", contoh="K4")
    uraian: str = bidang("Uraian masalah", C11, contoh="Cakupan K4 di bawah target dan menurun")
    sumber: SumberMasalah = bidang("Siapa yang melaporkan", C11, kode="sumber-masalah")
    statusDesa: StatusDesa | None = bidang(
        "Status desa", "§6", default=None, kode="status-desa", contoh="JELEK"
    )
    kekurangan: Decimal | None = bidang(
        "Kurang dari target kumulatif, dalam persen target", "§6", default=None, contoh=40.0
    )
    urgensi: int | None = bidang("Urgensi 1 s.d. 5 (USG)", C11, default=None, contoh=4)
    keseriusan: int | None = bidang("Keseriusan 1 s.d. 5 (USG)", C11, default=None, contoh=5)
    pertumbuhan: int | None = bidang("Pertumbuhan 1 s.d. 5 (USG)", C11, default=None, contoh=3)


@dokumen
class KegiatanRtl:
    """Satu kegiatan rencana tindak lanjut."""

    masalah: int = bidang("Nomor masalah yang ditindaklanjuti", C11, contoh=1)
    jenis: JenisKegiatan = bidang(
        "Jenis kegiatan", C12, kode="jenis-tugas", contoh="kunjungan-rumah"
    )
    uraian: str = bidang("Yang dikerjakan", C12, contoh="Kunjungi ibu hamil yang belum K4")
    pelaksana: str = bidang(
        "Pelaksana: pustu, tim kader atau petugas",
        C12,
        pola=pihak.POLA,
        contoh="faskes/pustu-ngelo",
    )
    mulai: date = bidang("Mulai", C12, contoh="2024-07-08")
    sampai: date = bidang("Paling lambat", C12, contoh="2024-07-20")
    lokasi: str | None = bidang(
        "Desa atau tempat", C12, default=None, rujuk="lokasi", contoh="desa-9902012003"
    )


@dokumen
class AnalisisPws(Dokumen):
    """Analisis PWS satu bulan: data, masalah, prioritas, rencana tindak lanjut."""

    faskes: str = bidang("Puskesmas", C11, rujuk="faskes", contoh="pkm-todanan", cari=True)
    bulan: str = bidang(
        "Bulan yang dianalisis", "§6", pola=r"\d{4}-(0[1-9]|1[0-2])", contoh="2024-06", cari=True
    )
    penyusun: str = bidang(
        "Petugas klaster 1", C11, rujuk="petugas-kesehatan", contoh="petugas-klaster-1"
    )
    waktu: datetime = bidang("Waktu disusun", C11, contoh="2024-07-05T09:00:00+07:00", terjadi=True)
    data: tuple[DataPws, ...] = bidang("Data yang dianalisis", "§6")
    masalah: tuple[MasalahPws, ...] = bidang("Masalah", C11, default=())
    prioritas: tuple[int, ...] = bidang(
        "Nomor masalah menurut prioritas; kosong: dihitung", C11, default=(), contoh=[1]
    )
    rtl: tuple[KegiatanRtl, ...] = bidang("Rencana tindak lanjut", C11, default=())
    status: StatusAnalisis = bidang(
        "Status", C11, default="disusun", kode="status-analisis", contoh="disusun", cari=True
    )
    diberitahu: tuple[str, ...] = bidang(
        "Pustu dan faskes yang diberi tahu", C12, default=(), rujuk="faskes", server=True
    )


def urutan(masalah: Iterable[MasalahPws]) -> tuple[int, ...]:
    """Rank problems: by USG where all of them have it, else by the village's status and shortfall.

    The sum of urgency, seriousness and growth counts. What is equal so far goes by shortfall, then
    by the order of the indicators, then by village.
    """
    semua = list(masalah)
    dinilai = bool(semua) and all(_usg(each) is not None for each in semua)
    kode = list(INDIKATOR)

    def kunci(each: MasalahPws) -> tuple[Any, ...]:
        nilai = _usg(each) if dinilai else BERAT.get(each.statusDesa or "", 0)
        letak = kode.index(each.indikator) if each.indikator in kode else len(kode)
        return (-(nilai or 0), -(each.kekurangan or 0), letak, each.desa, each.nomor)

    return tuple(each.nomor for each in sorted(semua, key=kunci))


def lengkap(analisis: AnalisisPws) -> AnalisisPws:
    """Fill what only the server says: the ranking, and whom a final analysis tells."""
    tahu = analisis.diberitahu
    if analisis.status in {"final", "diralat"}:
        tahu = tuple(dict.fromkeys((*tahu, *_faskes(analisis))))
    return replace(
        analisis, prioritas=analisis.prioritas or urutan(analisis.masalah), diberitahu=tahu
    )


def periksa(analisis: AnalisisPws) -> Iterator[Teguran]:
    """Find what one analysis can get wrong."""
    nomor = [each.nomor for each in analisis.masalah]
    if len(set(nomor)) < len(nomor):
        yield Teguran("masalah", "ada nomor yang dipakai dua kali.", "satu nomor per masalah.", C11)
    if analisis.prioritas and sorted(analisis.prioritas) != sorted(nomor):
        yield Teguran(
            "prioritas",
            f"{list(analisis.prioritas)} bukan urutan semua masalah.",
            f"setiap nomor sekali: {sorted(nomor)}; kosong: dihitung.",
            C11,
        )
    for masalah in analisis.masalah:
        yield from _masalah(masalah)
    for kegiatan in analisis.rtl:
        yield from _kegiatan(kegiatan, nomor)
    for data in analisis.data:
        yield from _dikenal(data.indikator)
    if analisis.status == "final" and analisis.masalah and not analisis.rtl:
        yield Teguran("rtl", "kosong, padahal ada masalah.", "rencana tindak lanjut.", C11)


def periksa_perubahan(lama: Mapping[str, Any], baru: AnalisisPws) -> Iterator[Teguran]:
    """Find which changes an analysis forbids."""
    sebutan = f"{baru.faskes} {baru.bulan}"
    if salah := ALUR_ANALISIS.pindah(lama.get("status"), baru.status, sebutan):
        yield salah


def _masalah(masalah: MasalahPws) -> Iterator[Teguran]:
    yield from _dikenal(masalah.indikator)
    for nama in ("urgensi", "keseriusan", "pertumbuhan"):
        nilai = getattr(masalah, nama)
        if nilai is not None and not SKALA[0] <= nilai <= SKALA[1]:
            yield Teguran("masalah", f"{nama} {nilai}.", f"{SKALA[0]} sampai {SKALA[1]}.", C11)


def _kegiatan(kegiatan: KegiatanRtl, nomor: list[int]) -> Iterator[Teguran]:
    if kegiatan.masalah not in nomor:
        yield Teguran("rtl", f"tidak ada masalah nomor {kegiatan.masalah}.", f"{nomor}.", C11)
    if kegiatan.sampai < kegiatan.mulai:
        yield Teguran("rtl", "sampai lebih awal daripada mulai.", f"sesudah {kegiatan.mulai}.")


def _dikenal(kode: str) -> Iterator[Teguran]:
    if kode not in INDIKATOR:
        yield Teguran("indikator", f"{kode} tidak dikenal.", f"{', '.join(INDIKATOR)}.", "§6")


def _usg(masalah: MasalahPws) -> int | None:
    nilai = (masalah.urgensi, masalah.keseriusan, masalah.pertumbuhan)
    return None if None in nilai else sum(each for each in nilai if each is not None)


def _faskes(analisis: AnalisisPws) -> Iterator[str]:
    for each in analisis.rtl:
        jenis, _, nama = each.pelaksana.partition("/")
        if jenis == "faskes":
            yield nama
