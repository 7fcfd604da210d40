"""PenyerahanObat: a drug prepared and handed over, at the counter or at home (domain §2.1/16)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusPenyerahan = Literal["disiapkan", "diantar", "selesai", "ditolak"]
FARMASI, KURIR = ("petugas farmasi",), ("kurir",)
OBAT_RESEP: Final = "OBAT-RESEP"
ALUR_PENYERAHAN: Final = Alur(
    nama="penyerahan-obat",
    benda="penyerahan obat",
    thing="handing over of a drug",
    aturan="alur obat (domain §1.D D-m6)",
    keadaan={
        "disiapkan": Keadaan(("diantar", "selesai", "ditolak"), FARMASI, "preparation"),
        "diantar": Keadaan(("selesai", "ditolak"), KURIR, "in-progress"),
        "selesai": Keadaan((), (*FARMASI, *KURIR), "completed"),
        "ditolak": Keadaan((), ("pasien",), "declined"),
    },
)


@dokumen
class PenyerahanObat(Dokumen):
    """Penyerahan satu obat dari resep."""

    resep: str = bidang(
        "Obat pada resep (MedicationRequest)",
        "§2.1/16",
        rujuk="resep",
        contoh="resep-s2",
        cari=True,
    )
    pasien: str = bidang("Pasien", "§2.1/16", rujuk="pasien", contoh="bambang", cari=True)
    obat: str = bidang("Kode KFA", "§2.1/16", pola=r"9[0-9]{7}", contoh="93000937")
    nama: str = bidang("Nama obat", "§2.1/16", contoh="Tablet tambah darah (Fe dan asam folat)")
    jumlah: Decimal = bidang("Jumlah", "§2.1/16", contoh=30)
    petugas: str = bidang("Petugas farmasi", "§2.1/16", rujuk="petugas", contoh="apoteker-1")
    satuan: str = bidang("Satuan", "§2.1/16", default="tablet", contoh="tablet")
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/16", default=None, rujuk="kunjungan", contoh="anc-s1", cari=True
    )
    kasus: str | None = bidang(
        "Kasus konsultasi", "§1.D D-m6", default=None, rujuk="kasus-konsultasi", contoh="kasus-s2"
    )
    disiapkan: datetime | None = bidang(
        "Waktu disiapkan", "§2.1/16", default=None, contoh="2021-07-12T10:50:00+07:00", terjadi=True
    )
    diserahkan: datetime | None = bidang(
        "Waktu diserahkan",
        "§2.1/16",
        default=None,
        contoh="2021-07-12T11:15:00+07:00",
        terjadi=True,
    )
    diantarKe: str | None = bidang(
        "Alamat pengantaran", "§1.D D-m6", default=None, contoh="rumah pasien"
    )
    kurir: str | None = bidang(
        "Kurir", "§1.D D-m6", default=None, rujuk="faskes", contoh="apotik-mitra"
    )
    penerima: str | None = bidang(
        "Penerima", "§2.1/16", default=None, pola=pihak.POLA, contoh="pasien/bambang"
    )
    status: StatusPenyerahan = bidang(
        "Status",
        "§2.1/16",
        default="disiapkan",
        kode="status-penyerahan",
        contoh="selesai",
        cari=True,
    )
    alasan: str | None = bidang("Alasan ditolak", "BR-C9", default=None)


def periksa(penyerahan: PenyerahanObat) -> Iterator[Teguran]:
    """Find what one handing over can get wrong."""
    if penyerahan.jumlah <= 0:
        yield Teguran("jumlah", f"{penyerahan.jumlah}.", "lebih dari nol.")
    if (penyerahan.status == "selesai") != (penyerahan.diserahkan is not None):
        yield Teguran(
            "diserahkan",
            f"tidak cocok dengan status {penyerahan.status}.",
            "waktu diserahkan, hanya pada status selesai.",
        )
    if (
        penyerahan.disiapkan is not None
        and penyerahan.diserahkan is not None
        and penyerahan.diserahkan < penyerahan.disiapkan
    ):
        yield Teguran("diserahkan", "sebelum disiapkan.", "sesudah disiapkan.")
    if penyerahan.status == "ditolak" and not penyerahan.alasan:
        yield Teguran("alasan", "ditolak tanpa alasan.", "alasannya.", "BR-C9")
    if penyerahan.kurir is not None and penyerahan.diantarKe is None:
        yield Teguran("kurir", "kurir tanpa alamat.", "ke mana obat diantar.", "§1.D D-m6")
    if penyerahan.status == "diantar" and not penyerahan.diantarKe:
        yield Teguran("diantarKe", "kosong.", "ke mana obat diantar.", "§1.D D-m6")


class ObatResep(NamedTuple):
    """What is known of the drug on the prescription; ``sudah``: how much others handed over."""

    pasien: str | None
    obat: str | None
    status: str | None
    jumlah: Decimal | None
    sudah: Decimal


def sesuai_resep(penyerahan: PenyerahanObat, resep: ObatResep | None) -> Iterator[Teguran]:
    """Judge that what is handed over is what was prescribed, to whom, and no more of it."""
    if penyerahan.status == "ditolak":
        return
    if resep is None:
        yield Teguran(
            "resep",
            f"tidak ada obat {penyerahan.resep} pada resep mana pun.",
            "id obat pada resep; obat pertama ber-id sama dengan resepnya.",
            "§2.1/16",
        )
        return
    if resep.pasien != penyerahan.pasien:
        yield Teguran("pasien", "bukan pasien pada resep.", f"{resep.pasien}.", "§2.1/16")
    if resep.status == "dibatalkan":
        yield Teguran("resep", "sudah dibatalkan.", "resep yang berlaku.", "§2.1/16")
    if resep.obat is not None and resep.obat != penyerahan.obat:
        yield Teguran(
            "obat",
            f"{penyerahan.obat} bukan obat pada resep.",
            f"{resep.obat}; bila diganti, peresep menulis resep baru.",
            "§2.1/16",
        )
    if resep.jumlah is None:
        return
    if salah := melebihi_resep(penyerahan.jumlah, resep.sudah, resep.jumlah):
        yield salah


def melebihi_resep(jumlah: Decimal, sudah: Decimal, boleh: Decimal) -> Teguran | None:
    """Judge an amount with what others handed over against what was prescribed."""
    if jumlah + sudah <= boleh:
        return None
    return Teguran(
        "jumlah",
        f"{jumlah:f}, dan {sudah:f} sudah diserahkan.",
        f"bersama paling banyak {boleh:f} menurut resep.",
        OBAT_RESEP,
        english=f"quantity: {jumlah:f}, and {sudah:f} was handed over already. "
        f"Together at most {boleh:f}, as prescribed ({OBAT_RESEP}).",
    )


def periksa_perubahan(lama: Mapping[str, Any], baru: PenyerahanObat) -> Iterator[Teguran]:
    """Find which moves the course of a drug does not allow."""
    if salah := ALUR_PENYERAHAN.pindah(lama.get("status"), baru.status):
        yield salah
