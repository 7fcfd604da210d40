"""The laboratory in S1 and S7: sent with one slip, blocked until its result, back in the unit."""

from concurrent.futures import ThreadPoolExecutor

import pytest

FASKES = "pkm-dharma-rini"
ENAM = ["hb", "protein-urin", "golongan-darah", "hiv", "sifilis-rpr", "hbsag"]
HASIL = [
    {"pemeriksaan": "hb", "angka": 10.8, "penanda": "rendah"},
    {"pemeriksaan": "protein-urin", "pilihan": "negatif"},
    {"pemeriksaan": "golongan-darah", "pilihan": "A"},
    {"pemeriksaan": "hiv", "pilihan": "non-reaktif"},
    {"pemeriksaan": "sifilis-rpr", "pilihan": "non-reaktif"},
    {"pemeriksaan": "hbsag", "pilihan": "non-reaktif"},
]


@pytest.fixture
def siti(pasien):
    return pasien()


@pytest.fixture
def anc(kunjungan, siti):
    return kunjungan(siti)


def pengantar(pasien, kunjungan, pemeriksaan=ENAM, nomor="LAB-20240402-009", **lain):
    return {
        "faskes": FASKES,
        "nomor": nomor,
        "pasien": pasien,
        "kunjungan": kunjungan,
        "pemeriksaan": pemeriksaan,
        "unitAsal": "kia",
        "peminta": "bidan-kia",
        "waktu": "2024-04-02T09:05:00+07:00",
        "lab": "lab-dharma-rini",
        "lokasiLab": "lab",
        **lain,
    }


def hasil(slip, isi=HASIL, nomor="HL-20240402-009", **lain):
    return {
        "faskes": FASKES,
        "nomor": nomor,
        "pengantar": slip["id"],
        "pasien": slip["pasien"],
        "kunjungan": slip["kunjungan"],
        "hasil": isi,
        "waktu": "2024-04-02T09:50:00+07:00",
        "diambil": "2024-04-02T09:15:00+07:00",
        "pemeriksa": "analis-lab",
        "lab": "lab-dharma-rini",
        **lain,
    }


def without_id(dokumen, **lain):
    return {k: v for k, v in dokumen.items() if k not in {"id", "versi", "peringatan"}} | lain


def rooms(encounter):
    return [(e["location"]["reference"], e["status"]) for e in encounter["location"]]


def course(encounter):
    return [each["status"] for each in encounter["statusHistory"]]


def test_s1_one_slip_of_six_tests_sends_the_visit_to_the_lab(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))

    orders = fhir.read(f"ServiceRequest?requisition=LAB-20240402-009&encounter=Encounter/{anc}")
    task = fhir.read(f"Task/{slip['id']}")
    encounter = fhir.read(f"Encounter/{anc}")
    assert len(orders["entry"]) == 6
    assert {e["resource"]["status"] for e in orders["entry"]} == {"active"}
    assert task["status"] == "requested"
    assert task["owner"]["reference"] == "Organization/lab-dharma-rini"
    assert encounter["status"] == "onleave"
    assert rooms(encounter) == [("Location/ruang-kia", "reserved"), ("Location/lab", "active")]
    assert course(encounter) == ["in-progress", "onleave"]
    assert sop.read(f"kunjungan/{anc}")["status"] == "keluar-sementara"


def test_s1_br_b6_finishing_before_the_result_is_refused_by_both_apis(sop, fhir, siti, anc):
    sop.made("pengantar-lab", pengantar(siti, anc))
    encounter = fhir.read(f"Encounter/{anc}")
    visit = sop.read(f"kunjungan/{anc}")

    by_fhir = fhir("PUT", f"Encounter/{anc}", {**encounter, "status": "finished"})
    by_sop = sop("PUT", f"kunjungan/{anc}", without_id(visit, status="selesai"))

    assert (by_fhir.status, by_sop.status) == (409, 409)
    assert "LAB-20240402-009" in by_fhir.issues[0]["diagnostics"]
    assert "BR-B6" in str(by_sop.json)
    assert "pengantar lab terbuka (LAB-20240402-009)" in str(by_sop.json)
    assert fhir.read(f"Encounter/{anc}")["status"] == "onleave"


