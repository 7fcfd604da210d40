import datetime as dt
import json
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fhir_server.errors import BadRequest
from fhir_server.resources.wire import decode, dump, instant, parse, pieces, text

MOMENT = dt.datetime(2024, 5, 31, 1, 30, 0, 123_999, tzinfo=dt.UTC)


def written(inner, wrapped=b'{"resourceType":"Basic","x":%b}'):
    return wrapped % inner


# --- parse ----------------------------------------------------------------------------------

REFUSED = {
    "nothing": (b"", "line 1, column 1"),
    "white space": (b" \n", "not JSON"),
    "null": (b"null", "is a JSON null"),
    "an array": (b"[]", "is a JSON array"),
    "a string": (b'"x"', "is a JSON string"),
    "a number": (b"5", "is a JSON number"),
    "no type": (b"{}", 'no "resourceType"'),
    "a type of another kind": (b'{"resourceType":5}', "not a resource type"),
    "a list as type": (b'{"resourceType":["Patient"]}', "not a resource type"),
    "a misspelt type": (b'{"resourceType":"Pasient"}', '"Patient"'),
    "an abstract type": (b'{"resourceType":"DomainResource"}', "not a resource type"),
    "a data type": (b'{"resourceType":"HumanName"}', "not a resource type"),
    "NaN": (written(b"NaN"), "line 1, column 29"),
    "Infinity": (written(b"-Infinity"), "not JSON"),
    "a number without bounds": (written(b"1e999"), "not JSON"),
    "a leading zero": (written(b"01"), "not JSON"),
    "a plus": (written(b"+1"), "not JSON"),
    "a comma at the end": (written(b"[1,]"), "not JSON"),
    "a comment": (written(b"1 // x"), "not JSON"),
    "single quotes": (written(b"'x'"), "not JSON"),
    "a byte order mark": (b"\xef\xbb\xbf" + written(b"1"), "byte order mark"),
    "text after the end": (written(b"1") + b"{}", "not JSON"),
    "a raw control character": (written(b'"a\x01"'), "not JSON"),
    "a raw newline": (written(b'"a\n"'), "not JSON"),
    "a lone surrogate": (written(b'"\\ud800"'), "not JSON"),
    "a lone surrogate at the end": (written(b'"\\udc00"'), "not JSON"),
    "an encoded surrogate": (written(b'"\xed\xa0\x80"'), "not UTF-8"),
    "no UTF-8": (b'{"resourceType":\n "\xc3\xa9\xff"}', "line 2, column 5"),
    "UTF-16": ('{"resourceType":"Basic"}'.encode("utf-16"), "not UTF-8"),
    "a second line": (b'{"resourceType":"Basic",\n  "id" "x"}', "line 2, column 8"),
    "deeper than the codec": (b"[" * 100_000, "not JSON"),
    "deeper than it writes": (written(b"[" * 300 + b"]" * 300), "deeper than 64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_resource_is_refused_and_says_where(name):
    body, says = REFUSED[name]

    with pytest.raises(BadRequest) as refused:
        parse(body)

    assert says in refused.value.issues[0].diagnostics
    assert refused.value.issues[0].indonesian


@pytest.mark.parametrize(
    "inner",
    [
        b"123456789012345678901234567890",
        b"-0.0e-10",
        b"1.00",
    ],
)
def test_odd_but_correct_numbers_are_read(inner):
    assert parse(written(inner))["x"] == pytest.approx(json.loads(inner))


@pytest.mark.parametrize("inner", [b'"\\u0000"', b'"\\ud83d\\ude00"', b'""', b"{}", b'" \\/ "'])
def test_odd_but_correct_text_is_read(inner):
    assert parse(written(inner))["x"] == json.loads(inner)


DUPLICATES = [
    b'{"a":1,"a":1}',
    b'{"a":1, "b":2 ,"a" :1}',
    b'[[{"a":{"a":1,"a":2}}]]',
    b'{"a":{},"\\u0061":{}}',
    b'{"a":1,"a":":x"}',
    b'{"a":1,"a":"\\u003ax"}',
    b'{"a":1,"a":"\\":"}',
    b'{"a\\u0022":1,"a\\"":"\\u0022:"}',
    b'{"a":1.00,"a":1}',
    b'{"":1,"":2}',
    b'{"a\\\\":1,"a\\\\":2}',
]
"""One name twice, hidden behind white space, escapes, and numbers that are written otherwise."""


@pytest.mark.parametrize("inner", DUPLICATES)
def test_a_name_that_occurs_twice_is_refused_at_any_depth(inner):
    with pytest.raises(BadRequest, match="twice"):
        parse(written(inner))


@pytest.mark.parametrize("limit", [1, 2, 64, 200, 253])
def test_the_depth_limit_is_exact(limit):
    decode(b"[" * limit + b"1" + b"]" * limit, limit)

    with pytest.raises(BadRequest, match=f"deeper than {limit} "):
        decode(b"[" * (limit + 1) + b"]" * (limit + 1), limit)


def test_a_refused_document_leaves_no_trace_in_the_next():
    with pytest.raises(BadRequest, match="deeper"):
        decode(b"[" * 100 + b"]" * 100)

    assert decode(b'{"a":1}') == {"a": 1}


NAMES = st.text(max_size=3) | st.sampled_from(["a", 'a"', ':"', "a\\", ":a"])
STRINGS = st.text(max_size=6) | st.sampled_from([':"', '":', '\\":', ":x", "{", "]"])
NUMBERS = st.sampled_from(["0", "-0.0", "1.00", "1e2", "1E+2", "12345678901234567890123", "0.10"])


@st.composite
def json_texts(draw, depth=3):
    """JSON written with any escapes, numbers and white space, and now and then a name twice."""
    space = st.sampled_from(["", "", " ", "\n\t"])
    kind = draw(st.integers(0, 4 if depth else 2))
    if kind == 0:
        return draw(NUMBERS)
    if kind <= 2:
        return json.dumps(draw(STRINGS), ensure_ascii=draw(st.booleans()))
    inner = draw(st.lists(json_texts(depth=depth - 1), max_size=4))
    if kind == 3:
        return "[" + ",".join(draw(space) + each + draw(space) for each in inner) + "]"
    names = [json.dumps(draw(NAMES), ensure_ascii=draw(st.booleans())) for _ in inner]
    pairs = [
        f"{name}{draw(space)}:{draw(space)}{each}" for name, each in zip(names, inner, strict=True)
    ]
    return "{" + ",".join(draw(space) + pair for pair in pairs) + "}"


def has_duplicate(body):
    def unique(pairs):
        found.append(len(dict(pairs)) != len(pairs))
        return dict(pairs)

    found = []
    json.loads(body, object_pairs_hook=unique)
    return any(found)


@settings(max_examples=500, deadline=None)
@given(json_texts())
def test_a_document_is_refused_exactly_when_a_name_occurs_twice(body):
    assume(not any("\ud800" <= each <= "\udfff" for each in body))
    if has_duplicate(body):
        with pytest.raises(BadRequest, match="twice"):
            decode(body.encode())
    else:
        decode(body.encode())


# --- text -----------------------------------------------------------------------------------


def as_written(body):
    """Read JSON so that every number stays the text it was, and every order the order."""
    return json.loads(body, parse_float=lambda x: ("n", x), parse_int=lambda x: ("n", x))


@pytest.mark.parametrize(
    ("body", "served"),
    [
        (
            b'{"resourceType":"Basic"}',
            '{"resourceType":"Basic","id":"b-1","meta":{STAMP}}',
        ),
        (
            b'{ "resourceType" : "Basic", "id": "old", "meta": {"versionId": "9","source": "#x"}}',
            '{"resourceType":"Basic","id":"b-1","meta":{STAMP,"source":"#x"}}',
        ),
        (
            b'{"resourceType":"Basic","meta":{"lastUpdated":"x"},"n":1.00,"id":"old"}',
            '{"resourceType":"Basic","meta":{STAMP},"n":1.00,"id":"b-1"}',
        ),
        (
            b'{"n":[1e2, 0.10],"resourceType":"Basic","meta":{}}',
            '{"n":[1e2,0.10],"resourceType":"Basic","id":"b-1","meta":{STAMP}}',
        ),
        (
            b'{"meta":{"\\u0076ersionId":"9","tag":[]},"resourceType":"Basic"}',
            '{"meta":{STAMP,"tag":[]},"resourceType":"Basic","id":"b-1"}',
        ),
        (
            '{"resourceType":"Basic","id":"old","x":"\\u00e9é😀"}'.encode(),
            '{"resourceType":"Basic","id":"b-1","meta":{STAMP},"x":"\\u00e9é😀"}',
        ),
    ],
)
def test_id_and_stamp_are_set_and_all_else_is_as_written(body, served):
    stamp = '"versionId":"3","lastUpdated":"2024-05-31T01:30:00.123Z"'

    stamped = text(body, "b-1").stamped(3, MOMENT)

    assert stamped.decode() == served.replace("STAMP", stamp)


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType":"Basic"}',
        b'{"resourceType":"Basic","code":{"id":"x","text":"meta"}}',
        b'{"code":{"text":"y"},"resourceType":"Basic"}',
        b'{"resourceType":"B\\u0061sic","language":"id"}',
    ],
)
def test_a_resource_without_id_and_meta_is_written_as_any_other(body):
    assert text(body, "b-1", bare="Basic") == text(body, "b-1")


