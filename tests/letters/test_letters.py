"""Letters over HTTP: what they say, that they are harmless, and what a browser may do with them."""

import builtins
import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest

from fhir_server.letters import cetak, load_letters
from fhir_server.mappings import load_mappings
from fhir_server.mappings.codes import code_system
from tests.letters.layout import needs_pango, sheets

DASH = "\u2013"
EVIL = '<script>alert("x")</script>'
RUJUKAN = {
    "faskes": "pkm-todanan",
    "nomor": "RJ-2024-0412",
    "jenis": "medis",
    "prioritas": "darurat",
    "layanan": "gawat-darurat",
    "spesialis": "Obstetri dan ginekologi",
    "tujuan": "rs-a",
    "alasan": "Preeklampsia berat, mohon tata laksana",
    "diagnosis": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
    "kondisi": {"sistolik": 168, "diastolik": 112, "suhu": 36.9, "kesadaran": "compos-mentis"},
    "tindakanPra": ["MgSO4 4 g intravena"],
    "transport": "ambulans",
    "penjamin": {"jenis": "bpjs-pbi", "nomor": "9900000000001"},
    "perujuk": "dokter-todanan",
    "waktu": "2024-08-20T19:42:00+07:00",
}
BALIK = {
    "faskes": "rs-a",
    "nomor": "RB-2024-0188",
    "penerima": "pkm-todanan",
    "perawatan": "rawat-inap",
    "diagnosisAkhir": [{"kode": "O14.1", "nama": "Preeklampsia berat"}],
    "tindakan": ["Seksio sesarea"],
    "penunjang": [{"pemeriksaan": "Hb", "hasil": "11,2 g/dL"}],
    "obat": [{"nama": "Nifedipin 10 mg", "signa": "3 x 1 tablet", "jumlah": "21 tablet"}],
    "anjuranPemantauan": "Ukur tekanan darah setiap hari",
    "kontrolKe": "rs-a",
    "tglKontrol": "2024-08-31",
    "penulis": "dokter-todanan",
    "waktu": "2024-08-24T09:00:00+07:00",
}
RESEP = {
    "noResep": "RSP-1",
    "asal": "kunjungan",
    "peresep": "dokter-todanan",
    "waktu": "2024-08-20T10:00:00+07:00",
    "item": [
        {"obat": "93000937", "nama": "Tablet tambah darah", "signa": "1 x 1 tablet", "jumlah": 30},
        {"obat": "93001019", "nama": "Nifedipin 10 mg", "signa": "3 x 1", "jumlah": 12.5},
    ],
}
KSPR = {
    "kontak": "I",
    "hpht": "2024-01-15",
    "waktu": "2024-04-02T10:15:00+07:00",
    "penilai": "dokter-todanan",
    "faktor": ["f06", "f10"],
    "fakta": {"gravida": 4, "paritas": 3, "abortus": 0},
}


@pytest.fixture
def clinic(clinic):
    for id, nama, induk in (
        ("dinkes", "Dinas Kesehatan Kabupaten Todanan", None),
        ("pkm-todanan", "Puskesmas Todanan", "dinkes"),
        ("rs-a", "Rumah Sakit A", None),
    ):
        part_of = {"partOf": {"reference": f"Organization/{induk}"}} if induk else {}
        body = {"resourceType": "Organization", "id": id, "name": nama, **part_of}
        assert clinic.client.put(f"/fhir/Organization/{id}", json=body).status_code == 201
    doctor = {
        "resourceType": "Practitioner",
        "id": "orang",
        "name": [{"text": "dr. Ratna Dewi"}],
        "identifier": [{"system": "https://puskesmas.example/fhir/sid/no-sip", "value": "SIP-1"}],
    }
    role = {
        "resourceType": "PractitionerRole",
        "id": "dokter-todanan",
        "practitioner": {"reference": "Practitioner/orang"},
        "organization": {"reference": "Organization/pkm-todanan"},
    }
    clinic.client.put("/fhir/Practitioner/orang", json=doctor)
    clinic.client.put("/fhir/PractitionerRole/dokter-todanan", json=role)
    return clinic


@pytest.fixture
def siti(clinic):
    lain = {"jenisKelamin": "female", "tanggalLahir": "1986-03-12", "nik": "9901025203860001"}
    return clinic.pasien(117, nama="Siti Rahmawati", alamat="Dusun Krajan", **lain)["id"]


