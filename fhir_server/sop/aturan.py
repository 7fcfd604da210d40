"""Rules across SOP entities: facts in, verdict out.

A verdict is a Teguran in the rule's own words, or None where the rule is content. Who gathers
the facts, and from where, is not known here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_server.sop.dokumen import Teguran

if TYPE_CHECKING:
    from collections.abc import Sequence

BR_B6 = "BR-B6"


def selesai_tanpa_pengantar_terbuka(terbuka: Sequence[str]) -> Teguran | None:
    """Judge BR-B6: a visit ends only when none of its own lab slips is open.

    ``terbuka`` holds the numbers of the visit's open slips.
    """
    if not terbuka:
        return None
    nomor = ", ".join(sorted(terbuka))
    return Teguran(
        "status",
        f"kunjungan ini masih memiliki pengantar lab terbuka ({nomor}) sehingga belum dapat "
        "diselesaikan.",
        "isi hasilnya atau batalkan pengantar dengan alasan, lalu selesaikan kunjungan.",
        BR_B6,
        jenis="keadaan",
        english=f"BR-B6: this visit has open lab slips ({nomor}) and cannot be finished. Record "
        "their results, or cancel them with a reason, and then finish the visit.",
    )


def ditutup_dengan_alasan(nomor: str, *, alasan: bool) -> Teguran | None:
    """Judge BR-B6: a slip that is closed without a result says why."""
    if alasan:
        return None
    return Teguran(
        "alasan",
        f"pengantar lab {nomor} ditutup tanpa hasil dan tanpa alasan.",
        "alasan mengapa tidak ada hasil.",
        BR_B6,
        english=f"BR-B6: lab slip {nomor} is closed without a result; say why (statusReason).",
    )


def pengantar_hanya_pada_kunjungan_berjalan(nomor: str) -> Teguran:
    """Word BR-B6 for the other side: slip ``nomor`` is open though its visit has ended."""
    return Teguran(
        "kunjungan",
        f"kunjungan untuk pengantar lab {nomor} sudah selesai.",
        "buat pengantar pada kunjungan yang masih berjalan.",
        BR_B6,
        jenis="keadaan",
        english=f"BR-B6: the visit of lab slip {nomor} is already finished. Open the slip in a "
        "visit that is still running.",
    )
