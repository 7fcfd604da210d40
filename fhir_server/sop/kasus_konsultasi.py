"""KasusKonsultasi: a citizen's request for an online consultation (domain §1.D, §2.1 row 26)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.percakapan_konsultasi import LayananKonsultasi, Medium
from fhir_server.sop.sla import Presisi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

StatusKasus = Literal[
    "diajukan",
    "ditolak",
    "diteruskan",
    "saran-dibuat",
    "ditolak-penyetuju",
    "disetujui",
    "diteruskan-ke-pasien",
    "diterima",
    "selesai",
    "dibatalkan-pasien",
    "tidak-dapat-dihubungi",
    "darurat",
]
BR_D2: Final = "BR-D2"
PEMOHON, OPERATOR, TIM_DOKTER, PENYETUJU = (
    ("pemohon",),
    ("operator",),
    ("tim dokter",),
    ("dokter penanggung jawab",),
)
KELUAR: Final = ("dibatalkan-pasien", "tidak-dapat-dihubungi", "darurat")
ALUR_LAKON: Final = Alur(
    nama="kasus-lakon",
    benda="kasus",
    thing="case",
    aturan="alur kasus LAKON (domain §1.D)",
    keadaan={
        "diajukan": Keadaan(("ditolak", "diteruskan", *KELUAR), PEMOHON, "submitted (diajukan)"),
        "ditolak": Keadaan((), OPERATOR, "rejected (ditolak)"),
        "diteruskan": Keadaan(("saran-dibuat", *KELUAR), OPERATOR, "forwarded (diteruskan)"),
        "saran-dibuat": Keadaan(
            ("disetujui", "ditolak-penyetuju", *KELUAR), TIM_DOKTER, "advised (saran-dibuat)"
        ),
        "ditolak-penyetuju": Keadaan(
            ("saran-dibuat", *KELUAR), PENYETUJU, "advice refused (ditolak-penyetuju)"
        ),
        "disetujui": Keadaan(
            ("diteruskan-ke-pasien", "diterima", *KELUAR),
            PENYETUJU,
            "advice approved (disetujui)",
        ),
        "diteruskan-ke-pasien": Keadaan(
            ("diterima", *KELUAR), OPERATOR, "sent to the patient (diteruskan-ke-pasien)"
        ),
        "diterima": Keadaan(
            ("selesai", "diteruskan", *KELUAR), OPERATOR, "received by the patient (diterima)"
        ),
        "darurat": Keadaan(
            ("diteruskan", "selesai", "ditolak"), (*OPERATOR, *TIM_DOKTER), "emergency (darurat)"
        ),
        "selesai": Keadaan((), OPERATOR, "closed (selesai)"),
        "dibatalkan-pasien": Keadaan((), PEMOHON, "withdrawn by the patient (dibatalkan-pasien)"),
        "tidak-dapat-dihubungi": Keadaan(
            (), OPERATOR, "patient not reached (tidak-dapat-dihubungi)"
        ),
    },
)
"""A case goes on from ``diterima`` when the patient writes again: care lasts until recovery."""

ALUR_KASUS: Final = ALUR_LAKON.dengan(
    "kasus-lain",
    aturan="alur kasus konsultasi (domain §1.A)",
    saran_dibuat=("diteruskan-ke-pasien",),
)
"""Other consultations ask for no approval (domain §4.4)."""

BERAKHIR: Final = ALUR_LAKON.akhir


@dokumen
class KasusKonsultasi(Dokumen):
    """Kasus konsultasi daring."""

    noKasus: str = bidang("Nomor kasus", "§2.1/26", contoh="LGK-2021-0712-001", cari=True)
    layanan: LayananKonsultasi = bidang(
        "Layanan", "§2.1/26", kode="layanan-konsultasi", contoh="lakon"
    )
    faskes: str = bidang("Penyelenggara", "§1.D D-m1", rujuk="faskes", contoh="tim-lakon-kembaran")
    pasien: str = bidang("Pasien", "§2.1/26", rujuk="pasien", contoh="bambang", cari=True)
    pemohon: str = bidang("Pemohon", "§2.1/26", pola=pihak.POLA, contoh="pasien/bambang")
    kanal: Medium = bidang("Kanal", "§2.1/26", kode="medium-komunikasi", contoh="whatsapp")
    darurat: bool = bidang("Keluhan darurat", "§1.D", default=False)
    presisi: Presisi = bidang(
        "Ketelitian waktu; menit bila dari ekspor percakapan",
        "§4.3",
        default="detik",
        kode="presisi-waktu",
        contoh="detik",
    )
    keluhan: str = bidang("Keluhan", "§2.1/26", contoh="batuk pilek 2 hari, demam")
    diajukan: datetime = bidang(
        "Waktu pesan pertama", "§1.D D5", contoh="2021-07-12T08:00:00+07:00", cari=True
    )
    penanggungJawab: str | None = bidang(
        "Penanggung jawab",
        "§2.1/26",
        default=None,
        rujuk="petugas",
        contoh="dokter-pj",
        cari=True,
    )
    status: StatusKasus = bidang(
        "Status", "§1.D", default="diajukan", kode="status-kasus", contoh="diteruskan", cari=True
    )
    alasan: str | None = bidang("Alasan penolakan atau pembatalan", "§1.D", default=None)
    selesai: datetime | None = bidang(
        "Waktu selesai", "§1.D", default=None, contoh="2021-07-12T11:15:00+07:00"
    )


def periksa(kasus: KasusKonsultasi) -> Iterator[Teguran]:
    """Find what one case can get wrong."""
    if kasus.layanan == "pemantauan":
        yield Teguran(
            "layanan", "pemantauan dicatat sebagai kasus-pemantauan.", "lakon atau umum.", "§1.A"
        )
    if kasus.status in {"ditolak", "dibatalkan-pasien"} and not kasus.alasan:
        yield Teguran("alasan", f"kasus {kasus.status} tanpa alasan.", "alasannya.", "§1.D")
    if (kasus.status in BERAKHIR) != (kasus.selesai is not None):
        yield Teguran(
            "selesai",
            f"tidak cocok dengan status {kasus.status}.",
            f"waktu selesai, hanya pada status {', '.join(BERAKHIR)}.",
        )
    if kasus.selesai is not None and kasus.selesai < kasus.diajukan:
        yield Teguran("selesai", "sebelum diajukan.", "sesudah diajukan.")


def periksa_perubahan(lama: Mapping[str, Any], baru: KasusKonsultasi) -> Iterator[Teguran]:
    """Find which moves the course of a case does not allow."""
    if salah := alur(baru.layanan).pindah(lama.get("status"), baru.status, baru.noKasus):
        yield salah


def alur(layanan: str | None) -> Alur:
    """Give the state machine of a service's cases."""
    return ALUR_LAKON if layanan == "lakon" else ALUR_KASUS


def pendampingan_hingga_sembuh(noKasus: str) -> Teguran:  # noqa: N803 - as the document calls it
    """Word the SOP's promise: a case stays open while its patient is still isolated at home."""
    return Teguran(
        "status",
        f"kasus {noKasus}: isolasi mandiri pasien ini belum selesai.",
        "tetap diterima dan dipantau; tutup sesudah episode isolasi mandirinya selesai.",
        "pendampingan hingga sembuh (domain §1.D)",
        jenis="keadaan",
        english=f"Case {noKasus} accompanies the patient until recovery: the episode of isolation "
        "at home is still running. Go on monitoring, and close the case when it is finished.",
    )


def gratis(noKasus: str) -> Teguran:  # noqa: N803 - as the document calls it
    """Word BR-D2: nothing is charged for a LAKON consultation."""
    return Teguran(
        "context",
        f"layanan konsultasi LAKON (kasus {noKasus}) gratis.",
        "tanpa tagihan.",
        BR_D2,
        english="BR-D2: a LAKON consultation is free of charge; nothing can be billed for it.",
    )
