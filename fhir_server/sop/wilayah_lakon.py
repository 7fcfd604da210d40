"""BR-D1: LAKON is for who lives in the districts it serves; emergencies are answered anyway.

Source: SOP LAKON GAMAN KEMBAR, syarat: penduduk yang tinggal di kecamatan.
"""

from __future__ import annotations

from typing import Final

from fhir_server.sop.dokumen import Teguran

BR_D1: Final = "BR-D1"
DI_LUAR_WILAYAH: Final = "di-luar-wilayah"


def dilayani(wilayah: str) -> tuple[str, ...]:
    """Read the districts served from how the operator writes them; none: everybody is served."""
    return tuple(each.strip() for each in wilayah.split(",") if each.strip())


def di_luar(kecamatan: str | None, wilayah: str) -> bool:
    """Tell whether somebody is known to live elsewhere."""
    served = dilayani(wilayah)
    return bool(served) and kecamatan is not None and kecamatan not in served


def kalimat(wilayah: str) -> str:
    """Say why a case is rejected."""
    return f"Domisili di luar wilayah layanan (kecamatan {', '.join(dilayani(wilayah))})."


def hanya_warga(noKasus: str, kecamatan: str | None, wilayah: str) -> Teguran | None:  # noqa: N803
    """Judge BR-D1: only the case of a resident goes on to the doctors."""
    served = dilayani(wilayah)
    if not served or kecamatan in served:
        return None
    known = f"di kecamatan {kecamatan}" if kecamatan else "yang domisilinya belum dicatat"
    where = f"lives in district {kecamatan}" if kecamatan else "has no recorded district"
    return Teguran(
        "status",
        f"kasus {noKasus} dari pemohon {known}; LAKON melayani kecamatan {', '.join(served)}.",
        "status ditolak dengan alasan di-luar-wilayah, atau catat domisilinya; keluhan darurat "
        "tetap dijawab.",
        BR_D1,
        jenis="keadaan",
        english=f"BR-D1: the patient of case {noKasus} {where}; LAKON serves {', '.join(served)}. "
        "Reject the case (di-luar-wilayah) or record the address; an emergency is answered anyway.",
    )
