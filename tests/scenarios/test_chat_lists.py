"""Lists and single documents of the chat: each entity shows its own Communications, no others."""

from __future__ import annotations

import pytest


@pytest.fixture
def bambang(pasien):
    return pasien(nama="Bambang Prasetyo", nik="9902012107750001", lahir="1975-07-21")


@pytest.fixture
def utas(sop, bambang):
    return sop.made(
        "percakapan-konsultasi",
        {
            "idUtas": "utas-daftar",
            "layanan": "umum",
            "kanal": "whatsapp",
            "dimulai": "2021-07-12T08:00:00+07:00",
            "peserta": [f"pasien/{bambang}", "petugas/operator-kembaran"],
            "pasien": bambang,
        },
    )["id"]


@pytest.fixture
def pesan(sop, bambang, utas):
    def write(nomor, jam, **lain):
        dokumen = {
            "idPesan": f"wamid.D-{nomor}",
            "utas": utas,
            "arah": "masuk",
            "waktuKirim": f"2021-07-12T{jam}+07:00",
            "pengirim": f"pasien/{bambang}",
            "penerima": ["petugas/operator-kembaran"],
            "pasien": bambang,
            "isi": f"pesan {nomor}",
        }
        return sop.made("pesan-chat", {**dokumen, **lain})

    return write


@pytest.fixture
def advis(sop, bambang, utas):
    return sop.made(
        "advis",
        {
            "utas": utas,
            "kunjungan": "pantau-1",
            "pasien": bambang,
            "penulis": "dokter-todanan",
            "jenis": ["saran"],
            "isi": "Istirahat",
            "diterimaTim": "2021-07-12T08:03:10+07:00",
            "dibuat": "2021-07-12T08:07:40+07:00",
            "status": "diterima",
            "waktuKirim": "2021-07-12T08:08:00+07:00",
            "waktuTerima": "2021-07-12T08:08:01+07:00",
        },
    )["id"]


def ids(sop, path):
    return [each["id"] for each in sop.read(path)["dokumen"]]


def test_messages_of_a_thread_in_order(sop, utas, pesan, advis):
    second, first = pesan("2", "09:00:00"), pesan("1", "08:00:00")

    assert advis
    assert ids(sop, f"pesan-chat?utas={utas}") == [first["id"], second["id"]]


def test_threads_and_advices_are_lists_of_their_own(sop, utas, pesan, advis):
    pesan("1", "08:00:00")

    assert ids(sop, "percakapan-konsultasi?layanan=umum") == [utas]
    assert ids(sop, f"advis?utas={utas}&status=diterima") == [advis]
    assert ids(sop, f"advis?utas={utas}&status=disusun") == []


def test_a_message_is_not_an_advice_nor_a_thread(sop, utas, pesan, advis):
    message = pesan("1", "08:00:00")["id"]

    assert sop("GET", f"advis/{message}").status == 404
    assert sop("GET", f"percakapan-konsultasi/{message}").status == 404
    assert sop("GET", f"pesan-chat/{advis}").status == 404
    assert sop("GET", f"pesan-chat/{utas}").status == 404


def test_an_advice_outside_lakon_needs_no_approval(sop, advis):
    assert sop.read(f"advis/{advis}")["status"] == "diterima"


def test_a_message_that_was_sent_to_a_number_nobody_knows(fhir, pesan):
    made = pesan("9", "10:00:00", pengirim="wa/6280000000009")

    assert fhir.read(f"Communication/{made['id']}")["sender"]["identifier"]["value"] == (
        "6280000000009"
    )
    assert made["pengirim"] == "wa/6280000000009"


def test_a_message_edited_by_its_sender_is_a_new_version(sop, fhir, pesan):
    made = pesan("1", "08:00:00")

    sop.kept(f"pesan-chat/{made['id']}", {**made, "isi": "demam 38.9", "disunting": True})

    assert fhir.read(f"Communication/{made['id']}/_history/1")["payload"] == [
        {"contentString": "pesan 1"}
    ]
    assert sop.read(f"pesan-chat/{made['id']}")["isi"] == "demam 38.9"


def test_a_message_deleted_by_its_sender_loses_its_text_and_stays_deleted(sop, fhir, pesan):
    made = pesan("1", "08:00:00")
    empty = {key: value for key, value in made.items() if key != "isi"}

    gone = sop.kept(f"pesan-chat/{made['id']}", {**empty, "dihapus": True})

    resource = fhir.read(f"Communication/{made['id']}")
    assert resource["status"] == "entered-in-error"
    assert "payload" not in resource
    back = sop("PUT", f"pesan-chat/{made['id']}", {**gone, "dihapus": False, "isi": "lagi"})
    assert back.status == 409


def test_what_a_hospital_adds_to_a_message_stays(sop, fhir, pesan):
    made = pesan("1", "08:00:00")
    resource = fhir.read(f"Communication/{made['id']}")
    fhir.kept(f"Communication/{made['id']}", {**resource, "note": [{"text": "ditinjau"}]})

    now = sop.read(f"pesan-chat/{made['id']}")
    sop.kept(f"pesan-chat/{made['id']}", {**now, "kategori": "keluhan"})

    assert fhir.read(f"Communication/{made['id']}")["note"] == [{"text": "ditinjau"}]
