import orjson
import pytest

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.references import Rewriter, conditional

UUID = "urn:uuid:3e1f0c9a-6c3c-4a52-9a4b-0b1a7f4f8c11"
FAR = "http://far.example/fhir/Patient/9"
TARGETS = {UUID: "Patient/1", FAR: "Patient/2", "Patient?identifier=nik|1&active=true": "Patient/3"}


def rewritten(raw, full_url=None):
    text = raw.encode() if isinstance(raw, str) else raw
    text = text if isinstance(text, bytes) else orjson.dumps(text)
    document = orjson.loads(text)
    rewriter = Rewriter(TARGETS, load_definitions())
    made = rewriter.rewrite(text, full_url)
    assert rewriter.rewritten(text, document, full_url) == (made, orjson.loads(made))
    assert document == orjson.loads(text)  # what was sent is looked at again
    return made


def observation(**elements):
    return {"resourceType": "Observation", **elements}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (UUID, "Patient/1"),
        (FAR, "Patient/2"),
        (f"{FAR}/_history/3", "Patient/2/_history/3"),
        (f"{UUID}#name", "Patient/1#name"),
        ("Patient?identifier=nik|1&active=true", "Patient/3"),
        ("Patient/9", "Patient/9"),
        ("urn:uuid:00000000-0000-4000-8000-000000000000", None),
        ("#contained", None),
    ],
)
def test_a_reference_follows_its_target(given, expected):
    made = orjson.loads(rewritten(observation(subject={"reference": given, "display": given})))

    assert made["subject"] == {"reference": expected or given, "display": given}


def test_a_relative_reference_is_read_against_the_base_of_its_own_full_url():
    raw = observation(subject={"reference": "Patient/9"})

    made = rewritten(raw, "http://far.example/fhir/Observation/7")

    assert orjson.loads(made)["subject"]["reference"] == "Patient/2"


@pytest.mark.parametrize(
    "spelling",
    [
        r"http:\/\/far.example\/fhir\/Patient\/9",
        r"http://far.example/fhir\u002fPatient/9",
    ],
)
def test_escapes_hide_no_reference(spelling):
    made = rewritten(
        '{"resourceType":"Observation","subject":{"reference":"<x>"}}'.replace("<x>", spelling)
    )

    assert made == b'{"resourceType":"Observation","subject":{"reference":"Patient/2"}}'


@pytest.mark.parametrize("spelling", [FAR, FAR.replace("/", r"\/"), FAR.replace(":", r"\u003a")])
def test_a_uri_is_replaced_wherever_it_stands(spelling):
    raw = '{"resourceType":"Basic","extension":[{"url":"a","valueUri":"<x>"}]}'.replace(
        "<x>", spelling
    )

    assert (
        rewritten(raw)
        == b'{"resourceType":"Basic","extension":[{"url":"a","valueUri":"Patient/2"}]}'
    )


@pytest.mark.parametrize(
    "resource",
    [
        observation(note=[{"text": UUID}]),
        observation(identifier=[{"system": "urn:ietf:rfc:3986", "value": UUID}]),
        observation(valueString=FAR),
        observation(meta={"profile": [FAR]}, instantiatesCanonical=FAR),
        observation(note=[{"text": orjson.dumps({"reference": UUID}).decode()}]),
    ],
)
def test_what_is_no_reference_stays(resource):
    assert rewritten(resource) == orjson.dumps(resource)


def test_links_of_the_narrative_follow_and_its_text_does_not():
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{UUID}">{UUID}</a></div>'
    resource = observation(text={"status": "generated", "div": div})

    made = orjson.loads(rewritten(resource))["text"]["div"]

    assert made == div.replace(f'href="{UUID}"', 'href="Patient/1"')


def test_contained_resources_are_reached_too():
    inner = {"resourceType": "Endpoint", "id": "e", "address": UUID, "name": UUID}
    resource = {"resourceType": "Organization", "contained": [inner]}

    made = orjson.loads(rewritten(resource))

    assert made["contained"] == [inner | {"address": "Patient/1"}]


def test_all_else_keeps_its_bytes():
    raw = (
        '{"subject":{"reference":"<x>"},"resourceType":"Observation","valueQuantity":'
        '{"value":1.00},"note":[{"text":"caf\\u00e9 \\/ \\"é\\""}],"instantiatesCanonical":"<y>"}'
    )

    made = rewritten(raw.replace("<x>", UUID).replace("<y>", UUID).encode())

    assert made == raw.replace("<x>", "Patient/1").replace("<y>", UUID).encode()


def test_conditional_references_are_found_however_they_are_escaped():
    raw = (
        rb'{"a":{"reference":"Patient?identifier=a|1"},"b":{"reference":"Patient\u003fname=x"},'
        rb'"c":{"reference":"Patient/1"},"d":{"reference":"Organization?x=http:\/\/y"}}'
    )

    assert list(conditional(raw)) == [
        "Patient?identifier=a|1",
        "Patient?name=x",
        "Organization?x=http://y",
    ]


def test_references_at_every_depth_are_in_the_document_as_in_its_text():
    resource = observation(
        subject={"reference": UUID},
        performer=[{"reference": FAR}],
        component=[{"extension": [{"url": "urn:x", "valueReference": {"reference": UUID}}]}],
    )

    made = orjson.loads(rewritten(resource))

    assert made["subject"] == {"reference": "Patient/1"}
    assert made["performer"] == [{"reference": "Patient/2"}]
    assert made["component"][0]["extension"][0]["valueReference"] == {"reference": "Patient/1"}
