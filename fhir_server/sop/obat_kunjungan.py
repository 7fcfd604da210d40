"""BR-C9: who goes home has the drugs that were prescribed, or has declined them.

A drug that an outside pharmacy hands out is not waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Sequence

BR_C9: Final = "BR-C9"


def selesai_dengan_obat(tertinggal: Sequence[str]) -> Teguran | None:
    """Judge BR-C9: a visit ends when no drug of it waits. ``tertinggal``: their prescriptions."""
    if not tertinggal:
        return None
    nomor = ", ".join(sorted(set(tertinggal)))
    return Teguran(
        "status",
        f"obat pada resep {nomor} belum diserahkan sehingga kunjungan belum dapat diselesaikan.",
        "serahkan obatnya, catat bahwa pasien menolak, atau sebut apotek luar pada resep.",
        BR_C9,
        jenis="keadaan",
        english=f"BR-C9: drugs of prescription {nomor} were not handed over, so this visit cannot "
        "be finished. Dispense them, record that the patient declined (MedicationDispense "
        "declined), or name an outside pharmacy (dispenseRequest.performer).",
    )


def resep_sesudah_pulang(nomor: str) -> Teguran:
    """Word BR-C9 for the other side: prescription ``nomor`` waits though its visit has ended."""
    return Teguran(
        "kunjungan",
        f"kunjungan untuk resep {nomor} sudah selesai.",
        "tulis resep pada kunjungan yang masih berjalan, atau sebut apotek luar.",
        BR_C9,
        jenis="keadaan",
        english=f"BR-C9: the visit of prescription {nomor} is already finished. Prescribe within a "
        "running visit, or name an outside pharmacy (dispenseRequest.performer).",
    )
