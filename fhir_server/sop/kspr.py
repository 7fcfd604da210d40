"""Kartu Skor Poedji Rochjati (KSPR): how much risk a pregnancy carries, and what it asks for.

Every pregnancy starts with 2; every factor on the card adds 4 or 8. The server counts and suggests;
a factor counts only when the bidan has confirmed it.

Source: Poedji Rochjati, Skrining Antenatal pada Ibu Hamil; the card is reprinted in the
guidelines for Buku KIA. Where the card is silent, a comment says what we decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Kontak = Literal["I", "II", "III.1", "III.2"]
Kelompok = Literal["KRR", "KRT", "KRST"]
KONTAK: Final[tuple[Kontak, ...]] = get_args(Kontak)
KELOMPOK: Final[tuple[Kelompok, ...]] = get_args(Kelompok)
SKOR_AWAL: Final = 2


@dataclass(frozen=True, slots=True)
class Faktor:
    """One row of the card: ``nomor`` as printed, ``golongan`` I to III, weight in points.

    ``icd10`` are suggestions for the diagnosis; the pairing is ours, not the card's.
    """

    kode: str
    nomor: str
    golongan: str
    uraian: str
    bobot: int
    icd10: tuple[str, ...]


def _baris(*rows: tuple[str, str, str, int, str]) -> Mapping[str, Faktor]:
    return {
        f"f{nomor}": Faktor(
            f"f{nomor}", nomor.lstrip("0"), golongan, uraian, bobot, tuple(icd10.split())
        )
        for nomor, golongan, uraian, bobot, icd10 in rows
    }


# 11 a-b and 11 c-d are one row each on the card, 9 a, b and c are three.
FAKTOR: Final = _baris(
    ("01", "I", "Terlalu muda, hamil 16 tahun atau kurang", 4, "Z35.6"),
    ("02a", "I", "Terlalu lambat hamil pertama, kawin 4 tahun atau lebih", 4, "Z35.0"),
    ("02b", "I", "Terlalu tua, hamil pertama pada 35 tahun atau lebih", 4, "Z35.5"),
    ("03", "I", "Terlalu cepat hamil lagi, kurang dari 2 tahun", 4, "Z35.8"),
    ("04", "I", "Terlalu lama hamil lagi, 10 tahun atau lebih", 4, "Z35.8"),
    ("05", "I", "Terlalu banyak anak, 4 atau lebih", 4, "Z35.4"),
    ("06", "I", "Terlalu tua, umur 35 tahun atau lebih", 4, "Z35.8"),
    ("07", "I", "Terlalu pendek, 145 cm atau kurang", 4, "Z35.8"),
    ("08", "I", "Pernah gagal kehamilan", 4, "Z35.1"),
    ("09a", "I", "Pernah melahirkan dengan tarikan tang atau vakum", 4, "Z35.2"),
    ("09b", "I", "Pernah melahirkan dengan uri dirogoh", 4, "Z35.2"),
    ("09c", "I", "Pernah melahirkan dengan diberi infus atau transfusi", 4, "Z35.2"),
    ("10", "I", "Pernah operasi sesar", 8, "O34.2"),
    ("11ab", "II", "Penyakit pada ibu hamil: kurang darah, malaria", 4, "O99.0 O98.6"),
    ("11cd", "II", "Penyakit pada ibu hamil: TBC paru, payah jantung", 4, "O98.0 O99.4"),
    ("11e", "II", "Penyakit pada ibu hamil: kencing manis", 4, "O24.9"),
    ("11f", "II", "Penyakit pada ibu hamil: penyakit menular seksual", 4, "O98.3"),
    ("12", "II", "Bengkak pada muka atau tungkai dan tekanan darah tinggi", 4, "O14.0 O13"),
    ("13", "II", "Hamil kembar dua atau lebih", 4, "O30.0 O30.9"),
    ("14", "II", "Hamil kembar air (hidramnion)", 4, "O40"),
    ("15", "II", "Bayi mati dalam kandungan", 4, "O36.4"),
    ("16", "II", "Kehamilan lebih bulan", 4, "O48"),
    ("17", "II", "Letak sungsang", 8, "O32.1"),
    ("18", "II", "Letak lintang", 8, "O32.2"),
    ("19", "III", "Perdarahan dalam kehamilan ini", 8, "O46.9 O20.9"),
    ("20", "III", "Preeklampsia berat atau kejang-kejang", 8, "O14.1 O15.0"),
)

# Both rows of a pair cannot be true of one woman. That 2b (first pregnancy) excludes 6 is our
# reading of the card, which would otherwise count one age twice.
BERTENTANGAN: Final = (("f02b", "f06"), ("f01", "f02b"), ("f01", "f06"), ("f03", "f04"))

# A worse row takes the place of a milder one: 20 contains what 12 says. Our decision.
TERMASUK_DALAM: Final = {"f12": "f20"}


@dataclass(frozen=True, slots=True)
class Anjuran:
    """What the card advises for a risk group: who cares, who is referred, where, and who delivers.

    ``teks_kartu`` is the place the old card prints, where it differs from what is advised today.
    """

    perawatan: str
    rujukan: str
    tempat: str
    penolong: str
    teks_kartu: str | None = None


_ANJURAN: Final[Mapping[Kelompok, Anjuran]] = {
    "KRR": Anjuran("bidan", "tidak dirujuk", "polindes/puskesmas", "bidan", "rumah/polindes"),
    "KRT": Anjuran("bidan, dokter", "bidan/puskesmas", "polindes/puskesmas/RS", "bidan, dokter"),
    "KRST": Anjuran("dokter", "rumah sakit", "RS", "dokter"),
}


def periksa(faktor: Collection[str]) -> list[str]:
    """Say in Indonesian what is wrong with a list of factors; an empty list: nothing."""
    salah = [
        f"Faktor {kode!r} tidak ada pada kartu; yang ada: {', '.join(FAKTOR)}."
        for kode in faktor
        if kode not in FAKTOR
    ]
    salah += [
        f"Faktor {kode} tercatat dua kali; setiap baris kartu dihitung satu kali."
        for kode in dict.fromkeys(faktor)
        if list(faktor).count(kode) > 1
    ]
    salah += [
        f"Faktor {satu} ({FAKTOR[satu].uraian}) dan {dua} ({FAKTOR[dua].uraian}) tidak dapat "
        "berlaku bersama; pilih salah satu."
        for satu, dua in BERTENTANGAN
        if satu in faktor and dua in faktor
    ]
    return salah


def dihitung(faktor: Iterable[str]) -> list[str]:
    """Give the factors that count, in the card's order: a row contained in a worse one does not."""
    ada = set(faktor)
    return [kode for kode in FAKTOR if kode in ada and TERMASUK_DALAM.get(kode) not in ada]


