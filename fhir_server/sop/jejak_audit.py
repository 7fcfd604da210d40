"""JejakAudit: who opened whose record (domain §1.B B4, §2.1 row 39). The server writes it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fhir_server.sop.dokumen import Dokumen, bidang, dokumen

Tindakan = Literal["buat", "baca", "ubah", "hapus", "jalankan"]


@dokumen
class JejakAudit(Dokumen):
    """Jejak pembukaan rekam medis."""

    waktu: datetime = bidang("Waktu", "§2.1/39", contoh="2024-04-02T08:41:00+07:00", cari=True)
    pelaku: str = bidang("Siapa yang membuka", "§2.1/39", contoh="bidan-kia")
    tindakan: Tindakan = bidang("Tindakan", "§2.1/39", kode="tindakan-audit", contoh="baca")
    objek: str = bidang("Yang dibuka", "§2.1/39", contoh="Patient/siti")
    server: str = bidang("Server", "§2.1/39", contoh="https://puskesmas.example/fhir")
    operasi: str | None = bidang(
        "Lewat operasi apa", "§1.B B4", default=None, contoh="Patient/$everything"
    )
    pasien: tuple[str, ...] = bidang(
        "Pasien yang rekamnya dibuka", "§1.B B4", default=(), rujuk="pasien", cari=True
    )
    permintaan: str | None = bidang(
        "Nomor permintaan (X-Request-Id)", "§2.1/39", default=None, contoh="416-1a202cc5672-3"
    )
