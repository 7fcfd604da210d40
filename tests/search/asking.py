"""Random criteria: how each is written in a URL, and the oracle's test of the same."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.search import oracle
from tests.search.world import BASE, CITIES, CODES, DATES, NAMES, STATES, UCUM, UNITS, URLS

PREFIXES = ("", "ne", "gt", "lt", "ge", "le", "sa", "eb")
SPELT = st.sampled_from
NUMBERS = ("5", "5.0", "50", "1", "1.2", "1.25", "0.5", "100", "1e2", "500", "4.96", "10")
PLACES = {
    "Patient": (
        *(("token", "identifier", "identifier"), ("token", "active", "active")),
        *(("token", "gender", "gender"), ("string", "name", "name.family|name.given")),
        *(("string", "family", "name.family"), ("string", "address-city", "address.city")),
        *(
            ("date", "birthdate", "birthDate"),
            ("reference", "organization", "managingOrganization"),
        ),
    ),
    "Observation": (
        *(("token", "code", "code"), ("token", "status", "status")),
        *(
            ("token", "combo-code", "code|component.code"),
            ("token", "component-code", "component.code"),
        ),
        *(
            ("date", "date", "effectiveDateTime|effectivePeriod"),
            ("reference", "subject", "subject"),
        ),
        *(("reference", "performer", "performer"), ("reference", "encounter", "encounter")),
        ("quantity", "value-quantity", "valueQuantity"),
        ("quantity", "component-value-quantity", "component.valueQuantity"),
        ("quantity", "combo-value-quantity", "valueQuantity|component.valueQuantity"),
        ("token", "value-concept", "valueCodeableConcept"),
        ("pair", "code-value-quantity", ("", "code", "valueQuantity")),
        ("pair", "component-code-value-quantity", ("component", "code", "valueQuantity")),
    ),
    "Encounter": (
        *(("token", "status", "status"), ("token", "class", "class"), ("date", "date", "period")),
        *(("reference", "patient", "subject"), ("reference", "part-of", "partOf")),
        ("reference", "service-provider", "serviceProvider"),
    ),
    "Organization": (("string", "name", "name"), ("reference", "partof", "partOf")),
    "ValueSet": (("uri", "url", "url"), ("string", "name", "name")),
    "RiskAssessment": (("number", "probability", "prediction.probabilityDecimal"),),
    "List": (("reference", "item", "entry.item"),),
}
LINKS = {
    "Patient": (("organization", "managingOrganization", "Organization"),),
    "Observation": (
        *(("subject", "subject", "Patient"), ("patient", "subject", "Patient")),
        ("encounter", "encounter", "Encounter"),
        *(("performer", "performer", "Organization"), ("performer", "performer", "Patient")),
    ),
    "Encounter": (
        *(("subject", "subject", "Patient"), ("part-of", "partOf", "Encounter")),
        ("service-provider", "serviceProvider", "Organization"),
    ),
    "Organization": (("partof", "partOf", "Organization"),),
    "RiskAssessment": (("subject", "subject", "Patient"),),
    "List": (("item", "entry.item", "Patient"), ("item", "entry.item", "Observation")),
}
BACK = {
    target: [
        (source, name, path)
        for source, links in LINKS.items()
        for name, path, end in links
        if end == target
    ]
    for target in ("Patient", "Observation", "Encounter", "Organization")
}


@st.composite
def criteria(draw, kind, depth=2):
    """Give a name, a value and the test that means the same."""
    ways = ["own"] * 6 + ["id"]
    ways += ["chain"] * (depth > 0 and kind in LINKS) + ["has", "list"] * (
        depth > 0 and kind in BACK
    )
    match draw(SPELT(ways)):
        case "id":
            identity = f"{kind[0].lower()}{draw(st.integers(0, 60))}"
            return "_id", identity, lambda document, _world: document["id"] == identity
        case "chain":
            return draw(chains(kind, depth))
        case "has":
            source, name, path = draw(SPELT(BACK[kind]))
            inner, value, test = draw(criteria(source, depth - 1))
            return f"_has:{source}:{name}:{inner}", value, oracle.has(source, path, test)
        case "list" if kind in {"Patient", "Observation"}:
            identity = f"l{draw(st.integers(0, 9))}"
            test = oracle.has("List", "entry.item", lambda each, _world: each["id"] == identity)
            return "_list", identity, test
    return draw(own(kind))


@st.composite
def chains(draw, kind, depth):
    name, path, target = draw(SPELT(LINKS[kind]))
    inner, value, test = draw(criteria(target, depth - 1))
    return f"{name}:{target}.{inner}", value, oracle.chain(path, target, test)


@st.composite
def own(draw, kind):
    """Ask one parameter, perhaps for one of two values, perhaps with a modifier."""
    sort, name, path = draw(SPELT(PLACES[kind]))
    if sort != "pair" and draw(st.integers(0, 9)) == 0:
        asked = draw(st.booleans())
        return f"{name}:missing", str(asked).lower(), missing(sort, path, asked=asked)
    modifier = draw(SPELT(MODIFIERS.get(sort, ("",))))
    if sort == "token" and modifier in {":text", ":of-type"} and not fits(modifier, name):
        modifier = ""
    ends = [draw(VALUES[sort](kind, name, path, modifier)) for _ in range(draw(st.integers(1, 2)))]
    test = oracle.either(*(each for _, each in ends))
    if modifier == ":not":
        test = oracle.negated(test)
    return name + modifier, ",".join(value for value, _ in ends), test


def missing(sort, path, *, asked):
    """Say what a parameter finds nothing in: an element that it cannot index counts for none."""
    worth = {
        "token": lambda value: bool(oracle.codes(value)),
        "quantity": lambda value: "value" in value,
        "reference": lambda value: "reference" in value,
        "date": bool,
    }.get(sort, lambda _value: True)
    return lambda document, _world: any(map(worth, oracle.at(document, path))) != asked


MODIFIERS = {
    "token": ("", "", "", ":not", ":text", ":of-type"),
    "string": ("", "", ":exact", ":contains"),
    "uri": ("", ":below", ":above"),
}


def fits(modifier, name):
    if modifier == ":of-type":
        return name == "identifier"
    return name in {"code", "component-code", "combo-code", "value-concept", "class", "identifier"}


@st.composite
def tokens(draw, _kind, name, path, modifier):
    if modifier == ":text":
        asked = draw(SPELT(["nyeri", "Nyeri k", "demam", "kepala"]))
        return asked, oracle.token_text(path, asked)
    system = draw(SPELT(["", "http://a|", "http://b|", "|"]))
    if modifier == ":of-type":
        asked = f"http://a|{draw(SPELT(CODES))}|{draw(st.integers(0, 29))}"
        return asked, oracle.of_type(asked)
    plain = {
        "identifier": st.integers(0, 29).map(str),
        "active": SPELT(["true", "false"]),
        "gender": SPELT(["male", "female"]),
        "status": SPELT([*STATES, "planned", "finished"]),
    }
    if name in {"active", "gender", "status"}:
        system = ""
    code = draw(plain.get(name, SPELT(CODES)))
    if system and system != "|" and draw(st.booleans()):
        code = ""
    return system + code, oracle.token(path, system + code)


@st.composite
def strings(draw, _kind, _name, path, modifier):
    asked = draw(SPELT([*NAMES, *CITIES, "si", "S", "jose", "ra", "nur", "ahayu"]))
    words = path == "name.family|name.given"
    return asked, oracle.string(path, asked, modifier[1:] or None, words=words)


@st.composite
def references(draw, kind, name, path, _modifier):
    target = draw(SPELT([end for link, _, end in LINKS[kind] if link == name] or ["Patient"]))
    identity = f"{target[0].lower()}{draw(st.integers(0, 40))}"
    asked = draw(SPELT([f"{target}/{identity}", identity, f"{BASE}{target}/{identity}"]))
    return asked, oracle.reference(path, asked)


@st.composite
def dates(draw, _kind, _name, path, _modifier):
    prefix, asked = draw(SPELT(PREFIXES)), draw(SPELT(DATES))
    return prefix + asked, oracle.date(path, prefix, asked)


@st.composite
def quantities(draw, _kind, _name, path, _modifier):
    prefix, asked = (
        draw(SPELT(PREFIXES)),
        draw(SPELT([each for each in NUMBERS if "e" not in each])),
    )
    how, unit = draw(SPELT(["none", "unit", "ucum", "ucum"])), draw(SPELT(UNITS))
    if how == "none" or (how == "ucum" and unit == "tablet"):
        return prefix + asked, oracle.quantity(path, prefix, asked)
    system = UCUM if how == "ucum" else ""
    test = oracle.quantity(path, prefix, asked, unit, ucum=bool(system))
    return f"{prefix}{asked}|{system}|{unit}", test


@st.composite
def numbers(draw, _kind, _name, path, _modifier):
    prefix, asked = draw(SPELT(PREFIXES)), draw(SPELT(["0.1", "0.10", "0.14", "0.2", "1", "2.0"]))
    return prefix + asked, oracle.number(path, prefix, asked)


@st.composite
def pairs(draw, kind, name, path, modifier):
    root, first, second = path
    code, test = draw(tokens(kind, name, first, modifier))
    value, other = draw(quantities(kind, name, second, modifier))
    return f"{code}${value}", oracle.pair(root, test, other)


@st.composite
def uris(draw, _kind, _name, path, modifier):
    asked = draw(SPELT([*URLS, "http://v", "http://v/a/"] if modifier else URLS))
    return asked, oracle.uri(path, asked, modifier[1:] or None)


VALUES = {
    "token": tokens,
    "string": strings,
    "reference": references,
    "date": dates,
    "quantity": quantities,
    "number": numbers,
    "pair": pairs,
    "uri": uris,
}
