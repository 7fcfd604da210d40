"""S8 (domain §7): four women, four methods of contraception, and what each of them pays."""

from __future__ import annotations

import pytest

from fhir_server.mappings.codes import ICD_9_CM, code_system

PKM = "pkm-dharma-rini"
PERDA = {"peraturan": "perda-12-2023", "berlakuDari": "2024-01-01"}
TINDAKAN = code_system("tindakan-kb")


def at(clock):
    return f"2024-05-08T{clock}:00+07:00"


@pytest.fixture(autouse=True)
def perda(clinic):
    """Publish the fictional prices of Perda 12/2023."""
    prices = [
        ("pemeriksaan", "Pemeriksaan kesehatan", 10000, "kunjungan"),
        ("kb-suntik", "Suntik KB", 20000, "tindakan"),
        ("kb-iud", "Pasang IUD", 75000, "tindakan"),
    ]
    return {
        kode: clinic.made(
            "tarif", {"kode": kode, "nama": nama, "harga": harga, "jenis": jenis} | PERDA
        )
        for kode, nama, harga, jenis in prices
    }


def visit(clinic, woman, payer):
    document = {
        "faskes": PKM,
        "noReg": f"RG-20240508-{woman['noRM']}",
        "pasien": woman["id"],
        "kelas": "AMB",
        "unit": "kb",
        "klaster": "klaster-2",
        "mulai": at("08:30"),
        "status": "dilayani",
        "caraBayar": payer,
    }
    return clinic.made("kunjungan", document)


def finish(clinic, kunjungan, clock):
    return clinic.put(
        "kunjungan", kunjungan, status="selesai", statusSejak=at(clock), caraPulang="pulang"
    )


def prescribe(clinic, kunjungan, kode, nama):
    document = {
        "noResep": f"RSP-{kunjungan['noReg']}",
        "asal": "kunjungan",
        "pasien": kunjungan["pasien"],
        "peresep": "bidan-kia",
        "waktu": at("08:55"),
        "kunjungan": kunjungan["id"],
        "item": [{"obat": kode, "nama": nama, "signa": "sesuai anjuran", "jumlah": 1}],
    }
    return clinic.made("resep", document)


def dispense(clinic, resep, clock="09:12", status="selesai", **fields):
    item = resep["item"][0]
    document = {
        "resep": resep["id"],
        "pasien": resep["pasien"],
        "kunjungan": resep["kunjungan"],
        "petugas": "apoteker-1",
        "status": status,
        **{name: item[name] for name in ("obat", "nama", "jumlah")},
    }
    handed = {"diserahkan": at(clock)} if status == "selesai" else {}
    return clinic.made("penyerahan-obat", document | handed | fields)


def serve(clinic, kunjungan, metode, **fields):
    document = {
        "faskes": PKM,
        "pasien": kunjungan["pasien"],
        "kunjungan": kunjungan["id"],
        "metode": metode,
        "konseling": True,
        "petugas": "bidan-kia",
        "waktu": at("08:50"),
    }
    return clinic.made("layanan-kb", document | fields)


def procedure(layanan, code, clock, system=TINDAKAN):
    return {
        "resourceType": "Procedure",
        "basedOn": [{"reference": f"ServiceRequest/{layanan['id']}"}],
        "status": "completed",
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": f"Patient/{layanan['pasien']}"},
        "encounter": {"reference": f"Encounter/{layanan['kunjungan']}"},
        "performedDateTime": at(clock),
    }


def bill(clinic, kunjungan, *items):
    document = {
        "faskes": PKM,
        "nomor": f"TG-{kunjungan['noReg']}",
        "pasien": kunjungan["pasien"],
        "kunjungan": kunjungan["id"],
        "waktu": at("09:40"),
        "status": "terbit",
        "item": list(items),
    }
    return clinic.post("tagihan", document)


def charge(kunjungan, **elements):
    return {
        "resourceType": "ChargeItem",
        "status": "billable",
        "code": {"text": "Administrasi tambahan"},
        "subject": {"reference": f"Patient/{kunjungan['pasien']}"},
        "context": {"reference": f"Encounter/{kunjungan['id']}"},
        "occurrenceDateTime": at("09:40"),
        **elements,
    }


def suntik(place, **elements):
    return {
        "code": {"coding": [{"system": code_system("tarif"), "code": "kb-suntik"}]},
        "definitionUri": [
            "https://puskesmas.example/fhir/ChargeItemDefinition/perda-12-2023-kb-suntik"
        ],
        "service": [{"reference": place}],
        **elements,
    }


