"""Exported chats of every telephone, all invented, and what the parser promises for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.bridges.whatsapp.export import UnreadableExport, parse
from fhir_server.bridges.whatsapp.lines import cleaned

LRM, NNBSP, NBSP = "\u200e", "\u202f", "\u00a0"


def only(text):
    (message,) = parse(text).messages
    return message


@pytest.mark.parametrize(
    ("text", "moment", "has_seconds"),
    [
        ("14/11/23 10.04 - Bu Siti: ya", "2023-11-14T10:04:00", False),
        ("20/08/2024, 14:30 - Bu Siti: ya", "2024-08-20T14:30:00", False),
        ("8/20/24, 2:30 PM - Bu Siti: ya", "2024-08-20T14:30:00", False),
        (f"8/20/24, 2:30{NNBSP}PM - Bu Siti: ya", "2024-08-20T14:30:00", False),
        (f"8/20/24, 2:30{NBSP}pm - Bu Siti: ya", "2024-08-20T14:30:00", False),
        ("8/20/24, 12:05 AM - Bu Siti: ya", "2024-08-20T00:05:00", False),
        ("8/20/24, 12:05 PM - Bu Siti: ya", "2024-08-20T12:05:00", False),
        ("[20/08/24, 14.30.15] Bu Siti: ya", "2024-08-20T14:30:15", True),
        ("[8/20/24, 2:30:15 PM] Bu Siti: ya", "2024-08-20T14:30:15", True),
        (f"{LRM}[20/08/24, 14.30.15] Bu Siti: ya", "2024-08-20T14:30:15", True),
        ("\ufeff20/08/2024, 14:30 - Bu Siti: ya\r\n", "2024-08-20T14:30:00", False),
    ],
)
def test_heads_of_every_telephone(text, moment, has_seconds):
    message = only(text)

    assert (message.moment.isoformat(), message.has_seconds) == (moment, has_seconds)
    assert (message.sender, message.text, message.kind) == ("Bu Siti", "ya", "message")


def test_one_day_over_twelve_decides_for_the_whole_file():
    chat = parse("01/02/24 08.00 - Ani: a\n13/02/24 08.00 - Ani: b")

    assert chat.day_first
    assert chat.messages[0].moment.isoformat() == "2024-02-01T08:00:00"
    assert chat.warnings == ()


def test_one_month_over_twelve_decides_for_the_whole_file():
    chat = parse("1/2/24, 8:00 AM - Ani: a\n2/13/24, 8:00 AM - Ani: b")

    assert not chat.day_first
    assert chat.messages[0].moment.isoformat() == "2024-01-02T08:00:00"


def test_undecided_dates_are_read_day_first_with_a_warning():
    chat = parse("01/02/24 08.00 - Ani: a")

    assert chat.messages[0].moment.isoformat() == "2024-02-01T08:00:00"
    assert "tidak terbukti" in chat.warnings[0]


def test_contradicting_dates_are_refused_with_their_lines():
    with pytest.raises(UnreadableExport, match=r"baris 1 menaruh hari.*baris 3 menaruh bulan"):
        parse("13/02/24 08.00 - Ani: a\nlanjutan\n2/13/24 08.00 - Ani: b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "bukan chat",
        "32/13/24 08.00 - Ani: a",
        "14/11/23 25.00 - Ani: a",
        "14/11/23 10.61 - Ani: a",
        "8/20/24, 13:30 PM - Ani: a",
        "31/02/24 08.00 - Ani: a",
    ],
)
def test_what_is_no_chat_is_refused(text):
    with pytest.raises(UnreadableExport, match="Tidak ada satu pun baris"):
        parse(text)


def test_a_message_may_have_many_lines():
    chat = parse("14/11/23 10.04 - Ani: satu\n\ndua: tiga\n14/11/23 10.05 - Budi: ya")

    assert [m.text for m in chat.messages] == ["satu\n\ndua: tiga", "ya"]
    assert [(m.first, m.last) for m in chat.messages] == [(1, 3), (4, 4)]


def test_the_sender_ends_at_the_first_colon():
    message = only("14/11/23 10.04 - +62 812-0000-0001: TD: 120/80")

    assert (message.sender, message.text) == ("+62 812-0000-0001", "TD: 120/80")


def test_a_body_may_begin_on_the_next_line():
    message = only("14/11/23 10.04 - Ani:\nisi")

    assert (message.sender, message.text.strip()) == ("Ani", "isi")


def test_lines_before_the_first_message_are_reported():
    chat = parse("Riwayat chat\n14/11/23 10.04 - Ani: a")

    assert chat.stray == ("Riwayat chat",)
    assert any("sebelum pesan pertama" in warning for warning in chat.warnings)


@pytest.mark.parametrize(
    "rest",
    [
        "Pesan dan panggilan dienkripsi secara end-to-end. Ketuk untuk info selengkapnya.",
        "Pesan dan panggilan terenkripsi secara end-to-end. Tidak seorang pun di luar chat ini "
        "dapat membacanya.",
        "Messages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "Budi menambahkan Ani",
        "Ani keluar",
        'Budi mengubah subjek dari "KIA" menjadi "KIA: ibu hamil"',
        "Kode keamanan Anda dengan Ani berubah. Ketuk untuk info selengkapnya.",
        "Anda membuat grup “KIA: desa Sidorejo”",
        "apa pun tanpa pengirim",
    ],
)
def test_lines_of_the_group_are_not_messages(rest):
    message = only(f"14/11/23 10.04 - {rest}")

    assert (message.kind, message.sender) == ("system", None)


@pytest.mark.parametrize(
    "body",
    [
        f"{LRM}Pesan dan panggilan terenkripsi secara end-to-end. Hanya orang di chat ini yang "
        "dapat membacanya.",
        f"{LRM}Budi menambahkan Ani",
        f"{LRM}Anda mengubah deskripsi grup",
        "Grup KIA keluar",
    ],
)
def test_an_iphone_names_a_sender_for_its_own_lines(body):
    assert only(f"[20/08/24, 14.30.15] Grup KIA: {body}").kind == "system"


@pytest.mark.parametrize(
    "body",
    [
        "suami keluar kota",
        "suami keluar",
        "keluar darah dok",
        "She left",
        "ibu menambahkan garam",
        "kode keamanan pintu berubah dok",
        "Pesan dan panggilan dienkripsi secara end-to-end itu apa bu?",
        "tadi ada Panggilan suara tak terjawab",
        "katanya Pesan ini telah dihapus",
        "maaf gambar tidak disertakan ya bu",
        "This message was deleted by mistake",
        "Bu Siti keluar rumah dulu ya bu",
        "kirim hasil.pdf (file terlampir) ya",
    ],
)
def test_br_w3_a_text_that_only_contains_a_marker_is_a_message(body):
    message = only(f"14/11/23 10.04 - Bu Siti: {body}")

    assert message.kind == "message"
    assert message.text == body
    assert not message.deleted
    assert message.attachments == ()


@pytest.mark.parametrize(
    "body",
    [
        "Panggilan suara tak terjawab",
        "Panggilan video tak terjawab",
        "Missed voice call",
        "Missed video call",
        "Panggilan suara tak terjawab pukul 14.30",
        "Missed voice call at 2:30 PM",
    ],
)
@pytest.mark.parametrize("sender", ["Bu Siti: ", ""])
def test_missed_calls_are_kept(body, sender):
    message = only(f"14/11/23 10.04 - {sender}{body}")

    assert (message.kind, message.text) == ("missed-call", body)
    assert message.sender == (sender.removesuffix(": ") or None)


@pytest.mark.parametrize(
    "body",
    [
        "Pesan ini telah dihapus",
        "Pesan ini dihapus",
        "Anda menghapus pesan ini",
        "Anda telah menghapus pesan ini.",
        "This message was deleted",
        "You deleted this message.",
    ],
)
def test_deleted_messages_are_empty(body):
    message = only(f"14/11/23 10.04 - Bu Siti: {LRM}{body}")

    assert message.deleted
    assert (message.kind, message.text) == ("message", "")


@pytest.mark.parametrize("mark", ["<Pesan ini diedit>", "<This message was edited>"])
def test_edited_messages_keep_their_text(mark):
    message = only(f"14/11/23 10.04 - Bu Siti: TD 120/80 {LRM}{mark}")

    assert message.edited
    assert message.text == "TD 120/80"


@pytest.mark.parametrize(
    ("body", "kind", "name", "text"),
    [
        ("<Media tidak disertakan>", "media", None, ""),
        ("<Media omitted>\nini hasilnya", "media", None, "ini hasilnya"),
        ("gambar tidak disertakan", "gambar", None, ""),
        ("video tidak disertakan", "video", None, ""),
        ("audio tidak disertakan", "audio", None, ""),
        ("stiker tidak disertakan", "stiker", None, ""),
        ("GIF tidak disertakan", "gif", None, ""),
        ("Lab.pdf • 2 halaman dokumen tidak disertakan", "dokumen", "Lab.pdf", ""),
        ("Kartu kontak tidak disertakan", "kontak", None, ""),
        ("image omitted", "gambar", None, ""),
        ("sticker omitted", "stiker", None, ""),
        ("document omitted", "dokumen", None, ""),
        ("Contact card omitted", "kontak", None, ""),
        ("IMG-0001.jpg (file terlampir)", "media", "IMG-0001.jpg", ""),
        ("IMG-0001.jpg (file attached)\nkaki bengkak", "media", "IMG-0001.jpg", "kaki bengkak"),
        ("<terlampir: 0012-PHOTO.jpg>", "media", "0012-PHOTO.jpg", ""),
        ("kaki bengkak\n<attached: 0012-PHOTO.jpg>", "media", "0012-PHOTO.jpg", "kaki bengkak"),
    ],
)
def test_media_are_named_and_not_kept(body, kind, name, text):
    message = only(f"14/11/23 10.04 - Bu Siti: {body}")

    assert message.text == text
    assert [(a.kind, a.name) for a in message.attachments] == [(kind, name)]


LINE = st.one_of(
    st.text(),
    st.builds(
        lambda head, sender, body: f"{head}{sender}{body}",
        st.sampled_from(
            ["14/11/23 10.04 - ", "20/08/2024, 14:30 - ", "[20/08/24, 14.30.15] ", "9/9/24 9.9 - "]
        ),
        st.sampled_from(["Bu Siti: ", "+62 812-0000-0001: ", "Ani:", "", ": "]),
        st.one_of(
            st.text(st.characters(exclude_characters="\n")),
            st.sampled_from(["<Media omitted>", "Ani keluar", "Missed voice call", f"{LRM}x"]),
        ),
    ),
)


@given(st.lists(LINE).map("\n".join))
def test_the_parser_never_crashes_and_never_loses_a_line(text):
    lines = [cleaned(line).replace(LRM, "") for line in text.split("\n")]
    try:
        chat = parse(text)
    except UnreadableExport:
        return

    covered = [n for m in chat.messages for n in range(m.first, m.last + 1)]
    expected = len(lines) - (lines[-1] == "")
    assert covered == list(range(len(chat.stray) + 1, expected + 1))
    assert list(chat.stray) == lines[: len(chat.stray)]
    for message in chat.messages:
        start, *rest = message.body.split("\n")
        assert lines[message.first - 1].endswith(start)
        assert rest == lines[message.first : message.last]


def test_a_head_with_a_day_that_does_not_exist_is_reported_and_kept():
    chat = parse(
        "14/11/23 10.04 - Ani: satu\n31/02/24 10.05 - Ani: dua\n14/11/23 25.00 - Ani: tiga"
    )

    (message,) = chat.messages
    assert message.body == "satu\n31/02/24 10.05 - Ani: dua\n14/11/23 25.00 - Ani: tiga"
    assert [each for each in chat.warnings if each.startswith("Baris 2, 3: tanggal atau jam")]
