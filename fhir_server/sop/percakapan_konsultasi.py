"""PercakapanKonsultasi: a thread of chat about one patient (domain §1.A, §2.1 row 27, §4.1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen

if TYPE_CHECKING:
    from collections.abc import Iterator

LayananKonsultasi = Literal["lakon", "pemantauan", "umum"]
Medium = Literal["whatsapp", "telepon", "tatap-muka", "buku-catatan", "landing-page"]
StatusPercakapan = Literal["berlangsung", "selesai", "salah-entri"]
BR_A0: Final = "BR-A0"
PERAN_PESERTA: Final = frozenset({"bidan", "dokter", "dokter-gigi", "operator-wa"})
"""Who of the staff may take part in a monitoring: those of the SOP, and who forwards."""


@dokumen
class PercakapanKonsultasi(Dokumen):
    """Utas percakapan konsultasi."""

    idUtas: str = bidang(
        "Kunci utas (hash nomor, atau subjek grup)", "§4.1", contoh="utas-s2", cari=True
    )
    layanan: LayananKonsultasi = bidang(
        "Layanan", "§1.A BR-A0, §1.D", kode="layanan-konsultasi", contoh="lakon", cari=True
    )
    kanal: Medium = bidang("Kanal", "§1.A A-tools", kode="medium-komunikasi", contoh="whatsapp")
    dimulai: datetime = bidang(
        "Dimulai", "§2.1/27", contoh="2021-07-12T08:00:00+07:00", cari=True, terjadi=True
    )
    peserta: tuple[str, ...] = bidang(
        "Peserta",
        "§1.A A-def",
        pola=pihak.POLA,
        contoh=["pasien/bambang", "petugas/operator-kembaran"],
    )
    pasien: str | None = bidang(
        "Pasien yang dibicarakan",
        "§1.A BR-A0",
        default=None,
        rujuk="pasien",
        contoh="bambang",
        cari=True,
    )
    kasus: str | None = bidang(
        "Kasus konsultasi",
        "§4.1",
        default=None,
        rujuk="kasus-konsultasi",
        contoh="kasus-s2",
        cari=True,
    )
    kunjungan: str | None = bidang(
        "Konsultasi (kunjungan daring)",
        "§4.1",
        default=None,
        rujuk="kunjungan",
        contoh="kasus-s2-konsultasi",
    )
    topik: str | None = bidang("Topik", "§4.1", default=None, contoh="isolasi mandiri")
    status: StatusPercakapan = bidang(
        "Status",
        "§4.1",
        default="berlangsung",
        kode="status-percakapan",
        contoh="berlangsung",
        cari=True,
    )


def periksa(percakapan: PercakapanKonsultasi) -> Iterator[Teguran]:
    """Find what one thread can get wrong."""
    if not percakapan.peserta:
        yield Teguran("peserta", "kosong.", "paling sedikit satu peserta.", BR_A0)
    pasien = [each for each in percakapan.peserta if pihak.jenis(each) == "pasien"]
    if percakapan.layanan == "pemantauan" and (
        percakapan.pasien is None or any(each != f"pasien/{percakapan.pasien}" for each in pasien)
    ):
        yield Teguran(
            "pasien",
            "percakapan pemantauan tidak tentang tepat satu pasien.",
            "satu pasien: ibu hamil risiko tinggi atau pasien isolasi mandiri.",
            BR_A0,
            english="BR-A0: a monitoring thread needs exactly one patient as its subject.",
        )


def hanya_risti_atau_isoman(*, dipantau: bool) -> Teguran | None:
    """Judge BR-A0: a monitoring thread is for a patient who is being monitored.

    ``dipantau``: an active flag or care plan of a high-risk pregnancy or of isolation at home.
    """
    if dipantau:
        return None
    return Teguran(
        "pasien",
        "pasien ini tidak tercatat sebagai ibu hamil risiko tinggi atau isolasi mandiri.",
        "catat dahulu skor KSPR, rencana asuhan, atau episode isolasi mandirinya.",
        BR_A0,
        english="BR-A0: a monitoring thread is for a high-risk pregnancy or a patient in isolation "
        "at home; this patient has no active flag or care plan of either.",
    )


def peserta_tertutup(peserta: str) -> Teguran:
    """Refuse somebody whom the SOP's closed list of participants (A-def) does not have.

    ``peserta`` is who, as written: ``RelatedPerson/…``.
    """
    return Teguran(
        "peserta",
        f"{peserta} bukan peserta pemantauan.",
        "pasien yang dipantau, keluarganya, bidan, dokter, atau nomor/tim/unit yang melayani.",
        BR_A0,
        english=f"BR-A0: {peserta} takes no part in a monitoring thread; who does: its patient, "
        "family of that patient, bidan, dokter, and the line, team or unit that answers.",
    )
