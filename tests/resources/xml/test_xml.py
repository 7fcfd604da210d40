"""Resources as XML: what is written, what is read, what is refused and where."""

import json
import re
import xml.etree.ElementTree as ET

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.errors import BadRequest, NotAcceptable
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse
from fhir_server.resources.xml import from_xml, to_xml

NS = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
DEFINITIONS = load_definitions()


def read(text, depth_limit=64):
    return from_xml(text.encode() if isinstance(text, str) else text, DEFINITIONS, depth_limit)


def write(document, **options):
    raw = document if isinstance(document, bytes) else orjson.dumps(document)
    return to_xml(raw, DEFINITIONS, **options).decode()


def patient(inner):
    return f"<Patient {NS}>{inner}</Patient>"


def with_div(div):
    return patient(f'<text><status value="generated"/>{div}</text>')


PAIRS = {
    "nothing in it": ("", "{}"),
    "a value": ('<gender value="female"/>', '{"gender":"female"}'),
    "a boolean": ('<active value="true"/>', '{"active":true}'),
    "a number": ('<multipleBirthInteger value="2"/>', '{"multipleBirthInteger":2}'),
    "an id on an element": (
        '<name id="a"><text value="Siti"/></name>',
        '{"name":[{"id":"a","text":"Siti"}]}',
    ),
    "one of what repeats": (
        '<name><given value="Siti"/></name>',
        '{"name":[{"given":["Siti"]}]}',
    ),
    "many of what repeats": (
        '<name><given value="Siti"/><given value="Nur"/></name>',
        '{"name":[{"given":["Siti","Nur"]}]}',
    ),
    "an extension": (
        '<extension url="https://example.org/agama"><valueCode value="islam"/></extension>',
        '{"extension":[{"url":"https://example.org/agama","valueCode":"islam"}]}',
    ),
    "an extension of a value": (
        '<birthDate id="b" value="1991-08-17"><extension url="https://example.org/jam">'
        '<valueTime value="08:30:00"/></extension></birthDate>',
        '{"birthDate":"1991-08-17","_birthDate":{"id":"b","extension":'
        '[{"url":"https://example.org/jam","valueTime":"08:30:00"}]}}',
    ),
    "an extension instead of a value": (
        '<birthDate><extension url="u"><valueCode value="unknown"/></extension></birthDate>',
        '{"_birthDate":{"extension":[{"url":"u","valueCode":"unknown"}]}}',
    ),
    "an extension of one of many values": (
        '<name><given value="Siti"/><given><extension url="u"><valueCode value="masked"/>'
        '</extension></given><given value="Nur"/></name>',
        '{"name":[{"given":["Siti",null,"Nur"],"_given":'
        '[null,{"extension":[{"url":"u","valueCode":"masked"}]},null]}]}',
    ),
    "a contained resource": (
        '<contained><Organization><id value="o"/><name value="Pkm"/></Organization></contained>',
        '{"contained":[{"resourceType":"Organization","id":"o","name":"Pkm"}]}',
    ),
    "characters that XML writes otherwise": (
        '<name><text value="a &lt; b &amp; &quot;c&quot;&#10;&#9;d &gt; é 😀"/></name>',
        '{"name":[{"text":"a < b & \\"c\\"\\n\\td > é 😀"}]}',
    ),
    "a narrative": (
        f'<text><status value="generated"/><div {XHTML}>a<br/>&#160;&amp; <b>b</b></div></text>',
        '{"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">'
        'a<br/>&#160;&amp; <b>b</b></div>"}}',
    ),
}


@pytest.mark.parametrize(("inner", "members"), PAIRS.values(), ids=PAIRS)
def test_xml_and_json_say_the_same(inner, members):
    document = {"resourceType": "Patient", **json.loads(members)}
    text = patient(inner) if inner else f"<Patient {NS}/>"

    assert json.loads(read(text)) == document
    assert write(document) == f'<?xml version="1.0" encoding="UTF-8"?>{text}'


@pytest.mark.parametrize(
    "number", ["1.00", "0.10", "-0", "1E5", "1e-22", "100000000000000000000.5", "3.0e+2"]
)
def test_a_decimal_is_never_computed_with(number):
    raw = f'{{"resourceType":"Observation","valueQuantity":{{"value":{number}}}}}'.encode()

    written = to_xml(raw, DEFINITIONS)

    assert f'<value value="{number}"/>'.encode() in written
    assert from_xml(written, DEFINITIONS) == raw


def test_elements_are_in_the_order_of_the_definitions():
    document = {
        "resourceType": "Observation",
        "valueString": "x",
        "_status": {"id": "s"},
        "code": {"text": "t", "coding": [{"code": "c", "system": "s"}]},
        "status": "final",
        "id": "o",
    }

    found = re.findall(r"<(\w+)", write(document))

    names = "Observation id status code coding system code text valueString"
    assert " ".join(found) == names


