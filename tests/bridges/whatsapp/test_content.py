"""Every type of message that the Cloud API knows, as words and attachments (domain §4.7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.bridges.whatsapp import cloud, content
from fhir_server.sop.pesan_chat import Lampiran
from tests.bridges.whatsapp.payloads import change, message, posted

FILE = {"id": "987", "mime_type": "image/jpeg", "sha256": "x"}
GRAPH = "https://graph.facebook.com/987"


def read(kind, **said):
    (found,) = cloud.read(posted(change([message(kind=kind, **said)]))).messages
    return content.read(found.kind, found.content)


@pytest.mark.parametrize(
    ("kind", "said", "text", "attachment"),
    [
        ("image", {**FILE, "caption": "bengkak"}, "bengkak", ("gambar", "image/jpeg", None)),
        (
            "audio",
            {"id": "987", "mime_type": "audio/ogg; codecs=opus"},
            None,
            ("audio", "audio/ogg", None),
        ),
        ("video", {"id": "987", "mime_type": "video/mp4"}, None, ("video", "video/mp4", None)),
        ("sticker", {"id": "987", "mime_type": "image/webp"}, None, ("stiker", "image/webp", None)),
        (
            "document",
            {"id": "987", "mime_type": "application/pdf", "filename": "lab.pdf"},
            None,
            ("dokumen", "application/pdf", "lab.pdf"),
        ),
    ],
)
def test_media_stay_where_they_are(kind, said, text, attachment):
    sort, media_type, name = attachment

    assert read(kind, **said) == (
        text,
        (Lampiran(jenis=sort, tipe=media_type, nama=name, alamat=GRAPH),),
    )


@pytest.mark.parametrize(
    ("kind", "said", "text"),
    [
        ("text", {"body": "  pusing\u0000 \n sekali "}, "pusing \n sekali"),
        ("text", {"body": "\ud800ya"}, "ya"),
        ("location", {"latitude": -7.4, "longitude": 109.2}, "Lokasi: -7.4, 109.2"),
        (
            "location",
            {"latitude": -7.4, "longitude": 109.2, "name": "Rumah", "address": "RT 1"},
            "Lokasi: -7.4, 109.2 (Rumah, RT 1)",
        ),
        (
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "1", "title": "Ya"}},
            "Ya",
        ),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"title": "Sesak", "description": "napas cepat"}},
            "Sesak\nnapas cepat",
        ),
        ("button", {"text": "Setuju", "payload": "OK"}, "Setuju"),
        ("reaction", {"message_id": "wamid.1", "emoji": "👍"}, "👍"),
        ("reaction", {"message_id": "wamid.1"}, "(reaksi dicabut)"),
        (
            "system",
            {"body": "Bu Uji mengganti nomor"},
            "(pesan jenis system: Bu Uji mengganti nomor)",
        ),
        ("order", {"catalog_id": "1"}, "(pesanan 0 barang dari katalog)"),
        ("interactive", {"type": "nothing"}, "(pesan interactive tanpa isi)"),
        (
            "order",
            {"catalog_id": "1", "text": "untuk ibu", "product_items": [{}, {}]},
            "(pesanan 2 barang dari katalog)\nuntuk ibu",
        ),
    ],
)
def test_words(kind, said, text):
    assert read(kind, **said) == (text, ())


def test_contacts_are_named():
    people = [{"name": {"formatted_name": "Bidan Uji"}, "phones": [{"phone": "+62 800"}]}]
    given_ = message(kind="contacts", x=1) | {"contacts": people}
    (found,) = cloud.read(posted(change([given_]))).messages

    assert content.read(found.kind, found.content) == (
        "Kontak: Bidan Uji, +62 800",
        (Lampiran(jenis="kontak", nama="Bidan Uji"),),
    )


def test_an_unsupported_message_says_so():
    errors = [{"code": 131051, "title": "Message type unknown"}]
    given_ = {
        key: each for key, each in message(kind="unsupported").items() if key != "unsupported"
    }
    (found,) = cloud.read(posted(change([given_ | {"errors": errors}]))).messages

    assert content.read(found.kind, found.content) == (
        "(pesan jenis unsupported: Message type unknown)",
        (),
    )


def test_a_reaction_is_about_its_message():
    body = posted(change([message(kind="reaction", message_id="wamid.9", emoji="👍")]))

    assert cloud.read(body).messages[0].quoted == "wamid.9"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KINDS = ["text", "image", "contacts", "location", "interactive", "button", "reaction", "lain"]
NAMES = [
    "body",
    "id",
    "contacts",
    "type",
    "button_reply",
    "emoji",
    "name",
    "errors",
    "phones",
    "caption",
]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("contacts", "contacts"), ("order", "product_items"), ("unknown", "errors")],
)
def test_a_list_that_is_none_says_nothing(kind, name):
    text, _ = content.read(kind, {name: 1})

    assert text


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_a_message_holds_it_can_be_told(kind, said):
    text, attachments = content.read(kind, said)

    assert text or attachments


def test_who_hides_his_number_is_known_by_the_id_that_meta_gives():
    hidden = {key: each for key, each in message().items() if key != "from"}
    body = change([message()])
    body["value"]["messages"] = [{**hidden, "from_user_id": "ID.1502576394655843"}]
    body["value"]["contacts"] = [{"profile": {"name": "Bu Uji"}, "user_id": "ID.1502576394655843"}]

    (found,) = cloud.read(posted(body)).messages

    assert (found.sender, found.name) == ("ID.1502576394655843", "Bu Uji")
