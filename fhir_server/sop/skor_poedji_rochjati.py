"""SkorPoedjiRochjati: one filling-in of the Poedji Rochjati card (domain §3.1, §2.1 row 21).

The counting is in ``kspr``, the suggestions in ``usulan_kspr``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from fhir_server.sop import kspr
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kspr import Kelompok, Kontak
from fhir_server.sop.usulan_kspr import Fakta, usulkan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

FaktorKspr = Literal[
    "f01",
    "f02a",
    "f02b",
    "f03",
    "f04",
    "f05",
    "f06",
    "f07",
    "f08",
    "f09a",
    "f09b",
    "f09c",
    "f10",
    "f11ab",
    "f11cd",
    "f11e",
    "f11f",
    "f12",
    "f13",
    "f14",
    "f15",
    "f16",
    "f17",
    "f18",
    "f19",
    "f20",
]
Letak = Literal["kepala", "sungsang", "lintang"]
KARTU = "Kartu Skor Poedji Rochjati"
BERISIKO = ("KRT", "KRST")


@dokumen
class FaktaKspr:
    """What was found, from which rows of the card are suggested."""

    tanggalLahir: date | None = bidang(
        "Tanggal lahir ibu", "§3.1", default=None, contoh="1986-03-12"
    )
    gravida: int | None = bidang("Gravida", "§3.1", default=None, contoh=4)
    paritas: int | None = bidang("Paritas", "§3.1", default=None, contoh=3)
    abortus: int | None = bidang("Abortus", "§3.1", default=None, contoh=0)
    persalinanTerakhir: date | None = bidang(
        "Tanggal persalinan terakhir", "§3.1", default=None, contoh="2013-01-10"
    )
    tinggi: Decimal | None = bidang("Tinggi badan (cm)", "§3.1", default=None, contoh=152)
    pernahSesar: bool | None = bidang("Pernah operasi sesar", "§3.1", default=None, contoh=True)
    hb: Decimal | None = bidang("Hb (g/dL)", "§3.1", default=None, contoh=10.8)
    sistolik: int | None = bidang("Tekanan sistolik (mmHg)", "§3.1", default=None, contoh=130)
    diastolik: int | None = bidang("Tekanan diastolik (mmHg)", "§3.1", default=None, contoh=85)
    bengkak: bool | None = bidang(
        "Bengkak pada muka atau tungkai", "§3.1", default=None, contoh=False
    )
    jumlahJanin: int | None = bidang("Jumlah janin", "§3.1", default=None, contoh=1)
    letak: Letak | None = bidang(
        "Letak janin", "§3.1", default=None, kode="letak-janin", contoh="kepala"
    )


@dokumen
class SkorPoedjiRochjati(Dokumen):
    """Skor Poedji Rochjati pada satu kontak."""

    pasien: str = bidang("Ibu hamil", "§2.1/21", rujuk="pasien", contoh="siti", cari=True)
    kontak: Kontak = bidang("Kontak", "§2.1/21", kode="kontak-kspr", contoh="I")
    hpht: date = bidang("Hari pertama haid terakhir", "§3.1", contoh="2024-01-15", terjadi=True)
    waktu: datetime = bidang(
        "Waktu penilaian", "§2.1/21", contoh="2024-04-02T10:15:00+07:00", cari=True, terjadi=True
    )
    penilai: str = bidang("Bidan yang menilai", "§3.1", rujuk="petugas", contoh="bidan-kia")
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/21", default=None, rujuk="kunjungan", contoh="anc-s1"
    )
    faktor: tuple[FaktorKspr, ...] = bidang(
        "Faktor yang dikonfirmasi bidan",
        "§2.1/21",
        default=(),
        kode="kspr-faktor",
        contoh=["f04", "f06", "f10", "f11ab"],
    )
    skor: int | None = bidang("Skor total", "§2.1/21", default=None, contoh=22, server=True)
    kelompok: Kelompok | None = bidang(
        "Kelompok risiko kehamilan ini",
        "§2.1/21",
        default=None,
        kode="kelompok-risiko-kspr",
        contoh="KRST",
        cari=True,
        server=True,
    )
    diagnosis: tuple[str, ...] = bidang(
        "Diagnosis kerja (ICD-10); kosong: usulan dari faktor",
        "§3.1",
        default=(),
        contoh=["Z35.8", "O34.2", "O99.0"],
        server=True,
    )
    faktorSalahCatat: tuple[FaktorKspr, ...] = bidang(
        "Faktor yang salah dicatat pada kontak sebelumnya",
        "§3.1",
        default=(),
        kode="kspr-faktor",
        contoh=["f07"],
    )
    fakta: FaktaKspr | None = bidang("Temuan yang mendasari usulan faktor", "§3.1", default=None)
    catatan: str | None = bidang("Catatan bidan", "§3.1", default=None)


def periksa(skor: SkorPoedjiRochjati) -> Iterator[Teguran]:
    """Find what one card can get wrong; what the findings speak for is only a warning."""
    salah = kspr.periksa(skor.faktor)
    yield from (
        Teguran("faktor", each, "faktor sesuai kartu.", "KSPR", english=_english(each))
        for each in salah
    )
    if salah:
        return
    if skor.waktu.date() < skor.hpht:
        yield Teguran("hpht", f"{skor.hpht} sesudah penilaian.", "tanggal sebelum penilaian.")
    else:
        yield from _usulan(skor)
    yield from _jumlah(skor)


def lengkap(
    skor: SkorPoedjiRochjati, sebelumnya: Iterable[Collection[str]] = ()
) -> SkorPoedjiRochjati:
    """Fill total, risk group and suggested diagnoses where they were not given.

    ``sebelumnya`` are the factors of the other contacts of this pregnancy. Factors that are not
    on the card are left for ``periksa`` to name.
    """
    if kspr.periksa(skor.faktor):
        return skor
    kelompok = skor.kelompok or kspr.kelompok_berlaku(
        skor.faktor, sebelumnya, skor.faktorSalahCatat
    )
    diagnosis = skor.diagnosis or (usulan_diagnosis(skor.faktor) if kelompok in BERISIKO else ())
    total = kspr.skor(skor.faktor) if skor.skor is None else skor.skor
    return replace(skor, skor=total, kelompok=kelompok, diagnosis=diagnosis)


def usulan_diagnosis(faktor: Iterable[str]) -> tuple[str, ...]:
    """Suggest one diagnosis a factor, in the card's order, each once (the pairing is ours)."""
    return tuple(dict.fromkeys(kspr.FAKTOR[each].icd10[0] for each in kspr.dihitung(faktor)))


