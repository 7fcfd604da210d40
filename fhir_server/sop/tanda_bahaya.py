"""Tanda bahaya: which danger signs the words of a chat speak for. A suggestion, never a decision.

A sign counts only when a bidan or dokter has confirmed it. Words that are denied ("tidak pusing")
suggest nothing; where a sentence can be read both ways, the sign is suggested, since a needless
question harms less than a missed one.

Source: WHO SMART Guidelines antenatal care, data dictionary ANC.B5 (elements and their SNOMED CT
and ICD-10 maps), and Buku KIA for swelling and broken waters; breathlessness: KMK 4829/2021 on
isolation at home. The Indonesian words are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

KodeTanda = Literal[
    "perdarahan",
    "sianosis",
    "kejang",
    "demam",
    "tanda-persalinan",
    "sakit-kepala-hebat",
    "muntah-hebat",
    "nyeri-perut-hebat",
    "tidak-sadar",
    "gangguan-penglihatan",
    "gerak-janin-tidak-ada",
    "gerak-janin-berkurang",
    "bengkak",
    "ketuban-pecah",
    "sesak-napas",
]
BATAS_DEMAM: Final = Decimal("38.0")


@dataclass(frozen=True, slots=True)
class Tanda:
    """One danger sign. ``who`` is the element of WHO's dictionary, ``sct`` its SNOMED CT code.

    ``berat``: WHO maps the severe form to the plain symptom, so the severity must be said apart.
    ``hamil``: it concerns pregnant women only.
    """

    kode: KodeTanda
    nama: str
    icd10: str
    sct: str | None
    who: str | None
    berat: bool = False
    hamil: bool = True


def _daftar(*rows: Tanda) -> dict[str, Tanda]:
    return {each.kode: each for each in rows}


TANDA: Final = _daftar(
    Tanda("perdarahan", "Keluar darah dari jalan lahir", "O46.9", "289530006", "ANC.B5.DE50"),
    Tanda("sianosis", "Sianosis sentral", "R23.0", "95837007", "ANC.B5.DE51", hamil=False),
    Tanda("kejang", "Kejang", "R56.8", "91175000", "ANC.B5.DE52", hamil=False),
    Tanda("demam", "Demam", "R50.9", "386661006", "ANC.B5.DE53"),
    Tanda("tanda-persalinan", "Tanda persalinan", "O75.9", "249123005", "ANC.B5.DE55"),
    Tanda("sakit-kepala-hebat", "Sakit kepala hebat", "R51", "25064002", "ANC.B5.DE57", berat=True),
    Tanda("muntah-hebat", "Muntah hebat", "R11", "422400008", "ANC.B5.DE59", berat=True),
    Tanda("nyeri-perut-hebat", "Nyeri perut hebat", "R10.4", "21522001", "ANC.B5.DE60", berat=True),
    Tanda("tidak-sadar", "Tidak sadar", "R40.2", "418107008", "ANC.B5.DE61", hamil=False),
    Tanda("gangguan-penglihatan", "Gangguan penglihatan", "H53.9", "63102001", "ANC.B5.DE62"),
    Tanda("gerak-janin-tidak-ada", "Janin tidak bergerak", "O36.8", "249038009", "ANC.B5.DE15"),
    Tanda("gerak-janin-berkurang", "Gerak janin berkurang", "O36.8", "276369006", "ANC.B5.DE16"),
    Tanda("bengkak", "Bengkak muka, tangan atau kaki", "R60.0", "267038008", "ANC.B5.DE30"),
    Tanda("ketuban-pecah", "Ketuban pecah dini", "O42.9", None, None),
    Tanda("sesak-napas", "Sesak napas", "R06.0", "267036007", None, hamil=False),
)
assert tuple(TANDA) == get_args(KodeTanda)  # noqa: S101 - two lists of one thing

# Words in square brackets: any one of them. Between two words up to two fillers may stand.
_KATA: Final[tuple[tuple[KodeTanda, str], ...]] = (
    ("perdarahan", "keluar [darah|flek]"),
    ("perdarahan", "darah keluar"),
    ("perdarahan", "[pendarahan|perdarahan|flek|ngeflek|nyeflek]"),
    ("sianosis", "[bibir|kuku|muka|wajah] [biru|kebiruan|membiru]"),
    ("kejang", "[kejang|step|kejangkejang]"),
    ("demam", "[demam|meriang]"),
    ("demam", "[panas|badan] tinggi"),
    ("demam", "panas tinggi"),
    ("tanda-persalinan", "[kenceng|kencang] [kenceng|kencang]"),
    ("tanda-persalinan", "perut [kenceng|kencang]"),
    ("tanda-persalinan", "[mules|mulas|kontraksi] teratur"),
    ("sakit-kepala-hebat", "[pusing|sakit_kepala|nyeri_kepala] [hebat|berat|sekali|banget|parah]"),
    ("sakit-kepala-hebat", "kepala [sakit|pusing|nyeri] [hebat|berat|sekali|banget|parah]"),
    ("muntah-hebat", "muntah [terus|hebat|parah]"),
    ("muntah-hebat", "muntah tidak [berhenti|henti]"),
    ("nyeri-perut-hebat", "[nyeri|sakit] perut [hebat|berat|sekali|banget|parah]"),
    ("nyeri-perut-hebat", "perut [nyeri|sakit] [hebat|berat|sekali|banget|parah]"),
    ("nyeri-perut-hebat", "[nyeri|sakit] ulu hati"),
    ("nyeri-perut-hebat", "ulu hati [nyeri|sakit]"),
    ("tidak-sadar", "[pingsan|semaput]"),
    ("tidak-sadar", "tidak sadar"),
    ("gangguan-penglihatan", "[pandangan|penglihatan|mata] [kabur|buram|gelap|berkunang]"),
    ("gangguan-penglihatan", "[kunang|berkunang] kunang"),
    ("gerak-janin-tidak-ada", "[bayi|janin] tidak [gerak|bergerak]"),
    ("gerak-janin-tidak-ada", "[gerak|gerakan] [bayi|janin] tidak [ada|terasa]"),
    ("gerak-janin-berkurang", "[gerak|gerakan|geraknya] [berkurang|kurang|jarang|lemah]"),
    ("gerak-janin-berkurang", "[gerak|gerakan] [bayi|janin] [berkurang|kurang|jarang|lemah]"),
    ("gerak-janin-berkurang", "[bayi|janin] [jarang|kurang] [gerak|bergerak]"),
    ("bengkak", "bengkak [muka|wajah|tangan|kaki|tungkai|jari]"),
    ("bengkak", "[muka|wajah|tangan|kaki|tungkai|jari] bengkak"),
    ("ketuban-pecah", "[air|pecah] ketuban"),
    ("ketuban-pecah", "ketuban [pecah|rembes|merembes|keluar]"),
    ("ketuban-pecah", "[rembes|merembes]"),
    ("sesak-napas", "[sesak|ngos|sesek]"),
    ("sesak-napas", "[susah|sulit|berat] [napas|nafas|bernapas|bernafas]"),
    ("sesak-napas", "[napas|nafas] [berat|susah|pendek]"),
)
_INGKAR: Final = "tidak"
_SETARA: Final = """
    tdk gak ga gk nggak ngga enggak engga tak ndak nda kagak ora mboten bukan belum tanpa
