"""Bad input to every SOP entity: refused by what is wrong, in Indonesian; nothing is written."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import marshmallow as ma
import pymongo
import pytest
import yaml
from mongoengine import connection

from fhir_server.config import Settings
from fhir_server.mappings import load_mappings
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.sop import entitas
from tests.support.clinic import Clinic

CASES = Path(__file__).parent.parent / "mappings"
WRITABLE = [name for name, mapping in load_mappings().items() if not mapping.read_only]
LONG = "ä/ä" * 21_000
ANY = re.compile(r"\s*\S")
"""What a free text must fit; such a text may be long."""
ELSEWHERE = {"permintaan_layanan", "tindak_lanjut"}
"""Those ask for their visit first, or leave periods to R4's own invariant (per-1)."""
PERIODS = [
    ("mulai", "selesai"),
    ("mulai", "sampai"),
    ("mulai", "berakhir"),
    ("sejak", "sampai"),
    ("dari", "sampai"),
    ("berlakuDari", "berlakuSampai"),
    ("aktifDari", "aktifSampai"),
]


def cases(entity):
    found = yaml.safe_load((CASES / f"{entity}.yaml").read_text("utf-8"))
    return [json.loads(json.dumps(each["sop"])) for each in found]


def fields(entity):
    known = schema_of(entitas()[entity].dokumen).fields
    return {name: each for name, each in known.items() if not each.dump_only}


def has(entity, name):
    return any(name == each.name for each in dataclasses.fields(entitas()[entity].dokumen))


@pytest.fixture(scope="module")
def clinic(mongodb_uri):
    """One clinic for the whole file: what is refused leaves nothing behind."""
    from fhir_server.app import build_context, create_app  # noqa: PLC0415 - only where asked for

    name = f"test_hostile_{os.getpid()}"
    settings = dataclasses.replace(
        Settings(), mongodb_uri=mongodb_uri, mongodb_database=name, threads=8
    )
    built = build_context(settings, mongodb_uri)
    with pymongo.MongoClient(mongodb_uri) as client:
        made = Clinic(create_app(built).test_client())
        made.database = client[name]
        yield made
        built.store.close()
        connection.disconnect_all()
        client.drop_database(name)


@pytest.fixture
def nothing(clinic):
    """Hold that the test writes no resource."""
    before = resources(clinic)
    yield
    assert resources(clinic) == before


def resources(clinic):
    """Count what is stored, by type; the archive of documents notes refusals too."""
    names = [each for each in clinic.database.list_collection_names() if each[0].isupper()]
    counted = {each: clinic.database[each].count_documents({}) for each in names}
    return {each: number for each, number in counted.items() if number}


def refused(clinic, entity, document, field):
    """Send a document that must be refused; give what is said of the field."""
    answer = clinic.client.open(
        f"/sop/v1/{entity.replace('_', '-')}",
        method="POST",
        data=json.dumps(document),
        content_type="application/json",
    )
    assert answer.status_code == 422, (field, answer.status_code, answer.text[:300])
    assert answer.json["resourceType"] == "OperationOutcome"
    said = {
        (each.get("expression") or [""])[0]: each["diagnostics"] for each in answer.json["issue"]
    }
    about = [words for where, words in said.items() if where.startswith(field)]
    assert about, (field, said)
    return about[0]


def hostile(field):
    """Give what no field of its kind can be."""
    yield {"$gt": ""}
    yield [{"$ne": None}, 7]
    if isinstance(field, ma.fields.String):
        yield from (7, True, "a\x00b", "\ud800")
        if any(getattr(rule, "regex", None) != ANY for rule in field.validators):
            yield LONG
    elif isinstance(field, ma.fields.Decimal | ma.fields.Integer):
        yield from ("banyak", True if isinstance(field, ma.fields.Integer) else "NaN", 10**400)
    elif isinstance(field, ma.fields.AwareDateTime):
        yield from ("2024-02-31T08:00:00+07:00", "2024-04-02T08:00:00", "kemarin", 7)
    elif isinstance(field, ma.fields.Date):
        yield from ("2024-02-31", "31-02-2024", 20240231)
    else:
        yield from (7, LONG)


