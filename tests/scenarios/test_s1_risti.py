"""S1, the high-risk pregnancy: card, flag, diagnoses, plan with 24 weekly contacts, Fe/folat.

S4 and S5 go on with it: the contact that is kept, and the card that only goes up.
"""

from __future__ import annotations

from itertools import product

import pytest

SITI = {
    "kontak": "I",
    "hpht": "2024-01-15",
    "waktu": "2024-04-02T10:15:00+07:00",
    "penilai": "bidan-kia",
    "faktor": ["f06", "f04", "f10", "f11ab"],
    "fakta": {
        "tanggalLahir": "1986-03-12",
        "gravida": 4,
        "paritas": 3,
        "abortus": 0,
        "persalinanTerakhir": "2013-01-10",
        "tinggi": 152,
        "pernahSesar": True,
        "hb": 10.8,
        "sistolik": 130,
        "diastolik": 85,
    },
}


@pytest.fixture
def siti(pasien):
    return pasien()


@pytest.fixture
def anc(kunjungan, siti):
    return kunjungan(siti)


@pytest.fixture
def kartu(sop, siti, anc):
    """Fill in a card; what is given replaces S1's."""

    def fill(**lain):
        return sop.made("skor-poedji-rochjati", {**SITI, "pasien": siti, "kunjungan": anc, **lain})

    return fill


@pytest.fixture
def rencana(sop, siti, anc, kartu):
    skor = kartu()
    return sop.made(
        "rencana-asuhan",
        {
            "nomor": "RA-2024-0031",
            "pasien": siti,
            "kelompok": "KRST",
            "hpht": "2024-01-15",
            "dibuat": "2024-04-02T10:20:00+07:00",
            "penyusun": "bidan-kia",
            "kunjungan": anc,
            "skor": skor["id"],
            "masalah": [f"{skor['id']}-diagnosis-z358", f"{skor['id']}-diagnosis-o342"],
            "tim": ["bidan-kia", "bidan-desa-sidorejo"],
            "tujuan": ["Persalinan terencana di RS"],
            "rencanaPersalinan": {"tempat": "RS", "penolong": "dokter", "pendamping": "suami"},
            "jadwalPemantauan": {
                "kanal": "whatsapp",
                "pelaksana": "bidan-desa-sidorejo",
                "mulai": "2024-04-09",
            },
        },
    )


def resources(bundle):
    return [each["resource"] for each in bundle.get("entry", ())]


def active_flags(fhir, siti):
    found = resources(fhir.read(f"Flag?patient=Patient/{siti}"))
    return [each for each in found if each["status"] == "active"]


def test_the_card_is_counted(kartu):
    skor = kartu()

    assert (skor["skor"], skor["kelompok"]) == (22, "KRST")
    assert sorted(skor["diagnosis"]) == ["O34.2", "O99.0", "Z35.8"]
    assert "peringatan" not in skor


def test_the_hospital_sees_the_risk_its_reason_and_its_flag(fhir, siti, kartu):
    skor = kartu()

    (risk,) = resources(fhir.read(f"RiskAssessment?patient=Patient/{siti}&risk=KRST"))
    prediction = risk["prediction"][0]
    assert prediction["rationale"] == "2 + f04 4 + f06 4 + f10 8 + f11ab 4 = 22"
    assert "persalinan di RS, penolong dokter" in risk["mitigation"]
    assert fhir.read(f"Observation/{skor['id']}-skor")["valueInteger"] == 22
    (flag,) = active_flags(fhir, siti)
    assert flag["code"]["coding"][0]["code"] == "ibu-hamil-risti"
    codes = {
        each["code"]["coding"][0]["code"]
        for each in resources(fhir.read(f"Condition?patient=Patient/{siti}"))
    }
    assert codes == {"Z35.8", "O34.2", "O99.0"}


def test_a_row_the_findings_speak_for_is_suggested_and_not_added(kartu):
    skor = kartu(faktor=["f06", "f10"])

    assert skor["faktor"] == ["f06", "f10"]
    assert skor["skor"] == 14
    warnings = " ".join(skor["peringatan"])
    assert "f04" in warnings
    assert "f11ab" in warnings


@pytest.mark.parametrize(
    ("salah", "says"),
    [
        ({"faktor": ["f02b", "f06"]}, "f02b"),
        ({"faktor": ["f07"], "skor": 4}, "bukan jumlah kartu"),
        ({"faktor": ["f10"], "kelompok": "KRR"}, "lebih rendah"),
        ({"hpht": "2024-04-03"}, "sesudah penilaian"),
    ],
)
def test_a_card_that_cannot_be_is_refused(sop, siti, salah, says):
    said = sop("POST", "skor-poedji-rochjati", {**SITI, "pasien": siti, **salah})

    assert said.status == 422
    assert says in said.json["issue"][0]["diagnostics"]