def page(clinic, entity, document_id, accept="text/html"):
    return clinic.client.get(f"/sop/v1/{entity}/{document_id}/surat", headers={"Accept": accept})


def words(answer):
    """Give what a reader sees."""
    assert answer.status_code == 200, answer.text
    body = re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def arrived(clinic, letter):
    """Move a referral to where it may be referred back."""
    for status in ("disetujui", "pasien-tiba"):
        letter = clinic.changed("rujukan", letter, status=status)
    return letter


def test_surat_rujukan(clinic, siti):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})

    said = words(page(clinic, "rujukan", made["id"]))

    for each in (
        *("Dinas Kesehatan Kabupaten Todanan", "Puskesmas Todanan", "Nomor: RJ-2024-0412"),
        *("Darurat", "Obstetri dan ginekologi", "Rumah Sakit A", "Siti Rahmawati"),
        *(
            "9901025203860001",
            "12 Maret 1986 (38 tahun)",
            "Perempuan",
            "Preeklampsia berat (O14.1)",
        ),
        *("168/112 mmHg", "36,9 °C", "Compos mentis", "MgSO4 4 g intravena", "Ambulans"),
        *("20 Agustus 2024", "dr. Ratna Dewi", "SIP SIP-1", "9900000000001"),
    ):
        assert each in said


def test_a_social_referral_says_who_it_is_and_no_more(clinic, siti):
    social = {
        name: RUJUKAN[name] for name in ("faskes", "nomor", "perujuk", "waktu", "layanan", "tujuan")
    }
    more = {"jenis": "sosial", "prioritas": "elektif", "alasan": "Mohon bantuan pangan"}
    made = clinic.made("rujukan", {**social, **more, "pasien": siti, "diagnosis": []})

    said = words(page(clinic, "rujukan", made["id"]))

    assert "Surat Rujukan Sosial" in said
    assert "pendampingan sosial" in said
    assert "Mohon bantuan pangan" in said
    assert "Nomor rekam medis" not in said
    assert "Gawat darurat" not in said


def test_surat_rujuk_balik(clinic, siti):
    first = arrived(clinic, clinic.made("rujukan", {**RUJUKAN, "pasien": siti}))
    made = clinic.made("rujuk-balik", {**BALIK, "pasien": siti, "rujukanAsal": first["id"]})

    said = words(page(clinic, "rujuk-balik", made["id"]))

    for each in (
        *("Rumah Sakit A", "Nomor: RB-2024-0188", "Puskesmas Todanan", "RJ-2024-0412"),
        *("tanggal 20 Agustus 2024", "Rawat inap", "Seksio sesarea", "11,2 g/dL"),
        *("Nifedipin 10 mg", "3 x 1 tablet", "21 tablet", "Ukur tekanan darah setiap hari"),
        *("31 Agustus 2024, Rumah Sakit A", "Dokter yang merawat"),
    ):
        assert each in said


def test_a_letter_says_that_the_patient_has_no_name(clinic):
    """A letter without any word of whom it is about could be anybody's."""
    nobody = clinic.client.post("/fhir/Patient", json={"resourceType": "Patient"}).json["id"]
    first = arrived(clinic, clinic.made("rujukan", {**RUJUKAN, "pasien": nobody}))
    papers = {
        "rujukan": (first, f"Nama {DASH}"),
        "rujuk-balik": (
            clinic.made("rujuk-balik", {**BALIK, "pasien": nobody, "rujukanAsal": first["id"]}),
            f"Nama {DASH}",
        ),
        "resep": (
            clinic.made("resep", {**RESEP, "pasien": nobody, "status": "disusun"}),
            f"Pro {DASH}",
        ),
        "skor-poedji-rochjati": (
            clinic.made("skor-poedji-rochjati", {**KSPR, "pasien": nobody}),
            f"Nama ibu {DASH}",
        ),
    }

    for entity, (made, expected) in papers.items():
        said = words(page(clinic, entity, made["id"]))
        assert expected in said
        assert "None" not in said


@needs_pango
def test_lines_of_a_free_text_stay_lines(clinic, siti):
    typed = "Pusing sejak pagi.\nTD 168/112 & protein <+3>.\n\nMohon tata laksana."
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti, "alasan": typed})

    (lines,) = sheets(page(clinic, "rujukan", made["id"]).text)

    start = lines.index("Pusing sejak pagi.")
    assert lines[start : start + 3] == typed.replace("\n\n", "\n").split("\n")