def kelompok_tidak_turun(kelompok: str, berlaku: str) -> Teguran | None:
    """Judge the rule that a risk group only goes up within a pregnancy.

    ``berlaku`` is the group of all its contacts without the factors recorded in error.
    """
    urutan: list[str] = list(kspr.KELOMPOK)
    if urutan.index(kelompok) >= urutan.index(berlaku):
        return None
    return Teguran(
        "kelompok",
        f"{kelompok} lebih rendah dari {berlaku} yang sudah berlaku pada kehamilan ini.",
        f"{berlaku}; bila faktor dahulu salah dicatat, sebut dalam faktorSalahCatat.",
        "KSPR",
        english=f"KSPR: the risk group {kelompok} is below {berlaku}, which this pregnancy already "
        "has. It only goes up, unless the earlier factors were recorded in error.",
    )


def _jumlah(skor: SkorPoedjiRochjati) -> Iterator[Teguran]:
    total = kspr.skor(skor.faktor)
    if skor.skor is not None and skor.skor != total:
        yield Teguran(
            "skor",
            f"{skor.skor} bukan jumlah kartu.",
            f"{kspr.perincian(skor.faktor)}, atau kosongkan agar dihitung.",
            "KSPR",
            english=f"KSPR: the score {skor.skor} is not the card's total {total}.",
        )
    sendiri = kspr.kelompok(total)
    if skor.kelompok is not None and (turun := kelompok_tidak_turun(skor.kelompok, sendiri)):
        yield turun


def _usulan(skor: SkorPoedjiRochjati) -> Iterator[Teguran]:
    if skor.fakta is None:
        return
    for usulan in usulkan(_fakta(skor, skor.fakta), skor.faktor):
        yield Teguran(
            "faktor",
            f"{usulan.alasan} mendukung faktor {usulan.faktor} "
            f"({kspr.FAKTOR[usulan.faktor].uraian}) yang belum dicatat.",
            "tambahkan bila bidan mengonfirmasi; server tidak menambahkannya sendiri.",
            "KSPR",
            jenis="peringatan",
        )


def _fakta(skor: SkorPoedjiRochjati, fakta: FaktaKspr) -> Fakta:
    return Fakta(
        hpht=skor.hpht,
        tanggal=skor.waktu.date(),
        tanggal_lahir=fakta.tanggalLahir,
        gravida=fakta.gravida,
        paritas=fakta.paritas or 0,
        abortus=fakta.abortus or 0,
        persalinan_terakhir=fakta.persalinanTerakhir,
        tinggi=fakta.tinggi,
        pernah_sesar=fakta.pernahSesar or False,
        hb=fakta.hb,
        sistolik=fakta.sistolik,
        diastolik=fakta.diastolik,
        bengkak=fakta.bengkak or False,
        jumlah_janin=fakta.jumlahJanin,
        letak=fakta.letak,
    )


def _english(pesan: str) -> str:
    return f"KSPR: the factors do not fit the card. {pesan}"
