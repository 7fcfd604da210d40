"""What the stories of mother and child do again and again, through the SOP API."""

from __future__ import annotations

FASKES = "pkm-dharma-rini"
LAB = "lab-dharma-rini"


def wib(day, clock):
    return f"{day}T{clock}:00+07:00"


def resources(bundle):
    return [each["resource"] for each in bundle.get("entry", ())]


def moved(sop, visit, when, **fields):
    """Move a visit on; gives it as it is then."""
    now = sop.read(f"kunjungan/{visit}")
    known = {k: v for k, v in now.items() if k not in {"id", "versi", "diubah", "peringatan"}}
    return sop.kept(f"kunjungan/{visit}", {**known, "statusSejak": when, **fields})


def refused(sop, visit, when, **fields):
    """Try to move a visit on; gives the answer."""
    now = sop.read(f"kunjungan/{visit}")
    known = {k: v for k, v in now.items() if k not in {"id", "versi", "diubah", "peringatan"}}
    return sop("PUT", f"kunjungan/{visit}", {**known, "statusSejak": when, **fields})


def slip(sop, visit, tests, nomor, when, **fields):
    """Send a visit to the laboratory."""
    return sop.made(
        "pengantar-lab",
        {
            "faskes": FASKES,
            "nomor": nomor,
            "pasien": visit["pasien"],
            "kunjungan": visit["id"],
            "pemeriksaan": tests,
            "unitAsal": visit["unit"],
            "peminta": "petugas-unit",
            "waktu": when,
            "lab": LAB,
            "lokasiLab": "lab",
            **fields,
        },
    )


def result(sop, order, found, nomor, when):
    """Answer a slip with its final result."""
    return sop.made(
        "hasil-lab",
        {
            "faskes": FASKES,
            "nomor": nomor,
            "pengantar": order["id"],
            "pasien": order["pasien"],
            "kunjungan": order["kunjungan"],
            "hasil": found,
            "waktu": when,
            "pemeriksa": "analis-lab",
            "lab": LAB,
        },
    )


def prescribed(sop, visit, nomor, when, item):
    """Prescribe one medicine at a visit."""
    return sop.made(
        "resep",
        {
            "noResep": nomor,
            "asal": "kunjungan",
            "pasien": visit["pasien"],
            "peresep": "dokter-klaster-2",
            "waktu": when,
            "item": [item],
            "kunjungan": visit["id"],
        },
    )


def handed_over(sop, visit, resep, when, item):
    """Hand the medicine over at the pharmacy."""
    return sop.made(
        "penyerahan-obat",
        {
            "resep": resep["id"],
            "pasien": visit["pasien"],
            "obat": item["obat"],
            "nama": item["nama"],
            "jumlah": item["jumlah"],
            "petugas": "apoteker-1",
            "kunjungan": visit["id"],
            "diserahkan": when,
            "status": "selesai",
        },
    )


def opened(sop, pasien, unit, start, **fields):
    """Open a visit that is being served in the room of its unit."""
    return sop.made(
        "kunjungan",
        {
            "faskes": FASKES,
            "noReg": f"RG-{start[:16]}",
            "pasien": pasien,
            "kelas": "AMB",
            "unit": unit,
            "klaster": "klaster-2",
            "mulai": start,
            "status": "tiba",
            **fields,
        },
    )
