"""Rules of registration: to a unit there is (BR-B3), and nobody twice (NIK-UNIK).

A NIK is not needed: newborns and foreigners are registered without one. Where there is one, only
one living record has it.
"""

from __future__ import annotations

from typing import Final, get_args

from fhir_server.sop.dokumen import Teguran
from fhir_server.sop.unit import Unit

BR_B3: Final = "BR-B3"
NIK_UNIK: Final = "NIK-UNIK"
UNIT: Final = get_args(Unit)


def tujuan(kode: str | None) -> Teguran | None:
    """Judge BR-B3: a visit is registered to a unit of the puskesmas."""
    if kode in UNIT:
        return None
    salah = "kosong." if kode is None else f"{kode} bukan unit layanan."
    english = "is missing" if kode is None else f"{kode} is none"
    return Teguran(
        "unit",
        salah,
        f"salah satu dari: {', '.join(UNIT)}.",
        BR_B3,
        english=f"BR-B3: a visit is registered to a unit of the puskesmas, and its unit "
        f"{english}. Right is one of: {', '.join(UNIT)}.",
    )


def nik_terdaftar() -> Teguran:
    """Word NIK-UNIK: another record has this NIK. Whose it is, is not for everybody to know."""
    return Teguran(
        "nik",
        "NIK ini sudah terdaftar pada pasien lain.",
        "cari dulu pasien dengan NIK ini; bila NIK-nya salah, perbaiki; bila orang yang sama, "
        "pakai catatan yang ada (catatan ganda: active=false atau link replaced-by).",
        NIK_UNIK,
        jenis="keadaan",
        english="NIK-UNIK: another patient is registered with this NIK. Search for it first; if "
        "the NIK is wrong, correct it; if it is the same person, use the record there is (a "
        "double one gets active=false or a link of type replaced-by).",
    )