def test_a_bundle_holds_resources_and_outcomes():
    document = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [
            {"resource": {"resourceType": "Patient", "active": True}},
            {"response": {"status": "404", "outcome": {"resourceType": "OperationOutcome"}}},
        ],
    }

    text = write(document)

    assert "<resource><Patient><active" in text
    assert "<outcome><OperationOutcome/></outcome>" in text
    assert json.loads(read(text)) == document


def test_pretty_is_only_layout():
    document = {"resourceType": "Patient", "name": [{"text": "Siti"}], "active": True}

    text = write(document, pretty=True)

    assert text.split("\n")[1:4] == [f"<Patient {NS}>", '  <active value="true"/>', "  <name>"]
    assert json.loads(read(text)) == document


def test_what_xml_cannot_write_is_replaced():
    assert 'value="a\ufffdb\ufffd"' in write(
        {"resourceType": "Patient", "name": [{"text": "a\x01b\uffff"}]}
    )


def test_a_resource_that_r4_does_not_define_is_refused():
    with pytest.raises(NotAcceptable, match="_format=json"):
        write({"resourceType": "Patient", "nickname": "x"})
    with pytest.raises(NotAcceptable):
        write({"resourceType": "Patent"})


# --- reading is lenient where nothing can be mistaken ---


@pytest.mark.parametrize(
    "text",
    [
        f'\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!-- a --><Patient {NS}>'
        '<!-- b --><active value="true"/><?note x?></Patient>\n',
        '<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value="true"/></f:Patient>',
        f"<Patient {NS} xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        "xsi:schemaLocation='http://hl7.org/fhir p.xsd'><active value='true'></active></Patient>",
    ],
)
def test_comments_prefixes_and_schema_locations_change_nothing(text):
    assert read(text) == b'{"resourceType":"Patient","active":true}'


def test_the_order_of_elements_may_be_another():
    text = patient('<name><text value="a"/></name><active value="true"/><name id="b"/>')

    assert json.loads(read(text))["name"] == [{"text": "a"}, {"id": "b"}]


@pytest.mark.parametrize(
    "div",
    [
        f"<div {XHTML}>a</div>",
        f"<div {XHTML}>\r\n a <!-- c --> <br /> <p class='x'>é</p>\t</div>",
        f'<div id="d" {XHTML}><div><div>a</div></div></div >',
        f"<div {XHTML}><![CDATA[a < b]]></div>",
        f'<div {XHTML} xmlns:s="urn:s"><s:a/></div>',
    ],
)
def test_a_narrative_is_kept_letter_for_letter(div):
    raw = read(with_div(div))

    assert json.loads(raw)["text"]["div"] == div
    assert div in to_xml(raw, DEFINITIONS).decode()


def test_a_narrative_whose_names_have_prefixes_is_written_without():
    text = (
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        '<h:div class="a&quot;"><h:p xml:lang="id">a &amp; <h:br/></h:p><h:td/></h:div>'
        "</f:text></f:Patient>"
    )

    assert json.loads(read(text))["text"]["div"] == (
        f'<div {XHTML} class=\'a"\'><p xml:lang="id">a &amp; <br/></p><td></td></div>'
    )


@pytest.mark.parametrize(
    ("div", "written"),
    [
        ("<div>a</div>", f"<div {XHTML}>a</div>"),
        (f"\n<div {XHTML}>a</div> ", f"<div {XHTML}>a</div>"),
        ("<div>a<br></div>", f"<div {XHTML}>&lt;div&gt;a&lt;br&gt;&lt;/div&gt;</div>"),
        ("<div>&nbsp;</div>", f"<div {XHTML}>&lt;div&gt;&amp;nbsp;&lt;/div&gt;</div>"),
        ("<div/></text><text>", f"<div {XHTML}>&lt;div/&gt;&lt;/text&gt;&lt;text&gt;</div>"),
        ("</div>", f"<div {XHTML}>&lt;/div&gt;</div>"),
        ("<div>\x01</div>", f"<div {XHTML}>&lt;div&gt;\ufffd&lt;/div&gt;</div>"),
    ],
)
def test_a_narrative_that_is_no_xml_cannot_break_the_document(div, written):
    text = write({"resourceType": "Patient", "text": {"status": "generated", "div": div}})

    ET.fromstring(text.encode())  # noqa: S314 - our own
    assert written in text


