"""The indicators of PWS as FHIR searches: which resources are events of their numerators.

A search that finds what counts can be read, tried by hand, and stands in the Measure as its
criteria. What a search cannot say (several contacts in their trimesters, an age at the event, one
event near another) stands beside it. domain §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from fhir_server.mappings.codes import CANONICAL, ICD_9_CM, KFA, LOINC, SNOMED, UCUM, code_system

Per = Literal["kehamilan", "orang", "hari", "masing-masing"]

EPISODE: Final = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare"
UNIT: Final = code_system("unit-layanan")
PERAN: Final = code_system("peran-petugas")
TUGAS: Final = code_system("jenis-tugas")
LOKASI: Final = code_system("jenis-lokasi")
FASKES: Final = code_system("jenis-faskes")
RUJUKAN: Final = code_system("jenis-rujukan")
BALIK: Final = code_system("status-rujuk-balik")
KELOMPOK: Final = code_system("kelompok-risiko-kspr")
OBSERVASI: Final = code_system("observasi-lokal")

TERJADI: Final = ("status", "arrived,triaged,in-progress,onleave,finished")
SAH: Final = ("status", "final,amended,corrected")

KOMPLIKASI_OBSTETRI: Final = (
    *(("O00", "O08"), ("O10", "O16"), ("O20", "O22"), ("O41", "O46")),
    *(("O60", "O60"), ("O62", "O72"), ("O75", "O75"), ("O85", "O88")),
)
"""ICD-10 categories: bleeding, hypertension, early rupture, preterm, obstructed, infection."""
KOMPLIKASI_NEONATAL: Final = (("A33", "A33"), ("P05", "P96"), ("Q00", "Q99"))

TINDAKAN_PERSALINAN: Final = ",".join(
    f"{ICD_9_CM}|{code}"
    for code in (
        *("72.0", "72.1", "72.2", "72.3", "72.4", "72.5", "72.6", "72.7", "72.71", "72.79"),
        *("72.8", "72.9", "73.51", "73.59", "74.0", "74.1", "74.2", "74.4", "74.9", "74.99"),
    )
)


CVX: Final = "http://hl7.org/fhir/sid/cvx"
ATC: Final = "http://www.whocc.no/atc"
VAKSIN: Final = {
    "HB0": (f"{CVX}|08", f"{ATC}|J07BC01"),
    "BCG": (f"{CVX}|19", f"{ATC}|J07AN01"),
    "DPT-HB-HIB": (f"{CVX}|198", f"{ATC}|J07CA11"),
    "POLIO": (f"{CVX}|178", f"{ATC}|J07BF02", f"{ATC}|J07BF04"),
    "IPV": (f"{CVX}|10", f"{ATC}|J07BF03"),
    "MR": (f"{CVX}|04", f"{ATC}|J07BD53"),
    "TD": (f"{KFA}|VG139", f"{CVX}|09", f"{CVX}|113", f"{ATC}|J07AM51"),
}
"""Antigen → codes. KFA has codes for all of them; those that are not verified are a setting."""
DOSIS_IDL: Final = {"HB0": 1, "BCG": 1, "DPT-HB-HIB": 3, "POLIO": 4, "IPV": 1, "MR": 1}
"""The last dose of each antigen of the complete basic immunisation (Permenkes 12/2017)."""


@dataclass(frozen=True, slots=True)
class Pencarian:
    """One search: type, criteria, and which of its dates is the event's.

    ``kisaran``: categories of ICD-10 from … to …, which no token can ask as a range. ``antigen``:
    the first criterion holds its codes, to which the operator may add those of KFA.
    """

    tipe: str
    kriteria: tuple[tuple[str, str], ...]
    tanggal: str = "date"
    kisaran: tuple[tuple[str, str], ...] = ()
    antigen: str = ""


@dataclass(frozen=True, slots=True)
class Hitungan:
    """How a population is counted from the events of its searches.

    ``perlu``: how many of the searches must have found an event for a case. ``dekat`` (days
    before, days after): only events of the first search count that have an event of another near.
    ``umur`` (number, unit): only events before the person reached that age. ``kontak``: the
    last search finds contacts: so many in each trimester and so many with a doctor make one event.
    ``hamil``: only events within a pregnancy that is known. ``tempat``: what is for no person is
    of the village where it takes place.
    """

    cari: tuple[Pencarian, ...]
    per: Per
    perlu: int = 1
    dekat: tuple[int, int] | None = None
    umur: tuple[int, Literal["day", "month"]] | None = None
    kontak: tuple[int, int, int, int] | None = None
    hamil: bool = False
    tempat: bool = False


@dataclass(frozen=True, slots=True)
class DefinisiIndikator:
    """The numerator, and the denominator where it is counted too."""

    pembilang: Hitungan
    penyebut: Hitungan | None = None


def _kontak(jenis: str, *kode: str) -> Pencarian:
    nomor = ",".join(f"{EPISODE}/{jenis}|{each}" for each in kode)
    return Pencarian("Encounter", (("identifier", nomor), TERJADI))


def _bersalin(*kriteria: tuple[str, str]) -> Pencarian:
    selesai = ("status", "completed")
    return Pencarian("Procedure", (("code", TINDAKAN_PERSALINAN), selesai, *kriteria))


def _ditangani(kisaran: tuple[tuple[str, str], ...]) -> tuple[Pencarian, ...]:
    """Find complications for which a procedure or a referral was completed."""
    cara = (
        ("_has:Procedure:reason-reference:status", "completed"),
        ("encounter._has:Procedure:encounter:status", "completed"),
        ("encounter._has:ServiceRequest:encounter:_has:Task:focus:code", f"{TUGAS}|rujukan"),
    )
    sah = ("verification-status:not", "entered-in-error,refuted")
    return tuple(Pencarian("Condition", (sah, each), "recorded-date", kisaran) for each in cara)


def _ukur(kode: str, *nilai: tuple[str, str]) -> Pencarian:
    return Pencarian("Observation", (("code", kode), SAH, *nilai))


def _hamil(cari: Pencarian) -> Hitungan:
    return Hitungan((cari,), "kehamilan", hamil=True)


def _tugas(*kriteria: tuple[str, str]) -> Pencarian:
    return Pencarian("Task", kriteria, "due")


def kunjungan_rumah(*kriteria: tuple[str, str]) -> DefinisiIndikator:
    """Count home visits done of those planned, all or those that criteria say."""
    kode = (("code", f"{TUGAS}|kunjungan-rumah"), *kriteria)
    selesai, batal = ("status", "completed"), "cancelled,entered-in-error,rejected,draft"
    return DefinisiIndikator(
        Hitungan((_tugas(*kode, selesai),), "hari", tempat=True),
        Hitungan((_tugas(*kode, ("status:not", batal)),), "hari", tempat=True),
    )


def _vaksin(antigen: str, *kriteria: tuple[str, str]) -> Pencarian:
    kode = ("vaccine-code", ",".join(VAKSIN[antigen]))
    return Pencarian("Immunization", (kode, ("status", "completed"), *kriteria), antigen=antigen)


def _rujukan(*kriteria: tuple[str, str]) -> Pencarian:
    jenis = ",".join(f"{RUJUKAN}|{each}" for each in ("medis", "sosial", "hukum"))
    selesai = (("category", jenis), ("status", "completed"))
    return Pencarian("ServiceRequest", (*selesai, *kriteria), "authored")


def _kehamilan(*cari: Pencarian, **lain: Any) -> DefinisiIndikator:
    return DefinisiIndikator(Hitungan(cari, "kehamilan", **lain))


LILA, HB = f"{SNOMED}|284473002", f"{LOINC}|718-7"
KONTAK_ANC: Final = Pencarian("Encounter", (("episode-of-care:missing", "false"), TERJADI))
KUNJUNGAN_BALITA: Final = Pencarian(
    "Encounter",
    (("service-type", ",".join(f"{UNIT}|{u}" for u in ("anak-mtbs", "infeksi", "ugd"))), TERJADI),
)
KRST: Final = Pencarian("RiskAssessment", (("risk", f"{KELOMPOK}|KRST"),))
FASILITAS: Final = (
    ("location.type", f"{LOKASI}|ruang,{LOKASI}|pustu,{LOKASI}|posyandu"),
    ("tempat-persalinan", "puskesmas,pustu,pkd,rs,klinik"),
    ("encounter.class", "IMP,EMER,ACUTE,NONACUTE"),
)
TANPA_TEMPAT: Final = ("tempat-persalinan:missing", "true")
METODE_KB: Final = Pencarian(
    "Observation",
    (
        ("code", f"{OBSERVASI}|metode-kb-aktif"),
        SAH,
        ("value-concept:not", f"{code_system('metode-kb')}|tanpa"),
    ),
)

DEFINISI: Final[dict[str, DefinisiIndikator]] = {
    "K1M": _kehamilan(_kontak("ANC", "K1M")),
    "K1": _kehamilan(_kontak("ANC", "K1A", "K1M")),
    "K4": _kehamilan(_kontak("ANC", "K4"), KONTAK_ANC, kontak=(1, 1, 2, 0)),
    "K6": _kehamilan(_kontak("ANC", "K6"), KONTAK_ANC, kontak=(1, 2, 3, 2)),
    "RISTI-DET": _kehamilan(
        Pencarian("RiskAssessment", (("risk", f"{KELOMPOK}|KRT,{KELOMPOK}|KRST"),))
    ),
    "PK": _kehamilan(*_ditangani(KOMPLIKASI_OBSTETRI)),
    "PF": _kehamilan(
        *(_bersalin(each) for each in FASILITAS[:-1]), _bersalin(FASILITAS[-1], TANPA_TEMPAT)
    ),
    "PN": _kehamilan(
        _bersalin(("performer:PractitionerRole.role", f"{PERAN}|bidan,{PERAN}|dokter"))
    ),
    **{f"KF{n}": _kehamilan(_kontak("puerperium", f"KF{n}")) for n in (1, 2, 3, 4)},
    "KF-LENGKAP": _kehamilan(*(_kontak("puerperium", f"KF{n}") for n in (1, 2, 3, 4)), perlu=4),
    "KN1": DefinisiIndikator(Hitungan((_kontak("neonate", "KN1"),), "orang")),
    "KN-LENGKAP": DefinisiIndikator(
        Hitungan(tuple(_kontak("neonate", f"KN{n}") for n in (1, 2, 3)), "orang", perlu=3)
    ),
    "NKOMP": DefinisiIndikator(
        Hitungan(_ditangani(KOMPLIKASI_NEONATAL), "orang", umur=(29, "day"))
    ),
    "IDL": DefinisiIndikator(
        Hitungan(
            tuple(
                _vaksin(antigen, ("dose-number", f"ge{dosis}"))
                for antigen, dosis in DOSIS_IDL.items()
            ),
            "orang",
            perlu=len(DOSIS_IDL),
            umur=(12, "month"),
        )
    ),
    "TD2": _kehamilan(_vaksin("TD", ("dose-number", "ge2")), hamil=True),
    "MTBS": DefinisiIndikator(
        Hitungan(
            (
                Pencarian(
                    "Encounter",
                    (
                        *KUNJUNGAN_BALITA.kriteria,
                        (
                            "_has:QuestionnaireResponse:encounter:questionnaire",
                            f"{CANONICAL}/Questionnaire/mtbs",
                        ),
                    ),
                ),
            ),
            "hari",
            umur=(60, "month"),
        ),
        Hitungan((KUNJUNGAN_BALITA,), "hari", umur=(60, "month")),
    ),
    "KB-AKTIF": DefinisiIndikator(Hitungan((METODE_KB,), "orang")),
    "KB-PP": DefinisiIndikator(Hitungan((_bersalin(), METODE_KB), "kehamilan", dekat=(0, 42))),
    "KEK": DefinisiIndikator(
        _hamil(_ukur(LILA, ("value-quantity", f"lt23.5|{UCUM}|cm"))), _hamil(_ukur(LILA))
    ),
    "ANEMIA": DefinisiIndikator(
        _hamil(_ukur(HB, ("value-quantity", f"lt11|{UCUM}|g/dL"))), _hamil(_ukur(HB))
    ),
    "KRST-RS": DefinisiIndikator(
        Hitungan(
            (_bersalin(("encounter.service-provider.type", f"{FASKES}|rs-fkrtl")), KRST),
            "kehamilan",
            dekat=(300, 0),
        ),
        Hitungan((_bersalin(), KRST), "kehamilan", dekat=(300, 0)),
    ),
    "RUJ-LOOP": DefinisiIndikator(
        Hitungan((_rujukan(("_has:ServiceRequest:based-on:_tag", f"{BALIK}|selesai")),), "hari"),
        Hitungan((_rujukan(),), "hari"),
    ),
    "KR": kunjungan_rumah(),
}
"""Every indicator of ``sop.pws.INDIKATOR`` by its code."""