@needs_pango
def test_a_signature_does_not_stand_alone_on_a_page(clinic, siti):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})
    written = page(clinic, "rujukan", made["id"]).text
    row = "<li>Preeklampsia berat (O14.1)</li>"
    assert row in written

    for rows in range(14, 34, 2):
        last = sheets(written.replace(row, row * rows))[-1]
        assert any(each.startswith("Atas perhatian") for each in last), rows


@needs_pango
def test_a_table_of_many_drugs_has_its_heads_on_every_page(clinic, siti):
    first = arrived(clinic, clinic.made("rujukan", {**RUJUKAN, "pasien": siti}))
    drugs = [{"nama": f"Obat ke-{n}", "signa": "3 x 1 tablet"} for n in range(60)]
    back = {**BALIK, "pasien": siti, "rujukanAsal": first["id"], "obat": drugs}
    made = clinic.made("rujuk-balik", back)

    printed = sheets(page(clinic, "rujuk-balik", made["id"]).text)

    having = [each for each in printed if any(line.startswith("Obat ke-") for line in each)]
    assert len(having) > 1
    assert all("Aturan pakai" in each for each in having)


def test_resep(clinic, siti):
    made = clinic.made("resep", {**RESEP, "pasien": siti, "status": "disusun"})

    said = words(page(clinic, "resep", made["id"]))

    assert "R/ Tablet tambah darah &nbsp; No. 30 tablet" in said
    assert "R/ Nifedipin 10 mg &nbsp; No. 12,5 tablet" in said
    assert "Pro Siti Rahmawati Umur 38 tahun" in said
    assert "Belum disetujui" in said
    assert "Puskesmas Todanan" in said


def test_kartu_kspr(clinic, siti):
    made = clinic.made("skor-poedji-rochjati", {**KSPR, "pasien": siti})

    said = words(page(clinic, "skor-poedji-rochjati", made["id"]))

    assert "umur kehamilan 11 minggu 1 hari" in said
    assert "15 Januari 2024 dan 21 Oktober 2024" in said
    assert "G4 P3 A0" in said
    assert "Pernah operasi sesar 8 8" in said
    assert "Terlalu muda, hamil 16 tahun atau kurang 4 1" not in said
    assert "Jumlah skor 14" in said
    assert "KRST" in said


def composition(**elements):
    return {
        "resourceType": "Composition",
        "id": "laporan",
        "status": "final",
        "type": {"coding": [{"system": code_system("jenis-dokumen"), "code": "rencana-aksi"}]},
        "date": "2024-08-05",
        "title": "Rencana aksi desa Sidorejo",
        "author": [{"reference": "PractitionerRole/dokter-todanan"}],
        **elements,
    }


def stored(clinic, body):
    said = clinic.client.put(f"/fhir/{body['resourceType']}/{body['id']}", json=body)
    assert said.status_code == 201, said.text


def document(clinic, accept, query=""):
    return clinic.client.get(
        f"/fhir/Composition/laporan/$document{query}", headers={"Accept": accept}
    )


def test_any_composition_is_printed_section_by_section(clinic):
    for kind, body in (
        ("Observation", {"status": "final", "code": {"text": "Hb"}, "valueString": "10,8"}),
        ("Communication", {"status": "completed", "payload": [{"contentString": "kaki bengkak"}]}),
    ):
        clinic.client.put(f"/fhir/{kind}/x", json={"resourceType": kind, "id": "x", **body})
    inner = {"title": "Rincian", "entry": [{"reference": "Communication/x"}]}
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Dua ibu</p></div>'
    sections = [
        {"title": "Ringkasan", "text": {"status": "generated", "div": div}, "section": [inner]},
        {"title": "Hasil", "entry": [{"reference": "Observation/x"}]},
    ]
    stored(clinic, composition(section=sections))

    said = words(document(clinic, "text/html"))

    for each in (
        *("Puskesmas Todanan", "Rencana aksi desa Sidorejo", "Ringkasan Dua ibu"),
        *("Rincian kaki bengkak", "Hasil Hb: 10,8", "5 Agustus 2024", "dr. Ratna Dewi"),
    ):
        assert each in said


