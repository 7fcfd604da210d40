"""What expressions give, on a Patient of a puskesmas."""

from decimal import Decimal

import pytest

from fhir_server.resources.fhirpath import Hooks, Inapplicable, Unreadable, compiled, root

PATIENT = {
    "resourceType": "Patient",
    "id": "siti",
    "contained": [{"resourceType": "Organization", "id": "pkm", "name": "Puskesmas Sukajadi"}],
    "active": True,
    "name": [
        {"use": "official", "text": "Ny. Siti Rahmawati", "given": ["Siti", None, "Nur"],
         "_given": [None, {"extension": [{"url": "u", "valueCode": "asked"}]}, None]},
        {"use": "nickname", "given": ["Iti"]},
    ],
    "birthDate": "1991-08",
    "_birthDate": {"extension": [{"url": "https://example.org/jam", "valueTime": "08:30:00"}]},
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "managingOrganization": {"reference": "#pkm"},
    "generalPractitioner": [{"reference": "Practitioner/bidan"}],
}  # fmt: skip
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "valueQuantity": {
        "value": Decimal("72.50"), "unit": "g", "system": "http://unitsofmeasure.org", "code": "g",
    },
    "referenceRange": [{"low": {"value": 60.1}}],
}  # fmt: skip

ON_PATIENT = [
    ("Patient.name.given", ["Siti", None, "Nur", "Iti"]),
    ("name.given.count()", [4]),
    ("name.given.where(hasValue()).count()", [3]),
    ("name.given[1].extension('u').value", ["asked"]),
    ("name.where(use = 'official').text", ["Ny. Siti Rahmawati"]),
    ("name.select(given.first() & '/' & use)", ["Siti/official", "Iti/nickname"]),
    ("deceased", [False]),
    ("multipleBirth is integer", [True]),
    ("multipleBirth.ofType(boolean)", []),
    ("birthDate < @1992", [True]),
    ("birthDate = @1991-08-17", []),
    ("birthDate.extension('https://example.org/jam').value > @T08:00", [True]),
    ("managingOrganization.resolve().name", ["Puskesmas Sukajadi"]),
    ("contained.name.first()", ["Puskesmas Sukajadi"]),
    ("%resource.id & %context.id", ["sitisiti"]),
    ("name.given.where($index = 2)", ["Nur"]),
    ("name.descendants().ofType(code).distinct()", ["official", "asked", "nickname"]),
    ("name.repeat(given).count()", [4]),
    ("(1 | 2 | 3).aggregate($total + $this, 0)", [6]),
    ("iif(active, 'ya', 'tidak')", ["ya"]),
    ("(active and {}).empty()", [True]),
    ("1.0 / 3", [Decimal("0.3333333333333333333333333333")]),
    ("0.1 + 0.2 = 0.3", [True]),
    ("7 div 2 + 7 mod 2", [4]),
    ("1 / 0", []),
    ("@2024-01-31 + 1 month = @2024-02-29", [True]),
    ("@2024-02-28 + 2 days", ["2024-03-01"]),
    ("@2024 + 18 months", ["2025"]),
    ("@T23:30 + 1 hour", ["00:30"]),
    ("1 year = 12 months", [True]),
    ("1 'kg' = 1000 'g'", [True]),
    ("1 'mm[Hg]' > 1 'Pa'", [True]),
    ("1 'kg' < 1 'm'", []),
    ("10 'mg' / 2 'mL' = 5 'g/L'", [True]),
    ("'Ny. Siti'.replaceMatches('^(Ny|Tn)\\\\. ', '')", ["Siti"]),
    ("'a,b,,c'.split(',').join('-')", ["a-b--c"]),
    ("'Siti'.substring(1, 2).upper()", ["IT"]),
    ("'%20'.encode('hex').decode('hex')", ["%20"]),
    ("('b' | 'a' | 'c').sort()", ["a", "b", "c"]),
    ("name.given.type().name.distinct()", ["string"]),
    ("%`ext-mine` = 'http://hl7.org/fhir/StructureDefinition/mine'", [True]),
    ("name.exists(use = 'old') or name.all(given.exists())", [True]),
    ("name[5].given | {}", []),
    ("`name`.`given`[0] // the first", ["Siti"]),
]  # fmt: skip
ON_OBSERVATION = [
    ("value.value", [Decimal("72.50")]),
    ("value.value.precision()", [2]),
    ("value = 0.0725 'kg'", [True]),
    ("value > 70 'g'", [True]),
    ("value.as(Quantity).unit", ["g"]),
    ("value is Quantity and value is Element", [True]),
    ("referenceRange.low.value = 60.1", [True]),
]