def test_s1_final_result_closes_the_slip_and_brings_the_visit_back(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))

    report = sop.made("hasil-lab", hasil(slip))

    task = fhir.read(f"Task/{slip['id']}")
    encounter = fhir.read(f"Encounter/{anc}")
    orders = fhir.read("ServiceRequest?requisition=LAB-20240402-009")
    assert task["status"] == "completed"
    assert task["output"][0]["valueReference"]["reference"] == f"DiagnosticReport/{report['id']}"
    assert {e["resource"]["status"] for e in orders["entry"]} == {"completed"}
    assert encounter["status"] == "in-progress"
    assert course(encounter) == ["in-progress", "onleave", "in-progress"]
    assert rooms(encounter) == [
        ("Location/ruang-kia", "completed"),
        ("Location/lab", "completed"),
        ("Location/ruang-kia", "active"),
    ]
    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "selesai"
    assert sop.read(f"pengantar-lab/{slip['id']}")["hasil"] == [report["id"]]
    assert sop.read(f"kunjungan/{anc}")["lokasi"] == "ruang-kia"


def test_s1_results_are_numbers_codes_and_one_report(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))
    report = sop.made("hasil-lab", hasil(slip))

    found = fhir.read(f"Observation?encounter=Encounter/{anc}&category=laboratory")
    by_code = {e["resource"]["code"]["coding"][0]["code"]: e["resource"] for e in found["entry"]}
    assert by_code["718-7"]["valueQuantity"]["value"] == 10.8
    assert by_code["718-7"]["interpretation"][0]["coding"][0]["code"] == "L"
    assert by_code["68961-2"]["valueCodeableConcept"]["coding"][0]["code"] == "131194007"
    assert len(by_code) == 6
    based = fhir.read(f"DiagnosticReport?based-on=ServiceRequest/{slip['id']}-hb")
    assert [e["resource"]["id"] for e in based["entry"]] == [report["id"]]
    specimens = fhir.read(f"Specimen?patient=Patient/{siti}")
    assert len(specimens["entry"]) == 2


def test_s1_then_the_visit_finishes_with_its_whole_history(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))
    sop.made("hasil-lab", hasil(slip))
    visit = sop.read(f"kunjungan/{anc}")

    end = {"status": "selesai", "selesai": "2024-04-02T10:25:00+07:00"}
    since = {"statusSejak": "2024-04-02T10:25:00+07:00"}
    sop.kept(f"kunjungan/{anc}", without_id(visit, **end, **since))

    encounter = fhir.read(f"Encounter/{anc}")
    assert encounter["status"] == "finished"
    assert course(encounter) == ["in-progress", "onleave", "in-progress", "finished"]


def test_s7_the_result_belongs_to_the_visit_that_asked(sop, fhir, pasien, kunjungan):
    alif = pasien("Alif Ramadhan", "9901022804220003", "2022-04-28", jenisKelamin="male")
    visit = kunjungan(alif, "anak-mtbs", "2024-05-07T08:50:00+07:00")
    asked = {"unitAsal": "anak-mtbs", "waktu": "2024-05-07T09:30:00+07:00"}
    slip = sop.made("pengantar-lab", pengantar(alif, visit, ["ns1"], "LAB-7", **asked))
    early = fhir(
        "PUT", f"Encounter/{visit}", {**fhir.read(f"Encounter/{visit}"), "status": "finished"}
    )
    negative = [{"pemeriksaan": "ns1", "pilihan": "negatif"}]
    at = {"waktu": "2024-05-07T10:05:00+07:00", "diambil": None}

    report = sop.made("hasil-lab", hasil(slip, negative, "HL-7", **at))

    assert early.status == 409
    found = fhir.read(f"DiagnosticReport/{report['id']}")
    order = fhir.read(found["basedOn"][0]["reference"])
    assert order["encounter"]["reference"] == f"Encounter/{visit}"
    encounter = fhir.read(f"Encounter/{visit}")
    assert encounter["location"][-1]["location"]["reference"] == "Location/ruang-anak-mtbs"
    assert encounter["location"][-1]["status"] == "active"
    assert encounter["location"][-1]["period"]["start"] == "2024-05-07T10:05:00+07:00"


