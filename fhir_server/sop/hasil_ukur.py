"""HasilUkur: what is measured on a patient's body, and what each value means (domain §3.4).

Sources: blood pressure, SpO₂ and adult breathing: ``ambang``; children: Buku Bagan MTBS; LiLA in
pregnancy: SATUSEHAT ANC (KEK below 23 cm, at risk to 23.5), in children: WHO (11.5 and 12.5 cm);
pulse of adults: 60 to 100. A mark helps the reader; it is no diagnosis.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import ambang
from fhir_server.sop.dokumen import Teguran, bidang, dokumen
from fhir_server.sop.napas_cepat import ambang_napas

if TYPE_CHECKING:
    from collections.abc import Iterator

Ukuran = Literal[
    "tekanan-darah", "nadi", "suhu", "napas", "spo2", "berat", "tinggi", "lila", "lingkar-kepala"
]
PenandaNilai = Literal[
    "normal", "rendah", "tinggi", "kritis-rendah", "kritis-tinggi", "kek", "risiko-kek"
]
DEWASA_BULAN: Final = 15 * 12
BALITA_BULAN: Final = 60
HIPOTENSI: Final = (90, 60)
NADI: Final = (60, 100)
NAPAS_DEWASA: Final = 20
DEMAM_ANAK: Final = Decimal("37.5")
DINGIN: Final = Decimal("35.5")
KEK, RISIKO_KEK = Decimal(23), Decimal("23.5")
LILA_ANAK: Final = (Decimal("11.5"), Decimal("12.5"))
BATAS: Final[dict[str, tuple[int, int]]] = {
    "sistolik": (40, 300),
    "diastolik": (20, 200),
    "nadi": (20, 300),
    "suhu": (25, 45),
    "napas": (4, 150),
    "spo2": (30, 100),
    "berat": (0, 400),
    "tinggi": (20, 250),
    "lila": (4, 80),
    "lingkarKepala": (15, 80),
}
"""What a living body can have; whatever lies outside was mistyped."""


@dokumen
class HasilUkur:
    """Hasil pengukuran."""

    sistolik: int | None = bidang("Tekanan sistolik (mmHg)", "§3.4", default=None, contoh=130)
    diastolik: int | None = bidang("Tekanan diastolik (mmHg)", "§3.4", default=None, contoh=85)
    nadi: int | None = bidang("Nadi per menit", "§3.4", default=None, contoh=88)
    suhu: Decimal | None = bidang("Suhu (°C)", "§3.4", default=None, contoh=36.7)
    napas: int | None = bidang("Napas per menit", "§3.4", default=None, contoh=20)
    spo2: Decimal | None = bidang("Saturasi oksigen (%)", "§3.4", default=None, contoh=98)
    berat: Decimal | None = bidang("Berat badan (kg)", "§3.4", default=None, contoh=61.5)
    tinggi: Decimal | None = bidang(
        "Tinggi atau panjang badan (cm)", "§3.4", default=None, contoh=152
    )
    lila: Decimal | None = bidang("Lingkar lengan atas (cm)", "§3.4", default=None, contoh=26)
    lingkarKepala: Decimal | None = bidang("Lingkar kepala (cm)", "§3.4", default=None, contoh=47.5)


@dokumen
class PenandaUkur:
    """Arti satu hasil ukur."""

    ukuran: Ukuran = bidang("Yang diukur", "§3.4", contoh="suhu")
    penanda: PenandaNilai = bidang("Penanda", "§3.4", contoh="normal")
    alasan: str | None = bidang("Alasan", "§3.4", default=None, contoh="suhu 38.6 °C (≥37.5)")


def periksa_ukur(hasil: HasilUkur, nama: str) -> Iterator[Teguran]:
    """Find values that no living body has, and half a blood pressure."""
    for each, (bawah, atas) in BATAS.items():
        nilai = getattr(hasil, each)
        if nilai is not None and not bawah <= nilai <= atas:
            yield Teguran(f"{nama}.{each}", f"{nilai}.", f"antara {bawah} dan {atas}.", "§3.4")
    if (hasil.sistolik is None) != (hasil.diastolik is None):
        yield Teguran(nama, "tekanan darah hanya separuh.", "sistolik dan diastolik.", "§3.4")
    elif (hasil.sistolik or 1) <= (hasil.diastolik or 0):
        yield Teguran(
            f"{nama}.sistolik",
            f"{hasil.sistolik} tidak di atas diastolik {hasil.diastolik}.",
            "sistolik di atas diastolik; barangkali tertukar.",
            "§3.4",
        )
    if all(getattr(hasil, each) is None for each in BATAS):
        yield Teguran(nama, "kosong.", "paling sedikit satu hasil ukur.", "§3.4")


def tandai(
    hasil: HasilUkur, umur_bulan: int | None, *, hamil: bool = False
) -> tuple[PenandaUkur, ...]:
    """Say what every value means that has limits for this age; without an age none has."""
    if umur_bulan is None:
        return ()
    dewasa = hamil or umur_bulan >= DEWASA_BULAN
    return tuple(
        PenandaUkur(ukuran=ukuran, penanda=penanda, alasan=alasan)
        for ukuran, penanda, alasan in (
            *(_tensi(hasil) if dewasa else ()),
            *(_nadi(hasil) if dewasa else ()),
            *_suhu(hasil, umur_bulan),
            *_napas(hasil, umur_bulan),
            *_oksigen(hasil),
            *_lengan(hasil, umur_bulan, hamil=hamil),
        )
    )


def _tensi(hasil: HasilUkur) -> Iterator[Any]:
    if hasil.sistolik is None or hasil.diastolik is None:
        return
    says = f"tekanan darah {hasil.sistolik}/{hasil.diastolik} mmHg"
    ukuran = ambang.Ukuran(sistolik=hasil.sistolik, diastolik=hasil.diastolik)
    match ambang.tingkat(ukuran):
        case "darurat":
            yield "tekanan-darah", "kritis-tinggi", f"{says} (≥160/110)"
        case "abnormal":
            yield "tekanan-darah", "tinggi", f"{says} (≥140/90)"
        case _ if hasil.sistolik < HIPOTENSI[0] or hasil.diastolik < HIPOTENSI[1]:
            yield "tekanan-darah", "rendah", f"{says} (<90/60)"
        case _:
            yield "tekanan-darah", "normal", None


def _nadi(hasil: HasilUkur) -> Iterator[Any]:
    if hasil.nadi is not None:
        yield _di_antara("nadi", hasil.nadi, *NADI, f"nadi {hasil.nadi} per menit")


def _suhu(hasil: HasilUkur, umur_bulan: int) -> Iterator[Any]:
    if hasil.suhu is None:
        return
    demam = DEMAM_ANAK if umur_bulan < BALITA_BULAN else ambang.SUHU
    says = f"suhu {hasil.suhu} °C"
    if hasil.suhu >= demam:
        yield "suhu", "tinggi", f"{says} (≥{demam})"
    elif hasil.suhu < DINGIN:
        yield "suhu", "rendah", f"{says} (<{DINGIN})"
    else:
        yield "suhu", "normal", None


def _napas(hasil: HasilUkur, umur_bulan: int) -> Iterator[Any]:
    if hasil.napas is None:
        return
    says = f"napas {hasil.napas} per menit"
    anak = ambang_napas(umur_bulan)
    if anak is not None:
        cepat = hasil.napas >= anak
        yield "napas", "tinggi" if cepat else "normal", f"{says} (≥{anak})" if cepat else None
    elif umur_bulan >= DEWASA_BULAN:
        if hasil.napas > ambang.NAPAS:
            yield "napas", "kritis-tinggi", f"{says} (>{ambang.NAPAS})"
        else:
            cepat = hasil.napas > NAPAS_DEWASA
            said = f"{says} (>{NAPAS_DEWASA})" if cepat else None
            yield "napas", "tinggi" if cepat else "normal", said


def _oksigen(hasil: HasilUkur) -> Iterator[Any]:
    if hasil.spo2 is None:
        return
    says, (rendah, kritis) = f"SpO₂ {hasil.spo2} %", ambang.SPO2
    if hasil.spo2 < kritis:
        yield "spo2", "kritis-rendah", f"{says} (<{kritis})"
    elif hasil.spo2 < rendah:
        yield "spo2", "rendah", f"{says} (<{rendah})"
    else:
        yield "spo2", "normal", None


def _lengan(hasil: HasilUkur, umur_bulan: int, *, hamil: bool) -> Iterator[Any]:
    if hasil.lila is None:
        return
    says = f"LiLA {hasil.lila} cm"
    if hamil:
        if hasil.lila < KEK:
            yield "lila", "kek", f"{says} (<{KEK})"
        elif hasil.lila < RISIKO_KEK:
            yield "lila", "risiko-kek", f"{says} ({KEK} sampai <{RISIKO_KEK})"
        else:
            yield "lila", "normal", None
    elif 6 <= umur_bulan < BALITA_BULAN:
        buruk, kurang = LILA_ANAK
        if hasil.lila < buruk:
            yield "lila", "kritis-rendah", f"{says} (<{buruk})"
        else:
            penanda = "rendah" if hasil.lila < kurang else "normal"
            yield "lila", penanda, f"{says} (<{kurang})" if penanda == "rendah" else None


def _di_antara(ukuran: str, nilai: int, bawah: int, atas: int, says: str) -> Any:
    if nilai > atas:
        return ukuran, "tinggi", f"{says} (>{atas})"
    if nilai < bawah:
        return ukuran, "rendah", f"{says} (<{bawah})"
    return ukuran, "normal", None
