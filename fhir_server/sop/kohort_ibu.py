"""KohortIbu: the women of one village whose pregnancy was first recorded in one year (§2.1/20).

The server keeps it: every pregnancy that is recorded, by whichever API, joins its cohort. The year
is that of the first contact, as in the paper register of the village midwife.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

TAHUN_TERAWAL = 2000


@dokumen
class AnggotaKohort:
    """One woman of a cohort."""

    pasien: str = bidang("Ibu", "§2.1/20", rujuk="pasien", contoh="siti")
    sejak: date | None = bidang("Kontak pertama", "§2.1/20", default=None, contoh="2024-04-02")


@dokumen
class KohortIbu(Dokumen):
    """Kohort ibu satu desa, satu tahun."""

    faskes: str = bidang(
        "Puskesmas", "§2.1/20", rujuk="faskes", contoh="pkm-dharma-rini", cari=True
    )
    desa: str = bidang("Desa", "§2.1/20", pola=r"\d{10}", contoh="9902012001", cari=True)
    tahun: int = bidang("Tahun", "§2.1/20", contoh=2024)
    anggota: tuple[AnggotaKohort, ...] = bidang(
        "Ibu hamil dalam kohort", "§2.1/20", default=(), server=True
    )


def periksa(kohort: KohortIbu) -> Iterator[Teguran]:
    """Find what one cohort can get wrong."""
    if kohort.tahun < TAHUN_TERAWAL:
        yield Teguran("tahun", f"{kohort.tahun}.", f"sejak {TAHUN_TERAWAL}, mis. 2024.")
