"""PWS: indicators, targets and the status of a village (domain §6). Pure arithmetic.

Source of the estimates, the monthly target and the four statuses: Kementerian Kesehatan, Pedoman
Pemantauan Wilayah Setempat Kesehatan Ibu dan Anak (2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JenisSasaran = Literal["penduduk", "ibu-hamil", "bersalin", "nifas", "bayi", "balita", "pus"]
AsalSasaran = Literal["resmi", "perkiraan", "terhitung", "tidak-ada"]
StatusDesa = Literal["BAIK", "KURANG", "CUKUP", "JELEK"]
Arah = Literal["naik", "tetap", "turun"]

PERKIRAAN: Final[Mapping[str, Decimal]] = {
    "ibu-hamil": Decimal("1.10"),
    "bersalin": Decimal("1.05"),
    "nifas": Decimal("1.05"),
    "bayi": Decimal("1.00"),
}
"""Estimate = factor times crude birth rate times inhabitants."""

BR_C11: Final = "BR-C11"
"""One person, service and date counts once, for the village of residence (domain §1.C C11b)."""

SERIBU: Final = 1000
SERATUS: Final = 100
BULAN_SETAHUN: Final = 12


@dataclass(frozen=True, slots=True)
class Indikator:
    """One indicator: whom it is measured against, by share of a target group, or counted.

    ``sasaran`` is None where the denominator is counted from the data as the numerator is.
    """

    kode: str
    label: str
    sasaran: JenisSasaran | None = None
    persen: int = SERATUS
    penyebut: str = ""


INDIKATOR: Final[Mapping[str, Indikator]] = {
    each.kode: each
    for each in (
        Indikator("K1M", "K1 murni: kontak pertama sampai 12 minggu", "ibu-hamil"),
        Indikator("K1", "K1 akses: kontak pertama", "ibu-hamil"),
        Indikator("K4", "K4: empat kontak, 1-1-2 per trimester", "ibu-hamil"),
        Indikator("K6", "K6: enam kontak, 1-2-3 per trimester, dua oleh dokter", "ibu-hamil"),
        Indikator("RISTI-DET", "Deteksi ibu hamil berisiko", "ibu-hamil", 20),
        Indikator("PK", "Komplikasi kebidanan ditangani", "ibu-hamil", 20),
        Indikator("PF", "Persalinan di fasilitas kesehatan", "bersalin"),
        Indikator("PN", "Persalinan oleh tenaga kesehatan", "bersalin"),
        Indikator("KF1", "Kunjungan nifas pertama", "nifas"),
        Indikator("KF2", "Kunjungan nifas kedua", "nifas"),
        Indikator("KF3", "Kunjungan nifas ketiga", "nifas"),
        Indikator("KF4", "Kunjungan nifas keempat", "nifas"),
        Indikator("KF-LENGKAP", "Kunjungan nifas lengkap", "nifas"),
        Indikator("KN1", "Kunjungan neonatal pertama", "bayi"),
        Indikator("KN-LENGKAP", "Kunjungan neonatal lengkap", "bayi"),
        Indikator("NKOMP", "Komplikasi neonatal ditangani", "bayi", 15),
        Indikator("IDL", "Imunisasi dasar lengkap", "bayi"),
        Indikator("TD2", "Imunisasi Td dosis kedua atau lebih", "ibu-hamil"),
        Indikator("MTBS", "Balita sakit dilayani MTBS", penyebut="kunjungan balita sakit"),
        Indikator("KB-AKTIF", "Peserta KB aktif", "pus"),
        Indikator("KB-PP", "KB pascapersalinan dalam 42 hari", "bersalin"),
        Indikator("KEK", "Ibu hamil KEK (LiLA < 23,5 cm)", penyebut="ibu hamil diukur LiLA"),
        Indikator("ANEMIA", "Ibu hamil anemia (Hb < 11 g/dL)", penyebut="ibu hamil diperiksa Hb"),
        Indikator("KRST-RS", "Ibu KRST bersalin di rumah sakit", penyebut="ibu KRST bersalin"),
        Indikator("RUJ-LOOP", "Rujukan dengan rujuk balik", penyebut="rujukan selesai"),
        Indikator("KR", "Kunjungan rumah terlaksana", penyebut="kunjungan rumah direncanakan"),
    )
}


@dataclass(frozen=True, slots=True)
class Penduduk:
    """What is known of a village and year: official targets by group, inhabitants, birth rate.

    ``cbr`` is the crude birth rate per 1,000 inhabitants.
    """

    resmi: Mapping[str, int]
    penduduk: int | None = None
    cbr: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sasaran:
    """A target for a year, and where it comes from; ``jumlah`` is None where nobody knows."""

    jumlah: int | None
    asal: AsalSasaran


TANPA_SASARAN: Final = Sasaran(None, "tidak-ada")


def bulatkan(angka: Decimal, desimal: int = 0) -> Decimal:
    """Round half up, as people do."""
    return angka.quantize(Decimal(1).scaleb(-desimal), ROUND_HALF_UP)


def sasaran(indikator: Indikator, data: Penduduk | None) -> Sasaran:
    """Give the target of an indicator in a village: the official number, else the estimate.

    A share of a group (20 % of the pregnant) is taken of the whole number of the group.
    """
    if data is None or indikator.sasaran is None:
        return TANPA_SASARAN
    kelompok = _kelompok(indikator.sasaran, data)
    if kelompok.jumlah is None:
        return kelompok
    bagian = Decimal(kelompok.jumlah) * indikator.persen / SERATUS
    return Sasaran(int(bulatkan(bagian)), kelompok.asal)


def _kelompok(jenis: str, data: Penduduk) -> Sasaran:
    resmi = data.resmi.get(jenis)
    if resmi is None and jenis == "nifas":
        resmi = data.resmi.get("bersalin")
    if resmi is not None:
        return Sasaran(resmi, "resmi")
    if jenis not in PERKIRAAN or data.penduduk is None or data.cbr is None:
        return TANPA_SASARAN
    taksiran = PERKIRAAN[jenis] * data.cbr / SERIBU * data.penduduk
    return Sasaran(int(bulatkan(taksiran)), "perkiraan")


def target_kumulatif(tahunan: Decimal, bulan: int) -> Decimal:
    """Give what should be reached by the end of a month: a twelfth of the annual target a month."""
    return tahunan * bulan / BULAN_SETAHUN


def cakupan(pembilang: int, penyebut: int | None) -> Decimal | None:
    """Give a coverage in percent with one decimal; None without a denominator."""
    if not penyebut:
        return None
    return bulatkan(Decimal(pembilang) * SERATUS / penyebut, 1)


def arah(bulan_ini: int, bulan_lalu: int, penyebut: tuple[int, int] = (1, 1)) -> Arah:
    """Compare the coverage of this month with that of the last.

    ``penyebut`` are the denominators of the two months, where these differ.
    """
    ini, lalu = bulan_ini * penyebut[1], bulan_lalu * penyebut[0]
    if ini == lalu or 0 in penyebut:
        return "tetap"
    return "naik" if ini > lalu else "turun"


def status_desa(
    kumulatif: int, target: Decimal, tren: Arah, tetap_di_bawah: StatusDesa = "JELEK"
) -> StatusDesa:
    """Judge a village: cumulative number against cumulative target, this month against the last.

    Who has reached the target exactly is not below it. ``tetap_di_bawah`` is the status of a
    village that is below and steady (domain §6 [?]).
    """
    if kumulatif >= target:
        return "KURANG" if tren == "turun" else "BAIK"
    if tren == "tetap":
        return tetap_di_bawah
    return "CUKUP" if tren == "naik" else "JELEK"


def baca_target(teks: str) -> dict[str, Decimal]:
    """Read annual targets as an operator writes them (``K1=100,K4=95``), or raise ValueError."""
    bagian = [each.strip() for each in teks.split(",") if each.strip()]
    target = {}
    for each in bagian:
        kode, tanda, angka = each.partition("=")
        if not tanda or kode.strip() not in INDIKATOR or not angka.strip().isdigit():
            raise ValueError(
                f"{each!r}: right would be K1=100, with a code of: {', '.join(INDIKATOR)}."
            )
        target[kode.strip()] = Decimal(angka.strip())
    return target


ANTIGEN: Final = ("HB0", "BCG", "DPT-HB-HIB", "POLIO", "IPV", "MR", "TD")


def baca_vaksin(teks: str) -> dict[str, tuple[str, ...]]:
    """Read the KFA codes of vaccines (``BCG=VG1,MR=VG2``; an antigen may repeat), or ValueError."""
    kode: dict[str, tuple[str, ...]] = {}
    for each in filter(None, (bagian.strip() for bagian in teks.split(","))):
        antigen, tanda, angka = (bagian.strip() for bagian in each.partition("="))
        if not tanda or antigen not in ANTIGEN or not angka.isalnum():
            raise ValueError(
                f"{each!r}: right would be BCG=VG1, with one of: {', '.join(ANTIGEN)}."
            )
        kode[antigen] = (*kode.get(antigen, ()), angka)
    return kode


def jumlah(semua: Iterable[Sasaran]) -> Sasaran:
    """Add the targets of villages; nobody knows the sum if nobody knows one of them."""
    daftar = list(semua)
    angka = [each.jumlah for each in daftar if each.jumlah is not None]
    if not daftar or len(angka) < len(daftar):
        return TANPA_SASARAN
    asal = {each.asal for each in daftar}
    return Sasaran(sum(angka), "resmi" if asal == {"resmi"} else "perkiraan")