def test_yuliana_suntik_after_its_drug_and_thirty_thousand(clinic):
    """BR-B9 and BR-B22 with the exact clock and figures of S8."""
    yuliana = clinic.pasien(
        211, nama="Yuliana Safitri", nik="9901027006910012", tanggalLahir="1991-06-30"
    )
    kunjungan = visit(clinic, yuliana, "umum")
    resep = prescribe(clinic, kunjungan, "93003157", "Medroksiprogesteron asetat 150 mg")
    layanan = serve(clinic, kunjungan, "suntik-3bl", resep=resep["id"])

    early = clinic.client.post("/fhir/Procedure", json=procedure(layanan, "suntik-3bl", "09:05"))
    dispense(clinic, resep)
    backdated = clinic.client.post(
        "/fhir/Procedure", json=procedure(layanan, "suntik-3bl", "09:05")
    )
    done = clinic.client.post("/fhir/Procedure", json=procedure(layanan, "suntik-3bl", "09:30"))

    assert (early.status_code, backdated.status_code, done.status_code) == (422, 422, 201)
    assert "BR-B9" in early.text
    injection = f"tindakan/{done.json['id']}"
    wanted = [
        {"tarif": "pemeriksaan", "layanan": f"kunjungan/{kunjungan['id']}"},
        {"tarif": "kb-suntik", "layanan": injection},
    ]
    dear = bill(clinic, kunjungan, wanted[0], wanted[1] | {"harga": 25000})
    fee = clinic.client.post(
        "/fhir/ChargeItem", json=charge(kunjungan, priceOverride={"value": 5000, "currency": "IDR"})
    )
    override = charge(
        kunjungan,
        **suntik(f"Procedure/{done.json['id']}"),
        priceOverride={"value": 25000, "currency": "IDR"},
    )
    overridden = clinic.client.post("/fhir/ChargeItem", json=override)
    paid = bill(clinic, kunjungan, *wanted)

    assert [each.status_code for each in (dear, fee, overridden)] == [422, 422, 422]
    assert all("BR-B22" in each.text for each in (dear, fee, overridden))
    assert paid.status_code == 201, paid.text
    assert (paid.json["total"], paid.json["ditanggung"]) == (30000, 0)
    invoice = clinic.fhir(f"Invoice/{paid.json['id']}")
    assert invoice["totalGross"] == {"value": 30000, "currency": "IDR"}
    assert clinic.fhir("ChargeItem?_summary=count")["total"] == 2
    assert finish(clinic, kunjungan, "09:45").status_code == 200


def test_second_woman_iud_without_prescription_pays_nothing(clinic):
    """BR-B11 and BR-B21: ICD-9-CM 69.7 without prescription, and the patient's total is 0."""
    kunjungan = visit(clinic, clinic.pasien(212, noBPJS="9900000000212"), "bpjs-pbi")
    layanan = serve(clinic, kunjungan, "iud")

    done = clinic.client.post("/fhir/Procedure", json=procedure(layanan, "69.7", "09:20", ICD_9_CM))
    assert done.status_code == 201, done.text
    items = [
        {"tarif": "pemeriksaan", "layanan": f"kunjungan/{kunjungan['id']}"},
        {"tarif": "kb-iud", "layanan": f"tindakan/{done.json['id']}"},
    ]
    billed = charge(kunjungan, **suntik(f"Procedure/{done.json['id']}"))
    refused = clinic.client.post("/fhir/ChargeItem", json=billed)
    paid = bill(clinic, kunjungan, *items)

    assert refused.status_code == 422
    assert "BR-B21" in refused.text
    assert paid.status_code == 201, paid.text
    assert (paid.json["total"], paid.json["ditanggung"]) == (0, 85000)
    assert clinic.fhir(f"Invoice/{paid.json['id']}")["totalGross"]["value"] == 0
    statuses = {each["resource"]["status"] for each in clinic.fhir("ChargeItem")["entry"]}
    assert statuses == {"not-billable"}


