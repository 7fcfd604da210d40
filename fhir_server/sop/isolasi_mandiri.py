"""IsolasiMandiri: isolation at home, for whom, until when, and who ends it (domain §2.1 row 25).

The end is computed (``isolasi``); only a nakes ends it, and before that day only with a reason.
Whoever is not eligible needs a reason to stay at home.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.isolasi import Syarat, selesai, tidak_layak

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KodeIsoman = Literal["U07.1", "U07.2", "Z29.0"]
StatusIsoman = Literal["berjalan", "selesai", "dirujuk", "meninggal", "salah-entri"]
BERAKHIR: Final = ("selesai", "dirujuk", "meninggal")
NAKES: Final = ("bidan", "dokter", "perawat")
ISOMAN: Final = "ISOMAN"
_NAKES = ("bidan, dokter atau perawat",)

ALUR_ISOMAN: Final = Alur(
    nama="isolasi-mandiri",
    benda="isolasi mandiri",
    thing="isolation at home",
    aturan="domain §3.3",
    keadaan={
        "berjalan": Keadaan(BERAKHIR, _NAKES, "under way"),
        "selesai": Keadaan((), _NAKES, "ended"),
        "dirujuk": Keadaan((), _NAKES, "referred"),
        "meninggal": Keadaan((), _NAKES, "died"),
        "salah-entri": Keadaan((), ("petugas",), "entered in error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class SyaratRumah:
    """What the home offers."""

    kamarTerpisah: bool = bidang("Kamar terpisah", "§3.3", contoh=True)
    kamarMandi: bool = bidang("Kamar mandi di rumah", "§3.3", contoh=True)
    oksimeter: bool = bidang("Oksimeter", "§3.3", contoh=True)


@dokumen
class IsolasiMandiri(Dokumen):
    """Episode isolasi mandiri."""

    pasien: str = bidang("Pasien", "§2.1/25", rujuk="pasien", contoh="joko", cari=True)
    faskes: str = bidang("Puskesmas pemantau", "§2.1/25", rujuk="faskes", contoh="pkm-todanan")
    diagnosis: KodeIsoman = bidang("Diagnosis (ICD-10)", "§2.1/25", contoh="U07.1")
    gejala: bool = bidang("Bergejala", "§2.1/25", contoh=True)
    syaratRumah: SyaratRumah = bidang("Syarat rumah", "§2.1/25")
    mulai: date = bidang("Mulai isolasi", "§2.1/25", contoh="2021-07-10", cari=True)
    penanggungJawab: str = bidang(
        "Bidan atau dokter pemantau", "§1.A A1", rujuk="petugas", contoh="bidan-desa-ngelo"
    )
    tglSpesimen: date | None = bidang(
        "Tanggal spesimen", "§2.1/25", default=None, contoh="2021-07-09", terjadi=True
    )
    tglOnset: date | None = bidang(
        "Tanggal gejala pertama", "§2.1/25", default=None, contoh="2021-07-09", terjadi=True
    )
    gejalaTerakhir: date | None = bidang(
        "Hari terakhir demam atau gejala pernapasan",
        "§3.3",
        default=None,
        contoh="2021-07-18",
        server=True,
    )
    komorbid: tuple[str, ...] = bidang("Komorbid", "§2.1/25", default=(), contoh=["hipertensi"])
    alasanPengecualian: str | None = bidang(
        "Mengapa tetap di rumah walau tidak memenuhi syarat", "§3.3", default=None
    )
    selesaiDihitung: date | None = bidang(
        "Hari selesai menurut perhitungan",
        "§3.3",
        default=None,
        contoh="2021-07-22",
        server=True,
    )
    status: StatusIsoman = bidang(
        "Status", "§2.1/25", default="berjalan", kode="status-isoman", contoh="berjalan", cari=True
    )
    diakhiri: datetime | None = bidang(
        "Waktu diakhiri", "§3.3", default=None, contoh="2021-07-22T09:00:00+07:00", terjadi=True
    )
    diakhiriOleh: str | None = bidang(
        "Nakes yang mengakhiri", "§3.3", default=None, rujuk="petugas", contoh="dokter-todanan"
    )
    alasan: str | None = bidang("Alasan diakhiri lebih awal", "§3.3", default=None)


def periksa(isolasi: IsolasiMandiri) -> Iterator[Teguran]:
    """Find what one isolation can get wrong."""
    if isolasi.tglSpesimen is None and isolasi.tglOnset is None:
        yield Teguran("tglSpesimen", "kosong.", "tanggal spesimen atau gejala pertama.", "§3.3")
    if isolasi.gejala != (isolasi.tglOnset is not None):
        yield Teguran("tglOnset", "tidak cocok dengan gejala.", "tanggal, hanya bila bergejala.")
    if isolasi.gejalaTerakhir and (
        isolasi.tglOnset is None or isolasi.gejalaTerakhir < isolasi.tglOnset
    ):
        yield Teguran("gejalaTerakhir", "sebelum gejala pertama.", "tanggal sesudah onset.")
    if (isolasi.status in BERAKHIR) != (isolasi.diakhiri is not None) and (
        isolasi.status != "salah-entri"
    ):
        yield Teguran(
            "diakhiri", f"tidak cocok dengan status {isolasi.status}.", "waktu, bila berakhir saja."
        )
    if isolasi.diakhiri and isolasi.diakhiri.date() < isolasi.mulai:
        yield Teguran("diakhiri", "sebelum mulai.", "sesudah mulai.")
    if isolasi.status in BERAKHIR:
        dihitung = hari_selesai(isolasi)
        hari = isolasi.diakhiri.date() if isolasi.diakhiri else None
        for teguran in (
            hanya_nakes(isolasi.diakhiriOleh is not None),
            tidak_sebelum_waktunya(isolasi.status, hari, dihitung, alasan=bool(isolasi.alasan)),
        ):
            if teguran:
                yield teguran


def periksa_perubahan(lama: Mapping[str, Any], baru: IsolasiMandiri) -> Iterator[Teguran]:
    """Find which moves are forbidden: an isolation that ended stays ended."""
    if teguran := ALUR_ISOMAN.pindah(lama.get("status"), baru.status):
        yield teguran


def hari_selesai(isolasi: IsolasiMandiri) -> date | None:
    """Compute the day of release; None where the dates contradict each other or the calendar."""
    try:
        return selesai(isolasi.tglSpesimen, isolasi.tglOnset, isolasi.gejalaTerakhir)
    except (ValueError, OverflowError):
        return None


def lengkap(isolasi: IsolasiMandiri) -> IsolasiMandiri:
    """Fill the computed end."""
    return replace(isolasi, selesaiDihitung=hari_selesai(isolasi))


def layak(isolasi: IsolasiMandiri, umur: int) -> Teguran | None:
    """Judge eligibility; a reason to stay at home all the same is accepted."""
    rumah = isolasi.syaratRumah
    alasan = tidak_layak(
        Syarat(umur, isolasi.komorbid, rumah.kamarTerpisah, rumah.kamarMandi, rumah.oksimeter)
    )
    if not alasan or isolasi.alasanPengecualian or isolasi.status != "berjalan":
        return None
    return Teguran(
        "alasanPengecualian",
        f"pasien tidak memenuhi syarat isolasi mandiri: {'; '.join(alasan)}.",
        "isolasi terpusat atau rujukan; atau alasan mengapa tetap di rumah.",
        ISOMAN,
        english=f"ISOMAN: not eligible for isolation at home ({'; '.join(alasan)}). Refer the "
        "patient, or say why he stays at home (alasanPengecualian).",
    )


def hanya_nakes(nakes: bool) -> Teguran | None:  # noqa: FBT001 - the one fact
    """Judge §3.3: only a bidan, dokter or perawat ends an isolation."""
    if nakes:
        return None
    return Teguran(
        "diakhiriOleh",
        "isolasi mandiri tidak diakhiri oleh nakes.",
        f"petugas dengan peran {', '.join(NAKES)}.",
        ISOMAN,
        english="ISOMAN: only a midwife, doctor or nurse may end an isolation (diakhiriOleh must "
        "be a registered PractitionerRole of one).",
    )


def tidak_sebelum_waktunya(
    status: str, hari: date | None, dihitung: date | None, *, alasan: bool
) -> Teguran | None:
    """Judge §3.3: an isolation does not end before its computed day without a reason."""
    if status != "selesai" or alasan or hari is None or dihitung is None or hari >= dihitung:
        return None
    return Teguran(
        "diakhiri",
        f"isolasi diakhiri {hari}, padahal baru selesai {dihitung}.",
        f"paling cepat {dihitung}, atau alasan mengapa lebih awal.",
        ISOMAN,
        jenis="keadaan",
        english=f"ISOMAN: isolation ended {hari} but is due to end {dihitung}. End it then, or say "
        "why earlier (alasan).",
    )


def satu_berjalan(lain: str) -> Teguran:
    """Word ISOMAN: a patient is in one isolation at a time; ``lain`` is the one that runs."""
    return Teguran(
        "pasien",
        f"pasien ini sudah dalam isolasi mandiri ({lain}).",
        "lanjutkan episode itu, atau akhiri dahulu.",
        ISOMAN,
        jenis="keadaan",
        english=f"ISOMAN: this patient is already in isolation ({lain}). Go on with that episode, "
        "or end it first.",
    )
