"""Messages out, at most once: the delivery engine, the ledger and Meta's simulator (issue 5)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from fhir_server import targets
from fhir_server.bridges.whatsapp import media, planning
from fhir_server.bridges.whatsapp.target import make
from fhir_server.bridges.whatsapp.working import SOURCE, work_off
from fhir_server.delivery.engine import Engine
from fhir_server.store.outbox import gathered
from tests.bridges.whatsapp.payloads import LINE, OWN, PEER, change, message, posted, status
from tests.support.fhir import Server
from tests.support.whatsapp import simulator

CS = "https://puskesmas.example/fhir/CodeSystem"
NOON = datetime(2036, 3, 3, 5, 0, tzinfo=UTC)  # 12:00 in Jakarta, a Monday to come
MEDIUM = [{"coding": [{"system": f"{CS}/medium-komunikasi", "code": "whatsapp"}]}]
ENDANG = {"reference": "Patient/endang"}


@pytest.fixture(scope="module")
def meta():
    with simulator() as running:
        yield running


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


class Clinic:
    """A server with a number at Meta, whose clock a test sets."""

    def __init__(self, context, meta, **settings):
        self.meta = meta
        self.clock = Clock(NOON)
        whole = replace(context.settings, **(meta.settings | settings))
        self.context = replace(context, settings=whole, clock=self.clock)
        self.context = replace(self.context, notices=gathered([targets.provider(self.context)]))
        self.fhir = Server(self.context)
        self.seen = len(meta.landed)

    def put(self, kind, own_id, /, **elements):
        body = {"resourceType": kind, "id": own_id, **elements}
        said = self.fhir("PUT", f"{kind}/{own_id}", body)
        assert said.status in {200, 201}, said.issues
        return said.json

    def deliver(self):
        engine = Engine(self.context, make(self.context.settings), threading.Event())
        engine.drain()

    def read(self, name):
        return self.fhir("GET", name).json

    def state(self, name):
        return self.context.store.dispatches.find("whatsapp", [name]).get(name)

    def due(self, name):
        """Let a delivery be tried now, whatever it waits for."""
        wanted = {"_id": f"whatsapp/{name}"}
        self.context.store.dispatches._all.update_one(
            wanted, {"$set": {"due": datetime.now(UTC) - timedelta(seconds=1)}}
        )

    def arrive(self, *changes):
        self.context.store.deliveries.keep(SOURCE, posted(*changes))
        while work_off(self.context):
            pass

    @property
    def landed(self):
        return self.meta.landed[self.seen :]

    def patient(self, number="0812-0000-0003", **more):
        phone = [{"system": "phone", "value": number, "use": "mobile"}] if number else []
        telecom = {"telecom": phone} if phone else {}
        return self.put("Patient", "endang", name=[{"text": "Endang"}], **telecom, **more)

    def waits(self, name="pesan", text="Bagaimana keadaan Ibu?", **more):
        """Write a message that is to go out."""
        whole = {
            "status": "preparation",
            "medium": MEDIUM,
            "subject": ENDANG,
            "recipient": [ENDANG],
            "sender": {"reference": "PractitionerRole/bidan"},
            "payload": [{"contentString": text}],
            **more,
        }
        whole = {key: each for key, each in whole.items() if each}
        self.put("Communication", name, **whole)
        return f"Communication/{name}"

    def wrote(self, hours=1, number="6281200000003", body="halo"):
        """Let the patient have written some hours ago."""
        at = int((self.clock.now - timedelta(hours=hours)).timestamp())
        own_id = f"wamid.{number}.{at}.{body}"
        self.arrive(change([message(own_id, sender=number, at=at, body=body)]))


@pytest.fixture
def clinic(context, meta):
    meta.ways(statuses=["sent", "delivered"], absent=[], late=False, withhold=True, window=False)
    meta.faults()
    return Clinic(context, meta)


def tasks(clinic):
    found = clinic.fhir("GET", f"Task?code={CS}/jenis-tugas|hubungi-pasien").json
    return [each["resource"] for each in found.get("entry", ())]


def test_a_message_outside_the_window_is_a_template(clinic):
    clinic.patient()
    name = clinic.waits(text="Mohon kontrol\nbesok.")

    clinic.deliver()

    (sent,) = clinic.landed
    assert (sent["to"], sent["type"]) == ("6281200000003", "template")
    assert sent["template"]["name"] == "pesan_petugas"
    assert sent["template"]["language"] == {"code": "id"}
    (body,) = sent["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == [
        "Endang",
        "petugas puskesmas",
        "Mohon kontrol besok.",
    ]
    found = clinic.read(name)
    assert found["status"] == "in-progress"
    assert {each["value"] for each in found["identifier"]} == {sent["id"]}
    assert found["sent"] == "2036-03-03T12:00:00+07:00"
    assert found["partOf"][0]["reference"].startswith("Communication/utas-")
    assert clinic.state(name).state == "sent"


def test_within_the_window_it_is_a_text_that_quotes_what_it_answers(clinic):
    clinic.patient()
    clinic.wrote(body="pusing")
    inward = clinic.fhir("GET", "Communication?part-of:missing=false").json["entry"][0]["resource"]
    name = clinic.waits(
        text="Sudah diukur\ntensinya?",
        inResponseTo=[{"reference": f"Communication/{inward['id']}"}],
        partOf=inward["partOf"],
    )

    clinic.deliver()

    (sent,) = clinic.landed
    assert sent["type"] == "text"
    assert sent["text"]["body"] == "Sudah diukur\ntensinya?"
    assert sent["context"]["message_id"].startswith("wamid.6281200000003")
    assert clinic.read(name)["status"] == "in-progress"


def test_a_day_later_the_window_is_closed(clinic):
    clinic.patient()
    clinic.wrote(hours=24)
    clinic.waits()

    clinic.deliver()

    assert clinic.landed[0]["type"] == "template"


def test_a_window_that_closed_meanwhile_makes_it_a_template(clinic, meta):
    clinic.patient()
    clinic.wrote()
    clinic.waits()
    meta.faults(131047)

    clinic.deliver()

    (sent,) = clinic.landed
    assert sent["type"] == "template"


def test_delivered_and_read_come_back_into_the_message_and_the_delivery(clinic):
    clinic.patient()
    name = clinic.waits()
    clinic.deliver()
    number = clinic.landed[0]["id"]

    at = int(clinic.clock.now.timestamp())
    words = [status("read", number, at=at + 9), status("delivered", number, at=at + 4)]
    clinic.arrive(change(statuses=words))

    found = clinic.read(name)
    assert found["status"] == "completed"
    assert found["received"] == "2036-03-03T12:00:04+07:00"
    assert any(each["url"].endswith("/dibaca-pada") for each in found["extension"])
    assert clinic.state(name).state == "accepted"


def test_failed_asks_staff_and_may_be_sent_anew(clinic):
    clinic.patient()
    name = clinic.waits()
    clinic.deliver()
    error = [{"code": 131026, "title": "Message undeliverable"}]

    clinic.arrive(change(statuses=[status("failed", clinic.landed[0]["id"], errors=error)]))

    found = clinic.read(name)
    assert (found["status"], found["statusReason"]["text"]) == (
        "not-done",
        "131026 Message undeliverable",
    )
    (task,) = tasks(clinic)
    assert task["focus"] == {"reference": name}
    assert task["for"] == ENDANG
    assert task["owner"] == {"reference": "PractitionerRole/bidan"}
    assert clinic.state(name).state == "refused"

    again = {key: each for key, each in found.items() if key not in {"meta", "statusReason"}}
    again.pop("resourceType")
    clinic.put("Communication", again.pop("id"), **{**again, "status": "preparation"})
    clinic.deliver()

    assert len(clinic.landed) == 2
    clinic.arrive(change(statuses=[status("delivered", clinic.landed[1]["id"])]))
    assert clinic.read(name)["status"] == "completed"
    assert [each["status"] for each in tasks(clinic)] == ["cancelled"]


@pytest.mark.parametrize("fault", ["drop", "html"])
def test_never_twice_when_the_answer_is_lost_a_webhook_settles_it(clinic, meta, fault):
    clinic.patient()
    name = clinic.waits()
    meta.faults(fault)
    clinic.deliver()
    for _ in range(3):
        clinic.due(name)
        clinic.deliver()
    (sent,) = clinic.landed
    assert clinic.read(name)["status"] == "preparation"
    assert clinic.state(name).state == "pending"

    told = status("sent", sent["id"], biz_opaque_callback_data=sent["biz_opaque_callback_data"])
    clinic.arrive(change(statuses=[told]))
    clinic.due(name)
    clinic.deliver()

    found = clinic.read(name)
    assert found["status"] == "in-progress"
    assert found["identifier"][0]["value"] == sent["id"]
    assert len(clinic.landed) == 1
    assert tasks(clinic) == []


def test_never_twice_when_no_word_comes_a_person_decides(clinic, meta):
    clinic.patient()
    name = clinic.waits()
    meta.faults("drop")
    clinic.deliver()
    clinic.clock.now = NOON + timedelta(minutes=16)
    clinic.due(name)

    clinic.deliver()

    assert len(clinic.landed) == 1
    assert clinic.read(name)["status"] == "not-done"
    assert clinic.state(name).state == "refused"
    (task,) = tasks(clinic)
    assert "Tidak diketahui" in task["reasonCode"]["text"]

    (sent,) = clinic.landed
    token = {"biz_opaque_callback_data": sent["biz_opaque_callback_data"]}
    late = status("delivered", sent["id"], **token)
    clinic.arrive(change(statuses=[late]))

    assert clinic.read(name)["status"] == "completed"
    assert [each["status"] for each in tasks(clinic)] == ["cancelled"]


def test_a_worker_that_died_after_the_intent_sends_nothing_twice(clinic):
    clinic.patient()
    name = clinic.waits()
    intent = clinic.context.store.sendings.intend("whatsapp", name, NOON)

    clinic.deliver()

    assert intent.mine
    assert clinic.landed == []
    assert clinic.state(name).state == "pending"


def test_a_worker_that_died_before_the_record_is_finished_by_another(clinic):
    clinic.patient()
    name = clinic.waits()
    intent = clinic.context.store.sendings.intend("whatsapp", name, NOON)
    clinic.context.store.sendings.sent(intent.token, "wamid.TAKEN")

    clinic.deliver()

    assert clinic.landed == []
    found = clinic.read(name)
    assert (found["status"], found["identifier"][0]["value"]) == ("in-progress", "wamid.TAKEN")


def test_two_workers_intend_once(clinic):
    store = clinic.context.store.sendings
    both = [store.intend("whatsapp", "Communication/x", NOON) for _ in range(2)]

    assert [each.mine for each in both] == [True, False]
    assert both[0].token == both[1].token


@pytest.mark.parametrize(("code", "counted"), [(130429, 0), (131000, 1), (131056, 1)])
def test_what_passes_is_tried_again(clinic, meta, code, counted):
    clinic.patient()
    name = clinic.waits()
    meta.faults(code)
    clinic.deliver()
    state = clinic.state(name)
    assert (state.state, state.attempts) == ("pending", counted)

    clinic.context.store.dispatches.open("whatsapp")
    clinic.due(name)
    clinic.deliver()

    assert len(clinic.landed) == 1
    assert clinic.read(name)["status"] == "in-progress"


def test_a_token_that_is_not_good_holds_everything_and_says_so(clinic):
    clinic.patient()
    name = clinic.waits()
    bad = replace(clinic.context.settings, whatsapp_token="basi")  # noqa: S106 - invented
    engine = Engine(clinic.context, make(bad), threading.Event())

    engine.drain()

    assert clinic.landed == []
    assert clinic.state(name).state == "pending"
    assert "FHIR_WHATSAPP_TOKEN" in clinic.context.store.dispatches.health("whatsapp").remedy


def test_a_template_that_meta_does_not_know_rests_with_a_remedy(clinic, meta):
    clinic.patient()
    name = clinic.waits()
    meta.faults(132001)

    clinic.deliver()

    state = clinic.state(name)
    assert (state.state, state.rule) == ("refused", "132001")
    assert "templat" in state.remedy
    assert clinic.read(name)["status"] == "preparation"


@pytest.mark.parametrize("late", [False, True])
def test_a_number_that_is_not_on_whatsapp_asks_staff(clinic, meta, late):
    clinic.patient()
    name = clinic.waits()
    meta.ways(absent=["6281200000003"], late=late)
    clinic.deliver()
    if late:
        number = clinic.landed[0]["id"]
        clinic.arrive(change(statuses=[status("failed", number, errors=[{"code": 131026}])]))

    assert clinic.read(name)["status"] == "not-done"
    (task,) = tasks(clinic)
    assert "131026" in task["reasonCode"]["text"]


def test_a_patient_without_a_number_asks_staff(clinic):
    clinic.patient(number=None)
    name = clinic.waits()

    clinic.deliver()

    assert clinic.read(name)["status"] == "not-done"
    (task,) = tasks(clinic)
    assert "nomor" in task["reasonCode"]["text"]
    assert clinic.state(name).rule == "nomor"


def test_stop_is_a_consent_and_nothing_goes_out_until_start(clinic):
    clinic.patient(managingOrganization={"reference": "Organization/pkm"})
    clinic.wrote(hours=2, body="Berhenti!")
    (consent,) = clinic.fhir("GET", "Consent?patient=Patient/endang").json["entry"]
    assert consent["resource"]["provision"]["type"] == "deny"
    clinic.deliver()
    (confirmed,) = clinic.landed
    assert "MULAI" in confirmed["text"]["body"] or "START" in confirmed["text"]["body"]

    refused = clinic.waits()
    clinic.deliver()

    assert len(clinic.landed) == 1
    assert clinic.state(refused).rule == "persetujuan"
    assert len(tasks(clinic)) == 1

    clinic.wrote(hours=1, body="mulai")
    clinic.waits("lagi")
    clinic.deliver()

    assert len(clinic.landed) == 3
    assert clinic.read("Communication/lagi")["status"] == "in-progress"


def test_stop_from_a_number_of_nobody_holds_for_whoever_has_it_later(clinic):
    clinic.wrote(hours=2, body="Berhenti")
    (consent,) = clinic.fhir("GET", "Consent").json["entry"]
    assert "patient" not in consent["resource"]
    assert consent["resource"]["provision"]["type"] == "deny"
    clinic.deliver()
    (confirmed,) = clinic.landed
    assert "tidak akan dikirimi" in confirmed["text"]["body"]

    clinic.patient()
    refused = clinic.waits()
    clinic.deliver()

    assert len(clinic.landed) == 1
    assert clinic.state(refused).rule == "persetujuan"
    assert clinic.fhir.count("Patient") == 1

    clinic.wrote(hours=1, body="mulai")
    clinic.waits("lagi")
    clinic.deliver()
    assert clinic.read("Communication/lagi")["status"] == "in-progress"


def test_stop_from_a_number_of_several_holds_for_all_of_them(clinic):
    clinic.patient()
    clinic.put("Patient", "anak", telecom=[{"system": "phone", "value": "0812-0000-0003"}])
    clinic.wrote(hours=2, body="STOP")
    clinic.deliver()

    clinic.waits("satu")
    anak = {"reference": "Patient/anak"}
    clinic.waits("dua", subject=anak, recipient=[anak])
    clinic.deliver()

    assert len(clinic.landed) == 1
    assert {clinic.state(f"Communication/{e}").rule for e in ("satu", "dua")} == {"persetujuan"}


def test_stop_within_a_sentence_is_none(clinic):
    clinic.patient()
    clinic.wrote(body="berhenti makan garam sejak kemarin")

    assert "entry" not in clinic.fhir("GET", "Consent?patient=Patient/endang").json


@pytest.mark.parametrize(("writer", "sent"), [("rs-a", 0), ("pkm", 1)])
def test_the_number_speaks_for_its_own_organization_only(clinic, writer, sent):
    clinic.patient(managingOrganization={"reference": "Organization/pkm"})
    own = clinic.context
    principal = replace(own.principal, organization=f"Organization/{writer}")
    clinic.fhir = Server(replace(own, principal=principal))
    name = clinic.waits()
    clinic.fhir = Server(own)

    clinic.deliver()

    assert len(clinic.landed) == sent
    assert (clinic.state(name).rule == "organisasi") == (not sent)


def test_what_is_to_nobody_of_the_public_stays(clinic):
    clinic.patient()
    clinic.waits(recipient=[{"reference": "PractitionerRole/bidan"}])
    clinic.waits("lain", recipient=[], priority="stat")

    clinic.deliver()

    assert clinic.landed == []


def test_who_has_to_agree_first_is_not_written_to(context, meta):
    meta.ways(withhold=True, window=False, absent=[])
    clinic = Clinic(context, meta, whatsapp_persetujuan="menyetujui")
    clinic.patient()
    name = clinic.waits()

    clinic.deliver()

    assert clinic.landed == []
    assert clinic.state(name).rule == "persetujuan"


def test_quiet_hours_hold_all_but_emergencies(clinic):
    clinic.clock.now = datetime(2036, 3, 3, 15, 0, tzinfo=UTC)  # 22:00 in Jakarta
    clinic.patient()
    held, urgent = clinic.waits(), clinic.waits("gawat", priority="stat")

    clinic.deliver()

    (sent,) = clinic.landed
    assert sent["template"]["name"] == "pesan_darurat"
    assert clinic.read(urgent)["status"] == "in-progress"
    assert clinic.state(held).state == "waiting"
    assert "06:00" in clinic.state(held).reason

    clinic.clock.now = datetime(2036, 3, 3, 23, 0, tzinfo=UTC)
    clinic.due(held)
    clinic.deliver()

    assert len(clinic.landed) == 2


def planned(clinic, **more):
    clinic.put("Organization", "pkm", name="Puskesmas Uji")
    clinic.put("Practitioner", "ani", name=[{"text": "Bidan Ani"}])
    clinic.put(
        "PractitionerRole",
        "bidan",
        practitioner={"reference": "Practitioner/ani"},
        organization={"reference": "Organization/pkm"},
    )
    clinic.put(
        "CommunicationRequest",
        "kontak",
        status="active",
        medium=MEDIUM,
        subject=ENDANG,
        recipient=[ENDANG],
        sender={"reference": "PractitionerRole/bidan"},
        occurrenceDateTime="2036-03-03",
        **more,
    )


def test_a_planned_contact_goes_out_once_and_is_kept_by_it(clinic):
    clinic.patient()
    planned(clinic)
    for _ in range(2):
        planning.plan(clinic.context)
        clinic.deliver()

    (sent,) = clinic.landed
    (body,) = sent["template"]["components"]
    assert sent["template"]["name"] == "pemantauan_terjadwal"
    assert [e["text"] for e in body["parameters"]] == ["Endang", "Bidan Ani", "Puskesmas Uji"]
    assert clinic.read("CommunicationRequest/kontak")["status"] == "completed"
    assert clinic.fhir.count("Task", "patient=Patient/endang") == 1


def test_before_its_time_of_day_nothing_is_planned(clinic):
    clinic.clock.now = datetime(2036, 3, 3, 0, 59, tzinfo=UTC)  # 07:59
    clinic.patient()
    planned(clinic)

    planning.plan(clinic.context)

    assert clinic.fhir.count("Communication") == 0


def test_a_planned_contact_without_a_number_asks_staff_once(clinic):
    clinic.patient(number=None)
    planned(clinic)

    for _ in range(2):
        planning.plan(clinic.context)

    (task,) = tasks(clinic)
    assert task["focus"] == {"reference": "CommunicationRequest/kontak"}


def test_an_appointment_is_reminded_of_the_day_before(clinic):
    clinic.patient()
    clinic.put("Location", "posyandu", name="Posyandu Melati")
    planned(clinic)
    clinic.put("CommunicationRequest", "kontak", status="revoked")
    clinic.put(
        "Appointment",
        "janji",
        status="booked",
        serviceType=[{"coding": [{"system": f"{CS}/unit-layanan", "code": "lab"}]}],
        start="2036-03-04T08:00:00+07:00",
        end="2036-03-04T08:30:00+07:00",
        participant=[
            {"actor": ENDANG, "status": "accepted"},
            {"actor": {"reference": "Location/posyandu"}, "status": "accepted"},
            {"actor": {"reference": "PractitionerRole/bidan"}, "status": "accepted"},
        ],
    )

    for _ in range(2):
        planning.plan(clinic.context)
        clinic.deliver()

    (sent,) = clinic.landed
    (body,) = sent["template"]["components"]
    assert [each["text"] for each in body["parameters"]] == [
        "Endang",
        "lab",
        "Selasa, 4 Maret 2036 pukul 08.00",
        "Posyandu Melati",
    ]


def image(media_id, **more):
    return message("wamid.FOTO", kind="image", id=media_id, mime_type="image/png", **more)


PNG = b"\x89PNG\r\n\x1a\n" + b"isi"


def test_a_file_is_fetched_into_a_binary(clinic, meta):
    clinic.patient()
    meta.has_file("MEDIA-1", "image/png", PNG)
    clinic.arrive(change([image("MEDIA-1", caption="luka")]))

    while media.fetch(clinic.context):
        pass

    (found,) = clinic.fhir("GET", "Communication?part-of:missing=false").json["entry"]
    attachment = found["resource"]["payload"][1]["contentAttachment"]
    assert (attachment["contentType"], attachment["size"]) == ("image/png", len(PNG))
    binary = clinic.read(attachment["url"])
    assert orjson.dumps(binary["data"])
    assert binary["securityContext"] == {"reference": f"Communication/{found['resource']['id']}"}


@pytest.mark.parametrize(
    ("kind", "content", "given"),
    [
        ("image/png", b"<script>", {}),
        ("text/html", b"<script>", {}),
        ("image/png", PNG * 100, {"whatsapp_media": 100}),
    ],
)
def test_what_is_no_file_we_take_stays_with_meta(context, meta, kind, content, given):
    clinic = Clinic(context, meta, **given)
    meta.has_file("MEDIA-2", kind, content)
    clinic.arrive(change([image("MEDIA-2")]))

    while media.fetch(clinic.context):
        pass

    (found,) = clinic.fhir("GET", "Communication?part-of:missing=false").json["entry"]
    attachment = found["resource"]["payload"][0]["contentAttachment"]
    assert attachment["url"] == "https://graph.facebook.com/MEDIA-2"
    assert clinic.fhir.count("Binary") == 0
    assert clinic.context.store.deliveries.count(media.SOURCE, "waiting") == 0


def test_a_file_that_cannot_be_had_now_waits(clinic):
    clinic.arrive(change([image("MEDIA-TIDAK-ADA")]))

    assert media.fetch(clinic.context)

    assert clinic.context.store.deliveries.count(media.SOURCE, "waiting") == 1


def test_own_number_and_line_are_those_of_the_payloads():
    assert (OWN, PEER, LINE["phone_number_id"]) == ("628000000000", "628000000003", "PN-1")