def test_third_woman_pil_has_no_procedure_and_may_go_home_once_dispensed(clinic):
    """BR-B10: a pill is prescribed and handed over; a Procedure for it is refused."""
    kunjungan = visit(clinic, clinic.pasien(213), "umum")
    resep = prescribe(clinic, kunjungan, "93004021", "Pil KB kombinasi")
    layanan = serve(clinic, kunjungan, "pil", resep=resep["id"])

    refused = clinic.client.post("/fhir/Procedure", json=procedure(layanan, "pasang-iud", "09:20"))
    early = finish(clinic, kunjungan, "09:15")
    dispense(clinic, resep)
    layanan = clinic.changed("layanan-kb", layanan, status="selesai")

    assert refused.status_code == 422
    assert "BR-B10" in refused.text
    assert (early.status_code, "BR-C9" in early.text) == (409, True)
    assert finish(clinic, kunjungan, "09:30").status_code == 200
    assert clinic.fhir("Procedure?_summary=count")["total"] == 0
    active = clinic.fhir(f"Observation/{layanan['id']}-metode")
    assert active["valueCodeableConcept"]["coding"][0]["code"] == "pil"


def test_third_woman_may_also_decline_her_pil(clinic):
    """BR-B10: the visit may finish when the patient declines."""
    kunjungan = visit(clinic, clinic.pasien(214), "umum")
    resep = prescribe(clinic, kunjungan, "93004021", "Pil KB kombinasi")
    serve(clinic, kunjungan, "pil", resep=resep["id"])

    dispense(clinic, resep, status="ditolak", alasan="Ingin berpikir dulu")

    assert finish(clinic, kunjungan, "09:30").status_code == 200


def test_fourth_woman_implan_follows_the_order_of_suntik(clinic):
    """BR-B9 holds for implants too, here through the SOP API."""
    kunjungan = visit(clinic, clinic.pasien(215), "umum")
    resep = prescribe(clinic, kunjungan, "93001888", "Implan levonorgestrel")
    layanan = serve(clinic, kunjungan, "implan", resep=resep["id"])

    early = clinic.put("layanan-kb", layanan, status="selesai", dilakukan=at("09:05"))
    dispense(clinic, resep)
    done = clinic.put("layanan-kb", layanan, status="selesai", dilakukan=at("09:30"))

    assert early.status_code == 422
    assert "BR-B9" in early.text
    assert done.status_code == 200, done.text
    written = clinic.fhir(f"Procedure/{layanan['id']}-tindakan")
    assert {each["code"] for each in written["code"]["coding"]} == {
        "pasang-implan",
        "86.09",
        "169553002",
    }


def test_a_service_entered_by_mistake_is_taken_back_whole(clinic):
    """What was entered for the wrong woman leaves her without a method and without a procedure."""
    kunjungan = visit(clinic, clinic.pasien(216), "umum")
    layanan = serve(clinic, kunjungan, "iud", status="selesai", dilakukan=at("09:20"))

    layanan = clinic.changed("layanan-kb", layanan, status="salah-entri")

    parts = [f"Procedure/{layanan['id']}-tindakan"]
    parts += [f"Observation/{layanan['id']}-{role}" for role in ("metode", "konseling")]
    statuses = {clinic.fhir(name)["status"] for name in (*parts, f"ServiceRequest/{layanan['id']}")}
    assert statuses == {"entered-in-error"}


def test_services_prices_and_bills_are_found_by_what_people_ask(clinic):
    rahmi = clinic.pasien(217, noBPJS="9900000000217")
    kunjungan = visit(clinic, rahmi, "bpjs-pbi")
    layanan = serve(clinic, kunjungan, "iud", status="selesai", dilakukan=at("09:20"))
    card = {"pasien": rahmi["id"], "jenis": "bpjs-pbi", "nomor": "9900000000217"}
    penjamin = clinic.made("penjamin", card)
    kunjungan_saja = {"tarif": "pemeriksaan", "layanan": f"kunjungan/{kunjungan['id']}"}
    tagihan = bill(clinic, kunjungan, kunjungan_saja).json

    def found(entity, **asked):
        return [each["id"] for each in clinic.get(f"/sop/v1/{entity}", **asked).json["dokumen"]]

    assert found("layanan-kb", metode="iud", status="selesai") == [layanan["id"]]
    assert found("layanan-kb", metode="pil") == []
    assert found("penjamin", jenis="bpjs-pbi", pasien=rahmi["id"]) == [penjamin["id"]]
    assert found("penjamin", jenis="umum") == []
    assert found("tagihan", nomor=tagihan["nomor"], status="terbit") == [tagihan["id"]]
    assert found("tagihan", pasien=rahmi["id"], status="lunas") == []
    assert len(found("tarif", kode="kb-suntik", status="aktif")) == 1
    coverage = clinic.fhir(f"Coverage?beneficiary=Patient/{rahmi['id']}&type=bpjs-pbi")
    assert coverage["total"] == 1
    assert clinic.fhir(f"ChargeItem?context=Encounter/{kunjungan['id']}")["total"] == 1