def test_s5_the_second_card_is_30_and_leaves_one_flag(fhir, siti, kartu):
    kartu()

    kedua = kartu(
        kontak="III.1",
        waktu="2024-08-20T19:36:00+07:00",
        faktor=["f06", "f04", "f10", "f11ab", "f20"],
        fakta={"bengkak": True, "sistolik": 168, "diastolik": 112},
    )

    assert (kedua["skor"], kedua["kelompok"]) == (30, "KRST")
    assert "O14.1" in kedua["diagnosis"]
    assert [each["id"] for each in active_flags(fhir, siti)] == [f"{kedua['id']}-risti"]


def test_the_group_does_not_go_down_though_the_score_does(kartu):
    kartu()

    kedua = kartu(kontak="II", waktu="2024-07-02T09:00:00+07:00", faktor=["f06"], fakta=None)

    assert (kedua["skor"], kedua["kelompok"]) == (6, "KRST")


def test_the_group_goes_down_when_a_factor_was_recorded_in_error(kartu):
    kartu(faktor=["f06", "f10"], fakta=None)

    kedua = kartu(
        kontak="II",
        waktu="2024-07-02T09:00:00+07:00",
        faktor=["f06"],
        faktorSalahCatat=["f10"],
        fakta=None,
    )

    assert (kedua["skor"], kedua["kelompok"]) == (6, "KRT")


def test_kspr_a_lower_group_by_fhir_is_refused(fhir, kartu):
    skor = kartu()
    risk = fhir.read(f"RiskAssessment/{skor['id']}")
    risk["prediction"][0]["qualitativeRisk"]["coding"][0]["code"] = "KRT"

    said = fhir("PUT", f"RiskAssessment/{skor['id']}", risk)

    assert said.status == 422
    assert "KSPR" in said.issues[0]["diagnostics"]


def test_another_pregnancy_has_a_group_of_its_own(kartu):
    kartu()

    lain = kartu(hpht="2022-01-10", waktu="2022-04-01T09:00:00+07:00", faktor=["f06"], fakta=None)

    assert lain["kelompok"] == "KRT"


def test_a_correction_takes_flag_and_diagnoses_back(sop, fhir, siti, kartu):
    skor = kartu(faktor=["f07"], fakta=None)
    corrected = {
        key: value for key, value in skor.items() if key not in {"skor", "kelompok", "diagnosis"}
    }

    now = sop.kept(f"skor-poedji-rochjati/{skor['id']}", {**corrected, "faktor": []})

    assert (now["skor"], now["kelompok"]) == (2, "KRR")
    assert active_flags(fhir, siti) == []
    (condition,) = resources(fhir.read(f"Condition?patient=Patient/{siti}"))
    assert condition["verificationStatus"]["coding"][0]["code"] == "entered-in-error"


def test_the_plan_has_24_weekly_contacts_then_two_a_week(rencana):
    jadwal = rencana["jadwalPemantauan"]
    mingguan, akhir = jadwal["fase"]
    hari = [each["tanggal"] for each in jadwal["kontak"]]

    assert mingguan["frekuensi"] == "mingguan"
    weekly = [each for each in hari if each <= mingguan["berakhir"]]
    assert (len(weekly), weekly[0], weekly[-1]) == (24, "2024-04-09", "2024-09-17")
    assert akhir == {
        "frekuensi": "dua-kali-seminggu",
        "mulai": "2024-09-24",
        "berakhir": "2024-10-21",
    }
    assert rencana["berakhir"] == "2024-10-21"


def test_the_hospital_sees_the_plan_and_its_contacts(fhir, siti, rencana):
    (plan,) = resources(
        fhir.read(f"CarePlan?patient=Patient/{siti}&category=ibu-hamil-risti&status=active")
    )
    planned = resources(
        fhir.read(f"CommunicationRequest?based-on=CarePlan/{rencana['id']}&_count=100")
    )

    assert plan["addresses"][0]["reference"].startswith("Condition/")
    assert len(planned) == len(rencana["jadwalPemantauan"]["kontak"]) == 32
    assert {each["status"] for each in planned} == {"active"}
    assert len([e for e in planned if e["occurrenceDateTime"] <= "2024-09-17"]) == 24


