import gzip
import io

import pytest

from fhir_server.errors import BadRequest, NotAcceptable, TooLarge, UnsupportedMediaType
from fhir_server.resources.definitions import load_definitions
from fhir_server.rest import negotiation
from fhir_server.rest.negotiation import Form

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"


DEFINITIONS = load_definitions()


def environ(**headers):
    return {"REQUEST_METHOD": "POST", "PATH_INFO": "/fhir/Patient", "QUERY_STRING": "", **headers}


def with_body(body, **headers):
    sizes = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    return environ(**{"CONTENT_TYPE": FHIR_JSON, **sizes, **headers})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", FHIR_JSON),
        ("*/*", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        ("application/json", "application/json"),
        ("application/fhir+turtle, application/json;q=0.5", "application/json"),
        ("application/fhir+xml;q=0.4, application/json;q=0.5", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FHIR_JSON),
        ("application/json;q=0.1, application/fhir+json", FHIR_JSON),
    ],
)
def test_accept_chooses_the_media_type(accept, media_type):
    assert negotiation.accepted(environ(HTTP_ACCEPT=accept)) == Form(media_type)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/fhir+xml", FHIR_XML),
        ("application/fhir+xml; fhirVersion=4.0; charset=utf-8", FHIR_XML),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("application/fhir+xml, application/json;q=0.5", FHIR_XML),
        ("application/json;q=0.5, text/xml", "text/xml"),
    ],
)
def test_accept_chooses_xml(accept, media_type):
    assert negotiation.accepted(environ(HTTP_ACCEPT=accept)) == Form(media_type, is_xml=True)


@pytest.mark.parametrize("accept", ["", "*/*", "application/*"])
def test_who_accepts_anything_is_answered_in_the_format_of_the_body(accept):
    given = environ(HTTP_ACCEPT=accept, CONTENT_TYPE="application/fhir+xml; charset=utf-8")

    assert negotiation.accepted(given) == Form(FHIR_XML, is_xml=True)


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+turtle",
        "text/html",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+xml; fhirVersion=3.0",
        "application/fhir+json;q=0",
    ],
)
def test_what_is_not_offered_is_406_and_says_what_is(accept):
    with pytest.raises(NotAcceptable, match=r"application/fhir\+json and application/fhir\+xml"):
        negotiation.accepted(environ(HTTP_ACCEPT=accept))


@pytest.mark.parametrize("path", ["/fhir/Binary/1", "/fhir/_jobs/1/Patient.ndjson"])
def test_what_has_a_type_of_its_own_may_be_asked_for_as_anything(path):
    given = environ(PATH_INFO=path, HTTP_ACCEPT="image/png")

    assert negotiation.accepted(given) == Form(FHIR_JSON)


@pytest.mark.parametrize("name", ["json", "application/json", "application/fhir+json"])
def test_format_goes_before_accept(name):
    given = environ(QUERY_STRING=f"_format={name}", HTTP_ACCEPT="application/fhir+xml")

    assert negotiation.accepted(given).media_type in {FHIR_JSON, "application/json"}


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("xml", FHIR_XML),
        ("application/fhir%2Bxml", FHIR_XML),
        ("application/fhir+xml", FHIR_XML),
        ("text/xml", "text/xml"),
        ("application/xml", "application/xml"),
    ],
)
def test_format_chooses_xml(name, media_type):
    given = environ(QUERY_STRING=f"_format={name}&_pretty=true", HTTP_ACCEPT=FHIR_JSON)

    assert negotiation.accepted(given) == Form(media_type, pretty=True, is_xml=True)


@pytest.mark.parametrize("name", ["ttl", "html", "application/fhir%2Bturtle"])
def test_other_formats_are_406(name):
    with pytest.raises(NotAcceptable, match="_format=json or xml"):
        negotiation.accepted(environ(QUERY_STRING=f"name=x&_format={name}"))


def test_pretty_is_only_layout():
    form = negotiation.accepted(environ(QUERY_STRING="_pretty=true"))

    assert negotiation.written(b'{"value":1.00}', form, DEFINITIONS) == b'{\n  "value": 1.00\n}'