# --- what is no XML of FHIR ---

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
REFUSED = {
    "nothing": ("", "line 1, column 1: no element found"),
    "json": ('{"resourceType":"Patient"}', "line 1, column 1: not well-formed"),
    "cut off": (f"<Patient {NS}>\n <name>", "line 2, column 8: no element found"),
    "crossed": (f"<Patient {NS}><name></Patient>", "column 46: mismatched tag"),
    "two roots": (f"<Patient {NS}/><Patient {NS}/>", "junk after document"),
    "no utf-8": (
        b"<Patient xmlns='http://hl7.org/fhir'><a value='\xff'/></Patient>",
        "column 48: the text is not UTF-8",
    ),
    "utf-16": (f"<Patient {NS}/>".encode("utf-16"), "line 1, column 1: the text is not UTF-8"),
    "utf-16 without a mark": (f"<Patient {NS}/>".encode("utf-16-be"), "the text is not UTF-8"),
    "another encoding": (f'<?xml version="1.0" encoding="latin1"?><Patient {NS}/>', "not latin1"),
    "a doctype": (f'<!DOCTYPE Patient SYSTEM "file:///etc/passwd"><Patient {NS}/>', "DOCTYPE"),
    "an external entity": (
        f'<!DOCTYPE p [<!ENTITY e SYSTEM "file:///etc/passwd">]>{patient("&e;")}',
        "line 1, column 1.*DOCTYPE|DOCTYPE",
    ),
    "a billion laughs": (
        f'<!DOCTYPE p [<!ENTITY l0 "ha">{LAUGHS}]>' + patient('<name><text value="&l9;"/></name>'),
        "DOCTYPE",
    ),
    "an unknown entity": (with_div(f"<div {XHTML}>&nbsp;</div>"), "&#160;"),
    "no namespace": ("<Patient/>", 'Patient is not in the namespace of FHIR: xmlns="http'),
    "another namespace": ('<Patient xmlns="urn:hl7-org:v3"/>', "namespace of FHIR"),
    "a stranger inside": (patient('<x:a xmlns:x="urn:x"/>'), "a is not in the namespace of FHIR"),
    "xhtml outside of a narrative": (patient(f"<div {XHTML}/>"), "div is not in the namespace"),
    "a narrative in the wrong namespace": (with_div("<div>a</div>"), "namespace of XHTML"),
    "a narrative with strangers": (
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>'
        "<h:div><f:active value='true'/></h:div></f:text></f:Patient>",
        "not of XHTML",
    ),
    "text": (patient('<active value="true"/>\n  yes'), "line 1.*text in it|Patient has text"),
    "text in a value": (patient("<gender>female</gender>"), '<gender value="…"/>'),
    "cdata": (patient("<![CDATA[x]]>"), "Patient has text in it"),
    "an unknown attribute": (patient('<gender code="female"/>'), "gender has no attribute code"),
    "a value where elements are": (patient('<name value="Siti"/>'), "name has no attribute value"),
    "the id of a resource as attribute": (f'<Patient {NS} id="1"/>', "Patient has no attribute id"),
    "an attribute with a prefix": (
        patient('<gender xmlns:x="urn:x" x:value="female"/>'),
        "gender has no attribute value",
    ),
    "an attribute as element": (
        patient('<extension><url value="u"/></extension>'),
        "url is an attribute of extension",
    ),
    "the id of an element as element": (patient('<name><id value="1"/></name>'), "id is an attr"),
    "a name of json": (patient('<_birthDate id="1"/>'), "name like _birthDate"),
    "two resources in one": (
        patient("<contained><Patient/><Patient/></contained>"),
        "contained holds one resource",
    ),
    "an attribute on a holder": (patient('<contained id="1"><Patient/></contained>'), "contained"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_xml_of_fhir_is_400_with_its_place(text, says):
    with pytest.raises(BadRequest, match=r"line \d+, column \d+: ") as refused:
        read(text)

    assert re.search(says, str(refused.value)) or says in str(refused.value)
    assert "baris" in refused.value.issues[0].indonesian


@pytest.mark.parametrize("depth", [65, 100_000])
def test_deep_nesting_is_refused(depth):
    text = patient('<extension url="u">' * depth + "</extension>" * depth)

    with pytest.raises(BadRequest, match="deeper than 64"):
        read(text)


def test_a_deep_narrative_needs_no_stack():
    div = f"<div {XHTML}>" + "<b>" * 50_000 + "a" + "</b>" * 50_000 + "</div>"

    assert json.loads(read(with_div(div)))["text"]["div"] == div


def test_what_the_wire_refuses_in_json_it_refuses_in_xml():
    with pytest.raises(BadRequest, match="occurs twice"):
        parse(read(patient('<resourceType value="Observation"/>')))
    with pytest.raises(BadRequest, match="did you mean"):
        parse(read(f"<Patent {NS}/>"))


@pytest.mark.parametrize(
    ("inner", "code", "expression"),
    [
        ('<nickname value="x"/>', "structure", "Patient.nickname"),
        ('<nickname value="x"/><nickname/>', "structure", "Patient.nickname"),
        ('<name><give value="x"/></name>', "structure", "Patient.name[0].give"),
        ("<nickname><a><b/></a></nickname>", "structure", "Patient.nickname"),
        ('<gender value="female"/><gender value="male"/>', "structure", "Patient.gender"),
        ('<birthDate value="x"/>', "value", "Patient.birthDate"),
        ('<active value="yes"/>', "value", "Patient.active"),
        ('<multipleBirthInteger value="02"/>', "value", "Patient.multipleBirth"),
        ('<multipleBirthInteger value="NaN"/>', "value", "Patient.multipleBirth"),
        ('<gender value=""/>', "structure", "Patient.gender"),
        ("<gender/>", "structure", "Patient.gender"),
        ("<name/>", "structure", "Patient.name[0]"),
        ("<name><given/></name>", "structure", "Patient.name[0].given[0]"),
        ("<contained/>", "structure", "Patient.contained[0]"),
        ("<contained><Patent/></contained>", "structure", "Patient.contained[0]"),
        ('<gender value="male"><a value="b"/></gender>', "structure", "Patient.gender.a"),
        ("<maritalStatus/><maritalStatus/>", "structure", "Patient.maritalStatus"),
    ],
)
def test_what_r4_does_not_know_is_named_by_the_validator(inner, code, expression):
    issues = validate(parse(read(patient(inner))), DEFINITIONS)

    assert (code, expression) in {(each.code, each.expression) for each in issues}


# --- any resource ---


def primitives(element):
    codes = DEFINITIONS.value_sets.get(element.codes or "")
    if codes:
        return st.sampled_from([code for each in codes.values() for code in each])
    text = st.text(min_size=1).filter(lambda s: s.isprintable() and s == s.strip() and s)
    known = {
        "boolean": st.booleans(),
        "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "positiveInt": st.integers(1, 2**31 - 1),
        "unsignedInt": st.integers(0, 2**31 - 1),
        "base64Binary": st.just("aGFsbw=="),
        "date": st.dates().map(str),
        "dateTime": st.just("2024-05-31T08:30:00.10+07:00"),
        "instant": st.just("2024-05-31T08:31:00.250Z"),
        "time": st.just("08:30:00"),
        "id": st.from_regex(r"[A-Za-z0-9\-.]{1,8}", fullmatch=True),
        "oid": st.just("urn:oid:1.2.3"),
        "uuid": st.just("urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
        "xhtml": text.map(lambda s: f"<div {XHTML}>{s.translate(MARKUP)}</div>"),
        "string": st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
            | st.sampled_from("\t\n\r"),
            min_size=1,
        ),
    }
    known["markdown"] = known["string"]
    return known.get(element.type, st.from_regex(r"[a-z]{1,9}", fullmatch=True))


MARKUP = {ord("<"): "&lt;", ord("&"): "&amp;", ord(">"): "&gt;"}


@st.composite
def objects(draw, path, depth=0):
    """Draw any object of this type, valid or nearly so."""
    found = {"resourceType": path} if path in DEFINITIONS.types else {}
    every = list(DEFINITIONS.elements(path).values())
    required = [each for each in every if each.minimum and not each.choice]
    chosen = required + draw(st.lists(st.sampled_from(every), max_size=6 if depth < 3 else 1))
    for element in {each.path: each for each in chosen}.values():
        if element.type == "Resource" and depth > 1:
            continue
        found |= draw(members(element, depth))
    return found


@st.composite
def members(draw, element, depth):
    if depth > 6:
        return {}
    if element.is_primitive:
        values = primitives(element)
        extra = st.fixed_dictionaries({"id": st.just("x")})
        if not element.repeats:
            more = (
                {}
                if element.name in {"id", "url", "div"} or draw(st.booleans())
                else {f"_{element.name}": draw(extra)}
            )
            return {element.name: draw(values)} | more
        pairs = draw(st.lists(st.tuples(values, st.none() | extra), min_size=1, max_size=3))
        ones, mores = zip(*pairs, strict=True)
        return {element.name: list(ones)} | (
            {f"_{element.name}": list(mores)} if any(mores) else {}
        )
    if element.type == "Resource":
        value = objects(draw(st.sampled_from(["Patient", "Observation", "Basic"])), depth + 1)
    else:
        value = objects(element.type, depth + 1)
    drawn = draw(value)
    if not drawn:
        return {}
    return {element.name: [drawn] if element.repeats else drawn}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(DEFINITIONS.types)).flatmap(objects))
def test_any_resource_is_the_same_after_xml(document):
    raw = orjson.dumps(document)

    for pretty in (False, True):
        written = to_xml(raw, DEFINITIONS, pretty=pretty)
        ET.fromstring(written)  # noqa: S314 - our own
        assert orjson.loads(from_xml(written, DEFINITIONS)) == document
