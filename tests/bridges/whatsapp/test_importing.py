"""An exported chat into the real store, once, again, and longer (BR-W2, S6)."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from datetime import date, datetime
from io import StringIO

import pytest
from click.testing import CliRunner
from rich.console import Console

from fhir_server import exchange
from fhir_server.bridges.whatsapp import command
from fhir_server.bridges.whatsapp.export import parse
from fhir_server.bridges.whatsapp.importing import bring_in, numbers
from fhir_server.bridges.whatsapp.participants import UnreadableMap, read
from fhir_server.bridges.whatsapp.report import Report
from fhir_server.errors import Invalid
from fhir_server.interactions.request import Request
from fhir_server.interactions.routes import answer
from fhir_server.sop.kasus_konsultasi import KasusKonsultasi
from fhir_server.sop.pasien import Pasien

CHAT = """\
10/07/21 07.00 - Pesan dan panggilan dienkripsi secara end-to-end. Ketuk untuk info selengkapnya.
10/07/21 07.01 - Bidan Ngelo: Selamat pagi Pak, suhu dan saturasi pagi ini?
10/07/21 07.20 - Pak Joko: Suhu 37.4
SpO2 97, napas 20
10/07/21 07.20 - Pak Joko: Suhu 37.4
SpO2 97, napas 20
10/07/21 07.21 - Pak Joko: <Media tidak disertakan>
10/07/21 07.22 - Pak Joko: istri keluar kota <Pesan ini diedit>
10/07/21 18.02 - Pak Joko: Pesan ini telah dihapus
10/07/21 18.03 - Nomor Lain: siapa ini?
10/07/21 18.04 - Pak Joko: Panggilan suara tak terjawab
13/07/21 06.30 - Bidan Ngelo: foto.jpg (file terlampir)
"""
LONGER = f"{CHAT}13/07/21 18.30 - Pak Joko: SpO2 93, agak sesak\n"
PETA = """
utas: utas-joko
layanan: umum
pasien: joko
peserta:
  Pak Joko: pasien/joko
  Bidan Ngelo: petugas/bidan-desa-ngelo
