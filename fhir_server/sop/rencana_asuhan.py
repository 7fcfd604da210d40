"""RencanaAsuhan: the care plan of a high-risk pregnancy (domain §2.1 rows 23 and 24, §3.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from fhir_server.sop import kspr
from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen
from fhir_server.sop.kehamilan import hpl
from fhir_server.sop.pemantauan import KEBIASAAN, Fase, Frekuensi, Kebiasaan, jadwalkan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kegiatan = Literal[
    "anc",
    "pemeriksaan-lab",
    "konsultasi-dokter",
    "rujukan-dini-berencana",
    "kunjungan-rumah",
    "kelas-ibu-hamil",
    "konseling",
    "lainnya",
]
KelompokRisti = Literal["KRT", "KRST"]
Kanal = Literal["whatsapp", "telepon", "tatap-muka"]
StatusRencana = Literal["disusun", "berjalan", "ditunda", "selesai", "dibatalkan", "salah-entri"]
StatusKontak = Literal["terjadwal", "selesai", "dibatalkan"]


@dokumen
class KegiatanAsuhan:
    """Something planned for her."""

    jenis: Kegiatan = bidang("Jenis kegiatan", "§2.1/23", kode="jenis-kegiatan", contoh="anc")
    uraian: str | None = bidang("Uraian", "§2.1/23", default=None, contoh="ANC terpadu tiap bulan")
    tanggal: date | None = bidang("Tanggal", "§2.1/23", default=None, contoh="2024-05-06")
    pelaksana: str | None = bidang(
        "Pelaksana", "§2.1/23", default=None, rujuk="petugas", contoh="bidan-kia"
    )
    tempat: str | None = bidang(
        "Tempat", "§2.1/23", default=None, rujuk="ruang", contoh="ruang-kia"
    )


@dokumen
class RencanaPersalinan:
    """Where, with whom and how she will give birth."""

    tempat: str = bidang("Tempat persalinan", "§2.1/23", contoh="RS")
    penolong: str = bidang("Penolong persalinan", "§2.1/23", contoh="dokter")
    pendamping: str | None = bidang("Pendamping", "§2.1/23", default=None, contoh="suami")
    transport: str | None = bidang("Transportasi", "§2.1/23", default=None, contoh="ambulans desa")
    donorDarah: str | None = bidang(
        "Calon donor darah", "§2.1/23", default=None, contoh="dua orang, golongan A"
    )


@dokumen
class FasePemantauan:
    """A stretch of days with one rhythm of contact."""

    frekuensi: Frekuensi = bidang(
        "Frekuensi", "§2.1/24, §3.3", kode="frekuensi-pemantauan", contoh="mingguan"
    )
    mulai: date = bidang("Kontak pertama", "§2.1/24", contoh="2024-04-09")
    berakhir: date = bidang("Hari terakhir", "§2.1/24", contoh="2024-09-22")


@dokumen
class KontakTerjadwal:
    """One day on which the bidan writes."""

    tanggal: date = bidang("Tanggal", "§1.A A1", contoh="2024-04-09")
    status: StatusKontak = bidang(
        "Status", "§1.A A1", default="terjadwal", kode="status-kontak", contoh="terjadwal"
    )


@dokumen
class JadwalAsuhan:
    """When, how and by whom she is contacted."""

    kanal: Kanal = bidang("Kanal", "§2.1/24", kode="medium-komunikasi", contoh="whatsapp")
    pelaksana: str = bidang(
        "Bidan desa yang menghubungi", "§1.A A1", rujuk="petugas", contoh="bidan-desa-sidorejo"
    )
    mulai: date = bidang("Kontak pertama", "§2.1/24", contoh="2024-04-09")
    berakhir: date | None = bidang(
        "Hari terakhir; kosong: HPL", "§2.1/24", default=None, contoh="2024-10-21", server=True
    )
    fase: tuple[FasePemantauan, ...] = bidang(
        "Fase; kosong: usulan menurut kelompok risiko", "§3.3", default=(), server=True
    )
    kontak: tuple[KontakTerjadwal, ...] = bidang(
        "Hari kontak; kosong: dihitung dari fase", "§1.A A1", default=(), server=True
    )


@dokumen
class RencanaAsuhan(Dokumen):
    """Rencana asuhan ibu hamil risiko tinggi."""

    nomor: str = bidang("Nomor rencana asuhan", "§2.1/23", contoh="RA-2024-0031", cari=True)
    pasien: str = bidang("Ibu hamil", "§2.1/23", rujuk="pasien", contoh="siti", cari=True)
    kelompok: KelompokRisti = bidang(
        "Kelompok risiko", "§3.1", kode="kelompok-risiko-kspr", contoh="KRST", cari=True
    )
    hpht: date = bidang("Hari pertama haid terakhir", "§3.1", contoh="2024-01-15", terjadi=True)
    dibuat: datetime = bidang(
        "Waktu disusun", "§2.1/23", contoh="2024-04-02T10:20:00+07:00", cari=True, terjadi=True
    )
    penyusun: str = bidang("Penyusun", "§2.1/23", rujuk="petugas", contoh="bidan-kia")
    rencanaPersalinan: RencanaPersalinan = bidang("Rencana persalinan", "§2.1/23")
    jadwalPemantauan: JadwalAsuhan = bidang("Jadwal pemantauan", "§2.1/24")
    berakhir: date | None = bidang(
        "Rencana berakhir; kosong: HPL", "§2.1/23", default=None, contoh="2024-10-21", server=True
    )
    kunjungan: str | None = bidang(
        "Kunjungan", "§2.1/23", default=None, rujuk="kunjungan", contoh="anc-s1"
    )
    skor: str | None = bidang(
        "Skor yang mendasari",
        "§3.1",
        default=None,
        rujuk="skor-poedji-rochjati",
        contoh="kspr-s1",
    )
    masalah: tuple[str, ...] = bidang(
        "Diagnosis yang ditangani",
        "§2.1/23",
        default=(),
        rujuk="kondisi",
        contoh=["kspr-s1-diagnosis-z358"],
    )
    tim: tuple[str, ...] = bidang(
        "Tim asuhan",
        "§2.1/23",
        default=(),
        rujuk="petugas",
        contoh=["bidan-kia", "bidan-desa-sidorejo"],
    )
    tujuan: tuple[str, ...] = bidang(
        "Tujuan", "§2.1/23", default=(), contoh=["Persalinan terencana di RS"]
    )
    kegiatan: tuple[KegiatanAsuhan, ...] = bidang("Kegiatan", "§2.1/23", default=())
    permintaan: tuple[str, ...] = bidang(
        "Permintaan yang sudah dibuat (ServiceRequest)",
        "§2.1/23",
        default=(),
        rujuk="permintaan",
        contoh=["rujukan-dini-berencana-siti"],
    )
    status: StatusRencana = bidang(
        "Status",
        "§2.1/23",
        default="berjalan",
        kode="status-rencana",
        contoh="berjalan",
        cari=True,
    )
    catatan: str | None = bidang("Catatan", "§2.1/23", default=None)


def periksa(rencana: RencanaAsuhan) -> Iterator[Teguran]:
    """Find what one plan can get wrong."""
    if rencana.dibuat.date() < rencana.hpht:
        yield Teguran("hpht", f"{rencana.hpht} sesudah rencana dibuat.", "tanggal sebelumnya.")
    jadwal = rencana.jadwalPemantauan
    if jadwal.mulai < rencana.hpht:
        yield Teguran(
            "jadwalPemantauan.mulai", f"{jadwal.mulai} sebelum HPHT.", "tanggal selama kehamilan."
        )
    for fase in jadwal.fase:
        if fase.berakhir < fase.mulai:
            yield Teguran(
                "jadwalPemantauan.fase", f"berakhir {fase.berakhir} sebelum mulai.", "sesudahnya."
            )
    tanggal = [each.tanggal for each in jadwal.kontak]
    if len(set(tanggal)) < len(tanggal):
        yield Teguran("jadwalPemantauan.kontak", "satu hari tertulis dua kali.", "sekali saja.")
    anjuran = kspr.anjuran(rencana.kelompok)
    if rencana.kelompok == "KRST" and rencana.rencanaPersalinan.tempat.casefold() not in {
        "rs",
        "rumah sakit",
    }:
        yield Teguran(
            "rencanaPersalinan.tempat",
            f"{rencana.rencanaPersalinan.tempat} untuk kelompok {rencana.kelompok}.",
            f"anjuran kartu: {anjuran.tempat}, penolong {anjuran.penolong}.",
            "KSPR",
            jenis="peringatan",
        )


def lengkap(
    rencana: RencanaAsuhan,
    sebelumnya: Iterable[KontakTerjadwal] = (),
    kebiasaan: Kebiasaan = KEBIASAAN,
) -> RencanaAsuhan:
    """Fill end, phases and days of contact where they were not given (``kebiasaan``, §3.3).

    ``sebelumnya`` are the days as they stand: one that was kept is not planned again.
    """
    jadwal = rencana.jadwalPemantauan
    akhir = hpl(rencana.hpht)
    fase = jadwal.fase or tuple(
        FasePemantauan(frekuensi=each.frekuensi, mulai=each.mulai, berakhir=each.berakhir)
        for each in jadwalkan(rencana.kelompok, rencana.hpht, jadwal.mulai, kebiasaan)
    )
    sampai = jadwal.berakhir or max((each.berakhir for each in fase), default=akhir)
    kontak = jadwal.kontak or tuple(
        KontakTerjadwal(tanggal=each) for each in hari_kontak(fase, sampai)
    )
    terlaksana = {each.tanggal: each for each in sebelumnya if each.status == "selesai"}
    kontak = tuple(terlaksana.get(each.tanggal, each) for each in kontak)
    return replace(
        rencana,
        berakhir=rencana.berakhir or akhir,
        jadwalPemantauan=replace(jadwal, berakhir=sampai, fase=fase, kontak=kontak),
    )


def hari_kontak(fase: tuple[FasePemantauan, ...], sampai: date) -> list[date]:
    """Give the days of contact of all phases, in order, each once, none after ``sampai``."""
    hari = {
        tanggal
        for each in fase
        for tanggal in Fase(each.frekuensi, each.mulai, each.berakhir).kontak()
    }
    return sorted(tanggal for tanggal in hari if tanggal <= sampai)