def skor(faktor: Iterable[str]) -> int:
    """Add up the card: 2 + 4 for every light and 8 for every heavy factor (the card's last row).

    The total is therefore never 4 and never odd. Unknown codes raise KeyError: ``periksa`` first.
    """
    ada = set(faktor)
    tidak_dikenal = ada - FAKTOR.keys()
    if tidak_dikenal:
        raise KeyError(*sorted(tidak_dikenal))
    return SKOR_AWAL + sum(FAKTOR[kode].bobot for kode in dihitung(ada))


def kelompok(jumlah: int) -> Kelompok:
    """Name the risk group of a total: 2 KRR, 6 to 10 KRT, 12 and more KRST (the card).

    A total that no card can give (4, odd, below 2) raises ValueError.
    """
    if jumlah < SKOR_AWAL or jumlah % 2 or jumlah == 4:
        raise ValueError(
            f"Skor {jumlah} mustahil: skor selalu 2 + 4 x (faktor ringan) + 8 x (faktor berat)."
        )
    if jumlah == SKOR_AWAL:
        return "KRR"
    return "KRT" if jumlah <= 10 else "KRST"


def anjuran(golongan: Kelompok) -> Anjuran:
    """Give the card's advice; for KRR a facility, since today every birth belongs in one."""
    return _ANJURAN[golongan]


def perincian(faktor: Iterable[str]) -> str:
    """Write the sum out, as the card's reader checks it: ``2 + f06 4 + f10 8 = 14``."""
    hitung = dihitung(faktor)
    suku = "".join(f" + {kode} {FAKTOR[kode].bobot}" for kode in hitung)
    return f"{SKOR_AWAL}{suku} = {skor(hitung)}"


def kelompok_berlaku(
    sekarang: Iterable[str],
    sebelumnya: Iterable[Collection[str]] = (),
    salah_catat: Collection[str] = (),
) -> Kelompok:
    """Name the group in force: it only goes up within a pregnancy.

    ``sebelumnya`` are the factors of earlier contacts; those in ``salah_catat`` were recorded in
    error and count nowhere, which is the one way down. Our decision: the card is silent.
    """
    semua = [sekarang, *sebelumnya]
    return max(
        (kelompok(skor(set(faktor) - set(salah_catat))) for faktor in semua),
        key=KELOMPOK.index,
    )