def test_s4_a_message_on_the_day_keeps_the_contact(sop, fhir, siti, rencana):
    utas = sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-siti",
            "layanan": "pemantauan",
            "kanal": "whatsapp",
            "dimulai": "2024-04-09T09:05:00+07:00",
            "peserta": [f"pasien/{siti}", "petugas/bidan-desa-sidorejo"],
            "pasien": siti,
        },
    )["id"]
    pesan = sop.made(
        "pesan-chat",
        {
            "idPesan": "wamid.S1-1",
            "utas": utas,
            "arah": "keluar",
            "waktuKirim": "2024-04-09T09:05:00+07:00",
            "pengirim": "petugas/bidan-desa-sidorejo",
            "penerima": [f"pasien/{siti}"],
            "pasien": siti,
            "isi": "Bu Siti, ada keluhan minggu ini?",
            "kategori": "pemantauan",
        },
    )

    assert pesan["jadwal"] == f"{rencana['id']}-kontak-20240409"
    assert fhir.read(f"CommunicationRequest/{pesan['jadwal']}")["status"] == "completed"
    first, second = sop.read(f"rencana-asuhan/{rencana['id']}")["jadwalPemantauan"]["kontak"][:2]
    assert (first["status"], second["status"]) == ("selesai", "terjadwal")


def test_a_change_of_the_plan_forgets_no_kept_contact(sop, fhir, rencana):
    name = f"CommunicationRequest/{rencana['id']}-kontak-20240409"
    fhir.kept(name, {**fhir.read(name), "status": "completed"})
    shorter = {**rencana["jadwalPemantauan"]}
    shorter["kontak"] = shorter["kontak"][:2]

    now = sop.kept(f"rencana-asuhan/{rencana['id']}", {**rencana, "jadwalPemantauan": shorter})

    assert [each["status"] for each in now["jadwalPemantauan"]["kontak"]] == [
        "selesai",
        "terjadwal",
    ]
    dropped = f"CommunicationRequest/{rencana['id']}-kontak-20240423"
    assert fhir.read(dropped)["status"] == "revoked"


def test_the_trace_says_where_elements_come_from(sop, rencana):
    rows = sop.read(f"rencana-asuhan/{rencana['id']}/jejak")

    assert any("hpht" in row["bidang"] for row in rows)
    assert not [row for row in rows if not row["bidang"] and not row["tetap"]]


def test_iron_and_folate_are_prescribed_and_handed_over(sop, fhir, siti, anc):
    resep = sop.made(
        "resep",
        {
            "noResep": "RSP-20240402-017",
            "asal": "kunjungan",
            "pasien": siti,
            "peresep": "dokter-klaster-2",
            "waktu": "2024-04-02T10:12:00+07:00",
            "item": [
                {
                    "obat": "93000937",
                    "nama": "Tablet tambah darah (Fe dan asam folat)",
                    "signa": "1 x 1 tablet",
                    "jumlah": 30,
                }
            ],
            "kunjungan": anc,
        },
    )
    sop.made(
        "penyerahan-obat",
        {
            "resep": resep["id"],
            "pasien": siti,
            "obat": "93000937",
            "nama": "Tablet tambah darah (Fe dan asam folat)",
            "jumlah": 30,
            "petugas": "apoteker-1",
            "kunjungan": anc,
            "diserahkan": "2024-04-02T10:20:00+07:00",
            "status": "selesai",
        },
    )

    found = resources(fhir.read("MedicationRequest?group-identifier=RSP-20240402-017"))
    assert [each["status"] for each in found] == ["completed"]
    (dispense,) = resources(fhir.read(f"MedicationDispense?patient=Patient/{siti}"))
    assert dispense["quantity"]["value"] == 30


def test_br_a0_a_monitoring_thread_needs_somebody_who_is_monitored(sop, pasien):
    lain = pasien(nama="Lilis Suryaningsih", nik="9902016308010032", lahir="2001-08-23")
    utas = {
        "idUtas": "utas-lilis",
        "layanan": "pemantauan",
        "kanal": "whatsapp",
        "dimulai": "2024-08-05T09:05:00+07:00",
        "peserta": [f"pasien/{lain}", "petugas/bidan-desa-ngelo"],
        "pasien": lain,
    }

    said = sop("POST", "percakapan-konsultasi", utas)
    without = sop("POST", "percakapan-konsultasi", {**utas, "pasien": None, "peserta": ["wa/62"]})

    assert said.status == without.status == 422
    assert all("BR-A0" in each.issues[0]["diagnostics"] for each in (said, without))


