"""LayananKB: contraception by method, each with its order of steps (domain §1.B B9-B11, §2.1/17).

Injection and implant: the drug is fetched first, then the procedure (BR-B9). Pill and condom: the
drug is fetched and that is all (BR-B10). IUD: the procedure needs no prescription (BR-B11).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MetodeKB = Literal["suntik-1bl", "suntik-3bl", "implan", "iud", "pil", "kondom", "mow", "mop"]
JenisLayananKB = Literal["baru", "ulang", "ganti-cara", "cabut"]
StatusLayananKB = Literal["diminta", "selesai", "batal", "salah-entri"]

BR_B9, BR_B10, BR_B11 = "BR-B9", "BR-B10", "BR-B11"
TANPA_TINDAKAN: Final = ("pil", "kondom")
ATURAN: Final = {
    **dict.fromkeys(("suntik-1bl", "suntik-3bl", "implan"), BR_B9),
    **dict.fromkeys(("pil", "kondom"), BR_B10),
    **dict.fromkeys(("iud", "mow", "mop"), BR_B11),
}
"""Method → the rule of its order of steps."""
DIPASANG: Final = ("iud", "implan")
BEROBAT: Final = ("suntik-1bl", "suntik-3bl", "implan", "pil", "kondom")
TINDAKAN_BEROBAT: Final = ("suntik-1bl", "suntik-3bl", "pasang-implan")
"""Procedures for which the drug must have been handed over (BR-B9)."""

BIDAN = ("bidan KIA",)
ALUR_KB: Final = Alur(
    nama="layanan-kb",
    benda="layanan KB",
    thing="contraception service",
    aturan="alur layanan KB (domain §1.B B9, B10, B11)",
    keadaan={
        "diminta": Keadaan(("selesai", "batal"), BIDAN, "active"),
        "selesai": Keadaan((), BIDAN, "completed"),
        "batal": Keadaan((), BIDAN, "revoked"),
        "salah-entri": Keadaan((), BIDAN, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class LayananKB(Dokumen):
    """Layanan KB."""

    faskes: str = bidang("Puskesmas", "§2.1/17", rujuk="faskes", contoh="pkm-dharma-rini")
    pasien: str = bidang("Pasien", "§2.1/17", rujuk="pasien", contoh="yuliana", cari=True)
    kunjungan: str = bidang("Kunjungan", "§1.B B9", rujuk="kunjungan", contoh="kb-s8", cari=True)
    metode: MetodeKB = bidang("Metode", "§2.1/17", kode="metode-kb", contoh="suntik-3bl", cari=True)
    konseling: bool = bidang("Konseling KB sudah diberikan", "§2.1/17", contoh=True)
    petugas: str = bidang("Petugas", "§2.1/17", rujuk="petugas-kesehatan", contoh="bidan-kia")
    waktu: datetime = bidang(
        "Waktu diminta", "§2.1/17", contoh="2024-05-08T08:50:00+07:00", cari=True, terjadi=True
    )
    jenis: JenisLayananKB = bidang(
        "Jenis layanan", "§2.1/17", default="baru", kode="jenis-layanan-kb", contoh="ulang"
    )
    pascasalin: bool = bidang("KB pascasalin", "§2.1/17", default=False, contoh=False)
    resep: str | None = bidang(
        "Obat pada resep (MedicationRequest)",
        "§1.B B9, BR-B9",
        default=None,
        rujuk="resep",
        contoh="resep-suntik",
    )
    dilakukan: datetime | None = bidang(
        "Waktu tindakan", "§1.B B9", default=None, contoh="2024-05-08T09:30:00+07:00", terjadi=True
    )
    lot: str | None = bidang("Nomor lot obat atau alat", "§1.B B9", default=None, contoh="LOT-42")
    kodeIcd9: str | None = bidang(
        "Kode ICD-9-CM pemasangan implan", "§2.1/17", default=None, contoh="86.09", server=True
    )
    catatan: str | None = bidang("Catatan", "§2.1/17", default=None)
    status: StatusLayananKB = bidang(
        "Status", "§1.B B9", default="diminta", kode="status-layanan-kb", cari=True
    )


def periksa(layanan: LayananKB) -> Iterator[Teguran]:
    """Find what one service can get wrong; the order of steps needs facts and is judged later."""
    if layanan.jenis == "cabut" and layanan.metode not in DIPASANG:
        yield Teguran("jenis", f"{layanan.metode} tidak dicabut.", "cabut hanya iud dan implan.")
    if layanan.dilakukan is not None:
        yield from _tindakan(layanan)
    elif layanan.status == "selesai" and bertindakan(layanan.metode):
        yield Teguran(
            "dilakukan",
            "layanan selesai tanpa waktu tindakan.",
            "kapan tindakan dilakukan.",
            ATURAN[layanan.metode],
        )
    if layanan.status == "selesai" and layanan.resep is None and perlu_obat(layanan):
        yield Teguran(
            "resep",
            f"layanan {layanan.metode} selesai tanpa resep.",
            "obat pada resep yang diserahkan.",
            ATURAN[layanan.metode],
        )
    if layanan.lot is not None and layanan.dilakukan is None:
        yield Teguran("lot", "lot tanpa tindakan.", "nomor lot yang dipakai pada tindakan.")
    if not layanan.konseling and layanan.status == "selesai":
        yield Teguran(
            "konseling", "belum diberikan.", "konseling sebelum layanan KB.", jenis="peringatan"
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: LayananKB) -> Iterator[Teguran]:
    """Find which changes a service forbids."""
    if salah := ALUR_KB.pindah(lama.get("status"), baru.status):
        yield salah
    if lama.get("dilakukan") is not None and baru.dilakukan is None:
        yield Teguran(
            "dilakukan", "tindakan sudah tercatat.", f"{lama['dilakukan']}.", jenis="keadaan"
        )


def bertindakan(metode: str) -> bool:
    """Say whether a method is given by a procedure (BR-B10: pill and condom are not)."""
    return metode not in TANPA_TINDAKAN


def perlu_obat(layanan: LayananKB) -> bool:
    """Say whether a service hands out a drug: taking out and looking after need none."""
    sudah_terpasang = layanan.metode in DIPASANG and layanan.jenis in {"ulang", "cabut"}
    return layanan.metode in BEROBAT and not sudah_terpasang


def tindakan_kb(metode: str, jenis: str) -> str:
    """Name the procedure of a service; who comes again with an IUD or implant is looked after."""
    if metode not in DIPASANG:
        return metode
    kerja = {"ulang": "kontrol", "cabut": "cabut"}.get(jenis, "pasang")
    return f"{kerja}-{metode}"


def sesudah_obat(tindakan: str, *, diserahkan: Sequence[bool]) -> Teguran | None:
    """Judge BR-B9: the drug is handed over before an injection or implant.

    ``diserahkan``: for each completed handing over of the service's drug, whether it was no later
    than the procedure.
    """
    if any(diserahkan):
        return None
    terlambat = bool(diserahkan)
    return Teguran(
        "dilakukan",
        f"tindakan {tindakan} "
        + ("sebelum obatnya diserahkan." if terlambat else "tanpa obat yang sudah diserahkan."),
        "serahkan obat pada resep layanan ini dulu, lalu lakukan dan catat tindakannya.",
        BR_B9,
        english=f"BR-B9: {tindakan} "
        + ("before its drug was handed over." if terlambat else "without its drug handed over.")
        + " Needed: a ServiceRequest of the service (basedOn) that names the MedicationRequest "
        "(supportingInfo), with a completed MedicationDispense whose whenHandedOver is not later.",
    )


def tanpa_tindakan(metode: str) -> Teguran:
    """Word BR-B10: a pill or condom has no procedure."""
    return Teguran(
        "dilakukan",
        f"{metode} tidak memerlukan tindakan.",
        "resep dan penyerahan obat saja.",
        BR_B10,
        english=f"BR-B10: the method {metode} has no Procedure; prescription and dispense only.",
    )


def _tindakan(layanan: LayananKB) -> Iterator[Teguran]:
    if not bertindakan(layanan.metode):
        yield tanpa_tindakan(layanan.metode)
    elif layanan.status not in {"selesai", "salah-entri"}:
        yield Teguran("dilakukan", f"status masih {layanan.status}.", "selesai, atau kosong.")
    if layanan.dilakukan is not None and layanan.dilakukan < layanan.waktu:
        yield Teguran("dilakukan", "lebih awal daripada waktu.", f"sesudah {layanan.waktu}.")
