"""The kind of a task of an SOP decides which table of states it follows, so it stays."""

from __future__ import annotations

from typing import Final

from fhir_server.sop.dokumen import Teguran

JENIS_TUGAS: Final = "JENIS-TUGAS"


def jenis_diganti(jenis: str) -> Teguran:
    """Word that a task may not become one of another kind."""
    return Teguran(
        "code",
        f"tugas {jenis} tidak dapat menjadi tugas jenis lain.",
        f"tetap {jenis}; untuk pekerjaan lain buat tugas baru.",
        JENIS_TUGAS,
        jenis="keadaan",
        english=f"{JENIS_TUGAS}: a Task of kind {jenis} keeps its code; make another Task for "
        "other work.",
    )


def tidak_dihapus(jenis: str) -> Teguran:
    """Word that a task is kept, though it was written in error."""
    return Teguran(
        "code",
        f"tugas {jenis} tidak dihapus.",
        "ubah statusnya menjadi salah-entri (entered-in-error).",
        JENIS_TUGAS,
        jenis="keadaan",
        english=f"{JENIS_TUGAS}: a Task of kind {jenis} is not deleted; set its status to "
        "entered-in-error.",
    )