NODES = st.recursive(
    NUMBERS.map(lambda number: ("n", number)) | st.text(max_size=8) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=20,
)
ELEMENT_NAMES = st.text(string.ascii_lowercase, min_size=1, max_size=5)


def as_text(value, ascii_only):
    if isinstance(value, tuple):
        return value[1]
    if isinstance(value, list):
        return "[ " + ", ".join(as_text(each, ascii_only) for each in value) + "]"
    if isinstance(value, dict):
        pairs = [f"{as_text(n, ascii_only)}: {as_text(v, ascii_only)}" for n, v in value.items()]
        return "{" + ",\n".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=ascii_only)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        ELEMENT_NAMES.filter(lambda name: name not in {"id", "meta"}), NODES, max_size=5
    ),
    st.permutations(["resourceType", "id", "meta"]),
    st.booleans(),
    st.booleans(),
)
def test_reading_gives_back_what_was_written(rest, front, identified, ascii_only):
    fixed = {"resourceType": "Basic", "id": "old", "meta": {"source": "#x", "versionId": "8"}}
    kept = [name for name in front if identified or name == "resourceType"]
    document = {name: fixed[name] for name in kept} | rest
    body = as_text(document, ascii_only).encode()

    read = as_written(text(body, "b-1").stamped(3, MOMENT))

    assert read.pop("id") == "b-1"
    meta = read.pop("meta")
    assert meta["versionId"] == "3"
    assert meta.get("source") == ("#x" if identified else None)
    expected = as_written(body)
    expected.pop("id", None)
    expected.pop("meta", None)
    assert list(read.items()) == list(expected.items())


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers(-5, 5) | st.text(), st.lists))
def test_what_is_dumped_is_read_again(value):
    document = {"resourceType": "Basic", "x": value}

    assert parse(dump(document)) == document


# --- the rest -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (MOMENT, "2024-05-31T01:30:00.123Z"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "2024-01-01T00:00:00.000Z"),
        (
            dt.datetime(2024, 1, 1, 6, 59, 59, 999_999, dt.timezone(dt.timedelta(hours=7))),
            "2023-12-31T23:59:59.999Z",
        ),
    ],
)
def test_an_instant_is_utc_to_the_millisecond(moment, says):
    assert instant(moment) == says


def test_pieces_are_the_bytes_that_were_written():
    assert pieces(b'{"a": 1.00, "b": {"c": [ ] }}') == {"a": b"1.00", "b": b'{"c": [ ] }'}


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'{"a":'])
def test_only_an_object_has_pieces(body):
    with pytest.raises(BadRequest):
        pieces(body)
