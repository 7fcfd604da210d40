"""Antrean: a number in the queue of one unit on one day (domain §2.1 row 7, §1.B B1, BR-B20).

The order of a queue is decided by priority and number alone. Who pays is no field of this
document, so it cannot decide.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.pasien import umur
from fhir_server.sop.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AlasanPrioritas = Literal["lansia", "disabilitas", "rujukan-internal", "ibu-hamil"]
"""Whom the SOP lets go first; pregnant women only where the puskesmas has decided so."""
Status = Literal["menunggu", "dipanggil", "dilayani", "selesai", "batal", "tidak-hadir"]

BR_B1, BR_B20 = "BR-B1", "BR-B20"
UMUR_LANSIA = 60
TUTUP = time(14)
LOKET, UNIT = ("loket",), ("petugas unit",)
ALUR_ANTREAN: Final = Alur(
    nama="antrean",
    benda="antrean",
    thing="queue number",
    aturan="alur antrean (domain §2.1/7)",
    keadaan={
        "menunggu": Keadaan(("dipanggil", "dilayani", "batal", "tidak-hadir"), LOKET, "arrived"),
        "dipanggil": Keadaan(
            ("dilayani", "selesai", "menunggu", "batal", "tidak-hadir"), UNIT, "checked-in (called)"
        ),
        "dilayani": Keadaan(("selesai", "batal"), UNIT, "checked-in (being served)"),
        "tidak-hadir": Keadaan(("menunggu", "dipanggil", "batal"), UNIT, "noshow"),
        "selesai": Keadaan((), UNIT, "fulfilled"),
        "batal": Keadaan((), (*LOKET, *UNIT), "cancelled"),
    },
)
BERIKUT: Final = ALUR_ANTREAN.berikut
TETAP = ("faskes", "unit", "tanggal", "pasien")


@dokumen
class Antrean(Dokumen):
    """Nomor antrean."""

    faskes: str = bidang("Puskesmas", "§2.1/7", rujuk="faskes", contoh="pkm-dharma-rini", cari=True)
    unit: Unit = bidang("Unit tujuan", "§2.1/7", kode="unit-layanan", contoh="kia", cari=True)
    tanggal: date = bidang("Tanggal layanan", "§2.1/7", contoh="2024-04-02", cari=True)
    pasien: str = bidang("Pasien", "§2.1/7", rujuk="pasien", contoh="siti", cari=True)
    status: Status = bidang(
        "Status (saringan: dipanggil dan dilayani tampil bersama)",
        "§2.1/7",
        default="menunggu",
        kode="status-antrean",
        cari=True,
    )
    alasanPrioritas: AlasanPrioritas | None = bidang(
        "Alasan prioritas; lansia dan disabilitas diisi server",
        "§2.1/7, BR-B20",
        default=None,
        kode="alasan-prioritas",
    )
    prioritas: bool = bidang("Didahulukan", "§2.1/7, BR-B20", default=False, server=True)
    nomor: int | None = bidang(
        "Nomor urut unit itu pada hari itu", "§2.1/7", default=None, server=True
    )
    ambil: datetime | None = bidang(
        "Waktu mengambil nomor; kosong: sekarang",
        "§2.1/7",
        default=None,
        contoh="2024-04-02T07:45:00+07:00",
        terjadi=True,
    )
    panggil: datetime | None = bidang("Waktu dipanggil", "§2.1/7", default=None, terjadi=True)
    lokasi: str | None = bidang("Ruang tunggu", "§2.1/7", default=None, rujuk="lokasi", cari=True)


class Giliran(NamedTuple):
    """What decides a place in the queue, and nothing else."""

    prioritas: bool
    nomor: int


def urutan(giliran: Giliran) -> tuple[int, int]:
    """Order a queue (BR-B20): who has priority first, then by number."""
    return (0 if giliran.prioritas else 1, giliran.nomor)


def alasan_prioritas(
    tanggal_lahir: date | None, pada: date, *, disabilitas: bool | None
) -> AlasanPrioritas | None:
    """Derive a reason for priority from what is known of the patient (BR-B20)."""
    if disabilitas:
        return "disabilitas"
    if tanggal_lahir is not None and umur(tanggal_lahir, pada) >= UMUR_LANSIA:
        return "lansia"
    return None


def alasan_terbukti(
    alasan: str | None,
    tanggal_lahir: date | None,
    pada: date,
    *,
    ibu_hamil: bool,
    dirujuk: bool = True,
) -> Teguran | None:
    """Judge BR-B20: who goes first has a reason of the SOP, and it is so as far as one knows.

    ``ibu_hamil``: whether this puskesmas lets pregnant women go first; ``dirujuk``: whether
    another unit asked for this one. That somebody is disabled is seen, and taken as said.
    """
    if alasan not in get_args(AlasanPrioritas):
        return TANPA_ALASAN
    if alasan == "rujukan-internal" and not dirujuk:
        return TANPA_RUJUKAN
    if alasan == "ibu-hamil" and not ibu_hamil:
        return Teguran(
            "alasanPrioritas",
            "ibu hamil tidak didahulukan di puskesmas ini.",
            "lansia, disabilitas atau rujukan-internal; atau atur FHIR_QUEUE_PREGNANT.",
            BR_B20,
            english="BR-B20: pregnant women do not go first in this puskesmas "
            "(FHIR_QUEUE_PREGNANT); right: lansia, disabilitas or rujukan-internal.",
        )
    if alasan != "lansia" or tanggal_lahir is None or umur(tanggal_lahir, pada) >= UMUR_LANSIA:
        return None
    return Teguran(
        "alasanPrioritas",
        f"pasien berumur {umur(tanggal_lahir, pada)} tahun.",
        f"lansia adalah {UMUR_LANSIA} tahun ke atas.",
        BR_B20,
        english=f"BR-B20: the patient is {umur(tanggal_lahir, pada)} years old; lansia means "
        f"{UMUR_LANSIA} and above.",
    )


TANPA_ALASAN: Final = Teguran(
    "prioritas",
    "didahulukan tanpa alasan.",
    "alasan-prioritas lansia, disabilitas atau rujukan-internal; tanpa itu menurut nomor urut.",
    BR_B20,
    english="BR-B20: a number goes first (priority 1) without a reason; right: the extension "
    "alasan-prioritas with lansia, disabilitas or rujukan-internal, else priority 5.",
)
TANPA_RUJUKAN: Final = Teguran(
    "alasanPrioritas",
    "tidak ada unit lain yang merujuk pasien ini ke unit ini.",
    "catat permintaan-layanan dari unit asal lebih dahulu; alasan ini kemudian diisi server.",
    BR_B20,
    english="BR-B20: no other unit has asked this one to see the patient; right: a ServiceRequest "
    "of the category internal for this unit.",
)


def nomor_terpakai(nomor: str) -> Teguran:
    """Word BR-B1: a number of a unit and a day belongs to one patient."""
    return Teguran(
        "nomor",
        f"nomor {nomor} sudah dipakai.",
        "ambil nomor lewat POST /sop/v1/antrean; server memberi yang berikutnya.",
        BR_B1,
        jenis="keadaan",
        english=f"BR-B1: number {nomor} of this queue is taken. Take a number by POST "
        "/sop/v1/antrean; the server gives the next one.",
    )


def tutup(ambil: datetime) -> datetime:
    """Give the end of the service day on which a number was taken."""
    akhir = TUTUP if ambil.time() < TUTUP else time(23, 59, 59)
    return datetime.combine(ambil.date(), akhir, ambil.tzinfo)


def periksa(antrean: Antrean) -> Iterator[Teguran]:
    """Find what one number can get wrong."""
    if antrean.ambil is not None and antrean.ambil.date() != antrean.tanggal:
        yield Teguran(
            "ambil",
            f"bukan pada {antrean.tanggal}.",
            "nomor diambil pada hari layanan.",
            "domain §1.B B1",
        )
    if antrean.unit == "persalinan":
        yield Teguran(
            "unit",
            "ibu bersalin tidak perlu nomor antrean.",
            "kunjungan langsung ke ruang persalinan.",
            "BR-B13",
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: Antrean) -> Iterable[Teguran]:
    """Find changes that a queue does not allow."""
    for nama in TETAP:
        if lama.get(nama) is not None and lama[nama] != getattr(baru, nama):
            yield Teguran(
                nama,
                "tidak boleh diubah setelah nomor diambil.",
                f"{lama[nama]}; untuk unit atau hari lain ambil nomor baru.",
                "domain §1.B B1",
                jenis="keadaan",
            )
    if salah := ALUR_ANTREAN.pindah(lama.get("status"), baru.status):
        yield salah
