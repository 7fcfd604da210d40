"""C4a, C6, C7 and C8: between units, on recommendation, and to social or legal institutions."""

import pytest

from fhir_server.mappings.codes import code_system

FASKES = "pkm-dharma-rini"
MULAI = "2024-05-13T07:35:00+07:00"


@pytest.fixture
def karto(pasien):
    return pasien("Mbah Karto Wiyono", "9901021708570009", "1957-08-17", jenisKelamin="male")


@pytest.fixture
def kunjungan_gigi(kunjungan, karto):
    return kunjungan(karto, unit="gigi", klaster="klaster-3", mulai=MULAI)


def permintaan(pasien, kunjungan, **lain):
    return {
        "faskes": FASKES,
        "nomor": "RI-20240513-004",
        "pasien": pasien,
        "kunjungan": kunjungan,
        "unitAsal": "gigi",
        "unitTujuan": "lansia",
        "alasan": "Hipertensi, mohon pemeriksaan",
        "peminta": "dokter-gigi",
        "waktu": "2024-05-13T08:40:00+07:00",
        **lain,
    }


def plain(document, **lain):
    return {k: v for k, v in document.items() if k not in {"id", "versi", "diubah"}} | lain


def rekomendasi(sop, pasien, kunjungan, *anjuran, **lain):
    dokumen = {
        "pasien": pasien,
        "kunjungan": kunjungan,
        "pemeriksa": "dokter-dewasa",
        "waktu": "2024-05-13T10:15:00+07:00",
        "simpulan": "Osteoartritis lutut",
        "anjuran": list(anjuran),
        **lain,
    }
    return sop("POST", "rekomendasi", dokumen)


def test_c4a_dental_first_then_the_cluster_in_the_same_visit(fhir, sop, karto, kunjungan_gigi):
    made = sop.made("permintaan-layanan", permintaan(karto, kunjungan_gigi, ruang="ruang-lansia"))
    assert fhir.read(f"Encounter/{kunjungan_gigi}")["serviceType"]["coding"][0]["code"] == "gigi"

    sop.kept(
        f"permintaan-layanan/{made['id']}",
        plain(made, status="dilayani", mulai="2024-05-13T09:00:00+07:00"),
    )

    visit = sop.read(f"kunjungan/{kunjungan_gigi}")
    assert (visit["unit"], visit["lokasi"]) == ("lansia", "ruang-lansia")
    assert [each["lokasi"] for each in visit["riwayatLokasi"]] == ["ruang-gigi", "ruang-lansia"]
    assert "selesai" in visit["riwayatLokasi"][0]


def test_c4a_the_other_unit_moves_the_task_by_fhir_and_the_order_follows(
    fhir, sop, karto, kunjungan_gigi
):
    made = sop.made("permintaan-layanan", permintaan(karto, kunjungan_gigi))
    task = fhir.read(f"Task/{made['id']}")

    skipped = fhir("PUT", f"Task/{made['id']}", {**task, "status": "completed"})
    fhir.kept(f"Task/{made['id']}", {**task, "status": "in-progress"})
    fhir.kept(f"Task/{made['id']}", {**fhir.read(f"Task/{made['id']}"), "status": "completed"})

    assert skipped.status == 409
    assert fhir.read(task["focus"]["reference"])["status"] == "completed"
    assert sop.read(f"permintaan-layanan/{made['id']}")["status"] == "selesai"
    assert fhir.read(f"Encounter/{kunjungan_gigi}")["serviceType"]["coding"][0]["code"] == "lansia"


def test_c4a_an_internal_request_gives_priority_in_the_queue(sop, kunjungan_gigi, pasien):
    muda = pasien("Rina", "9901025501900001", "1990-01-15")
    visit = sop.made(
        "kunjungan",
        plain(sop.read(f"kunjungan/{kunjungan_gigi}"), pasien=muda, noReg="RG-RINA"),
    )
    sop.made("permintaan-layanan", permintaan(muda, visit["id"], unitTujuan="umum-dewasa"))

    number = sop.made(
        "antrean",
        {
            "faskes": FASKES,
            "unit": "umum-dewasa",
            "tanggal": "2024-05-13",
            "pasien": muda,
            "ambil": "2024-05-13T08:45:00+07:00",
        },
    )

    assert (number["prioritas"], number["alasanPrioritas"]) == (True, "rujukan-internal")