def test_a_body_is_read():
    assert negotiation.body_of(with_body(b"{}"), 10) == b"{}"


def test_no_body_is_no_body():
    assert negotiation.body_of(environ(), 10) == b""


def test_a_declared_length_above_the_limit_is_refused_unread():
    given = environ(CONTENT_LENGTH="11", CONTENT_TYPE=FHIR_JSON)

    with pytest.raises(TooLarge, match="10 bytes"):
        negotiation.body_of(given, 10)


def test_a_chunked_body_above_the_limit_is_refused():
    body = io.BytesIO(b"x" * 11)
    given = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": body, "CONTENT_TYPE": FHIR_JSON}

    with pytest.raises(TooLarge):
        negotiation.body_of(environ(**given), 10)


@pytest.mark.parametrize(
    ("method", "path", "media_type"),
    [
        ("POST", "/fhir/Patient", "text/turtle"),
        ("POST", "/fhir/Patient", "application/x-www-form-urlencoded"),
        ("POST", "/fhir/Patient", "application/fhir+json; charset=iso-8859-1"),
        ("PUT", "/fhir/Patient/1", "application/json-patch+json"),
        ("POST", "/fhir/Patient/_search", "application/fhir+json"),
        ("POST", "/fhir/Patient/_search", "application/fhir+xml"),
    ],
)
def test_a_body_of_another_type_is_415(method, path, media_type):
    given = with_body(b"{}", CONTENT_TYPE=media_type)

    with pytest.raises(UnsupportedMediaType, match="Send application/"):
        negotiation.body_of({**given, "REQUEST_METHOD": method, "PATH_INFO": path}, 10)


@pytest.mark.parametrize(
    ("method", "path", "media_type"),
    [
        ("POST", "/fhir/Patient", "application/fhir+json; charset=UTF-8"),
        ("PUT", "/fhir/Patient/1", "application/json"),
        ("POST", "/fhir", "application/fhir+xml; charset=utf-8"),
        ("PUT", "/fhir/Patient/1", "text/xml"),
        ("PATCH", "/fhir/Patient/1", "application/fhir+xml"),
        ("PATCH", "/fhir/Patient/1", "application/json-patch+json"),
        ("POST", "/fhir/Patient/_search", "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_of_a_known_type_is_read(method, path, media_type):
    given = with_body(b"{}", CONTENT_TYPE=media_type, REQUEST_METHOD=method, PATH_INFO=path)

    assert negotiation.body_of(given, 10) == b"{}"


def test_a_gzip_body_is_unpacked():
    body = gzip.compress(b'{"resourceType":"Patient"}')

    given = negotiation.body_of(with_body(body, HTTP_CONTENT_ENCODING="gzip"), 1000)

    assert given == b'{"resourceType":"Patient"}'


def test_a_gzip_body_may_not_grow_above_the_limit():
    body = gzip.compress(b" " * 100_000)

    with pytest.raises(TooLarge):
        negotiation.body_of(with_body(body, HTTP_CONTENT_ENCODING="gzip"), 1000)


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"{}" * 100, mtime=0)[:-12]])
def test_a_broken_gzip_body_is_400(body):
    with pytest.raises(BadRequest, match="gzip"):
        negotiation.body_of(with_body(body, HTTP_CONTENT_ENCODING="gzip"), 1000)


def test_an_unknown_coding_is_415():
    with pytest.raises(UnsupportedMediaType, match="gzip"):
        negotiation.body_of(with_body(b"{}", HTTP_CONTENT_ENCODING="br"), 1000)


def test_large_bodies_are_compressed_for_who_reads_gzip():
    body = b"a" * negotiation.COMPRESS_FROM

    packed = negotiation.compressed(body, "br, gzip")

    assert gzip.decompress(packed) == body


@pytest.mark.parametrize("accept_encoding", ["", "br", "gzip;q=0", "identity"])
def test_others_get_the_body_as_it_is(accept_encoding):
    assert negotiation.compressed(b"a" * 10_000, accept_encoding) is None


def test_small_bodies_are_not_worth_it():
    assert negotiation.compressed(b"a" * 100, "gzip") is None
