"""PesanChat: one message of a thread (domain §2.1 row 27, §4.1, §4.2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from fhir_server.sop import pihak
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.percakapan_konsultasi import Medium

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Arah = Literal["masuk", "keluar", "internal"]
KategoriPesan = Literal[
    "pemantauan", "keluhan", "penerusan", "darurat", "pemberitahuan", "sistem", "lainnya"
]
StatusKirim = Literal["menunggu", "terkirim", "diterima", "gagal"]
JenisLampiran = Literal["gambar", "video", "audio", "stiker", "gif", "dokumen", "kontak", "media"]
BR_A5: Final = "BR-A5"


@dokumen
class Lampiran:
    """A file sent along; kept where it is, never in the message."""

    jenis: JenisLampiran = bidang("Jenis", "§4.6", kode="jenis-lampiran", contoh="gambar")
    nama: str | None = bidang("Nama berkas", "§4.6", default=None, contoh="IMG-0001.jpg")
    tipe: str | None = bidang("Tipe media", "§4.6", default=None, contoh="image/jpeg")
    alamat: str | None = bidang(
        "Tempat berkas (rujukan)", "§4.6", default=None, contoh="Binary/foto-1"
    )


@dokumen
class PesanChat(Dokumen):
    """Pesan dalam percakapan."""

    idPesan: str = bidang("Nomor pesan", "§2.1/27", contoh="wamid.S2-01", cari=True)
    utas: str = bidang("Utas", "§4.1", rujuk="percakapan-konsultasi", contoh="utas-s2", cari=True)
    arah: Arah = bidang("Arah", "§2.1/27", kode="arah-pesan", contoh="masuk")
    waktuKirim: datetime = bidang(
        "Waktu kirim; selama menunggu: waktu diminta",
        "§2.1/27",
        contoh="2021-07-12T08:00:00+07:00",
        cari=True,
        terjadi=True,
    )
    pengirim: str | None = bidang(
        "Pengirim", "§2.1/27", default=None, pola=pihak.POLA, contoh="pasien/bambang"
    )
    namaPengirim: str | None = bidang(
        "Nama tampilan pengirim yang belum dikenali",
        "§4.1",
        default=None,
        contoh="Bambang",
    )
    penerima: tuple[str, ...] = bidang(
        "Penerima",
        "§2.1/27",
        default=(),
        pola=pihak.POLA,
        contoh=["petugas/operator-kembaran"],
    )
    pasien: str | None = bidang(
        "Pasien", "§4.2", default=None, rujuk="pasien", contoh="bambang", cari=True
    )
    kasus: str | None = bidang(
        "Kasus", "§4.2", default=None, rujuk="kasus-konsultasi", contoh="kasus-s2", cari=True
    )
    kunjungan: str | None = bidang(
        "Konsultasi", "§4.2", default=None, rujuk="kunjungan", contoh="kasus-s2-konsultasi"
    )
    jadwal: str | None = bidang(
        "Jadwal kontak yang dipenuhi", "§1.A A1", default=None, rujuk="jadwal-kontak"
    )
    isi: str | None = bidang(
        "Isi", "§2.1/27", default=None, contoh="batuk pilek 2 hari, demam 37.9"
    )
    lampiran: tuple[Lampiran, ...] = bidang("Lampiran", "§2.1/27", default=())
    balasanDari: str | None = bidang(
        "Balasan atas pesan", "§2.1/27", default=None, rujuk="pesan-chat", contoh="pesan-s2-01"
    )
    nomorBalasan: str | None = bidang(
        "Nomor pesan yang dibalas, bila pesan itu tidak ada di sini",
        "§4.1",
        default=None,
        contoh="wamid.S2-00",
    )
    kategori: KategoriPesan = bidang(
        "Kategori", "§2.1/27", default="lainnya", kode="kategori-komunikasi", contoh="keluhan"
    )
    kanal: Medium = bidang(
        "Kanal",
        "§1.A A-tools",
        default="whatsapp",
        kode="medium-komunikasi",
        contoh="whatsapp",
    )
    status: StatusKirim = bidang(
        "Status pengiriman", "§4.1", default="diterima", kode="status-kirim", contoh="diterima"
    )
    alasanGagal: str | None = bidang("Alasan gagal terkirim", "§4.1", default=None)
    waktuTerima: datetime | None = bidang(
        "Waktu diterima", "§2.1/27", default=None, contoh="2021-07-12T08:00:04+07:00", terjadi=True
    )
    waktuBaca: datetime | None = bidang("Waktu dibaca", "§4.1", default=None, terjadi=True)
    presisi: Literal["detik", "menit"] = bidang(
        "Ketelitian waktu", "§4.3", default="detik", kode="presisi-waktu", contoh="detik"
    )
    disunting: bool = bidang("Disunting pengirim", "§2.1/27", default=False, contoh=False)
    dihapus: bool = bidang("Dihapus pengirim", "§2.1/27", default=False, contoh=False)


def periksa(pesan: PesanChat) -> Iterator[Teguran]:
    """Find what one message can get wrong."""
    ada = bool(pesan.isi and pesan.isi.strip()) or bool(pesan.lampiran)
    if pesan.dihapus and ada:
        yield Teguran(
            "isi", "pesan yang dihapus masih berisi.", "kosong: isinya tidak disimpan.", "§4.1"
        )
    if not pesan.dihapus and not ada:
        yield Teguran("isi", "kosong dan tanpa lampiran.", "isi, lampiran, atau dihapus=true.")
    if pesan.pengirim is None and pesan.kategori != "sistem":
        yield Teguran("pengirim", "kosong.", "siapa yang mengirim; hanya pesan sistem tanpa.")
    if (
        pesan.pengirim is not None
        and pihak.adalah_warga(pesan.pengirim) != (pesan.arah == "masuk")
        and pihak.jenis(pesan.pengirim) != "wa"
    ):
        yield Teguran(
            "arah",
            f"{pesan.arah} tidak cocok dengan pengirim {pesan.pengirim}.",
            "masuk: dari pasien atau keluarga; keluar dan internal: dari petugas.",
        )
    if pesan.balasanDari is not None and pesan.nomorBalasan is not None:
        yield Teguran("nomorBalasan", "terisi di samping balasanDari.", "salah satu saja.")
    if pesan.namaPengirim is not None and pihak.jenis(pesan.pengirim or "") != "wa":
        yield Teguran(
            "namaPengirim", "terisi untuk pengirim yang dikenal.", "kosong; namanya ada di datanya."
        )
    if pesan.waktuTerima is not None and pesan.waktuTerima < pesan.waktuKirim:
        yield Teguran("waktuTerima", "sebelum waktu kirim.", "sesudah atau sama.")
    if pesan.status == "menunggu" and (pesan.arah != "keluar" or pesan.waktuTerima is not None):
        yield Teguran(
            "status",
            "menunggu, padahal bukan pesan keluar yang belum terkirim.",
            "menunggu hanya pada pesan keluar tanpa waktuTerima.",
        )
    if pesan.status == "gagal" and pesan.waktuTerima is not None:
        yield Teguran("status", "gagal tetapi sudah diterima.", "diterima, atau tanpa waktuTerima.")


def periksa_perubahan(lama: Mapping[str, Any], baru: PesanChat) -> Iterator[Teguran]:
    """Find which changes a message forbids: a deletion is not undone, a message not moved."""
    if lama.get("dihapus") and not baru.dihapus:
        yield Teguran(
            "dihapus",
            "pesan ini sudah dihapus pengirimnya.",
            "biarkan dihapus; isinya tidak dipulihkan.",
            "§4.1",
            jenis="keadaan",
        )
    if lama.get("utas") not in (None, baru.utas):
        yield Teguran(
            "utas", "pesan tidak berpindah utas.", f"{lama['utas']}.", "§4.1", jenis="keadaan"
        )


def langsung_ke_dokter_hanya_darurat(kategori: str | None) -> Teguran | None:
    """Judge BR-A5: a patient writes to a doctor directly only when it is an emergency."""
    if kategori == "darurat":
        return None
    return Teguran(
        "kategori",
        "pasien menulis langsung kepada dokter tanpa kategori darurat.",
        "tulis kepada bidan atau operator, atau beri kategori darurat bila gejala memburuk.",
        BR_A5,
        english="BR-A5: a patient may write to a doctor directly only with category darurat. Write "
        "to the midwife or operator, or set that category when symptoms get worse.",
    )
