"""Advis: what a doctor advises a patient (domain §1.A A4, §1.D D6, §2.1 row 28, §4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.alur import Alur, Keadaan
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.pemeriksaan_lab import dikenal, saran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

JenisAdvis = Literal[
    "pemeriksaan-lanjutan", "rekomendasi-tatalaksana", "rujukan", "saran", "resep", "obat"
]
StatusPermintaan = Literal["menunggu-persetujuan", "aktif", "selesai", "dibatalkan"]
StatusAdvis = Literal["disusun", "dikirim", "diterima", "dihentikan", "gagal"]
TERKIRIM: Final = ("dikirim", "diterima")
BR_D7: Final = "BR-D7"
A4: Final = "SOP Chat A4"
JENIS_PEMANTAUAN: Final = ("pemeriksaan-lanjutan", "rekomendasi-tatalaksana", "rujukan")
DOKTER, OPERATOR = ("dokter penulis",), ("operator",)
ALUR_ADVIS: Final = Alur(
    nama="advis",
    benda="advis",
    thing="advice",
    aturan="alur advis (domain §4.4)",
    keadaan={
        "disusun": Keadaan(("dikirim", "diterima", "dihentikan", "gagal"), DOKTER, "preparation"),
        "dikirim": Keadaan(("diterima", "gagal"), OPERATOR, "in-progress"),
        "diterima": Keadaan((), ("sistem",), "completed"),
        "dihentikan": Keadaan((), ("dokter penanggung jawab", *DOKTER), "stopped"),
        "gagal": Keadaan(("dikirim", "diterima", "dihentikan"), ("sistem",), "not-done"),
    },
)


@dokumen
class Advis(Dokumen):
    """Advis dokter."""

    utas: str = bidang("Utas", "§4.4", rujuk="percakapan-konsultasi", contoh="utas-s2", cari=True)
    kunjungan: str = bidang(
        "Konsultasi", "§4.1", rujuk="kunjungan", contoh="kasus-s2-konsultasi", cari=True
    )
    pasien: str = bidang("Pasien", "§4.4", rujuk="pasien", contoh="bambang", cari=True)
    penulis: str = bidang(
        "Dokter penulis", "§1.D D6", rujuk="petugas", contoh="dokter-relawan-1", cari=True
    )
    jenis: tuple[JenisAdvis, ...] = bidang(
        "Jenis advis", "§2.1/28", kode="jenis-advis", contoh=["saran", "resep"]
    )
    isi: str = bidang("Isi", "§2.1/28", contoh="Istirahat, minum cukup, parasetamol bila demam")
    diterimaTim: datetime = bidang(
        "Waktu keluhan masuk grup tim dokter",
        "§4.3",
        contoh="2021-07-12T08:03:10+07:00",
        terjadi=True,
    )
    dibuat: datetime = bidang(
        "Waktu advis ditulis", "§4.3", contoh="2021-07-12T08:07:40+07:00", terjadi=True
    )
    kasus: str | None = bidang(
        "Kasus", "§4.4", default=None, rujuk="kasus-konsultasi", contoh="kasus-s2", cari=True
    )
    balasanDari: str | None = bidang(
        "Jawaban atas pesan", "§4.2", default=None, rujuk="pesan-chat", contoh="pesan-s2-01"
    )
    dasar: tuple[str, ...] = bidang(
        "Data yang dijawab", "§2.1/28", default=(), rujuk="pesan-chat", contoh=["pesan-s2-01"]
    )
    laporan: tuple[str, ...] = bidang(
        "Laporan yang dijawab",
        "§1.A A4",
        default=(),
        rujuk="laporan-pemantauan-desa",
        contoh=["laporan-ngelo"],
    )
    isian: tuple[str, ...] = bidang(
        "Isian pemantauan yang dijawab", "§1.A A4", default=(), rujuk="isian"
    )
    pengamatan: tuple[str, ...] = bidang(
        "Hasil pemeriksaan yang dijawab", "§1.A A4", default=(), rujuk="pengamatan"
    )
    pemeriksaan: tuple[str, ...] = bidang(
        "Pemeriksaan lanjutan: kode daftar pemeriksaan, atau kode LOINC",
        "§1.A A4",
        default=(),
        contoh=["85354-9", "protein-urin"],
    )
    batas: datetime | None = bidang(
        "Pemeriksaan selambatnya", "§1.A A4", default=None, contoh="2024-08-06T13:10:00+07:00"
    )
    statusPermintaan: StatusPermintaan = bidang(
        "Status pemeriksaan yang diminta",
        "§4.4",
        default="aktif",
        kode="status-permintaan-advis",
        server=True,
    )
    resep: tuple[str, ...] = bidang(
        "Resep yang diadviskan", "§4.4", default=(), rujuk="resep", contoh=["resep-s2"]
    )
    permintaan: tuple[str, ...] = bidang(
        "Permintaan yang diadviskan (ServiceRequest)", "§1.A A4", default=(), rujuk="permintaan"
    )
    penerima: tuple[str, ...] = bidang(
        "Penerima", "§4.4", default=(), pola=pihak.POLA, contoh=["pasien/bambang"]
    )
    status: StatusAdvis = bidang(
        "Status", "§4.4", default="disusun", kode="status-advis", contoh="disusun", cari=True
    )
    waktuKirim: datetime | None = bidang(
        "Waktu dikirim", "§1.D D8", default=None, contoh="2021-07-12T08:40:00+07:00", terjadi=True
    )
    waktuTerima: datetime | None = bidang(
        "Waktu diterima pasien",
        "§1.D D8",
        default=None,
        contoh="2021-07-12T08:40:06+07:00",
        terjadi=True,
    )


def periksa(advis: Advis) -> Iterator[Teguran]:
    """Find what one advice can get wrong."""
    if not advis.jenis:
        yield Teguran("jenis", "kosong.", "paling sedikit satu jenis advis.", "§1.A A4")
    for kode in dict.fromkeys(advis.pemeriksaan):
        if not dikenal(kode):
            yield Teguran(
                "pemeriksaan",
                f"{kode} tidak dikenal dan bukan kode LOINC yang sah.",
                f"kode LOINC atau salah satu dari: {', '.join(saran(kode))}.",
            )
    if advis.pemeriksaan and "pemeriksaan-lanjutan" not in advis.jenis:
        yield Teguran(
            "jenis", "pemeriksaan diminta tanpa jenisnya.", "pemeriksaan-lanjutan.", "§1.A A4"
        )
    if advis.batas is not None and advis.batas <= advis.dibuat:
        yield Teguran("batas", "sebelum advis ditulis.", "sesudahnya.", "§1.A A4")
    if "resep" in advis.jenis and not advis.resep:
        yield Teguran("resep", "jenis resep tanpa resep.", "resep yang diadviskan.", "§1.D D6")
    if advis.dibuat < advis.diterimaTim:
        yield Teguran("dibuat", "sebelum keluhan diterima tim.", "sesudahnya.", "§4.3")
    if advis.status != "gagal" and (advis.status in TERKIRIM) != (advis.waktuKirim is not None):
        yield Teguran(
            "waktuKirim",
            f"tidak cocok dengan status {advis.status}.",
            f"waktu kirim, hanya pada status {' dan '.join(TERKIRIM)}.",
        )
    if (advis.status == "diterima") != (advis.waktuTerima is not None):
        yield Teguran(
            "waktuTerima",
            f"tidak cocok dengan status {advis.status}.",
            "waktu terima, hanya pada status diterima.",
        )


def periksa_perubahan(lama: Mapping[str, Any], baru: Advis) -> Iterator[Teguran]:
    """Find which changes an advice forbids: illegal moves; what was sent is not rewritten."""
    if salah := ALUR_ADVIS.pindah(lama.get("status"), baru.status):
        yield salah
    if lama.get("status") not in TERKIRIM:
        return
    for bidang_isi in ("isi", "jenis", "resep", "penulis"):
        if lama.get(bidang_isi) != getattr(baru, bidang_isi):
            yield Teguran(
                bidang_isi,
                "advis sudah dikirim kepada pasien.",
                "tulis advis baru.",
                "§4.4",
                jenis="keadaan",
            )


def kirim_setelah_disetujui(*, disetujui: bool, hal: str = "advis") -> Teguran | None:
    """Judge BR-D7: an advice, and what it prescribes, waits for the approver.

    ``hal`` says what would go out: ``advis`` or ``resep``.
    """
    if disetujui:
        return None
    return Teguran(
        "status",
        f"{hal} konsultasi LAKON belum disetujui dokter penanggung jawab.",
        "tunggu PersetujuanAdvis dengan keputusan disetujui.",
        BR_D7,
        jenis="keadaan",
        english=f"BR-D7: this {'advice' if hal == 'advis' else 'prescription'} of a LAKON "
        "consultation waits for its approval; the approving doctor has not decided 'disetujui'.",
    )


def sesuai_data(
    jenis: Sequence[str], *, dasar: bool, permintaan: bool
) -> Iterator[tuple[str, Teguran]]:
    """Judge A4, an advice of the monitoring; each reproof comes with what it is about.

    ``jenis`` are its kinds, ``dasar`` whether it says which data it answers, ``permintaan``
    whether it is linked to a request.
    """
    if not set(jenis) & set(JENIS_PEMANTAUAN):
        yield (
            "jenis",
            Teguran(
                "jenis",
                "advis pemantauan tanpa jenis yang dikenal SOP.",
                f"paling sedikit satu dari: {', '.join(JENIS_PEMANTAUAN)}.",
                A4,
                english=f"{A4}: advice of the monitoring is of at least one kind: "
                f"{', '.join(JENIS_PEMANTAUAN)}.",
            ),
        )
    if not dasar:
        yield (
            "dasar",
            Teguran(
                "dasar",
                "advis pemantauan tidak menyebut data yang dijawabnya.",
                "laporan, pesan, isian atau pengamatan (bidang dasar, laporan, isian, pengamatan).",
                A4,
                english=f"{A4}: advice of the monitoring says which data it answers "
                "(Communication.about).",
            ),
        )
    perlu = [each for each in ("pemeriksaan-lanjutan", "rujukan") if each in jenis]
    if perlu and not permintaan:
        yield (
            "permintaan",
            Teguran(
                "permintaan",
                f"advis {' dan '.join(perlu)} tanpa permintaannya.",
                "pemeriksaan, atau permintaan (ServiceRequest) yang sudah dibuat.",
                A4,
                english=f"{A4}: advice of kind {', '.join(perlu)} is linked to its ServiceRequest "
                "(payload.contentReference).",
            ),
        )
