"""HasilLab: what the laboratory found for one slip (domain §1.B B6, §2.1 row 14).

A slip may have several: a part today, the rest tomorrow. A test that could not be done is answered
with the reason. What was final is only changed by a correction that says why.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from fhir_server.sop.dokumen import Dokumen, Teguran, bidang, dokumen, isi
from fhir_server.sop.pemeriksaan_lab import DAFTAR, Pemeriksaan, dikenal, saran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Status = Literal["sementara", "akhir", "dikoreksi", "salah-entri"]
Pilihan = Literal[
    "reaktif", "non-reaktif", "positif", "negatif", "A", "B", "AB", "O",
    "trace", "scanty", "+1", "+2", "+3", "+4",
]  # fmt: skip
Penanda = Literal["normal", "rendah", "tinggi", "kritis-rendah", "kritis-tinggi", "abnormal"]


@dokumen
class ButirHasil:
    """The result of one test: a number, one of its answers, a text, or why there is none."""

    pemeriksaan: str = bidang("Pemeriksaan (kode daftar atau LOINC)", "§2.1/14", contoh="hb")
    angka: Decimal | None = bidang("Hasil angka", "§2.1/14", default=None, contoh=10.8)
    satuan: str | None = bidang(
        "Satuan (UCUM); kosong: satuan daftar", "§2.1/14", default=None, contoh="g/dL"
    )
    pilihan: Pilihan | None = bidang(
        "Hasil pilihan", "§2.1/14", default=None, kode="hasil-lab", contoh="non-reaktif"
    )
    teks: str | None = bidang("Hasil teks", "§2.1/14", default=None)
    alasanTanpaHasil: str | None = bidang(
        "Alasan tidak ada hasil", "§2.1/14", default=None, contoh="Sampel lisis"
    )
    penanda: Penanda | None = bidang(
        "Penanda", "§2.1/14", default=None, kode="penanda-hasil", contoh="rendah"
    )
    nilaiRujukan: str | None = bidang(
        "Nilai rujukan", "§2.1/14", default=None, contoh="≥ 11,0 g/dL (ibu hamil)"
    )
    catatan: str | None = bidang("Catatan", "§2.1/14", default=None)
    permintaan: str | None = bidang(
        "Permintaan yang dijawab, bila bukan dari SOP ini", "§2.1/14", default=None
    )


@dokumen
class HasilLab(Dokumen):
    """Hasil laboratorium."""

    faskes: str = bidang("Puskesmas", "§2.1/14", rujuk="faskes", contoh="pkm-dharma-rini")
    nomor: str = bidang("Nomor hasil", "§2.1/14", contoh="HL-20240402-009", cari=True)
    pengantar: str = bidang("Pengantar lab", "§1.B B6", rujuk="pengantar-lab", contoh="lab-s1")
    pasien: str = bidang("Pasien", "§2.1/14", rujuk="pasien", contoh="siti", cari=True)
    kunjungan: str = bidang("Kunjungan", "§1.B B6", rujuk="kunjungan", contoh="anc-s1", cari=True)
    hasil: tuple[ButirHasil, ...] = bidang(
        "Hasil per pemeriksaan",
        "§2.1/14",
        contoh=[{"pemeriksaan": "hb", "angka": 10.8, "penanda": "rendah"}],
    )
    status: Status = bidang(
        "Status", "§2.1/14", default="akhir", kode="status-hasil-lab", contoh="akhir", cari=True
    )
    waktu: datetime = bidang(
        "Waktu hasil keluar", "§2.1/14", contoh="2024-04-02T10:05:00+07:00", terjadi=True
    )
    diambil: datetime | None = bidang(
        "Waktu pengambilan sampel",
        "§2.1/14",
        default=None,
        contoh="2024-04-02T09:20:00+07:00",
        terjadi=True,
    )
    pemeriksa: str = bidang("Analis", "§2.1/14", rujuk="petugas-kesehatan", contoh="analis-lab")
    lab: str = bidang("Laboratorium", "§2.1/14", rujuk="faskes", contoh="lab-dharma-rini")
    kesimpulan: str | None = bidang("Kesimpulan", "§2.1/14", default=None, contoh="Anemia ringan")
    alasanKoreksi: str | None = bidang(
        "Alasan koreksi atau pembatalan", "§2.1/14", default=None, contoh="Salah ketik"
    )


def periksa(hasil: HasilLab) -> Iterator[Teguran]:
    """Find what one report can get wrong."""
    if not hasil.hasil:
        yield Teguran("hasil", "kosong.", "hasil paling sedikit satu pemeriksaan.")
    diperiksa = [butir.pemeriksaan for butir in hasil.hasil]
    for tempat, butir in enumerate(hasil.hasil):
        if diperiksa.index(butir.pemeriksaan) < tempat:
            kode = f"{butir.pemeriksaan} dilaporkan lebih dari sekali."
            yield Teguran(
                f"hasil[{tempat}].pemeriksaan", kode, "satu hasil untuk satu pemeriksaan."
            )
        yield from _periksa_butir(f"hasil[{tempat}]", butir)
    if hasil.diambil and hasil.diambil > hasil.waktu:
        yield Teguran("diambil", "lebih lambat daripada waktu hasil keluar.", "sebelum waktu.")
    if hasil.status in ("dikoreksi", "salah-entri") and not hasil.alasanKoreksi:
        yield Teguran("alasanKoreksi", f"kosong pada hasil {hasil.status}.", "alasannya.")


def periksa_perubahan(lama: Mapping[str, Any], baru: HasilLab) -> Iterator[Teguran]:
    """Find which changes a report forbids: what was final stays, or is corrected."""
    dulu = lama.get("status")
    if dulu in (None, "sementara") or baru.status in ("dikoreksi", "salah-entri"):
        return
    if (dulu, baru.status) == ("akhir", "akhir") and isi(lama.get("hasil")) == isi(baru.hasil):
        return
    yield Teguran(
        "status",
        f"hasil {baru.nomor} sudah {dulu}.",
        "status dikoreksi, dengan alasanKoreksi.",
        jenis="keadaan",
        english=f"Report {baru.nomor} is already final; send it as dikoreksi with alasanKoreksi.",
    )


def _periksa_butir(tempat: str, butir: ButirHasil) -> Iterator[Teguran]:
    hasil = [butir.angka, butir.pilihan, butir.teks, butir.alasanTanpaHasil]
    if sum(each is not None for each in hasil) != 1:
        yield Teguran(
            tempat,
            "harus berisi tepat satu hasil.",
            "salah satu dari angka, pilihan, teks, alasanTanpaHasil.",
        )
    if not dikenal(butir.pemeriksaan):
        yield Teguran(
            f"{tempat}.pemeriksaan",
            f"{butir.pemeriksaan} tidak dikenal dan bukan kode LOINC yang sah.",
            f"kode LOINC atau salah satu dari: {', '.join(saran(butir.pemeriksaan))}.",
        )
    yield from _periksa_bentuk(tempat, butir)


def _periksa_angka(tempat: str, butir: ButirHasil, pemeriksaan: Pemeriksaan) -> Iterator[Teguran]:
    bawah, atas = pemeriksaan.batas
    if butir.satuan not in (None, pemeriksaan.satuan):
        yield Teguran(
            f"{tempat}.satuan",
            f"{butir.satuan} untuk {pemeriksaan.nama}.",
            f"{pemeriksaan.satuan}; dalam satuan lain: kode LOINC pemeriksaannya.",
        )
    elif butir.angka is not None and not bawah <= butir.angka <= atas:
        yield Teguran(
            f"{tempat}.angka",
            f"{butir.angka} {pemeriksaan.satuan}.",
            f"antara {bawah} dan {atas} {pemeriksaan.satuan}; barangkali salah ketik.",
        )


def _periksa_bentuk(tempat: str, butir: ButirHasil) -> Iterator[Teguran]:
    pemeriksaan = DAFTAR.get(butir.pemeriksaan)
    if pemeriksaan is None:
        if butir.angka is not None and butir.satuan is None:
            yield Teguran(f"{tempat}.satuan", "kosong.", "satuan UCUM, misalnya mg/dL.")
        return
    if butir.angka is not None and pemeriksaan.bentuk == "angka":
        yield from _periksa_angka(tempat, butir, pemeriksaan)
    if butir.pilihan is not None and butir.pilihan not in pemeriksaan.pilihan:
        yield Teguran(
            f"{tempat}.pilihan",
            f"{butir.pilihan} bukan jawaban {pemeriksaan.nama}.",
            f"{', '.join(pemeriksaan.pilihan) or 'angka'}.",
        )
    if butir.angka is not None and pemeriksaan.bentuk != "angka":
        yield Teguran(
            f"{tempat}.angka",
            f"{pemeriksaan.nama} tidak dijawab dengan angka.",
            f"{', '.join(pemeriksaan.pilihan)}.",
        )
