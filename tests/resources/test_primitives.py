import pytest

from fhir_server.resources.primitives import EXPECTED, accepts, is_valid

RIGHT = {
    "base64Binary": ["aGFsbw==", "aGFs bw==", "aGFs\nbw=="],
    "boolean": [True, False],
    "canonical": ["http://example.org/a|1.0#b"],
    "code": ["a", "a b", "a-b_c"],
    "date": ["2024", "2024-02", "2024-02-29", "0001-01-01", "9999-12-31"],
    "dateTime": [
        "2024",
        "2024-12",
        "2024-12-31",
        "2024-12-31T23:59:60Z",
        "2024-12-31T00:00:00.123456789+14:00",
        "2024-12-31T00:00:00-13:59",
    ],
    "decimal": [0, 1, -1.5, 1e10, 10**20],
    "id": ["a", "A-1.b", "x" * 64],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z"],
    "integer": [0, -(2**31), 2**31 - 1],
    "markdown": ["# a\n\nb", " "],
    "oid": ["urn:oid:1.2.3.4.5", "urn:oid:2.16.840.1"],
    "positiveInt": [1, 2**31 - 1],
    "string": ["a", " a ", "\ttab\r\n", "\u4e2d\u6587", "\U0001f600", "\x7f"],
    "time": ["00:00:00", "23:59:59.999"],
    "unsignedInt": [0, 1, 2**31 - 1],
    "uri": ["http://example.org", "urn:uuid:x", "a/b", "#", "http://contoh.id/\u00e9"],
    "url": ["http://example.org", "mailto:a@b.c"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "xhtml": ['<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>', "<div>\nx</div>\n"],
}

WRONG = {
    "base64Binary": ["a", "aGFsbw", "====", "aGFsbw==x", "\u00e9===", "aGFs!w=="],
    "boolean": ["true", 1, 0],
    "canonical": ["a b", "a\tb"],
    "code": [" a", "a ", "a  b", "\u00a0", "a\x00"],
    "date": [
        "2023-02-29",
        "2024-13-01",
        "2024-00",
        "0000",
        "0000-01-01",
        "2024-2-1",
        "24-02-01",
        "20240201",
        "2024-W01-1",
        "2024-02-01T00:00:00Z",
        "\u0662\u0660\u0662\u0664-02-01",
        "2024-02-01 ",
        "17-08-1991",
        "2024/02/01",
    ],
    "dateTime": [
        "2024-02-30T00:00:00Z",
        "2024-02-01T00:00Z",
        "2024-02-01T00:00:00",
        "2024-02-01T24:00:00Z",
        "2024-02-01T23:60:00Z",
        "2024-02-01T00:00:00+14:01",
        "2024-02-01T00:00:00+0700",
        "2024-02-01t00:00:00Z",
        "2024-02-01 00:00:00Z",
        "2024-02-01T00:00:00.Z",
        "0000-01-01T00:00:00Z",
        "2024-02-01T",
    ],
    "decimal": ["1.0", True],
    "id": ["", "a_b", "x" * 65, "a/b", "\u00e9", "a\n"],
    "instant": ["2024", "2024-02-01", "2024-02-01T00:00:00", "2024-02-30T00:00:00Z"],
    "integer": [2**31, -(2**31) - 1, 1.0, 1.5, True, "1"],
    "markdown": ["", "a\x00"],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1.2."],
    "positiveInt": [0, -1, 2**31, True],
    "string": ["", "\x00", "a\x0bb", "a\x1f", 5, True],
    "time": ["24:00:00", "08:30", "08:30:00Z", "8:30:00", "08:60:00"],
    "unsignedInt": [-1, 2**31, False, 1.0],
    "uri": ["", "a b", "a\n", "\u3000"],
    "url": ["a b", ""],
    "uuid": [
        "c757873d-ec9a-4326-a141-556f43239520",
        "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
    ],
    "xhtml": ["x", "<div/>", "<p>x</p>", "<div>x", "<divan></divan>", "<div>\x00</div>"],
}


@pytest.mark.parametrize(("primitive", "value"), [(p, v) for p in RIGHT for v in RIGHT[p]])
def test_right_values_are_accepted(primitive, value):
    assert is_valid(value, primitive)


@pytest.mark.parametrize(("primitive", "value"), [(p, v) for p in WRONG for v in WRONG[p]])
def test_wrong_values_are_refused(primitive, value):
    assert not is_valid(value, primitive)


@pytest.mark.parametrize("primitive", sorted(accepts))
@pytest.mark.parametrize("value", [None, "", [], {}, ["a"], {"a": 1}])
def test_no_primitive_is_empty_an_array_or_an_object(primitive, value):
    assert not is_valid(value, primitive)


def test_every_primitive_has_its_probes_and_its_words():
    assert set(RIGHT) == set(WRONG) == set(EXPECTED) == set(accepts)
    assert all(
        english != indonesian or "xmlns" in english for english, indonesian in EXPECTED.values()
    )