def test_partial_result_keeps_the_slip_open_and_the_visit_away(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))

    part = sop.made("hasil-lab", hasil(slip, HASIL[:1], status="sementara"))

    listed = sop.read(f"hasil-lab?status=sementara&kunjungan={anc}")["dokumen"]
    assert [each["id"] for each in listed] == [part["id"]]
    assert sop.read("hasil-lab?status=akhir")["dokumen"] == []
    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "diproses"
    assert fhir.read(f"DiagnosticReport/{part['id']}")["status"] == "partial"
    assert fhir.read(f"Encounter/{anc}")["status"] == "onleave"
    finished = {**fhir.read(f"Encounter/{anc}"), "status": "finished"}
    assert fhir("PUT", f"Encounter/{anc}", finished).status == 409


def test_slip_closes_with_the_report_that_answers_its_last_test(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb", "hiv"]))
    sop.made("hasil-lab", hasil(slip, HASIL[:1]))
    between = sop.read(f"pengantar-lab/{slip['id']}")["status"]
    undone = [{"pemeriksaan": "hiv", "alasanTanpaHasil": "Reagen habis"}]

    sop.made("hasil-lab", hasil(slip, undone, "HL-2"))

    assert between == "diproses"
    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "selesai"
    assert len(sop.read(f"pengantar-lab/{slip['id']}")["hasil"]) == 2
    assert fhir.read(f"Encounter/{anc}")["status"] == "in-progress"


def test_partial_report_is_completed_by_the_same_report(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb", "hiv"]))
    part = sop.made("hasil-lab", hasil(slip, HASIL[:1], status="sementara"))
    whole = [HASIL[0], HASIL[3]]

    sop.kept(f"hasil-lab/{part['id']}", without_id(part, hasil=whole, status="akhir"))

    assert fhir.read(f"DiagnosticReport/{part['id']}")["status"] == "final"
    assert len(fhir.read(f"DiagnosticReport/{part['id']}")["result"]) == 2
    assert len(fhir.read(f"Task/{slip['id']}")["output"]) == 1
    assert fhir.read(f"Encounter/{anc}")["status"] == "in-progress"


@pytest.mark.parametrize("attempt", range(3))
def test_two_last_results_at_once_bring_the_visit_back(sop, fhir, siti, anc, attempt):
    first = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"], f"LAB-1-{attempt}"))
    second = sop.made("pengantar-lab", pengantar(siti, anc, ["hiv"], f"LAB-2-{attempt}"))
    reports = [hasil(first, HASIL[:1], "HL-1"), hasil(second, HASIL[3:4], "HL-2")]

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda each: sop("POST", "hasil-lab", each), reports))

    assert [each.status for each in answers] == [201, 201]
    assert fhir.read(f"Encounter/{anc}")["status"] == "in-progress"
    assert course(fhir.read(f"Encounter/{anc}")) == ["in-progress", "onleave", "in-progress"]


def test_correction_amends_the_report_and_moves_nothing(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))
    report = sop.made("hasil-lab", hasil(slip, HASIL[:1]))
    wrong = {**HASIL[0], "angka": 9.8}

    silent = sop("PUT", f"hasil-lab/{report['id']}", without_id(report, hasil=[wrong]))
    why = {"status": "dikoreksi", "alasanKoreksi": "Salah ketik"}
    sop.kept(f"hasil-lab/{report['id']}", without_id(report, hasil=[wrong], **why))

    assert silent.status == 409
    assert fhir.read(f"DiagnosticReport/{report['id']}")["status"] == "amended"
    value = fhir.read(f"Observation/{report['id']}-hasil-hb")
    assert (value["status"], value["valueQuantity"]["value"]) == ("amended", 9.8)
    assert course(fhir.read(f"Encounter/{anc}")) == ["in-progress", "onleave", "in-progress"]
    assert sop.read(f"hasil-lab/{report['id']}")["alasanKoreksi"] == "Salah ketik"


