"""RujukBalik: a patient sent back to the puskesmas for monitoring (domain §5, §2.1 row 31).

The hospital says what it found and did and what is to be watched; the puskesmas accepts, may give
the work to its Pustu or midwife, makes the first contact, and closes with the outcome. The states
are in ``status_rujuk_balik``, the limits in ``waktu_rujukan``.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.status_rujuk_balik import ALUR_RUJUK_BALIK, BERAKHIR, PERLU_ALASAN
from fhir_server.sop.status_rujukan import BR_R1

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PELAKSANA: Final = r"(petugas|faskes)/[A-Za-z0-9.\-]{1,64}"
Program = Literal["prb", "non-prb"]
Perawatan = Literal["rawat-inap", "rawat-jalan"]
Alasan = Literal["bukan-wilayah", "pindah", "tidak-ditemukan", "lainnya"]
Status = Literal[
    "dikirim",
    "diterima-sistem",
    "disetujui",
    "dipantau",
    "selesai",
    "ditolak",
    "gagal",
    "dibatalkan",
    "salah-entri",
]


@dokumen
class DiagnosisAkhir:
    """A final diagnosis; ``kondisi`` if it was recorded before."""

    kode: str | None = bidang("Kode ICD-10", "§2.1/31", default=None, contoh="O14.1")
    nama: str | None = bidang(
        "Nama diagnosis", "§2.1/31", default=None, contoh="Preeklampsia berat"
    )
    kondisi: str | None = bidang(
        "Diagnosis yang sudah tercatat", "§5.1", default=None, rujuk="kondisi"
    )


@dokumen
class HasilPenunjang:
    """One finding of laboratory, imaging or other examination."""

    pemeriksaan: str = bidang("Pemeriksaan", "§5.1", contoh="Hb")
    hasil: str = bidang("Hasil", "§5.1", contoh="11,2 g/dL")


@dokumen
class ObatLanjutan:
    """A medicine that the patient goes on taking."""

    nama: str = bidang("Nama obat", "§5.1", contoh="Nifedipin 10 mg")
    signa: str = bidang("Aturan pakai", "§5.1", contoh="3 x 1 tablet")
    kode: str | None = bidang("Kode KFA", "§5.1", default=None, contoh="93001019")
    jumlah: str | None = bidang("Jumlah", "§5.1", default=None, contoh="21 tablet")


@dokumen
class DataPRB:
    """What the Program Rujuk Balik of BPJS asks for beside the letter."""

    noSep: str = bidang("Nomor SEP", "§5.1", contoh="9900R0010824V000001")
    program: str | None = bidang("Program PRB", "§5.1", default=None, contoh="Hipertensi")
    kodeDPJP: str | None = bidang("Kode DPJP", "§5.1", default=None, contoh="99001")
    keterangan: str | None = bidang("Keterangan", "§5.1", default=None)
    saran: str | None = bidang("Saran", "§5.1", default=None)


@dokumen
class HasilPemantauan:
    """The outcome that goes back to the hospital when the work ends."""

    waktu: datetime = bidang("Waktu dikirim", "§5.3", contoh="2024-09-03T10:00:00+07:00")
    isi: str = bidang("Hasil pemantauan", "§5.3", contoh="TD 128/82, luka kering, ASI lancar")


@dokumen
class RujukBalik(Dokumen):
    """Surat rujuk balik."""

    faskes: str = bidang("Fasilitas yang merujuk balik", "§5.1", rujuk="faskes", contoh="rs-a")
    nomor: str = bidang("Nomor rujuk balik", "§2.1/31", contoh="RB-2024-0188", cari=True)
    rujukanAsal: str = bidang(
        "Rujukan asal", "§2.1/31", rujuk="rujukan", contoh="rujukan-s5", cari=True
    )
    pasien: str = bidang("Pasien", "§5.1", rujuk="pasien", contoh="siti", cari=True)
    penerima: str = bidang(
        "Fasilitas penerima", "§5.1", rujuk="faskes", contoh="pkm-todanan", cari=True
    )
    perawatan: Perawatan = bidang(
        "Jenis perawatan di rumah sakit", "§5.1", kode="perawatan", contoh="rawat-inap"
    )
    diagnosisAkhir: tuple[DiagnosisAkhir, ...] = bidang(
        "Diagnosis akhir", "§2.1/31", contoh=[{"kode": "O14.1", "nama": "Preeklampsia berat"}]
    )
    anjuranPemantauan: str = bidang(
        "Anjuran pemantauan", "§2.1/31", contoh="Ukur tekanan darah setiap hari selama 7 hari"
    )
    penulis: str = bidang(
        "Dokter yang merujuk balik", "§5.1", rujuk="petugas-kesehatan", contoh="dokter-rs-a"
    )
    waktu: datetime = bidang("Waktu dikirim", "§5.1", contoh="2024-08-24T09:00:00+07:00")
    kunjungan: str | None = bidang(
        "Perawatan di rumah sakit", "§5.1", default=None, rujuk="kunjungan", contoh="ranap-s5"
    )
    tindakan: tuple[str, ...] = bidang(
        "Tindakan", "§2.1/31", default=(), contoh=["Seksio sesarea 20-08-2024"]
    )
    penunjang: tuple[HasilPenunjang, ...] = bidang("Hasil penunjang", "§5.1", default=())
    obat: tuple[ObatLanjutan, ...] = bidang("Terapi atau obat lanjutan", "§2.1/31", default=())
    kontrolKe: str | None = bidang(
        "Kontrol ke", "§2.1/31", default=None, rujuk="faskes", contoh="rs-a"
    )
    tglKontrol: date | None = bidang(
        "Tanggal kontrol", "§2.1/31", default=None, contoh="2024-08-31"
    )
    program: Program = bidang(
        "Program", "§2.1/31", default="non-prb", kode="program-rujuk-balik", contoh="non-prb"
    )
    prb: DataPRB | None = bidang("Data PRB", "§5.1", default=None)
    krst: bool | None = bidang(
        "Ibu KRST; kosong: menurut skor Poedji Rochjati terakhir",
        "§5.2",
        default=None,
        contoh=True,
    )
    pelaksana: str | None = bidang(
        "Yang mengerjakan: penerima, pustu atau bidan",
        "§5.1",
        default=None,
        pola=PELAKSANA,
        contoh="petugas/bidan-sidorejo",
    )
    status: Status = bidang(
        "Status",
        "§5.2",
        default="dikirim",
        kode="status-rujuk-balik",
        contoh="dikirim",
        cari=True,
    )
    waktuStatus: datetime | None = bidang(
        "Sejak kapan status ini, menurut yang mengubahnya", "§5.2", default=None
    )
    alasan: Alasan | None = bidang(
        "Alasan menolak atau gagal",
        "§5.2",
        default=None,
        kode="alasan-rujuk-balik",
        contoh="bukan-wilayah",
    )
    keterangan: str | None = bidang("Keterangan alasan", "§5.2", default=None)
    kontakPertama: datetime | None = bidang(
        "Kontak pertama dengan pasien", "§5.2", default=None, contoh="2024-08-25T08:30:00+07:00"
    )
    hasil: HasilPemantauan | None = bidang("Hasil pemantauan", "§5.3", default=None)
    batasTerima: datetime | None = bidang("Batas diterima", "§5.2", default=None, server=True)
    batasKontak: datetime | None = bidang("Batas kontak pertama", "§5.2", default=None, server=True)


def periksa(balik: RujukBalik) -> Iterator[Teguran]:
    """Find what one back-referral can get wrong."""
    if not balik.diagnosisAkhir:
        yield Teguran("diagnosisAkhir", "kosong.", "paling sedikit satu diagnosis.", "§2.1/31")
    for tempat, each in enumerate(balik.diagnosisAkhir):
        if each.kode is None and each.kondisi is None:
            salah, benar = "tidak menyebut diagnosis.", "kode ICD-10, atau kondisi yang tercatat."
            yield Teguran(f"diagnosisAkhir[{tempat}]", salah, benar)
    if balik.penerima == balik.faskes:
        yield Teguran("penerima", "sama dengan yang merujuk balik.", "fasilitas lain.")
    if balik.tglKontrol and balik.tglKontrol < balik.waktu.date():
        yield Teguran("tglKontrol", "sebelum waktu dikirim.", "pada atau sesudahnya.")
    if balik.kontrolKe and balik.tglKontrol is None:
        yield Teguran("tglKontrol", "kosong padahal ada tempat kontrol.", "tanggal kontrol.")
    if balik.program == "prb" and balik.prb is None:
        yield Teguran("prb", "kosong pada Program Rujuk Balik.", "nomor SEP dan programnya.")
    yield from _periksa_status(balik)


def _periksa_status(balik: RujukBalik) -> Iterator[Teguran]:
    if balik.status in PERLU_ALASAN and not (balik.alasan or balik.keterangan):
        yield Teguran("alasan", f"kosong pada rujuk balik {balik.status}.", "alasannya.", BR_R1)
    if balik.status == "dipantau" and balik.kontakPertama is None:
        salah = "kosong pada rujuk balik yang dipantau."
        yield Teguran("kontakPertama", salah, "waktu kontak pertama.", BR_R1)
    if balik.status == "selesai" and balik.hasil is None:
        yield selesai_dengan_hasil(balik.nomor)
    if balik.kontakPertama and balik.kontakPertama < balik.waktu:
        yield Teguran("kontakPertama", "sebelum waktu dikirim.", "sesudahnya.")


def selesai_dengan_hasil(nomor: str) -> Teguran:
    """Word the rule that a back-referral ends only with the outcome sent to the hospital."""
    return Teguran(
        "hasil",
        f"rujuk balik {nomor} selesai tanpa hasil pemantauan.",
        "hasil pemantauan yang dikirim kepada fasilitas yang merujuk balik.",
        BR_R1,
        english=f"BR-R1: back-referral {nomor} is completed without its outcome. Send a "
        "Communication (category hasil-pemantauan, basedOn the request) to the hospital first, "
        "or in the same transaction.",
    )


def periksa_perubahan(lama: Mapping[str, Any], baru: RujukBalik) -> Iterator[Teguran]:
    """Find which changes the SOP forbids (BR-R1)."""
    dulu = lama.get("status")
    if teguran := ALUR_RUJUK_BALIK.pindah(dulu, baru.status, baru.nomor):
        yield teguran
    tetap = {"rujukanAsal", "pasien", "faskes", "penerima"}
    for nama in sorted(tetap):
        if lama.get(nama) not in (None, getattr(baru, nama)):
            yield Teguran(nama, "tidak dapat diubah.", f"tetap {lama[nama]}.", BR_R1)
    if dulu in BERAKHIR and lama.get("pelaksana") not in (None, baru.pelaksana):
        salah = f"rujuk balik sudah {dulu}."
        yield Teguran("pelaksana", salah, "tetap.", BR_R1, jenis="keadaan")