@pytest.mark.parametrize(("kategori", "status"), [("keluhan", 422), ("darurat", 201)])
def test_br_a5_a_patient_writes_to_a_doctor_only_in_an_emergency(fhir, siti, kategori, status):
    cs = "https://puskesmas.example/fhir/CodeSystem"
    fhir.kept(
        "PractitionerRole/dokter-todanan",
        {
            "resourceType": "PractitionerRole",
            "id": "dokter-todanan",
            "code": [{"coding": [{"system": f"{cs}/peran-petugas", "code": "dokter"}]}],
        },
    )
    message = {
        "resourceType": "Communication",
        "status": "completed",
        "category": [{"coding": [{"system": f"{cs}/kategori-komunikasi", "code": kategori}]}],
        "subject": {"reference": f"Patient/{siti}"},
        "sender": {"reference": f"Patient/{siti}"},
        "recipient": [{"reference": "PractitionerRole/dokter-todanan"}],
        "payload": [{"contentString": "pusing hebat sekali, pandangan kabur"}],
    }

    said = fhir("POST", "Communication", message)

    assert said.status == status
    assert (status == 201) or "BR-A5" in said.issues[0]["diagnostics"]


OTHERS = {
    "Patient/{lain}": "pasien/{lain}",
    "RelatedPerson/suami-lain": "keluarga/suami-lain",
    "PractitionerRole/kader-ngelo": "petugas/kader-ngelo",
    "Group/sasaran-ngelo": None,
}


@pytest.mark.usefixtures("rencana")
@pytest.mark.parametrize("others", OTHERS.items())
def test_br_a0_nobody_else_takes_part_in_a_monitoring_thread(sop, fhir, pasien, siti, others):
    lain = pasien(nama="Lilis Suryaningsih", nik="9902016308010032", lahir="2001-08-23")
    reference, peserta = (each and each.format(lain=lain) for each in others)
    base = "https://puskesmas.example/fhir/CodeSystem"
    role = {"coding": [{"system": f"{base}/peran-petugas", "code": "kader"}]}
    for each in (
        {"resourceType": "PractitionerRole", "id": "kader-ngelo", "code": [role]},
        {
            "resourceType": "RelatedPerson",
            "id": "suami-lain",
            "patient": {"reference": f"Patient/{lain}"},
        },
    ):
        assert fhir("PUT", f"{each['resourceType']}/{each['id']}", each).status == 201
    codes = {"kategori-komunikasi": "utas", "layanan-konsultasi": "pemantauan"}
    thread = {
        "resourceType": "Communication",
        "status": "in-progress",
        "category": [{"coding": [{"system": f"{base}/{s}", "code": c}]} for s, c in codes.items()],
        "subject": {"reference": f"Patient/{siti}"},
        "recipient": [
            {"reference": f"Patient/{siti}"},
            {"identifier": {"value": "6280000000009"}},
            {"reference": reference},
        ],
    }
    utas = {
        "idUtas": "utas-siti",
        "layanan": "pemantauan",
        "kanal": "whatsapp",
        "dimulai": "2024-04-09T09:05:00+07:00",
        "peserta": [f"pasien/{siti}", "petugas/bidan-desa-sidorejo", "faskes/pkm-dharma-rini"],
        "pasien": siti,
    }

    refused = fhir("POST", "Communication", thread)
    said = peserta and sop(
        "POST",
        "percakapan-konsultasi",
        {**utas, "peserta": [*utas["peserta"], peserta]},
    )

    assert refused.status == 422
    assert "BR-A0" in refused.issues[0]["diagnostics"]
    assert "recipient[2]" in str(refused.issues[0]["expression"])
    assert not said or (said.status == 422 and "BR-A0" in str(said.issues))
    assert (
        fhir("POST", "Communication", {**thread, "recipient": thread["recipient"][:2]}).status
        == 201
    )
    assert sop.made("percakapan-konsultasi", utas)


@pytest.fixture
def utas(sop, siti, rencana):  # noqa: ARG001 - a plan makes her somebody who is monitored
    return sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-siti",
            "layanan": "pemantauan",
            "kanal": "whatsapp",
            "dimulai": "2024-04-09T09:05:00+07:00",
            "peserta": [f"pasien/{siti}", "petugas/bidan-desa-sidorejo"],
            "pasien": siti,
        },
    )["id"]


@pytest.fixture
def orang_lain(fhir, pasien):
    """Another patient, her husband, a kader; and the husband of Siti."""
    lain = pasien(nama="Lilis Suryaningsih", nik="9902016308010032", lahir="2001-08-23")
    base = "https://puskesmas.example/fhir/CodeSystem"
    kader = {"coding": [{"system": f"{base}/peran-petugas", "code": "kader"}]}
    put(fhir, "PractitionerRole/kader-ngelo", code=[kader])
    put(fhir, "RelatedPerson/suami-lain", patient={"reference": f"Patient/{lain}"})
    return lain


