"""S9 (domain §7): visual screening, dental first, an agreed appointment, infection one-stop."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fhir_server.mappings.codes import code_system, structure
from tests.support.fhir import bundle, entry
from tests.support.profiles import faults

FASKES = "pkm-dharma-rini"
MULAI = "2024-05-13T07:35:00+07:00"
RUANG = {
    "ruang-kia": "kia",
    "ruang-tunggu-loket": None,
    "ruang-gigi": "gigi",
    "ruang-lansia": "lansia",
    "ruang-dewasa": "umum-dewasa",
    "ruang-infeksi": "infeksi",
    "ruang-ugd": "ugd",
    "ruang-inap": "rawat-inap",
    "lab": "lab",
}


@pytest.fixture
def ruang(fhir, sop):
    """Keep every room under the name by which staff call it."""
    for nama, unit in RUANG.items():
        dokumen = {"nama": nama, "jenis": "ruang", "faskes": FASKES}
        made = sop.made("lokasi", dokumen | ({"unit": unit} if unit else {}))
        room = {**fhir.read(f"Location/{made['id']}"), "id": nama}
        fhir.kept(f"Location/{nama}", room)


@pytest.fixture
def karto(pasien):
    return pasien("Mbah Karto Wiyono", "9901021708570009", "1957-08-17", jenisKelamin="male")


@pytest.fixture
def joko(pasien):
    return pasien("Joko Santoso", "9903021010690022", "1969-10-10", jenisKelamin="male")


@pytest.fixture
def datang(kunjungan, ruang):  # noqa: ARG001 - the rooms must be there
    def arrive(pasien, **lain):
        dokumen = {
            "unit": "loket",
            "klaster": "lintas-klaster",
            "mulai": MULAI,
            "status": "tiba",
            "lokasi": "ruang-tunggu-loket",
            "noReg": f"RG-{pasien[:8]}",
        }
        return kunjungan(pasien, **{**dokumen, **lain})

    return arrive


def skrining(pasien, kunjungan, **lain):
    return {
        "pasien": pasien,
        "kunjungan": kunjungan,
        "gawatDarurat": False,
        "oleh": "perawat-triase",
        "waktu": "2024-05-13T07:40:00+07:00",
        **lain,
    }


def rute(fhir, kunjungan, **given):
    """Ask ``$rute`` and give its stops, and all it answered by name."""
    kinds = {bool: "valueBoolean", str: "valueCode"}
    parameters = [
        {"name": name, kinds[type(each)]: each}
        for name, value in given.items()
        for each in (value if isinstance(value, list) else [value])
    ]
    said = fhir(
        "POST",
        f"Encounter/{kunjungan}/$rute",
        {"resourceType": "Parameters", "parameter": parameters},
    )
    assert said.status == 200, said.json
    stops = []
    for each in said.json["parameter"]:
        if each["name"] == "langkah":
            parts = {p["name"]: next(v for k, v in p.items() if k != "name") for p in each["part"]}
            stops.append((parts["unit"], parts["klaster"], parts["ruang-infeksi"]))
    others = {
        e["name"]: next(v for k, v in e.items() if k != "name")
        for e in said.json["parameter"]
        if e["name"] != "langkah"
    }
    return stops, others


def moved(encounter, room):
    """Give a visit that has gone to another room."""
    left = [{**each, "status": "completed"} for each in encounter.get("location", ())]
    here = {"location": {"reference": f"Location/{room}"}, "status": "active"}
    return {**encounter, "location": [*left, here]}


def test_br_c1_nobody_is_routed_without_a_visual_screening(fhir, sop, karto, datang):
    visit = datang(karto)

    by_operation = fhir("POST", f"Encounter/{visit}/$rute", {"resourceType": "Parameters"})
    by_sop = sop("POST", f"kunjungan/{visit}/rute", {"keluhan": ["gigi"]})
    stop = {
        "url": structure("rute"),
        "extension": [
            {"url": "unit", "valueCode": "gigi"},
            {"url": "klaster", "valueCode": "klaster-3"},
            {"url": "ruang-infeksi", "valueBoolean": False},
            {"url": "alasan", "valueString": "keluhan gigi"},
        ],
    }
    encounter = fhir.read(f"Encounter/{visit}")
    encounter["extension"].append(stop)
    by_hand = fhir("PUT", f"Encounter/{visit}", encounter)

    assert (by_operation.status, by_sop.status, by_hand.status) == (409, 409, 409)
    for said in (by_operation, by_sop, by_hand):
        assert "BR-C1" in str(said.json)
    sop.made("skrining-visual", skrining(karto, visit))
    assert (
        fhir(
            "PUT",
            f"Encounter/{visit}",
            {**fhir.read(f"Encounter/{visit}"), "extension": encounter["extension"]},
        ).status
        == 200
    )


def test_s9_screening_sets_priority_and_wheelchair_and_triages_the_visit(fhir, sop, karto, datang):
    visit = datang(karto)

    sop.made("skrining-visual", skrining(karto, visit, bantuan=["kursi-roda"], triase="hijau"))

    encounter = fhir.read(f"Encounter/{visit}")
    (arranged,) = encounter["hospitalization"]["specialArrangement"]
    assert encounter["status"] == "triaged"
    assert encounter["class"]["code"] == "AMB"
    assert encounter["priority"]["coding"][0]["code"] == "R"
    assert arranged["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/encounter-special-arrangements",
        "code": "wheel",
    }
    found = fhir.read(f"Observation?encounter=Encounter/{visit}&code=skrining-visual")
    assert found["total"] == 1


def test_s9_karto_66_with_toothache_goes_to_dental_then_cluster_3_with_priority(
    fhir, sop, karto, datang
):
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit, bantuan=["kursi-roda"]))

    stops, said = rute(fhir, visit, keluhan="gigi")

    assert stops == [("gigi", "klaster-3", False), ("lansia", "klaster-3", False)]
    assert said == {"prioritas": "lansia", "diterapkan": False}
    assert "rute" not in str(fhir.read(f"Encounter/{visit}"))


def test_s9_the_route_is_written_on_the_visit_by_both_apis(fhir, sop, karto, datang):
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit))

    said = sop("POST", f"kunjungan/{visit}/rute", {"keluhan": ["gigi"], "terapkan": True})

    assert said.status == 200
    assert [each["unit"] for each in said.json["langkah"]] == ["gigi", "lansia"]
    found = sop.read(f"kunjungan/{visit}")
    assert (found["unit"], found["klaster"]) == ("gigi", "klaster-3")
    encounter = fhir.read(f"Encounter/{visit}")
    stops = [e for e in encounter["extension"] if e["url"] == structure("rute")]
    assert [each["extension"][0]["valueCode"] for each in stops] == ["gigi", "lansia"]


def test_br_c2_an_emergency_is_in_progress_at_once_and_waits_in_no_queue(fhir, sop, karto, datang):
    number = sop.made(
        "antrean",
        {
            "faskes": FASKES,
            "unit": "lansia",
            "tanggal": "2024-05-13",
            "pasien": karto,
            "ambil": "2024-05-13T07:36:00+07:00",
        },
    )
    visit = datang(karto, antrean=number["id"])

    sop.made(
        "skrining-visual",
        skrining(karto, visit, gawatDarurat=True, triase="merah", bantuan=["brankar"]),
    )

    encounter = fhir.read(f"Encounter/{visit}")
    assert encounter["class"]["code"] == "EMER"
    assert encounter["classHistory"][0]["class"]["code"] == "AMB"
    assert encounter["priority"]["coding"][0]["code"] == "EM"
    assert encounter["status"] == "in-progress"
    assert [each["status"] for each in encounter["statusHistory"]] == ["arrived", "in-progress"]
    waiting = fhir.read("Appointment/$antrean-berikutnya?unit=lansia&tanggal=2024-05-13")
    assert waiting["total"] == 0
    assert rute(fhir, visit, keluhan="gigi")[0] == [("ugd", "lintas-klaster", False)]


def test_br_c2_no_number_is_given_for_the_ugd(sop, karto):
    said = sop(
        "POST",
        "antrean",
        {"faskes": FASKES, "unit": "ugd", "tanggal": "2024-05-13", "pasien": karto, "ambil": MULAI},
    )

    assert said.status == 422
    assert "BR-C2" in str(said.json)


@pytest.mark.parametrize(
    "salah",
    [
        {"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}},
        {"status": "triaged"},
    ],
)
def test_br_c2_by_fhir_an_emergency_neither_waits_nor_is_ambulatory(
    fhir, sop, karto, datang, salah
):
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit, gawatDarurat=True))
    encounter = fhir.read(f"Encounter/{visit}")

    refused = fhir("POST", "Encounter", {**encounter, **salah})

    assert refused.status == 422
    assert "BR-C2" in str(refused.json)


@pytest.fixture
def infeksi(fhir, sop, joko, datang):
    """Joko, 54 years, coughs for three weeks; routed into the infection room and there."""
    visit = datang(joko)
    sop.made("skrining-visual", skrining(joko, visit, triase="kuning"))
    rute(fhir, visit, keluhan="demam-pernapasan", terapkan=True)
    there = moved(fhir.read(f"Encounter/{visit}"), "ruang-infeksi")
    fhir.kept(f"Encounter/{visit}", {**there, "status": "in-progress"})
    return visit


def test_s9_joko_54_with_cough_goes_to_the_infection_room_of_cluster_3(fhir, sop, joko, datang):
    visit = datang(joko)
    sop.made("skrining-visual", skrining(joko, visit, triase="kuning"))

    stops, _ = rute(fhir, visit, keluhan="demam-pernapasan", terapkan=True)

    assert stops == [("umum-dewasa", "klaster-3", True)]
    (flag,) = sop.read(f"penanda-infeksi?kunjungan={visit}")["dokumen"]
    assert (flag["pasien"], flag["status"]) == (joko, "aktif")
    assert fhir.read(f"Encounter/{visit}")["priority"]["coding"][0]["code"] == "UR"
    kode = f"{code_system('penanda')}|infeksi"
    assert fhir.read(f"Flag?encounter=Encounter/{visit}&code={kode}")["total"] == 1


def test_br_c5_all_services_of_an_infection_come_to_its_room(fhir, sop, joko, infeksi):
    def slip(**lain):
        dokumen = {
            "faskes": FASKES,
            "nomor": "LAB-20240513-001",
            "pasien": joko,
            "kunjungan": infeksi,
            "pemeriksaan": ["600-7"],
            "unitAsal": "infeksi",
            "peminta": "dokter-dewasa",
            "waktu": "2024-05-13T08:30:00+07:00",
            "lab": "lab-dharma-rini",
        }
        return sop("POST", "pengantar-lab", {**dokumen, **lain})

    def sputum_taken(room):
        counselling = {
            "resourceType": "Procedure",
            "status": "completed",
            "subject": {"reference": f"Patient/{joko}"},
            "encounter": {"reference": f"Encounter/{infeksi}"},
            "location": {"reference": f"Location/{room}"},
        }
        return fhir("POST", "Procedure", counselling).status

    def medicine_given(room):
        dispense = {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "medicationCodeableConcept": {"text": "Parasetamol"},
            "subject": {"reference": f"Patient/{joko}"},
            "context": {"reference": f"Encounter/{infeksi}"},
            "location": {"reference": f"Location/{room}"},
        }
        return fhir("POST", "MedicationDispense", dispense).status

    assert slip(lokasiLab="lab").status == 422
    assert slip().status == 422
    assert slip(lokasiLab="ruang-infeksi").status == 201
    assert [sputum_taken(each) for each in ("lab", "ruang-infeksi")] == [422, 201]
    assert [medicine_given(each) for each in ("lab", "ruang-infeksi")] == [422, 201]


def test_br_c5_the_visit_may_not_leave_the_infection_room_but_for_ward_or_emergency(fhir, infeksi):
    encounter = fhir.read(f"Encounter/{infeksi}")

    said = {
        room: fhir("PUT", f"Encounter/{infeksi}", moved(encounter, room))
        for room in ("lab", "ruang-dewasa", "kantin", "ruang-ugd", "ruang-inap", "ruang-infeksi")
    }

    assert {room: each.status for room, each in said.items()} == {
        "lab": 422,
        "ruang-dewasa": 422,
        "kantin": 422,
        "ruang-ugd": 200,
        "ruang-inap": 200,
        "ruang-infeksi": 200,
    }
    assert "BR-C5" in str(said["lab"].json)


def test_br_c5_a_past_visit_to_the_lab_counts_too_and_a_referral_does_not(fhir, infeksi):
    encounter = fhir.read(f"Encounter/{infeksi}")
    away = moved(encounter, "lab")
    away["location"][-1]["status"] = "completed"
    code = {"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition"}
    leaving = {"dischargeDisposition": {"coding": [{**code, "code": "other-hcf"}]}}

    assert fhir("PUT", f"Encounter/{infeksi}", away).status == 422
    stay = {**encounter.get("hospitalization", {}), **leaving}
    assert fhir("PUT", f"Encounter/{infeksi}", {**away, "hospitalization": stay}).status == 200


def test_br_c5_guards_only_visits_with_an_infection(fhir, sop, karto, datang):
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit))

    assert (
        fhir("PUT", f"Encounter/{visit}", moved(fhir.read(f"Encounter/{visit}"), "lab")).status
        == 200
    )


def janji(pasien, kunjungan, **lain):
    return {
        "faskes": FASKES,
        "pasien": pasien,
        "kunjungan": kunjungan,
        "layanan": "lab",
        "alasan": "Belum puasa untuk gula darah",
        "mulai": "2024-05-20T08:00:00+07:00",
        "selesai": "2024-05-20T08:30:00+07:00",
        "tempat": "posyandu-melati",
        "persetujuan": "disetujui",
        "dibuat": "2024-05-13T09:30:00+07:00",
        **lain,
    }


def closed(fhir, visit):
    return fhir(
        "PUT", f"Encounter/{visit}", {**fhir.read(f"Encounter/{visit}"), "status": "finished"}
    )


@pytest.fixture
def gigi(fhir, sop, karto, datang):
    """Karto in the dental room, with a caries."""
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit, bantuan=["kursi-roda"]))
    rute(fhir, visit, keluhan="gigi", terapkan=True)
    there = moved(fhir.read(f"Encounter/{visit}"), "ruang-gigi")
    caries = {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "K02.9"}]},
        "subject": {"reference": f"Patient/{karto}"},
        "encounter": {"reference": f"Encounter/{visit}"},
    }
    condition = fhir.made("Condition", caries)
    diagnosis = [{"condition": {"reference": f"Condition/{condition['id']}"}}]
    fhir.kept(f"Encounter/{visit}", {**there, "status": "in-progress", "diagnosis": diagnosis})
    return visit


def test_s9_lab_is_postponed_to_an_agreed_appointment_at_posyandu(fhir, sop, karto, gigi):
    made = sop.made("janji-layanan", janji(karto, gigi))

    appointment = fhir.read(f"Appointment/{made['id']}")
    (entry,) = [
        e
        for e in fhir.read(f"Encounter/{gigi}")["extension"]
        if e["url"] == structure("layanan-tertunda")
    ]
    assert appointment["status"] == "booked"
    assert appointment["start"] == "2024-05-20T08:00:00+07:00"
    assert appointment["participant"][0]["status"] == "accepted"
    actors = [each["actor"]["reference"] for each in appointment["participant"]]
    assert actors == [f"Patient/{karto}", "Location/posyandu-melati"]
    assert {e["url"]: e for e in entry["extension"]}["janji"]["valueReference"] == {
        "reference": f"Appointment/{made['id']}"
    }
    order = appointment["basedOn"][0]["reference"]
    assert fhir.read(order)["encounter"] == {"reference": f"Encounter/{gigi}"}
    assert closed(fhir, gigi).status == 200


@pytest.mark.parametrize("jawaban", ["menunggu", "mungkin", "ditolak"])
def test_br_c4_without_the_patients_consent_the_visit_is_not_closed(
    fhir, sop, karto, gigi, jawaban
):
    made = sop.made("janji-layanan", janji(karto, gigi, persetujuan=jawaban))
    visit = sop.read(f"kunjungan/{gigi}")

    by_fhir = closed(fhir, gigi)
    by_sop = sop(
        "PUT",
        f"kunjungan/{gigi}",
        {k: v for k, v in visit.items() if k not in {"id", "versi", "diubah"}}
        | {"status": "selesai"},
    )

    assert (by_fhir.status, by_sop.status) == (422, 422)
    assert "BR-C4" in str(by_fhir.json)
    assert "BR-C4" in str(by_sop.json)
    appointment = fhir.read(f"Appointment/{made['id']}")
    appointment["participant"][0]["status"] = "accepted"
    fhir.kept(f"Appointment/{made['id']}", appointment)
    assert closed(fhir, gigi).status == 200


def test_br_c4_a_cancelled_appointment_postpones_nothing(fhir, sop, karto, gigi):
    made = sop.made("janji-layanan", janji(karto, gigi, persetujuan="menunggu"))

    kept = {name: value for name, value in made.items() if name not in {"id", "versi", "diubah"}}
    sop.kept(f"janji-layanan/{made['id']}", {**kept, "status": "batal", "alasanBatal": "Menolak"})

    assert structure("layanan-tertunda") not in str(fhir.read(f"Encounter/{gigi}"))
    assert closed(fhir, gigi).status == 200


def test_br_c4_a_service_postponed_without_appointment_is_not_agreed(fhir, gigi):
    encounter = fhir.read(f"Encounter/{gigi}")
    entry = {
        "url": structure("layanan-tertunda"),
        "extension": [{"url": "layanan", "valueCode": "lab"}],
    }
    encounter["extension"].append(entry)

    refused = fhir("PUT", f"Encounter/{gigi}", {**encounter, "status": "finished"})

    assert refused.status == 422
    assert "BR-C4" in str(refused.json)


def test_br_c4_an_appointment_by_fhir_with_only_its_order_counts_too(fhir, karto, gigi):
    order = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{karto}"},
        "encounter": {"reference": f"Encounter/{gigi}"},
    }
    promise = {
        "resourceType": "Appointment",
        "status": "booked",
        "basedOn": [{"reference": f"ServiceRequest/{fhir.made('ServiceRequest', order)['id']}"}],
        "start": "2024-05-20T08:00:00+07:00",
        "end": "2024-05-20T08:30:00+07:00",
        "participant": [{"actor": {"reference": f"Patient/{karto}"}, "status": "needs-action"}],
    }

    fhir.made("Appointment", promise)

    assert closed(fhir, gigi).status == 422


def test_br_c4_after_the_visit_only_an_agreed_appointment_is_made(fhir, sop, karto, gigi):
    assert closed(fhir, gigi).status == 200

    refused = sop("POST", "janji-layanan", janji(karto, gigi, persetujuan="menunggu"))

    assert refused.status == 422
    assert "BR-C4" in str(refused.json)


def test_br_c4_the_place_is_one_of_service(sop, karto, gigi):
    home = sop.made("lokasi", {"nama": "Rumah Karto", "jenis": "rumah"})

    refused = sop("POST", "janji-layanan", janji(karto, gigi, tempat=home["id"]))

    assert refused.status == 422
    assert "BR-C4" in str(refused.json)


def test_s9_what_the_flow_added_stays_when_staff_replace_the_visit(fhir, sop, karto, gigi):
    promise = sop.made("janji-layanan", janji(karto, gigi))
    visit = sop.read(f"kunjungan/{gigi}")

    changed = {k: v for k, v in visit.items() if k not in {"id", "versi", "diubah"}}
    sop.kept(f"kunjungan/{gigi}", {**changed, "caraBayar": "bpjs-pbi"})

    found = sop.read(f"kunjungan/{gigi}")
    assert [each["unit"] for each in found["rute"]] == ["gigi", "lansia"]
    assert found["layananTertunda"] == [{"layanan": "lab", "janji": promise["id"]}]
    assert "specialArrangement" in fhir.read(f"Encounter/{gigi}")["hospitalization"]


def test_s9_what_follows_from_screening_route_and_appointment_meets_its_profile(
    fhir, sop, infeksi, karto, gigi
):
    sop.made("janji-layanan", janji(karto, gigi))
    (flag,) = fhir.read(f"Flag?encounter=Encounter/{infeksi}")["entry"]

    wrong = {
        "infeksi": faults(fhir.read(f"Encounter/{infeksi}"), structure("KunjunganPuskesmas")),
        "gigi": faults(fhir.read(f"Encounter/{gigi}"), structure("KunjunganPuskesmas")),
        "flag": faults(flag["resource"], structure("PenandaInfeksi")),
    }

    assert not any(wrong.values()), wrong


@pytest.mark.parametrize("attempt", range(4))
def test_br_c4_of_closing_and_declining_at_once_not_both_win(fhir, sop, karto, gigi, attempt):
    made = sop.made("janji-layanan", janji(karto, gigi))
    encounter = {**fhir.read(f"Encounter/{gigi}"), "status": "finished"}
    appointment = fhir.read(f"Appointment/{made['id']}")
    appointment["participant"][0]["status"] = "declined"
    together = Barrier(2)

    def put(path, body):
        together.wait()
        return fhir("PUT", path, body).status

    with ThreadPoolExecutor(2) as pool:
        closing = pool.submit(put, f"Encounter/{gigi}", encounter)
        declining = pool.submit(put, f"Appointment/{made['id']}", appointment)
        said = (closing.result(), declining.result())

    assert said != (200, 200), attempt
    closed_now = fhir.read(f"Encounter/{gigi}")["status"] == "finished"
    agreed = fhir.read(f"Appointment/{made['id']}")["participant"][0]["status"] == "accepted"
    assert agreed or not closed_now


def test_br_c3_a_pregnant_adult_with_a_toothache_is_known_from_the_record(
    fhir, sop, pasien, datang
):
    ibu = pasien("Ratna", "9901025503960031", "1996-03-15")
    visit = datang(ibu)
    sop.made("skrining-visual", skrining(ibu, visit))
    episode = {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "type": [
            {
                "coding": [
                    {
                        "system": "http://terminology.kemkes.go.id/CodeSystem/episodeofcare-type",
                        "code": "ANC",
                    }
                ]
            }
        ],
        "patient": {"reference": f"Patient/{ibu}"},
    }
    caries = {
        "resourceType": "Condition",
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "K02.9"}]},
        "subject": {"reference": f"Patient/{ibu}"},
        "encounter": {"reference": f"Encounter/{visit}"},
    }
    fhir.made("Condition", caries)
    fhir.made("EpisodeOfCare", episode)

    assert rute(fhir, visit)[0] == [("gigi", "klaster-2", False), ("kia", "klaster-2", False)]
    assert rute(fhir, visit, hamil=False)[0][1][0] == "umum-dewasa"


def test_br_c3_a_known_infection_of_an_earlier_visit_counts(fhir, sop, joko, datang):
    visit = datang(joko)
    sop.made("skrining-visual", skrining(joko, visit))
    assert rute(fhir, visit)[0] == [("umum-dewasa", "klaster-3", False)]

    sop.made("penanda-infeksi", {"pasien": joko, "mulai": "2024-03-01T08:00:00+07:00"})

    assert rute(fhir, visit)[0] == [("umum-dewasa", "klaster-3", True)]


def test_the_route_says_which_complaint_it_does_not_know(fhir, sop, karto, datang):
    visit = datang(karto)
    sop.made("skrining-visual", skrining(karto, visit))
    asked = {"resourceType": "Parameters", "parameter": [{"name": "keluhan", "valueCode": "mata"}]}

    by_fhir = fhir("POST", f"Encounter/{visit}/$rute", asked)
    by_sop = sop("POST", f"kunjungan/{visit}/rute", {"keluhan": ["mata"]})

    assert (by_fhir.status, by_sop.status) == (422, 422)
    assert "demam-pernapasan" in str(by_fhir.json)
    assert sop("POST", "kunjungan/tidak-ada/rute", {}).status == 404


def routed(encounter, unit="lansia"):
    stop = {
        "url": structure("rute"),
        "extension": [
            {"url": "unit", "valueCode": unit},
            {"url": "klaster", "valueCode": "klaster-3"},
            {"url": "ruang-infeksi", "valueBoolean": False},
            {"url": "alasan", "valueString": "umur 66 tahun"},
        ],
    }
    return {**encounter, "extension": [*encounter["extension"], stop]}


def test_br_c1_screening_and_route_in_one_transaction_pass(fhir, karto, datang):
    visit = datang(karto)
    look = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": code_system("observasi-lokal"), "code": "skrining-visual"}]},
        "subject": {"reference": f"Patient/{karto}"},
        "encounter": {"reference": f"Encounter/{visit}"},
        "effectiveDateTime": "2024-05-13T07:40:00+07:00",
    }
    encounter = routed(fhir.read(f"Encounter/{visit}"))
    put = entry("PUT", f"Encounter/{visit}", encounter)

    alone = fhir("POST", "", bundle("transaction", put))
    both = fhir("POST", "", bundle("transaction", put, entry("POST", "Observation", look)))

    assert (alone.status, both.status) == (409, 200)
    found = fhir.read(f"Encounter/{visit}")
    assert (found["status"], structure("rute") in str(found)) == ("triaged", True)


def test_br_c5_holds_for_a_patch_too(client, fhir, infeksi):
    place = {"location": {"reference": "Location/lab"}, "status": "active"}

    said = client.patch(
        f"/fhir/Encounter/{infeksi}",
        json=[{"op": "add", "path": "/location/-", "value": place}],
        content_type="application/json-patch+json",
    )

    assert said.status_code == 422
    assert "BR-C5" in said.text
    assert "Location/lab" not in str(fhir.read(f"Encounter/{infeksi}"))


def test_br_c3_a_visit_that_has_ended_is_not_routed_any_more(fhir, sop, gigi):
    assert closed(fhir, gigi).status == 200

    assert sop("POST", f"kunjungan/{gigi}/rute", {}).status == 200
    assert sop("POST", f"kunjungan/{gigi}/rute", {"terapkan": True}).status == 409