def shown(values):
    return [str(value) if type(value).__name__ == "Temporal" else value for value in values]


@pytest.mark.parametrize(("expression", "expected"), ON_PATIENT)
def test_an_expression_has_its_value(expression, expected):
    assert shown(compiled(expression).values(PATIENT)) == expected


@pytest.mark.parametrize(("expression", "expected"), ON_OBSERVATION)
def test_numbers_are_exact(expression, expected):
    assert compiled(expression).values(OBSERVATION) == expected


@pytest.mark.parametrize(
    "text",
    ["", "name.", "name..given", "(name", "1 +", "'open", "name[0", "@2024-13", "a ? b", "f(,)"],
)
def test_what_is_no_fhirpath_is_said_to_be_none(text):
    with pytest.raises(Unreadable):
        compiled(text)


@pytest.mark.parametrize("text", ["name.shout()", "name.where()", "name.first(1)"])
def test_what_is_no_function_is_refused_before_it_runs(text):
    with pytest.raises(Unreadable):
        compiled(text)


@pytest.mark.parametrize(
    "expression",
    [
        "name.given + 1", "'a' > 1", "active + 1", "name.given & 'x'", "@2024 + 1 'cm'",
        "valueQuantity", "%nobody", "name is Nothing", "name.single()", "(1 | 2).toInteger()",
        "deceasedBoolean", "'a'.matches('(')", "name.first().memberOf('http://example.org/vs')",
    ],
)  # fmt: skip
def test_what_makes_no_sense_of_these_values_is_refused(expression):
    with pytest.raises(Inapplicable):
        compiled(expression).items(OBSERVATION if "Quantity" in expression else PATIENT)


def test_strict_also_refuses_an_element_that_r4_does_not_have():
    assert compiled("name.surname").values(PATIENT) == []
    with pytest.raises(Inapplicable):
        compiled("name.surname").values(PATIENT, strict=True)


def test_an_element_knows_its_place():
    given = compiled("name.given").items(PATIENT)

    assert [node.path() for node in given] == [
        "Patient.name[0].given[0]",
        "Patient.name[0].given[1]",
        "Patient.name[0].given[2]",
        "Patient.name[1].given[0]",
    ]
    assert compiled("$this & '!'").values(given[0]) == ["Siti!"]


def test_others_are_asked_through_hooks():
    seen = []
    hooks = Hooks(
        resolve={"Practitioner/bidan": {"resourceType": "Practitioner", "id": "bidan"}}.get,
        member_of=lambda value, url: url.endswith("|1") and value == "official",
        trace=lambda name, items: seen.append((name, len(items))),
    )

    found = compiled(
        "generalPractitioner.trace('all').resolve().id | name.use.first().memberOf('v|1')"
    ).values(PATIENT, hooks=hooks)

    assert found == ["bidan", True]
    assert seen == [("all", 1)]


def test_a_reference_is_found_in_its_bundle():
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "id": "p"}},
            {"resource": {"resourceType": "Encounter", "subject": {"reference": "urn:uuid:1"}}},
            {"resource": {"resourceType": "Condition", "subject": {"reference": "Patient/p"}}},
        ],
    }

    assert compiled("entry.resource.subject.resolve().id").values(bundle) == ["p", "p"]


def test_root_resource_is_the_container():
    (organization,) = root(PATIENT).child("contained")

    assert compiled("%rootResource.id & '/' & %resource.id").values(organization) == ["siti/pkm"]


def test_variables_of_the_caller_come_first():
    assert compiled("%batas * 2").values(PATIENT, variables={"batas": 21}) == [42]