def put(fhir, name, **elements):
    kind, _, own_id = name.partition("/")
    written = {"resourceType": kind, "id": own_id, **elements}
    assert fhir("PUT", name, written).status in {200, 201}


def message(utas, **who):
    return {
        "resourceType": "Communication",
        "status": "completed",
        "partOf": [{"reference": f"Communication/{utas}"}],
        "sent": "2024-04-09T09:10:00+07:00",
        "recipient": [{"reference": "Organization/pkm-dharma-rini"}],
        "payload": [{"contentString": "Pusing sejak kemarin"}],
        **who,
    }


STRANGERS = {
    "Patient/{lain}": "pasien/{lain}",
    "RelatedPerson/suami-lain": "keluarga/suami-lain",
    "PractitionerRole/kader-ngelo": "petugas/kader-ngelo",
}


@pytest.mark.parametrize("where", [*product(["sender", "recipient"], STRANGERS.items())])
def test_br_a0_nobody_else_writes_or_reads_in_a_monitoring_thread(
    sop, fhir, utas, orang_lain, where
):
    element, (reference, pihak) = where
    party, pihak = ({"reference": reference.format(lain=orang_lain)}, pihak.format(lain=orang_lain))
    wrong = message(utas, **{element: party if element == "sender" else [party]})
    bidan = {"reference": "PractitionerRole/bidan-desa-sidorejo"}
    right = fhir("POST", "Communication", message(utas, sender=bidan))
    own_id = right.json["id"]
    sender = pihak if element == "sender" else "petugas/bidan-desa-sidorejo"

    refused = fhir("POST", "Communication", wrong)
    changed = fhir("PUT", f"Communication/{own_id}", {**wrong, "id": own_id})
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": wrong, "request": {"method": "POST", "url": "Communication"}}],
    }
    together = fhir("POST", "", bundle)
    said = sop(
        "POST",
        "pesan-chat",
        {
            "idPesan": "pesan-1",
            "utas": utas,
            "arah": "internal" if sender.startswith("petugas/") else "masuk",
            "waktuKirim": "2024-04-09T09:10:00+07:00",
            "pengirim": sender,
            "penerima": ["faskes/pkm-dharma-rini"] if element == "sender" else [pihak],
            "isi": "Pusing sejak kemarin",
        },
    )

    assert right.status == 201
    assert [each.status for each in (refused, changed, together, said)] == [422] * 4
    assert "BR-A0" in refused.issues[0]["diagnostics"]
    assert f".{element}" in str(refused.issues[0]["expression"])
    assert "BR-A0" in str(said.issues)


def test_br_a0_whoever_takes_part_writes_and_nobody_is_judged_elsewhere(
    sop, fhir, siti, utas, orang_lain
):
    put(fhir, "RelatedPerson/suami-siti", patient={"reference": f"Patient/{siti}"})
    dokter = {"system": "https://puskesmas.example/fhir/CodeSystem/peran-petugas", "code": "dokter"}
    put(fhir, "PractitionerRole/dokter-jaga", code=[{"coding": [dokter]}])
    lakon = sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-lakon",
            "layanan": "lakon",
            "kanal": "whatsapp",
            "dimulai": "2024-04-09T09:05:00+07:00",
            "peserta": [f"pasien/{siti}"],
        },
    )["id"]
    takes_part = [
        {"reference": f"Patient/{siti}"},
        {"reference": "RelatedPerson/suami-siti"},
        {"reference": "PractitionerRole/dokter-jaga"},
        {"reference": "PractitionerRole/bidan-desa-sidorejo"},
        {"reference": "Organization/pkm-dharma-rini"},
        {"identifier": {"value": "6280000000009"}},
    ]
    others = [f"Patient/{orang_lain}", "RelatedPerson/suami-lain", "PractitionerRole/kader-ngelo"]
    kader = {"reference": others[2]}

    inside = [fhir("POST", "Communication", message(utas, sender=e)).status for e in takes_part]
    notice = fhir("POST", "Communication", message(utas)).status
    outside = [
        fhir("POST", "Communication", message(lakon, sender={"reference": each})).status
        for each in others
    ]
    mistake = message(utas, sender=kader, status="entered-in-error")

    assert (inside, outside) == ([201] * 6, [201] * 3)
    assert notice == 201
    assert fhir("POST", "Communication", mistake).status == 201