def leaves(value, path=()):
    """Give the place of every plain value of a document."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, (*path, number))
    else:
        yield path


def replaced(document, path, value):
    whole = json.loads(json.dumps(document))
    inner = whole
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return whole


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", WRITABLE)
def test_no_field_takes_what_it_cannot_be(clinic, entity):
    document = cases(entity)[0]

    for name, field in fields(entity).items():
        for value in hostile(field):
            assert "Seharusnya" in refused(clinic, entity, {**document, name: value}, name) or value


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", WRITABLE)
def test_nor_does_any_field_within_a_field(clinic, entity):
    for document in cases(entity):
        for path in leaves(document):
            assert refused(clinic, entity, replaced(document, path, {"$gt": ""}), path[0])


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", WRITABLE)
def test_a_form_half_empty_says_what_is_missing(clinic, entity):
    document = cases(entity)[0]
    required = [name for name, field in fields(entity).items() if field.required]

    for name in required:
        rest = {key: value for key, value in document.items() if key != name}
        for half in (rest, {**rest, name: None}):
            assert "wajib diisi" in refused(clinic, entity, half, name)

    for name in required:
        assert "wajib diisi" in refused(clinic, entity, {}, name)


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", WRITABLE)
def test_what_is_no_field_is_not_lost(clinic, entity):
    document = cases(entity)[0]

    for name in ("bidangKarangan", "$where", "__class__", "resourceType"):
        assert "tidak dikenal" in refused(clinic, entity, {**document, name: "x"}, name)


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", [each for each in WRITABLE if has(each, "nik")])
@pytest.mark.parametrize("nik", ["123", "99020152038600011", "990201520386000A", "9902 0152 0386"])
def test_a_wrong_nik_is_told_what_one_is(clinic, entity, nik):
    assert "16" in refused(clinic, entity, {**cases(entity)[0], "nik": nik}, "nik")


def periods():
    for entity in sorted(set(WRITABLE) - ELSEWHERE):
        for start, end in PERIODS:
            if has(entity, start) and has(entity, end):
                server = {
                    each.name
                    for each in dataclasses.fields(entitas()[entity].dokumen)
                    if each.metadata.get("server")
                }
                if not server & {start, end}:
                    yield entity, start, end


def earlier(text):
    if len(text) == len("2024-04-02"):
        return (date.fromisoformat(text) - timedelta(days=2)).isoformat()
    return (datetime.fromisoformat(text) - timedelta(days=2)).isoformat()


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize(("entity", "start", "end"), list(periods()))
def test_nothing_ends_before_it_begins(clinic, entity, start, end):
    document = next((each for each in cases(entity) if each.get(start) and each.get(end)), None)
    document = document or next(each for each in cases(entity) if each.get(start))

    answer = clinic.post(entity.replace("_", "-"), {**document, end: earlier(document[start])})

    assert answer.status_code in {409, 422}, answer.text
    assert any(name in answer.text for name in (start, end)), answer.text


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize("entity", load_mappings())
@pytest.mark.parametrize(
    "odd",
    ["%00", "..%2f..%2fPatient", "a%20b", "'%22%3B--", "%F0%9F%92%A9", "%ff", LONG[:5000], "$gt"],
)
def test_an_odd_id_is_nobody(clinic, entity, odd):
    address = f"/sop/v1/{entity.replace('_', '-')}/{odd}"

    read = clinic.client.get(address)
    written = clinic.client.put(address, json=cases(entity)[0])

    assert read.status_code in {400, 404, 414}
    assert written.status_code in {400, 404, 405, 409, 414, 422, 428}
    assert read.json["resourceType"] == written.json["resourceType"] == "OperationOutcome"


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize(
    "body", [b'{"nama": ' + b"7" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b""]
)
def test_a_body_without_end_is_refused(clinic, body):
    answer = clinic.client.post("/sop/v1/pasien", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert "Isi permintaan" in answer.json["issue"][0]["diagnostics"]


def test_a_long_text_is_kept_whole(clinic):
    document = {**cases("diagnosis")[0], "catatan": LONG}
    clinic.known(document["pasien"])

    answer = clinic.post("diagnosis", document)

    assert (answer.status_code, answer.json.get("catatan")) == (201, LONG)


def test_two_staff_who_change_one_document_at_once(clinic):
    made = clinic.made("pasien", cases("pasien")[0])

    def change(name):
        return clinic.put("pasien", made, nama=name)

    with ThreadPoolExecutor(2) as staff:
        answers = sorted(staff.map(change, ["Siti A", "Siti B"]), key=lambda each: each.status_code)

    assert [each.status_code for each in answers] == [200, 412]
    assert "Baca lagi" in answers[1].json["issue"][0]["diagnostics"]
    kept = clinic.get(f"/sop/v1/pasien/{made['id']}").json
    assert (kept["nama"], kept["versi"]) == (answers[0].json["nama"], 2)


def test_an_import_with_broken_rows_names_them_and_keeps_the_good_ones(clinic):
    chat = (
        "baris tanpa waktu\n"
        "10/07/21 07.01 - Bidan Ngelo: Selamat pagi\n"
        "31/02/21 07.02 - Bidan Ngelo: tanggal yang tidak ada\n"
        "10/07/21 07.03 - Nomor Lain: siapa ini?\n"
        "10/07/21 07.04 - Pak Joko: Suhu 37.4\n"
    )
    clinic.known("joko")
    people = {"Pak Joko": "pasien/joko", "Bidan Ngelo": "petugas/bidan-ngelo"}
    peta = {"utas": "utas-rusak", "layanan": "umum", "pasien": "joko", "peserta": people}

    answer = clinic.post("percakapan-konsultasi/impor", {"naskah": chat, "peta": peta})

    assert answer.status_code == 200, answer.text
    assert (answer.json["new"], answer.json["unmapped"]) == (2, {"Nomor Lain": 1})
    assert "1 baris sebelum pesan pertama" in " ".join(answer.json["warnings"])


@pytest.mark.usefixtures("nothing")
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"naskah": "bukan chat"}, "naskah"),
        ({"naskah": {"$gt": ""}}, "naskah"),
        ({"peta": {}}, "peta"),
        (
            {"peta": {"utas": "u", "layanan": "umum", "pasien": "joko", "peserta": {"A": "x"}}},
            "peta",
        ),
        ({"peta": 7}, "peta"),
    ],
)
def test_an_import_that_cannot_be_read_writes_nothing(clinic, wrong, field):
    people = {"Pak Joko": "pasien/joko"}
    whole = {
        "naskah": "10/07/21 07.04 - Pak Joko: Suhu 37.4\n",
        "peta": {"utas": "u", "layanan": "umum", "pasien": "joko", "peserta": people},
    }

    answer = clinic.post("percakapan-konsultasi/impor", {**whole, **wrong})

    assert answer.status_code == 422
    assert answer.json["issue"][0]["expression"][0].startswith(field)