@pytest.mark.parametrize("unit", ["fisioterapi", "rawat-inap"])
def test_c7_ward_and_physiotherapy_need_a_recommendation_for_just_that(
    fhir, sop, karto, kunjungan_gigi, unit
):
    other = "rawat-inap" if unit == "fisioterapi" else "fisioterapi"
    wrong = rekomendasi(sop, karto, kunjungan_gigi, other).json["id"]
    right = rekomendasi(sop, karto, kunjungan_gigi, unit).json["id"]

    def asked(**lain):
        dokumen = permintaan(karto, kunjungan_gigi, unitTujuan=unit, **lain)
        return sop("POST", "permintaan-layanan", dokumen)

    without, other_one, missing = asked(), asked(rekomendasi=wrong), asked(rekomendasi="tidak-ada")
    assert [each.status for each in (without, other_one, missing)] == [422, 422, 422]
    assert "C7" in str(other_one.json)
    made = asked(rekomendasi=right)
    assert made.status == 201
    order = fhir.read(f"ServiceRequest/{made.json['id']}-permintaan")
    by_fhir = fhir(
        "PUT",
        f"ServiceRequest/{order['id']}",
        {**order, "supportingInfo": []}
        | {"supportingInfo": [{"reference": f"ClinicalImpression/{wrong}"}]},
    )
    assert by_fhir.status == 422


def test_c7_the_ward_is_an_encounter_of_its_own_within_the_visit(fhir, sop, karto, kunjungan_gigi):
    advice = rekomendasi(sop, karto, kunjungan_gigi, "rawat-inap").json["id"]
    made = sop.made(
        "permintaan-layanan",
        permintaan(
            karto, kunjungan_gigi, unitTujuan="rawat-inap", rekomendasi=advice, ruang="bangsal"
        ),
    )

    sop.kept(
        f"permintaan-layanan/{made['id']}",
        plain(made, status="dilayani", mulai="2024-05-13T11:00:00+07:00"),
    )

    stay = fhir.read(f"Encounter/{made['id']}-inap")
    assert stay["class"]["code"] == "IMP"
    assert stay["partOf"] == {"reference": f"Encounter/{kunjungan_gigi}"}
    assert stay["basedOn"] == [{"reference": f"ServiceRequest/{made['id']}-permintaan"}]
    assert stay["location"][0]["location"] == {"reference": "Location/bangsal"}
    said = fhir(
        "POST",
        "Encounter/$validate",
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": stay}]},
    )
    assert not [e for e in said.json["issue"] if e["severity"] in {"error", "fatal"}], said.json
    assert fhir.read(f"Encounter/{kunjungan_gigi}")["serviceType"]["coding"][0]["code"] == "gigi"


def test_c6_a_recommendation_rests_on_results_of_its_own_visit(
    fhir, sop, karto, kunjungan, kunjungan_gigi
):
    def report(visit):
        resource = {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "Gula darah"},
            "subject": {"reference": f"Patient/{karto}"},
            "encounter": {"reference": f"Encounter/{visit}"},
        }
        return fhir.made("DiagnosticReport", resource)["id"]

    other = kunjungan(karto, unit="lansia", klaster="klaster-3", mulai=MULAI, noReg="RG-LAIN")
    mine, theirs = report(kunjungan_gigi), report(other)

    refused = rekomendasi(sop, karto, kunjungan_gigi, "obat", hasil=[theirs])
    made = rekomendasi(sop, karto, kunjungan_gigi, "obat", hasil=[mine])

    assert refused.status == 422
    assert made.status == 201
    impression = fhir.read(f"ClinicalImpression/{made.json['id']}")
    assert impression["investigation"][0]["item"] == [{"reference": f"DiagnosticReport/{mine}"}]
    assert made.json["hasil"] == [mine]