"""


@pytest.fixture(autouse=True)
def joko(context):
    """Register the patient whom the map names."""
    known = Pasien(
        faskes="pkm",
        noRM="RM-1",
        nama="Joko",
        tanggalLahir=date(1970, 10, 10),
        jenisKelamin="male",
        provinsi="99",
        kabupaten="9901",
        kecamatan="990102",
        desa="9901022001",
    )
    exchange.publish(context, "pasien", known, document_id="joko")


@pytest.fixture
def who(context):
    return read(PETA, context.settings.timezone)


def searched(context, query):
    request = Request("GET", "Communication", "http://fhir.example/fhir", query)
    bundle = json.loads(answer(context, request).body)
    return [each["resource"] for each in bundle.get("entry", ())]


def thread(context):
    return searched(context, "part-of=Communication/utas-joko&_sort=sent&_count=100")


def test_a_first_import_keeps_every_message(context, who):
    report = bring_in(context, parse(CHAT), who)

    assert report.as_json() == {
        "thread": "utas-joko",
        "messages": 10,
        "new": 8,
        "already": 0,
        "skipped": 0,
        "system": 1,
        "unmapped": {"Nomor Lain": 1},
        "refused": [],
        "warnings": [],
    }
    assert len(thread(context)) == 8


def test_the_same_import_again_adds_nothing(context, who):
    bring_in(context, parse(CHAT), who)

    again = bring_in(context, parse(CHAT), who)

    assert (again.new, again.already) == (0, 8)
    assert len(thread(context)) == 8


def test_a_longer_export_adds_only_what_is_new(context, who):
    bring_in(context, parse(CHAT), who)

    longer = bring_in(context, parse(LONGER), who)

    assert (longer.new, longer.already) == (1, 8)
    assert thread(context)[-1]["payload"] == [{"contentString": "SpO2 93, agak sesak"}]


def test_identical_messages_are_two(context, who):
    bring_in(context, parse(CHAT), who)

    said = [
        each["payload"][0].get("contentString") for each in thread(context) if "payload" in each
    ]
    assert said.count("Suhu 37.4\nSpO2 97, napas 20") == 2


def test_a_message_says_where_it_comes_from_and_how_exact_its_time_is(context, who):
    bring_in(context, parse(CHAT), who)

    first = thread(context)[0]
    extensions = {each["url"].rpartition("/")[2]: each for each in first["extension"]}
    assert first["sent"] == "2021-07-10T07:01:00+07:00"
    assert extensions["presisi-waktu"]["valueCode"] == "menit"
    assert extensions["arah-pesan"]["valueCode"] == "keluar"
    assert first["sender"]["reference"] == "PractitionerRole/bidan-desa-ngelo"
    assert first["recipient"] == [{"reference": "Patient/joko"}]
    assert any(tag["code"] == "impor-ekspor" for tag in first["meta"]["tag"])
    assert len(first["identifier"][0]["value"]) == 64


def test_deleted_edited_media_and_missed_calls(context, who):
    bring_in(context, parse(CHAT), who)
    messages = thread(context)

    (deleted,) = [each for each in messages if each["status"] == "entered-in-error"]
    assert "payload" not in deleted
    (call,) = [e for e in messages if e["category"][0]["coding"][0]["code"] == "sistem"]
    assert call["payload"] == [{"contentString": "Panggilan suara tak terjawab"}]
    edited = exchange.present(
        context,
        "pesan_chat",
        next(
            e["id"]
            for e in messages
            if e.get("payload", [{}])[0].get("contentString") == "istri keluar kota"
        ),
    )
    assert edited.document["disunting"] is True
    photo = messages[-1]["payload"][0]["contentAttachment"]
    assert (photo["title"], photo["contentType"]) == ("foto.jpg", "image/jpeg")
    assert "data" not in photo


def test_a_deleted_resource_is_not_imported_again(context, who):
    bring_in(context, parse(CHAT), who)
    gone = thread(context)[0]["id"]
    answer(context, Request("DELETE", f"Communication/{gone}", "http://fhir.example/fhir"))

    again = bring_in(context, parse(CHAT), who)

    assert again.new == 0
    assert gone not in {each["id"] for each in thread(context)}


def test_numbers_do_not_depend_on_what_follows(who):
    short, long = (list(numbers(who, parse(text).messages)) for text in (CHAT, LONGER))

    assert long[: len(short)] == short
    assert len(set(long)) == len(long)


def test_a_direct_message_to_a_doctor_is_refused_and_reported(context):
    doctor = {
        "resourceType": "PractitionerRole",
        "id": "dokter-1",
        "code": [
            {
                "coding": [
                    {
                        "system": "https://puskesmas.example/fhir/CodeSystem/peran-petugas",
                        "code": "dokter",
                    }
                ]
            }
        ],
    }
    put = Request(
        "PUT", "PractitionerRole/dokter-1", "http://x/fhir", body=json.dumps(doctor).encode()
    )
    answer(context, put)
    to_doctor = read(PETA.replace("petugas/bidan-desa-ngelo", "petugas/dokter-1"), "Asia/Jakarta")

    report = bring_in(context, parse(CHAT), to_doctor)

    assert report.new == 2
    assert report.messages == 10
    assert all("BR-A5" in each for each in report.refused)
    assert report.refused[0].startswith("Baris 3:")


def test_a_monitoring_thread_of_somebody_who_is_not_monitored_is_refused(context):
    who = read(PETA.replace("umum", "pemantauan"), "Asia/Jakarta")

    with pytest.raises(Invalid) as refused:
        bring_in(context, parse(CHAT), who)

    assert refused.value.issues[0].rule == "BR-A0"


def test_a_nik_that_nobody_has_is_named(context):
    who = read(PETA.replace("pasien/joko", "nik/9903021010690022"), "Asia/Jakarta")

    with pytest.raises(UnreadableMap, match="peserta Pak Joko: NIK itu dimiliki 0 pasien"):
        bring_in(context, parse(CHAT), who)


def test_the_command_shows_and_writes_the_report(context, tmp_path):
    (tmp_path / "chat.txt").write_text(CHAT, "utf-8")
    (tmp_path / "map.yaml").write_text(PETA, "utf-8")
    arguments = [str(tmp_path / "chat.txt"), "--peserta", str(tmp_path / "map.yaml")]

    done = CliRunner().invoke(
        command,
        [*arguments, "--laporan", str(tmp_path / "laporan.json")],
        obj=lambda: nullcontext(context),
    )

    assert done.exit_code == 0, done.output
    assert "Nomor Lain: 1" in done.output
    assert json.loads((tmp_path / "laporan.json").read_text("utf-8"))["new"] == 8


def test_a_name_is_shown_as_it_is():
    report = Report("utas-joko", unmapped=Counter({"[/] [red]Ani": 1}))
    console = Console(record=True, width=100, file=StringIO())

    console.print(report.table())

    assert "[/] [red]Ani: 1" in console.export_text()


@pytest.mark.parametrize(
    ("chat", "peta", "says"),
    [
        (b"bukan chat", PETA.encode(), "Tidak ada satu pun baris"),
        (b"\xff\xfe1", PETA.encode(), "bukan teks UTF-8"),
        (CHAT.encode(), b"utas: u", "peserta: kosong"),
        (CHAT.encode(), PETA.replace("umum", "pemantauan").encode(), "BR-A0"),
        (CHAT.encode(), PETA.replace("joko", "siapa").encode(), "tidak ada pasien dengan id siapa"),
    ],
)
def test_the_command_refuses_with_one_line(context, tmp_path, chat, peta, says):
    (tmp_path / "chat.txt").write_bytes(chat)
    (tmp_path / "map.yaml").write_bytes(peta)

    done = CliRunner().invoke(
        command,
        [str(tmp_path / "chat.txt"), "--peserta", str(tmp_path / "map.yaml")],
        obj=lambda: nullcontext(context),
    )

    assert done.exit_code == 1
    assert says in done.output


def test_an_export_of_lakon_joins_the_case_that_was_open(context):
    case = KasusKonsultasi(
        sumber="api",
        noKasus="LK-1",
        layanan="lakon",
        faskes="tim-lakon",
        pasien="joko",
        pemohon="pasien/joko",
        kanal="whatsapp",
        keluhan="batuk",
        diajukan=datetime.fromisoformat("2021-07-10T07:20:00+07:00"),
    )
    exchange.publish(context, "kasus_konsultasi", case, document_id="kasus-1")
    lakon = read(PETA.replace("umum", "lakon"), context.settings.timezone)

    bring_in(context, parse(CHAT), lakon)

    joined = ["basedOn" in each for each in thread(context)]
    assert joined == [False] + [True] * 7
