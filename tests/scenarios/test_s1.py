"""S1: a walk-in at KIA, from the queue to the visit. Lab, KSPR and the rest join below."""

from __future__ import annotations

import pytest

PKM = "pkm-dharma-rini"
DAY = "2024-04-02"


def at(clock):
    return f"{DAY}T{clock}:00+07:00"


def take(clinic, pasien, clock, **fields):
    document = {
        "faskes": PKM,
        "unit": "kia",
        "tanggal": DAY,
        "pasien": pasien["id"],
        "ambil": at(clock),
        **fields,
    }
    return clinic.made("antrean", document)


@pytest.fixture
def waiting(clinic):
    """Eleven early numbers were served already; five wait, none of them called."""
    early = clinic.pasien(1)
    for minute in range(11):
        ticket = take(clinic, early, f"07:{10 + minute}")
        ticket = clinic.changed("antrean", ticket, status="dilayani", panggil=at("08:00"))
        clinic.changed("antrean", ticket, status="selesai")
    return [
        take(clinic, clinic.pasien(12, noBPJS="9900000000012"), "07:40"),
        take(clinic, clinic.pasien(13), "07:42"),
        take(
            clinic,
            clinic.pasien(
                14,
                nama="Siti Rahmawati",
                nik="9902015203860001",
                tanggalLahir="1986-03-12",
                noBPJS="9900000000014",
            ),
            "07:45",
        ),
        take(clinic, clinic.pasien(15, disabilitas=True), "07:50"),
        take(
            clinic,
            clinic.pasien(16, noBPJS="9900000000016"),
            "08:05",
            alasanPrioritas="rujukan-internal",
        ),
    ]


def order(clinic):
    found = clinic.get("/sop/v1/antrean/berikutnya", unit="kia", tanggal=DAY, faskes=PKM)
    assert found.status_code == 200, found.text
    return [each["nomor"] for each in found.json["dokumen"]]


def test_br_b20_priority_then_number(clinic, waiting):
    assert [each["nomor"] for each in waiting] == [12, 13, 14, 15, 16]
    assert order(clinic) == [15, 16, 12, 13, 14]


def test_br_b20_the_fhir_operation_says_the_same(clinic, waiting):
    bundle = clinic.fhir(f"Appointment/$antrean-berikutnya?unit=kia&tanggal={DAY}&faskes={PKM}")

    numbers = [each["resource"]["identifier"][0]["value"][-3:] for each in bundle["entry"]]
    assert numbers == ["015", "016", "012", "013", "014"]
    assert bundle["total"] == len(waiting)


def test_br_b20_who_pays_changes_nothing(clinic, waiting):
    first, second = (clinic.get(f"/sop/v1/pasien/{each['pasien']}").json for each in waiting[:2])
    card = first.pop("noBPJS")

    clinic.changed("pasien", first)
    clinic.changed("pasien", second, noBPJS=card)

    assert order(clinic) == [15, 16, 12, 13, 14]


def test_a_number_that_was_called_waits_no_longer(clinic, waiting):
    clinic.changed("antrean", waiting[3], status="dipanggil")

    assert order(clinic) == [16, 12, 13, 14]


def test_a_number_that_fhir_cancelled_waits_no_longer(clinic, waiting):
    appointment = clinic.fhir(f"Appointment/{waiting[0]['id']}")
    appointment["status"] = "cancelled"

    clinic.client.put(f"/fhir/Appointment/{waiting[0]['id']}", json=appointment)

    assert order(clinic) == [15, 16, 13, 14]
    assert clinic.get(f"/sop/v1/antrean/{waiting[0]['id']}").json["status"] == "batal"


def test_the_course_of_sitis_visit(clinic, waiting):
    ticket = waiting[2]
    visit = {
        "faskes": PKM,
        "noReg": "RG-20240402-0031",
        "pasien": ticket["pasien"],
        "kelas": "AMB",
        "unit": "kia",
        "klaster": "klaster-2",
        "mulai": at("07:45"),
        "status": "tiba",
        "antrean": ticket["id"],
        "caraBayar": "bpjs-pbi",
    }
    visit = clinic.made("kunjungan", visit)
    steps = [
        ("08:40", "dilayani", "ruang-kia"),
        ("09:05", "keluar-sementara", "lab"),
        ("09:50", "dilayani", "ruang-kia"),
        ("10:25", "selesai", "ruang-kia"),
    ]
    for clock, status, lokasi in steps:
        visit = clinic.changed(
            "kunjungan",
            visit,
            status=status,
            statusSejak=at(clock),
            lokasi=lokasi,
            caraPulang="pulang" if status == "selesai" else None,
        )

    encounter = clinic.fhir(f"Encounter/{visit['id']}")

    history = [each["status"] for each in encounter["statusHistory"]]
    assert history == ["arrived", "in-progress", "onleave", "in-progress", "finished"]
    assert encounter["period"] == {"start": at("07:45"), "end": at("10:25")}
    places = [each["location"]["reference"] for each in encounter["location"]]
    assert places == ["Location/ruang-kia", "Location/lab", "Location/ruang-kia"]
    assert {each["status"] for each in encounter["location"]} == {"completed"}
    assert clinic.fhir(f"Appointment/{ticket['id']}")["status"] == "fulfilled"
