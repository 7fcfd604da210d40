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


def from_dental(clinic, pasien):
    """Have the dental room send a patient on to KIA."""
    visit = {
        "faskes": PKM,
        "noReg": "RG-16",
        "pasien": pasien["id"],
        "kelas": "AMB",
        "unit": "gigi",
        "klaster": "klaster-2",
        "mulai": at("07:15"),
        "status": "dilayani",
    }
    request = {
        "faskes": PKM,
        "nomor": "RI-16",
        "pasien": pasien["id"],
        "kunjungan": clinic.made("kunjungan", visit)["id"],
        "unitAsal": "gigi",
        "unitTujuan": "kia",
        "alasan": "Gusi berdarah, ibu hamil",
        "peminta": "dokter-gigi",
        "waktu": at("08:00"),
    }
    clinic.made("permintaan-layanan", request)
    return pasien


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
        take(clinic, from_dental(clinic, clinic.pasien(16, noBPJS="9900000000016")), "08:05"),
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


def claimed(clinic, number, **changes):
    """Copy a number as another system might write it, to go first."""
    theirs = clinic.fhir(f"Appointment/{number['id']}")
    copy = {k: v for k, v in theirs.items() if k not in {"id", "meta", "identifier"}}
    return clinic.client.post("/fhir/Appointment", json={**copy, "priority": 1, **changes})


def reason(code):
    system = "https://puskesmas.example/fhir/CodeSystem/alasan-prioritas"
    url = "https://puskesmas.example/fhir/StructureDefinition/alasan-prioritas"
    coded = {"coding": [{"system": system, "code": code}]}
    return {"extension": [{"url": url, "valueCodeableConcept": coded}]}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 422),
        (reason("bpjs"), 422),
        (reason("lansia"), 422),
        (reason("rujukan-internal"), 422),
        (reason("ibu-hamil"), 422),
        (reason("disabilitas"), 201),
    ],
)
def test_br_b20_nobody_goes_first_without_a_true_reason_by_fhir(clinic, said, status):
    number = take(clinic, clinic.pasien(1), "07:40")

    answer = claimed(clinic, number, **said)

    assert answer.status_code == status, answer.text
    assert status == 201 or "BR-B20" in answer.text


def test_br_b20_who_is_sent_by_another_unit_goes_first_and_nobody_else_says_so(clinic):
    """BR-B20: rujukan-internal is what another unit has written, not what somebody claims."""
    sent, other = from_dental(clinic, clinic.pasien(16)), clinic.pasien(1)
    document = {"faskes": PKM, "unit": "kia", "tanggal": DAY, "alasanPrioritas": "rujukan-internal"}

    truly = clinic.post("antrean", {**document, "pasien": sent["id"], "ambil": at("08:05")})
    falsely = clinic.post("antrean", {**document, "pasien": other["id"], "ambil": at("08:06")})

    assert (truly.status_code, truly.json["prioritas"]) == (201, True)
    assert falsely.status_code == 422
    assert "permintaan-layanan" in falsely.text
    assert claimed(clinic, truly.json, **reason("rujukan-internal")).status_code == 201


def test_the_queue_is_listed_by_state(clinic, waiting):
    called = clinic.client.post(
        "/sop/v1/antrean/panggil", json={"unit": "kia", "tanggal": DAY, "faskes": PKM}
    ).json

    queue = {"unit": "kia", "tanggal": DAY}
    still = clinic.get("/sop/v1/antrean", status="menunggu", **queue).json["dokumen"]
    now = clinic.get("/sop/v1/antrean", status="dipanggil", **queue).json["dokumen"]
    done = clinic.get("/sop/v1/antrean", status="selesai", jumlah=20, **queue).json["dokumen"]

    assert [each["id"] for each in now] == [called["id"]]
    assert len(still) == len(waiting) - 1
    assert len(done) == 11
