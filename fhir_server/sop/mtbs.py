"""MTBS: how the signs of a sick child under five are classified (domain §1.B B6, S7).

Source: Kemenkes RI, Buku Bagan Manajemen Terpadu Balita Sakit (MTBS); WHO, Integrated Management of
Childhood Illness, chart booklet. What comes out are suggestions with the signs they rest on: the
officer who examines the child decides. Signs that were not looked at suggest nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop.dokumen import bidang, dokumen
from fhir_server.sop.napas_cepat import ambang_napas, napas_cepat

if TYPE_CHECKING:
    from collections.abc import Iterator

TandaBahayaAnak = Literal[
    "tidak-bisa-minum",
    "muntah-semua",
    "kejang",
    "letargis",
    "stridor",
    "biru",
    "ujung-dingin",
    "bergerak-bila-dirangsang",
    "merintih",
]
Kesadaran = Literal["normal", "rewel", "letargis"]
Minum = Literal["normal", "lahap", "malas", "tidak-bisa"]
Cubitan = Literal["segera", "lambat", "sangat-lambat"]
Malaria = Literal["tinggi", "rendah", "tidak"]
Rdt = Literal["positif", "negatif", "tidak-diperiksa"]
Pucat = Literal["tidak", "agak", "sangat"]
Ikterus = Literal["tidak", "ikterus", "ikterus-berat"]
Klasifikasi = Literal[
    "penyakit-sangat-berat",
    "pneumonia-berat",
    "pneumonia",
    "batuk-bukan-pneumonia",
    "diare-dehidrasi-berat",
    "diare-dehidrasi-ringan-sedang",
    "diare-tanpa-dehidrasi",
    "diare-persisten-berat",
    "diare-persisten",
    "disentri",
    "penyakit-berat-dengan-demam",
    "malaria",
    "demam-bukan-malaria",
    "campak-komplikasi-berat",
    "campak",
    "dbd",
    "mungkin-dbd",
    "demam-mungkin-bukan-dbd",
    "mastoiditis",
    "infeksi-telinga-akut",
    "infeksi-telinga-kronis",
    "tidak-infeksi-telinga",
    "gizi-buruk-komplikasi",
    "gizi-buruk",
    "gizi-kurang",
    "gizi-baik",
    "anemia-berat",
    "anemia",
    "tidak-anemia",
    "infeksi-bakteri-berat",
    "ikterus-berat",
    "ikterus",
]
BAYI_MUDA: Final = 2
"""Completed months below which a child is a young infant (MTBM)."""

BALITA: Final = 60
DEMAM: Final = Decimal("37.5")
DINGIN: Final = Decimal("35.5")
SPO2: Final = 92
LILA: Final = (Decimal("11.5"), Decimal("12.5"))
Z: Final = (-3, -2)
PERSISTEN, TELINGA_KRONIS = 14, 14
MASA_DBD: Final = (2, 7)


@dokumen
class Batuk:
    """Batuk atau sukar bernapas."""

    hari: int = bidang("Batuk sudah berapa hari", "MTBS", contoh=3)
    tarikanDinding: bool = bidang(
        "Tarikan dinding dada ke dalam", "MTBS", default=False, contoh=False
    )
    wheezing: bool = bidang("Wheezing", "MTBS", default=False, contoh=False)


@dokumen
class Diare:
    """Diare."""

    hari: int = bidang("Diare sudah berapa hari", "MTBS", contoh=2)
    darah: bool = bidang("Darah dalam tinja", "MTBS", default=False)
    kesadaran: Kesadaran = bidang("Keadaan umum", "MTBS", default="normal", kode="kesadaran-mtbs")
    mataCekung: bool = bidang("Mata cekung", "MTBS", default=False)
    minum: Minum = bidang("Cara minum", "MTBS", default="normal", kode="minum-mtbs")
    cubitan: Cubitan = bidang(
        "Cubitan kulit perut kembali", "MTBS", default="segera", kode="cubitan-mtbs"
    )


@dokumen
class Demam:
    """Demam menurut anamnesis, teraba panas, atau suhu 37,5 °C atau lebih."""

    hari: int = bidang("Demam sudah berapa hari", "MTBS", contoh=2)
    daerahMalaria: Malaria = bidang(
        "Risiko malaria daerah ini", "MTBS", default="tidak", kode="risiko-malaria"
    )
    rdtMalaria: Rdt = bidang("Tes malaria", "MTBS", default="tidak-diperiksa", kode="hasil-rdt")
    kakuKuduk: bool = bidang("Kaku kuduk", "MTBS", default=False)
    campak: bool = bidang(
        "Ruam campak disertai batuk, pilek atau mata merah", "MTBS", default=False
    )
    penyulitCampak: bool = bidang(
        "Kekeruhan kornea atau luka mulut yang dalam", "MTBS", default=False
    )
    perdarahan: bool = bidang(
        "Perdarahan hidung, gusi, muntah darah atau tinja hitam", "MTBS", default=False
    )
    syok: bool = bidang(
        "Ujung tangan dan kaki dingin, nadi lemah atau tidak teraba", "MTBS", default=False
    )
    nyeriUluHati: bool = bidang("Nyeri ulu hati atau gelisah", "MTBS", default=False)
    bintikMerah: bool = bidang("Bintik merah di kulit", "MTBS", default=False)


@dokumen
class Telinga:
    """Masalah telinga."""

    nyeri: bool = bidang("Nyeri telinga", "MTBS", default=False)
    nanahHari: int | None = bidang(
        "Nanah keluar dari telinga, sudah berapa hari", "MTBS", default=None, contoh=4
    )
    bengkakBelakang: bool = bidang(
        "Pembengkakan yang nyeri di belakang telinga", "MTBS", default=False
    )


@dokumen
class StatusGizi:
    """Status gizi dan anemia."""

    zBbTb: Decimal | None = bidang(
        "Berat menurut panjang atau tinggi badan (skor Z)", "MTBS", default=None, contoh=-1.2
    )
    edema: bool = bidang("Edema minimal pada kedua punggung kaki", "MTBS", default=False)
    pucat: Pucat = bidang("Telapak tangan pucat", "MTBS", default="tidak", kode="pucat-mtbs")


@dokumen
class UsulanMtbs:
    """Klasifikasi yang diusulkan dan tanda yang mendasarinya."""

    klasifikasi: Klasifikasi = bidang("Klasifikasi", "MTBS", kode="klasifikasi-mtbs")
    dasar: str = bidang("Dasar", "MTBS", contoh="napas 44 per menit (≥40)")


@dokumen
class TandaAnak:
    """Semua yang ditemukan pada satu anak; yang tidak diperiksa kosong."""

    umurBulan: int = bidang("Umur (bulan genap)", "MTBS")
    napas: int | None = bidang("Napas per menit", "MTBS", default=None)
    suhu: Decimal | None = bidang("Suhu (°C)", "MTBS", default=None)
    spo2: Decimal | None = bidang("Saturasi oksigen (%)", "MTBS", default=None)
    lila: Decimal | None = bidang("LiLA (cm)", "MTBS", default=None)
    tandaBahaya: tuple[TandaBahayaAnak, ...] = bidang("Tanda bahaya umum", "MTBS", default=())
    batuk: Batuk | None = bidang("Batuk", "MTBS", default=None)
    diare: Diare | None = bidang("Diare", "MTBS", default=None)
    demam: Demam | None = bidang("Demam", "MTBS", default=None)
    telinga: Telinga | None = bidang("Telinga", "MTBS", default=None)
    gizi: StatusGizi | None = bidang("Gizi", "MTBS", default=None)
    ikterus: Ikterus | None = bidang("Ikterus", "MTBS", default=None)

    @property
    def cepat(self) -> bool:
        """Say whether the child breathes fast for its age."""
        return self.napas is not None and bool(napas_cepat(self.umurBulan, self.napas))

    @property
    def kata_napas(self) -> str:
        """Say the breathing rate with its limit."""
        return f"napas {self.napas} per menit (≥{ambang_napas(self.umurBulan)})"


def usulkan(anak: TandaAnak) -> tuple[UsulanMtbs, ...]:
    """Suggest a classification a part that was looked at, the gravest signs first."""
    parts = _bayi_muda(anak) if anak.umurBulan < BAYI_MUDA else _anak(anak)
    return tuple(UsulanMtbs(klasifikasi=each, dasar=dasar) for each, dasar in parts)


Temuan = tuple[Klasifikasi, str]


def _anak(anak: TandaAnak) -> Iterator[Temuan]:
    if anak.tandaBahaya:
        yield "penyakit-sangat-berat", f"tanda bahaya umum: {', '.join(anak.tandaBahaya)}"
    if anak.batuk is not None:
        yield _batuk(anak, anak.batuk)
    if anak.diare is not None:
        yield from _diare(anak.diare)
    if anak.demam is not None:
        yield from _demam(anak, anak.demam)
    if anak.telinga is not None:
        yield _telinga(anak.telinga)
    if anak.gizi is not None or anak.lila is not None:
        yield _gizi(anak, anak.gizi or StatusGizi())
    if anak.gizi is not None:
        yield _anemia(anak.gizi)


def _bayi_muda(anak: TandaAnak) -> Iterator[Temuan]:
    """Classify a young infant: every sign of a severe bacterial infection is grave."""
    tanda: list[str] = [*anak.tandaBahaya]
    if anak.cepat:
        tanda.append(anak.kata_napas)
    if anak.batuk is not None and anak.batuk.tarikanDinding:
        tanda.append("tarikan dinding dada ke dalam")
    if anak.suhu is not None and (anak.suhu >= DEMAM or anak.suhu < DINGIN):
        tanda.append(f"suhu {anak.suhu} °C (≥{DEMAM} atau <{DINGIN})")
    if tanda:
        yield "infeksi-bakteri-berat", ", ".join(tanda)
    if anak.ikterus == "ikterus-berat":
        yield "ikterus-berat", "kuning sampai telapak, atau pada hari pertama"
    elif anak.ikterus == "ikterus":
        yield "ikterus", "tampak kuning"
    if anak.diare is not None:
        yield from _diare(anak.diare)


def _batuk(anak: TandaAnak, batuk: Batuk) -> Temuan:
    if batuk.tarikanDinding:
        return "pneumonia-berat", "tarikan dinding dada ke dalam"
    if anak.spo2 is not None and anak.spo2 < SPO2:
        return "pneumonia-berat", f"SpO₂ {anak.spo2} % (<{SPO2})"
    if anak.cepat:
        return "pneumonia", anak.kata_napas
    return "batuk-bukan-pneumonia", "tidak ada napas cepat atau tarikan dinding dada"


def _diare(diare: Diare) -> Iterator[Temuan]:
    berat = _ada(
        (diare.kesadaran == "letargis", "letargis"),
        (diare.mataCekung, "mata cekung"),
        (diare.minum in {"tidak-bisa", "malas"}, "tidak bisa atau malas minum"),
        (diare.cubitan == "sangat-lambat", "cubitan kembali sangat lambat"),
    )
    sedang = _ada(
        (diare.kesadaran == "rewel", "rewel"),
        (diare.mataCekung, "mata cekung"),
        (diare.minum == "lahap", "haus, minum dengan lahap"),
        (diare.cubitan != "segera", "cubitan kembali lambat"),
    )
    dehidrasi = len(berat) > 1 or len(sedang) > 1
    if len(berat) > 1:
        yield "diare-dehidrasi-berat", ", ".join(berat)
    elif len(sedang) > 1:
        yield "diare-dehidrasi-ringan-sedang", ", ".join(sedang)
    else:
        yield "diare-tanpa-dehidrasi", "kurang dari dua tanda dehidrasi"
    if diare.hari >= PERSISTEN:
        kode: Klasifikasi = "diare-persisten-berat" if dehidrasi else "diare-persisten"
        yield kode, f"diare {diare.hari} hari (≥{PERSISTEN})"
    if diare.darah:
        yield "disentri", "darah dalam tinja"


def _demam(anak: TandaAnak, demam: Demam) -> Iterator[Temuan]:
    if anak.tandaBahaya or demam.kakuKuduk:
        yield "penyakit-berat-dengan-demam", "tanda bahaya umum atau kaku kuduk"
    elif demam.rdtMalaria == "positif":
        yield "malaria", "tes malaria positif"
    elif demam.daerahMalaria != "tidak":
        yield "demam-bukan-malaria", f"tes malaria {demam.rdtMalaria}"
    if demam.campak:
        berat = bool(anak.tandaBahaya) or demam.penyulitCampak
        yield "campak-komplikasi-berat" if berat else "campak", "ruam campak"
    if MASA_DBD[0] <= demam.hari <= MASA_DBD[1]:
        yield _dbd(demam)


def _dbd(demam: Demam) -> Temuan:
    berat = _ada((demam.syok, "tanda syok"), (demam.perdarahan, "perdarahan"))
    if berat:
        return "dbd", ", ".join(berat)
    mungkin = _ada((demam.nyeriUluHati, "nyeri ulu hati"), (demam.bintikMerah, "bintik merah"))
    if mungkin:
        return "mungkin-dbd", f"demam {demam.hari} hari, {', '.join(mungkin)}"
    return "demam-mungkin-bukan-dbd", f"demam {demam.hari} hari tanpa tanda DBD"


def _telinga(telinga: Telinga) -> Temuan:
    if telinga.bengkakBelakang:
        return "mastoiditis", "pembengkakan yang nyeri di belakang telinga"
    if telinga.nanahHari is not None and telinga.nanahHari >= TELINGA_KRONIS:
        return "infeksi-telinga-kronis", f"nanah {telinga.nanahHari} hari (≥{TELINGA_KRONIS})"
    if telinga.nanahHari is not None or telinga.nyeri:
        return "infeksi-telinga-akut", "nyeri atau nanah kurang dari 14 hari"
    return "tidak-infeksi-telinga", "tidak ada nyeri dan nanah"


def _gizi(anak: TandaAnak, gizi: StatusGizi) -> Temuan:
    z, lila = gizi.zBbTb, anak.lila if anak.umurBulan >= 6 else None
    buruk = _ada(
        (gizi.edema, "edema kedua punggung kaki"),
        (z is not None and z < Z[0], f"skor Z {z} (<{Z[0]})"),
        (lila is not None and lila < LILA[0], f"LiLA {lila} cm (<{LILA[0]})"),
    )
    if buruk:
        penyulit = bool(anak.tandaBahaya) or gizi.pucat == "sangat"
        return "gizi-buruk-komplikasi" if penyulit else "gizi-buruk", ", ".join(buruk)
    kurang = _ada(
        (z is not None and z < Z[1], f"skor Z {z} (<{Z[1]})"),
        (lila is not None and lila < LILA[1], f"LiLA {lila} cm (<{LILA[1]})"),
    )
    if kurang:
        return "gizi-kurang", ", ".join(kurang)
    return "gizi-baik", "skor Z dan LiLA dalam batas, tanpa edema"


def _anemia(gizi: StatusGizi) -> Temuan:
    if gizi.pucat == "sangat":
        return "anemia-berat", "telapak tangan sangat pucat"
    if gizi.pucat == "agak":
        return "anemia", "telapak tangan agak pucat"
    return "tidak-anemia", "telapak tangan tidak pucat"


def _ada(*tanda: tuple[bool, str]) -> list[str]:
    return [says for ada, says in tanda if ada]
