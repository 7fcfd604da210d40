"""A LAKON consultation, played through the SOP API from the first message to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OPERATOR, PENYETUJU = "operator-kembaran", "dokter-pj"


def wib(hari, jam):
    return f"2021-07-{hari:02d}T{jam}+07:00"


@dataclass
class Lakon:
    """One case; every method is one step of the SOP and gives what was answered."""

    sop: Any
    pasien: str
    nomor: str
    hari: int = 12
    putaran: int = 0
    lain: dict[str, Any] = field(default_factory=dict)

    def ajukan(self, jam="08:00:00", **lain):
        """The citizen writes."""
        dokumen = {
            "noKasus": f"LGK-{self.nomor}",
            "layanan": "lakon",
            "faskes": "tim-lakon-kembaran",
            "pasien": self.pasien,
            "pemohon": f"pasien/{self.pasien}",
            "kanal": "whatsapp",
            "keluhan": "batuk pilek 2 hari",
            "diajukan": wib(self.hari, jam),
            "penanggungJawab": PENYETUJU,
        }
        self.kasus = self.sop.made("kasus-konsultasi", {**dokumen, **lain})["id"]
        utas = {
            "idUtas": f"utas-{self.nomor}",
            "layanan": "lakon",
            "kanal": dokumen["kanal"],
            "dimulai": dokumen["diajukan"],
            "peserta": [f"pasien/{self.pasien}", f"petugas/{OPERATOR}"],
            "pasien": self.pasien,
            "kasus": self.kasus,
            "kunjungan": f"{self.kasus}-konsultasi",
        }
        self.utas = self.sop.made("percakapan-konsultasi", utas)["id"]
        return self

    def teruskan(self, jam, hari=None, **lain):
        """The operator hands the complaint to the group of doctors (D5)."""
        return self.sop.made(
            "pesan-chat",
            {
                "idPesan": f"wamid.{self.nomor}-{jam}",
                "utas": self.utas,
                "arah": "internal",
                "waktuKirim": wib(hari or self.hari, jam),
                "pengirim": f"petugas/{OPERATOR}",
                "penerima": ["tim/tim-dokter-relawan"],
                "pasien": self.pasien,
                "kasus": self.kasus,
                "kunjungan": f"{self.kasus}-konsultasi",
                "isi": "Kasus baru",
                "kategori": "penerusan",
                **lain,
            },
        )

    def sarankan(self, jam, hari=None, dokter="dokter-relawan-1", mulai=None):
        """A doctor advises (D6)."""
        self.advis = self.sop.made(
            "advis",
            {
                "utas": self.utas,
                "kunjungan": f"{self.kasus}-konsultasi",
                "pasien": self.pasien,
                "penulis": dokter,
                "jenis": ["saran"],
                "isi": "Istirahat dan minum cukup",
                "diterimaTim": mulai or wib(hari or self.hari, "00:00:00"),
                "dibuat": wib(hari or self.hari, jam),
                "kasus": self.kasus,
                "penerima": [f"pasien/{self.pasien}"],
            },
        )["id"]
        return self.advis

    def putuskan(self, jam, keputusan="disetujui", hari=None, alasan=None):
        """The responsible doctor decides (D7)."""
        asked = self.sop.read(f"persetujuan-advis/{self.advis}-persetujuan")
        decided = {**asked, "keputusan": keputusan, "waktu": wib(hari or self.hari, jam)}
        if alasan:
            decided["alasan"] = alasan
        return self.sop.kept(f"persetujuan-advis/{self.advis}-persetujuan", decided)

    def kirim(self, kirim, terima=None, hari=None):
        """The operator passes the advice on; the patient receives it (D8)."""
        now = self.sop.read(f"advis/{self.advis}")
        sent = {**now, "status": "dikirim", "waktuKirim": wib(hari or self.hari, kirim)}
        if terima:
            sent |= {"status": "diterima", "waktuTerima": wib(hari or self.hari, terima)}
        return self.sop.kept(f"advis/{self.advis}", sent)

    def ubah(self, **beda):
        """Somebody changes the case."""
        now = self.sop.read(f"kasus-konsultasi/{self.kasus}")
        return self.sop("PUT", f"kasus-konsultasi/{self.kasus}", {**now, **beda})

    @property
    def status(self):
        return self.sop.read(f"kasus-konsultasi/{self.kasus}")["status"]