def test_a_document_is_a_bundle_unless_a_letter_is_asked_for(clinic):
    stored(clinic, composition())

    for accept in ("application/fhir+json", "*/*", "application/json, text/html"):
        assert document(clinic, accept).json["type"] == "document"
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert document(clinic, browser).content_type.startswith("text/html")
    assert document(clinic, "*/*", "?_format=text/html").content_type.startswith("text/html")
    assert document(clinic, "image/png").status_code == 406
    missing = clinic.client.get(
        "/fhir/Composition/tidak-ada/$document", headers={"Accept": "text/html"}
    )
    assert (missing.status_code, missing.json["resourceType"]) == (404, "OperationOutcome")


def test_the_letter_of_a_referral_is_the_same_from_its_composition(clinic, siti):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})

    by_sop = page(clinic, "rujukan", made["id"])
    by_fhir = clinic.client.get(
        f"/fhir/Composition/{made['id']}-surat/$document", headers={"Accept": "text/html"}
    )

    assert words(by_fhir).split("Alasan merujuk")[0] == words(by_sop).split("Alasan merujuk")[0]


def test_everything_a_resource_says_is_escaped(clinic):
    siti = clinic.pasien(118, nama=f"Siti {EVIL}", alamat=EVIL)["id"]
    evil = {"alasan": EVIL, "tindakanPra": [EVIL], "diagnosis": [{"kode": "O14.1", "nama": EVIL}]}
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti, **evil})
    image = '<img src="http://x.example/y" alt=""/>'
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>a</b>{image}</p></div>'
    section = [{"title": EVIL, "text": {"status": "additional", "div": div}}]
    stored(clinic, composition(title=EVIL, section=section))

    for said in (page(clinic, "rujukan", made["id"]).text, document(clinic, "text/html").text):
        assert "<script" not in said
        assert "<img" not in said
        assert "&lt;script&gt;" in said


def test_a_browser_may_use_the_letters_own_style_and_nothing_else(clinic, siti):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})

    said = page(clinic, "rujukan", made["id"])
    style = re.search(r"<style>(.*?)</style>", said.text, re.DOTALL)[1]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()

    policy = said.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert said.headers["Cache-Control"] == "no-store"
    assert not re.search(r"(?:src|href)=", said.text)


@needs_pango
@pytest.mark.parametrize("entity", ["rujukan", "resep"])
def test_pdf(clinic, siti, entity):
    document = {"rujukan": RUJUKAN, "resep": RESEP}[entity]
    made = clinic.made(entity, {**document, "pasien": siti})

    said = page(clinic, entity, made["id"], "application/pdf")

    assert said.status_code == 200
    assert said.content_type == "application/pdf"
    assert said.data.startswith(b"%PDF-")
    assert said.headers["Content-Disposition"].endswith(f'-{made["id"]}.pdf"')


@needs_pango
def test_pdf_of_a_document(clinic):
    stored(clinic, composition())

    said = document(clinic, "application/pdf")

    assert said.data.startswith(b"%PDF-")


def test_without_pango_the_pdf_says_what_to_install_and_html_works(clinic, siti, monkeypatch):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})
    real = builtins.__import__

    def missing(name, *rest):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    refused = page(clinic, "rujukan", made["id"], "application/pdf")

    assert refused.status_code == 501
    assert "libpango-1.0-0 libpangoft2-1.0-0" in refused.json["issue"][0]["diagnostics"]
    assert page(clinic, "rujukan", made["id"]).status_code == 200


def test_nothing_is_fetched():
    with pytest.raises(ValueError, match="fetches nothing"):
        cetak.refuse("http://jahat.example/x")


def test_what_there_is_not(clinic, siti):
    made = clinic.made("rujukan", {**RUJUKAN, "pasien": siti})

    assert page(clinic, "rujukan", made["id"], "image/png").status_code == 406
    assert page(clinic, "rujukan", "tidak-ada").status_code == 404
    assert page(clinic, "pasien", siti).status_code == 404


def test_every_letter_has_its_template_its_entity_and_its_line_in_the_docs():
    pages = (Path(__file__).parents[2] / "docs" / "sop" / "surat.md").read_text("utf-8")

    for each in load_letters():
        assert (cetak.TEMPLATES / f"{each.templat}.html").is_file()
        assert each.entitas is None or each.entitas in load_mappings()
        assert f"`{each.templat}`" in pages