def rujukan(pasien, jenis="sosial", **lain):
    return {
        "faskes": FASKES,
        "nomor": "RJ-SOS-1",
        "pasien": pasien,
        "jenis": jenis,
        "prioritas": "elektif",
        "layanan": "rawat-jalan",
        "tujuan": "lembaga-sosial-a",
        "alasan": "Hidup sendiri, perlu pendampingan makan harian",
        "diagnosis": [],
        "perujuk": "dokter-dharma-rini",
        "waktu": "2024-05-13T11:00:00+07:00",
        **lain,
    }


KLINIS = [
    {"diagnosis": [{"kode": "F03", "nama": "Demensia"}]},
    {"kondisi": {"sistolik": 150, "diastolik": 90}},
    {"tindakanPra": ["Konseling"]},
]


@pytest.mark.parametrize("jenis", ["sosial", "hukum"])
def test_c8_the_institution_learns_who_comes_and_why(fhir, sop, karto, jenis):
    made = sop.made("rujukan", rujukan(karto, jenis))

    request = fhir.read(f"ServiceRequest/{made['id']}")
    letter = fhir.read(request["supportingInfo"][0]["reference"])
    assert "reasonReference" not in request
    assert [each["title"] for each in letter["section"]] == ["Alasan rujukan"]


@pytest.mark.parametrize("jenis", ["sosial", "hukum"])
@pytest.mark.parametrize("klinis", KLINIS)
def test_c8_clinical_detail_needs_the_patients_consent_to_that_institution(
    sop, karto, jenis, klinis
):
    consent = {
        "faskes": FASKES,
        "pasien": karto,
        "jenis": "berbagi-data",
        "status": "diberikan",
        "waktu": "2024-05-13T10:50:00+07:00",
        "mulai": "2024-05-13",
        "sampai": "2024-05-13",
    }

    refused = sop("POST", "rujukan", rujukan(karto, jenis, **klinis))
    sop.made("persetujuan-pasien", {**consent, "penerima": ["faskes/lembaga-lain"]})
    for_another = sop("POST", "rujukan", rujukan(karto, jenis, **klinis))
    given = sop.made("persetujuan-pasien", {**consent, "penerima": ["faskes/lembaga-sosial-a"]})
    next_day = rujukan(karto, jenis, **klinis, nomor="RJ-2") | {
        "waktu": "2024-05-14T11:00:00+07:00"
    }
    too_late = sop("POST", "rujukan", next_day)
    accepted = sop("POST", "rujukan", rujukan(karto, jenis, **klinis))
    sop.kept(f"persetujuan-pasien/{given['id']}", plain(given, status="dicabut"))
    withdrawn = sop("POST", "rujukan", rujukan(karto, jenis, **klinis, nomor="RJ-3"))

    assert [e.status for e in (refused, for_another, too_late, withdrawn)] == [422] * 4
    assert "C8" in str(refused.json)
    assert accepted.status == 201


def test_c8_a_letter_with_clinical_sections_counts_too(fhir, sop, karto):
    made = sop.made("rujukan", rujukan(karto))
    request = fhir.read(f"ServiceRequest/{made['id']}")
    letter = fhir.read(request["supportingInfo"][0]["reference"])
    letter["section"].append({"title": "Diagnosis", "entry": [{"reference": "Condition/x"}]})
    fhir.kept(f"Composition/{letter['id']}", letter)

    assert (
        fhir(
            "PUT", f"ServiceRequest/{made['id']}", {**request, "patientInstruction": "Bawa KTP"}
        ).status
        == 422
    )


def test_a_withdrawn_consent_is_not_given_again(fhir, sop, karto):
    given = sop.made(
        "persetujuan-pasien",
        {
            "faskes": FASKES,
            "pasien": karto,
            "jenis": "telekonsultasi",
            "status": "diberikan",
            "waktu": "2024-05-13T10:50:00+07:00",
            "mulai": "2024-05-13",
        },
    )
    withdrawn = sop.kept(f"persetujuan-pasien/{given['id']}", plain(given, status="dicabut"))

    assert "dicabut" in withdrawn
    consent = fhir.read(f"Consent/{given['id']}")
    assert consent["status"] == "inactive"
    assert fhir("PUT", f"Consent/{given['id']}", {**consent, "status": "active"}).status == 409
    kind = f"{code_system('jenis-persetujuan')}|telekonsultasi"
    assert fhir.read(f"Consent?patient=Patient/{karto}&category={kind}")["total"] == 1