def test_cancelled_slip_needs_a_reason_and_sends_the_visit_back(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))

    silent = sop("PUT", f"pengantar-lab/{slip['id']}", without_id(slip, status="batal"))
    why = {"status": "batal", "alasan": "Pasien menolak", "ditutup": "2024-04-02T09:20:00+07:00"}
    sop.kept(f"pengantar-lab/{slip['id']}", without_id(slip, **why))

    assert silent.status == 422
    assert "BR-B6" in str(silent.json)
    assert fhir.read(f"Task/{slip['id']}")["status"] == "cancelled"
    assert fhir.read(f"ServiceRequest/{slip['id']}-hb")["status"] == "revoked"
    assert fhir.read(f"Encounter/{anc}")["status"] == "in-progress"


def test_visit_stays_at_the_lab_while_a_second_slip_is_open(sop, fhir, siti, anc):
    first = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"], "LAB-1"))
    second = sop.made("pengantar-lab", pengantar(siti, anc, ["hiv"], "LAB-2"))

    sop.made("hasil-lab", hasil(first, HASIL[:1], "HL-1"))
    between = fhir.read(f"Encounter/{anc}")["status"]
    sop.made("hasil-lab", hasil(second, HASIL[3:4], "HL-2"))

    assert between == "onleave"
    assert course(fhir.read(f"Encounter/{anc}")) == ["in-progress", "onleave", "in-progress"]


@pytest.mark.parametrize("api", ["sop", "fhir"])
def test_br_b6_no_slip_for_a_finished_visit(sop, fhir, siti, anc, api):
    fhir.kept(f"Encounter/{anc}", {**fhir.read(f"Encounter/{anc}"), "status": "finished"})

    if api == "sop":
        refused = sop("POST", "pengantar-lab", pengantar(siti, anc, ["hb"]))
    else:
        other = sop.made("pengantar-lab", pengantar(siti, kunjungan_lain(sop, siti), ["hb"]))
        task = fhir.read(f"Task/{other['id']}")
        moved = {**task, "encounter": {"reference": f"Encounter/{anc}"}}
        refused = fhir("PUT", f"Task/{other['id']}", moved)

    assert refused.status == 409
    assert "BR-B6" in str(refused.json)


def kunjungan_lain(sop, pasien):
    dokumen = {
        "faskes": FASKES,
        "noReg": "RG-lain",
        "pasien": pasien,
        "kelas": "AMB",
        "unit": "kia",
        "klaster": "klaster-2",
        "mulai": "2024-04-02T07:45:00+07:00",
        "status": "dilayani",
    }
    return sop.made("kunjungan", dokumen)["id"]


def test_result_for_another_patient_is_refused(sop, siti, anc, pasien):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))
    other = pasien("Endang Suryani", "9902015405830015", "1983-05-14")

    refused = sop("POST", "hasil-lab", hasil({**slip, "pasien": other}, HASIL[:1]))

    assert refused.status == 422
    assert "Endang" not in str(refused.json)


def test_result_that_was_not_asked_for_is_refused(sop, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))

    refused = sop("POST", "hasil-lab", hasil(slip, HASIL[:2]))

    assert refused.status == 422
    assert "protein-urin" in str(refused.json)