"""
_LAIN: Final = dict.fromkeys(_SETARA.split(), _INGKAR)
_SELA: Final = "yang yg sangat amat sekali agak terasa rasanya sudah jadi di pada"
_PENGISI: Final = frozenset(_SELA.split())
_LEWAT: Final = (
    "ada lagi pernah merasa terasa merasakan keluhan mengalami sampai begitu terlalu rasa"
)
_TEMBUS: Final = frozenset(_LEWAT.split())
_SAMBUNG: Final = frozenset({"atau", "maupun", "ataupun"})
_AKHIRAN: Final = re.compile(r"(?<=\w{3})nya$")
_KLAUSA: Final = re.compile(r"[.,;:!?()\n]|\btapi\b|\btetapi\b|\bnamun\b|\bcuma\b|\bhanya\b")
_SUHU: Final = re.compile(
    r"(?:(?:suhu|panas|demam|temp|temperatur|badan)\w*\D{0,15}?(?P<a>\d{2}(?:[.,]\d)?)(?![\d/]))"
    r"|(?:(?P<b>\d{2}(?:[.,]\d)?)\s*(?:°|derajat|celcius|celsius|c\b))"
)
_TITIK: Final = re.compile(r"(?<=\d)[.,](?=\d)")


@dataclass(frozen=True, slots=True)
class UsulanTanda:
    """A sign to be confirmed, and the words that speak for it."""

    tanda: Tanda
    kata: str


def usulkan(teks: str, *, hamil: bool = True) -> list[UsulanTanda]:
    """Suggest the danger signs that a message speaks for, each once, in the order of the table.

    ``hamil``: False leaves out what concerns pregnant women only.
    """
    found: dict[str, str] = {}
    for kata in _klausa(teks):
        for kode, words in _cocok(kata):
            found.setdefault(kode, words)
    if "demam" not in found and (suhu := _suhu(teks)) is not None and suhu >= BATAS_DEMAM:
        found["demam"] = f"{suhu} °C"
    return [
        UsulanTanda(tanda, found[kode])
        for kode, tanda in TANDA.items()
        if kode in found and (hamil or not tanda.hamil)
    ]


def _klausa(teks: str) -> Iterator[list[str]]:
    """Split a message into clauses, each a list of plain words."""
    for bagian in _KLAUSA.split(_TITIK.sub("·", teks.lower())):
        kata = re.findall(r"[a-z·0-9]+", bagian)
        polos = [_LAIN.get(each, _AKHIRAN.sub("", each)) for each in kata]
        if polos:
            yield polos


def _cocok(kata: list[str]) -> Iterator[tuple[str, str]]:
    for kode, pola in _POLA:
        for mulai in range(len(kata)):
            akhir = _sampai(kata, mulai, pola)
            if akhir is not None and not _diingkari(kata, mulai) and not _ditiadakan(kata, akhir):
                yield kode, " ".join(kata[mulai:akhir])
                break


def _sampai(kata: list[str], mulai: int, pola: tuple[frozenset[str], ...]) -> int | None:
    """Say where a pattern that begins at ``mulai`` ends; None: it does not match."""
    if kata[mulai] not in pola[0]:
        return None
    tempat = mulai + 1
    for pilihan in pola[1:]:
        lewat = tempat
        while (
            lewat < len(kata)
            and lewat - tempat < 2
            and kata[lewat] in _PENGISI
            and kata[lewat] not in pilihan
        ):
            lewat += 1
        if lewat >= len(kata) or kata[lewat] not in pilihan:
            return None
        tempat = lewat + 1
    return tempat


def _diingkari(kata: list[str], mulai: int) -> bool:
    """Say whether a "tidak" before a match denies it."""
    sambung = False
    for sebelum in reversed(kata[:mulai]):
        if sebelum == _INGKAR:
            return True
        if sebelum in _SAMBUNG:
            sambung = True
        elif sebelum not in _TEMBUS and not (sambung and sebelum in _GEJALA):
            return False
    return False


def _ditiadakan(kata: list[str], akhir: int) -> bool:
    """Say whether the words after a match take it back: "tidak ada", "sudah hilang"."""
    return tuple(kata[akhir:]) in {
        (_INGKAR,),
        (_INGKAR, "ada"),
        ("sudah", _INGKAR, "ada"),
        ("sudah", "hilang"),
        ("sudah", "sembuh"),
        ("sudah", "reda"),
        ("negatif",),
    }


def _suhu(teks: str) -> Decimal | None:
    """Read the highest plausible body temperature that a message names."""
    dibaca = [
        Decimal((each["a"] or each["b"]).replace(",", ".")) for each in _SUHU.finditer(teks.lower())
    ]
    return max((each for each in dibaca if Decimal(34) <= each <= Decimal(43)), default=None)


def _pola(kata: str) -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset(each.strip("[]").split("|")) if each.startswith("[") else frozenset({each})
        for each in kata.split()
    )


def _mekar() -> Iterator[tuple[str, tuple[frozenset[str], ...]]]:
    """Write out the alternatives of two words (``sakit_kepala``) as patterns of their own."""
    for kode, kata in _KATA:
        pertama, *sisa = _pola(kata)
        tunggal = frozenset(each for each in pertama if "_" not in each)
        if tunggal:
            yield kode, (tunggal, *sisa)
        for each in sorted(pertama - tunggal):
            yield kode, (*_pola(each.replace("_", " ")), *sisa)


_POLA: Final = tuple(_mekar())
_GEJALA: Final = frozenset(kata for _, pola in _POLA for pilihan in pola for kata in pilihan)
