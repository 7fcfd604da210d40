"""Tagihan: what a visit costs (domain §1.B B-att2, §2.1 row 37).

Who is covered pays nothing (BR-B21). Who pays is charged for services that were performed, at the
price of the ordinance, and for nothing else (BR-B22).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.tarif import BR_B22
from fhir_server.sop.unit import Penjamin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusTagihan = Literal["draf", "terbit", "lunas", "batal", "salah-entri"]
JENIS_LAYANAN: Final = ("kunjungan", "tindakan", "pemeriksaan", "obat", "imunisasi", "lab")
LAYANAN: Final = rf"({'|'.join(JENIS_LAYANAN)})/[A-Za-z0-9\-.]{{1,64}}"

BR_B21: Final = "BR-B21"
KASIR = ("kasir",)
ALUR_TAGIHAN: Final = Alur(
    nama="tagihan",
    benda="tagihan",
    thing="bill",
    aturan="alur tagihan (domain §1.B B-att2)",
    keadaan={
        "draf": Keadaan(("terbit", "batal"), KASIR, "draft"),
        "terbit": Keadaan(("lunas", "batal"), KASIR, "issued"),
        "lunas": Keadaan((), KASIR, "balanced"),
        "batal": Keadaan((), KASIR, "cancelled"),
        "salah-entri": Keadaan((), KASIR, "entered-in-error"),
    },
    selalu=("salah-entri",),
)


@dokumen
class ButirTagihan:
    """One service that is charged."""

    tarif: str = bidang("Kode tarif", "BR-B22", contoh="kb-suntik")
    layanan: str = bidang(
        "Layanan yang dilakukan: jenis/id", "BR-B22", pola=LAYANAN, contoh="tindakan/suntik-s8"
    )
    jumlah: Decimal = bidang("Jumlah", "§2.1/37", default=Decimal(1), contoh=1)
    harga: Decimal | None = bidang(
        "Harga satuan; kosong: harga tarif", "BR-B22", default=None, contoh=20000
    )
    nama: str | None = bidang("Nama layanan", "§2.1/37", default=None, server=True)
    definisi: str | None = bidang("Tarif menurut peraturan", "BR-B22", default=None, server=True)


@dokumen
class Tagihan(Dokumen):
    """Tagihan layanan satu kunjungan."""

    faskes: str = bidang("Puskesmas", "§2.1/37", rujuk="faskes", contoh="pkm-dharma-rini")
    nomor: str = bidang("Nomor tagihan", "§2.1/37", contoh="TG-20240508-0007", cari=True)
    pasien: str = bidang("Pasien", "§2.1/37", rujuk="pasien", contoh="yuliana", cari=True)
    kunjungan: str = bidang("Kunjungan", "§2.1/37", rujuk="kunjungan", contoh="kb-s8")
    waktu: datetime = bidang(
        "Waktu tagihan", "§2.1/37", contoh="2024-05-08T09:40:00+07:00", cari=True, terjadi=True
    )
    item: tuple[ButirTagihan, ...] = bidang("Layanan yang ditagih", "BR-B22")
    kasir: str | None = bidang("Kasir", "§2.1/37", default=None, rujuk="petugas-kesehatan")
    status: StatusTagihan = bidang(
        "Status", "§2.1/37", default="draf", kode="status-tagihan", cari=True
    )
    alasanBatal: str | None = bidang("Alasan batal", "§2.1/37", default=None)
    penjamin: Penjamin | None = bidang(
        "Penjamin kunjungan ini", "BR-B21", default=None, kode="jenis-penjamin", server=True
    )
    total: Decimal | None = bidang(
        "Yang dibayar pasien, rupiah", "BR-B21", default=None, server=True
    )
    ditanggung: Decimal | None = bidang(
        "Yang ditanggung penjamin, rupiah", "BR-B21", default=None, server=True
    )


def periksa(tagihan: Tagihan) -> Iterator[Teguran]:
    """Find what one bill can get wrong by itself."""
    if not tagihan.item:
        yield Teguran("item", "kosong.", "paling sedikit satu layanan.", "domain §2.1/37")
    seen: set[tuple[str, str]] = set()
    for place, each in enumerate(tagihan.item):
        if each.jumlah <= 0:
            yield Teguran(f"item[{place}].jumlah", f"{each.jumlah}.", "lebih dari nol.")
        if (each.tarif, each.layanan) in seen:
            yield Teguran(f"item[{place}].layanan", "ditagih dua kali.", "sekali saja.", BR_B22)
        seen.add((each.tarif, each.layanan))
    if tagihan.status == "batal" and not tagihan.alasanBatal:
        yield Teguran("alasanBatal", "kosong.", "mengapa tagihan dibatalkan.")


def periksa_perubahan(lama: Mapping[str, Any], baru: Tagihan) -> Iterator[Teguran]:
    """Find which changes a bill forbids: what was issued stays as it is."""
    if salah := ALUR_TAGIHAN.pindah(lama.get("status"), baru.status, baru.nomor):
        yield salah
    dulu = [(each.tarif, each.layanan, each.jumlah) for each in lama.get("item") or ()]
    kini = [(each.tarif, each.layanan, each.jumlah) for each in baru.item]
    if kini[: len(dulu)] != dulu or (lama.get("status") != "draf" and kini != dulu):
        yield Teguran(
            "item",
            "layanan yang sudah ditagih tidak diubah.",
            "batalkan tagihan ini dan buat yang baru.",
            "domain §2.1/37",
            jenis="keadaan",
        )


class Butir(NamedTuple):
    """What a charge says and what is known of it.

    ``tarif_berlaku``: its tariff is there, in force that day, and of the charge's code;
    ``layanan``: how many services it names; ``dilakukan``: all of them were performed, for this
    patient; ``terukur``: no more than was given; ``pernah``: charged before.
    """

    ditanggung: bool
    ditagihkan: bool
    harga_diganti: bool
    tarif_berlaku: bool
    layanan: int
    dilakukan: bool
    terukur: bool
    pernah: bool


def nilai_butir(butir: Butir) -> Iterator[tuple[str, Teguran]]:
    """Judge BR-B21 and BR-B22: which part of a charge is wrong, and how."""
    if butir.ditanggung:
        if butir.ditagihkan:
            yield "status", BEBAS
        return
    if butir.harga_diganti:
        yield "harga", HARGA_DIGANTI
    if not butir.ditagihkan:
        return
    if not butir.tarif_berlaku:
        yield "tarif", TANPA_TARIF
    if butir.layanan == 0:
        yield "layanan", TANPA_LAYANAN
    elif not butir.dilakukan:
        yield "layanan", TIDAK_DILAKUKAN
    elif not butir.terukur:
        yield "jumlah", LEBIH
    if butir.pernah:
        yield "layanan", DUA_KALI


def _salah(bidang_: str, salah: str, benar: str, english: str, aturan: str = BR_B22) -> Teguran:
    return Teguran(bidang_, salah, benar, aturan, english=f"{aturan}: {english}")


BEBAS: Final = _salah(
    "status",
    "biaya pasien ini ditanggung, tetapi layanannya ditagihkan kepadanya.",
    "status not-billable; pasien membayar nol.",
    "the costs of this patient are covered; the charge must be not-billable.",
    BR_B21,
)
BEBAS_BARIS: Final = _salah(
    "total",
    "biaya pasien ini ditanggung, tetapi baris ini menyisakan biaya.",
    "potongan sebesar harganya; pasien membayar nol.",
    "the costs of this patient are covered; a deduction must take the whole price away.",
    BR_B21,
)
TAMBAHAN: Final = _salah(
    "harga",
    "ada biaya atau potongan di luar harga tarif.",
    "harga tarif saja; tidak ada biaya tambahan di luar layanan.",
    "no surcharge, tax or discount beside the tariff's price.",
)
HARGA_DIGANTI: Final = _salah(
    "harga",
    "harga atau faktor diganti pada tagihan.",
    "harga tarif menurut peraturan daerah.",
    "priceOverride and factorOverride are forbidden; the price is the definition's.",
)
TANPA_TARIF: Final = _salah(
    "tarif",
    "tidak ada tarif yang berlaku untuk kode ini pada hari itu.",
    "kode tarif menurut peraturan daerah yang berlaku.",
    "definitionUri must name a ChargeItemDefinition that is active on that day and has this code.",
)
TANPA_LAYANAN: Final = _salah(
    "layanan",
    "tagihan tanpa layanan.",
    "layanan yang sudah dilakukan; tidak ada biaya tambahan di luar layanan.",
    "a charge must reference a performed service (service; for a visit its context); there is "
    "nothing to pay beyond the services given.",
)
TIDAK_DILAKUKAN: Final = _salah(
    "layanan",
    "layanan ini belum dilakukan, bukan milik pasien ini, atau bukan yang dihargai tarifnya.",
    "layanan pasien ini yang sudah dilakukan.",
    "the service was not performed, is another patient's, or is not of the kind the tariff prices.",
)
LEBIH: Final = _salah(
    "jumlah",
    "jumlah melebihi yang diberikan.",
    "1 untuk satu layanan; obat: paling banyak yang diserahkan.",
    "the quantity is more than was given.",
)
DUA_KALI: Final = _salah(
    "layanan",
    "layanan ini sudah ditagih dengan tarif yang sama.",
    "sekali saja.",
    "this service was charged by this tariff before.",
)


def nilai_baris(
    harga: Decimal | None, dasar: Decimal | None, lain: Decimal, *, ditanggung: bool
) -> Teguran | None:
    """Judge BR-B22 and BR-B21 on a bill's line: the tariff's price and nothing beside it.

    ``harga``: what the tariff makes of it, ``dasar``: what the line says, ``lain``: the sum of
    whatever else is on the line. Where it is covered, that takes the whole price away again.
    """
    if harga is None or harga != dasar:
        wanted = "harga tarif" if harga is None else f"{harga:f}"
        return _salah(
            "harga",
            "harga baris ini bukan harga tarifnya.",
            f"{wanted}.",
            "a line has one base price, with the tariff's code and price times the quantity: "
            f"{'that of the tariff' if harga is None else wanted}.",
        )
    if ditanggung:
        return None if lain == -harga else BEBAS_BARIS
    return TAMBAHAN if lain else None


def nilai_total(seharusnya: Decimal, tertulis: Decimal | None) -> Teguran | None:
    """Judge the total of a bill: the exact sum of its lines."""
    if tertulis == seharusnya:
        return None
    written = "kosong" if tertulis is None else f"{tertulis:f}"
    return _salah(
        "total",
        f"total {written}.",
        f"{seharusnya:f}, jumlah semua baris.",
        f"the total must be {seharusnya:f}, the sum of the lines.",
    )