def test_slip_of_an_unknown_visit_and_report_of_an_unknown_slip_are_refused(sop, siti, anc):
    no_visit = sop("POST", "pengantar-lab", pengantar(siti, "tidak-ada", ["hb"]))
    no_slip = sop("POST", "hasil-lab", hasil({**pengantar(siti, anc), "id": "tidak-ada"}))

    assert (no_visit.status, no_slip.status) == (422, 422)
    assert "kunjungan tidak-ada tidak ada" in str(no_visit.json)
    assert "pengantar lab tidak-ada tidak ada" in str(no_slip.json)


def test_report_of_a_slip_that_was_given_up_is_refused(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))
    sop.kept(f"pengantar-lab/{slip['id']}", without_id(slip, status="gagal", alasan="Lisis"))

    refused = sop("POST", "hasil-lab", hasil(slip, HASIL[:1]))

    assert refused.status == 409
    assert "Buat pengantar baru" in str(refused.json)
    assert "entry" not in fhir.read(f"Observation?encounter=Encounter/{anc}")


def test_slip_that_closes_after_its_visit_returned_moves_nothing(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))
    visit = sop.read(f"kunjungan/{anc}")
    back = {"status": "dilayani", "statusSejak": "2024-04-02T09:30:00+07:00"}
    sop.kept(f"kunjungan/{anc}", without_id(visit, lokasi="ruang-kia", **back))

    sop.made("hasil-lab", hasil(slip, HASIL[:1]))

    assert course(fhir.read(f"Encounter/{anc}")) == ["in-progress", "onleave", "in-progress"]
    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "selesai"


def test_slip_of_another_patients_visit_is_refused(sop, anc, pasien):
    other = pasien("Endang Suryani", "9902015405830015", "1983-05-14")

    assert sop("POST", "pengantar-lab", pengantar(other, anc, ["hb"])).status == 422


def test_what_the_lab_does_by_fhir_is_seen_by_sop(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb"]))
    task = fhir.read(f"Task/{slip['id']}")

    fhir.kept(f"Task/{slip['id']}", {**task, "status": "accepted"})

    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "diterima"
    page = sop.read("pengantar-lab?status=diterima")
    assert [each["id"] for each in page["dokumen"]] == [slip["id"]]


def test_slip_made_by_fhir_is_read_by_sop(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb", "hiv"]))
    task = fhir.read(f"Task/{slip['id']}")
    orders = [fhir.read(f"ServiceRequest/{slip['id']}-{kode}") for kode in ("hb", "hiv")]
    made = [fhir.made("ServiceRequest", order)["id"] for order in orders]
    based = [{"reference": f"ServiceRequest/{each}"} for each in made]
    copy = fhir.made("Task", {**task, "basedOn": based, "focus": based[0]})

    seen = sop.read(f"pengantar-lab/{copy['id']}")
    assert seen["pemeriksaan"] == ["hb", "hiv"]

    sop.kept(f"pengantar-lab/{copy['id']}", without_id(seen, catatan="Puasa"))

    changed = fhir.read(f"Task/{copy['id']}")
    assert changed["note"][0]["text"] == "Puasa"
    assert (changed["basedOn"], changed["focus"]) == (based, based[0])


def test_a_test_that_is_taken_off_the_slip_is_revoked(sop, fhir, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc, ["hb", "hiv"]))

    sop.kept(f"pengantar-lab/{slip['id']}", without_id(slip, pemeriksaan=["hb"]))

    assert fhir.read(f"ServiceRequest/{slip['id']}-hiv")["status"] == "revoked"
    assert sop.read(f"pengantar-lab/{slip['id']}")["pemeriksaan"] == ["hb"]
    sop.made("hasil-lab", hasil(slip, HASIL[:1]))
    assert sop.read(f"pengantar-lab/{slip['id']}")["status"] == "selesai"


def test_every_element_of_slip_and_report_has_a_trace(sop, siti, anc):
    slip = sop.made("pengantar-lab", pengantar(siti, anc))
    report = sop.made("hasil-lab", hasil(slip))

    for name in (f"pengantar-lab/{slip['id']}", f"hasil-lab/{report['id']}"):
        assert sop("GET", f"{name}/jejak").status == 200
