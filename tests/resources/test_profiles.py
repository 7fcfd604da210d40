"""Each kind of check, both ways: what meets the profile passes, what does not is named."""

from __future__ import annotations

import random

import pytest

from fhir_server.resources.profiles.judge import Hooks, judge, judge_extensions
from tests.resources.profiling import (
    BASE,
    CORE,
    element,
    extension,
    issues,
    library,
    profile,
    sliced,
    wrong,
)


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def observation(**elements):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **elements}


NIK = {"system": "https://id/nik", "value": "1"}
KK = {"system": "https://id/kk", "value": "2"}
OTHER = {"system": "https://id/x", "value": "3"}
CODING = {"system": "http://loinc.org", "code": "1-1"}

ONE_ELEMENT = [
    # name, facets, what passes, what does not, code and place of the issue
    ("Patient.name", {"min": 1}, {"name": [{"text": "A"}]}, {}, ("required", "Patient.name")),
    (
        "Patient.name",
        {"max": "1"},
        {"name": [{"text": "A"}]},
        {"name": [{"text": "A"}, {"text": "B"}]},
        ("structure", "Patient.name"),
    ),
    ("Patient.photo", {"max": "0"}, {}, {"photo": [{}]}, ("structure", "Patient.photo[0]")),
    (
        "Patient.name.text",
        {"min": 1},
        {"name": [{"text": "A"}]},
        {"name": [{"text": "A"}, {"family": "B"}]},
        ("required", "Patient.name[1].text"),
    ),
    (
        "Patient.gender",
        {"fixedCode": "female"},
        {"gender": "female"},
        {"gender": "male"},
        ("value", "Patient.gender"),
    ),
    (
        "Patient.active",
        {"fixedBoolean": True},
        {"active": True},
        {"active": False},
        ("value", "Patient.active"),
    ),
    (
        "Patient.maritalStatus",
        {"fixedCodeableConcept": {"coding": [CODING]}},
        {"maritalStatus": {"coding": [CODING]}},
        {"maritalStatus": {"coding": [CODING], "text": "more than fixed"}},
        ("value", "Patient.maritalStatus"),
    ),
    (
        "Patient.maritalStatus",
        {"patternCodeableConcept": {"coding": [CODING]}},
        {"maritalStatus": {"coding": [{"code": "y"}, {**CODING, "display": "z"}], "text": "more"}},
        {"maritalStatus": {"coding": [{"code": "1-1"}, {"system": "http://loinc.org"}]}},
        ("value", "Patient.maritalStatus"),
    ),
    (
        "Patient.birthDate",
        {"minValueDate": "1900-01-01"},
        {"birthDate": "1900"},
        {"birthDate": "1899-12-31"},
        ("value", "Patient.birthDate"),
    ),
    (
        "Patient.multipleBirthInteger",
        {"maxValueInteger": 3},
        {"multipleBirthInteger": 3},
        {"multipleBirthInteger": 4},
        ("value", "Patient.multipleBirth"),
    ),
    (
        "Patient.name.family",
        {"maxLength": 3},
        {"name": [{"family": "abc"}]},
        {"name": [{"family": "abcd"}]},
        ("too-long", "Patient.name[0].family"),
    ),
    (
        "Patient.multipleBirth[x]",
        {"type": [{"code": "integer"}]},
        {"multipleBirthInteger": 1},
        {"multipleBirthBoolean": True},
        ("structure", "Patient.multipleBirth"),
    ),
    (
        "Patient.managingOrganization",
        {"type": [{"code": "Reference", "targetProfile": [BASE + "Faskes"]}]},
        {"managingOrganization": {"reference": "Organization/1"}},
        {"managingOrganization": {"reference": "Location/1"}},
        ("structure", "Patient.managingOrganization"),
    ),
    (
        "Patient.generalPractitioner",
        {"type": [{"code": "Reference", "targetProfile": [CORE + "Practitioner"]}]},
        {"generalPractitioner": [{"reference": "Practitioner/1"}, {"display": "dr. Sari"}]},
        {"generalPractitioner": [{"reference": "https://x/fhir/Organization/1"}]},
        ("structure", "Patient.generalPractitioner[0]"),
    ),
    (
        "Patient",
        {
            "constraint": [
                {
                    "key": "p-1",
                    "severity": "error",
                    "human": "a name or an identifier",
                    "expression": "name.exists() or identifier.exists()",
                }
            ]
        },
        {"identifier": [NIK]},
        {"active": True},
        ("invariant", "Patient"),
    ),
    (
        "Patient.contact",
        {
            "constraint": [
                {
                    "key": "c-1",
                    "severity": "error",
                    "human": "as the patient's",
                    "expression": "gender = %resource.gender",
                }
            ]
        },
        {"gender": "male", "contact": [{"gender": "male"}]},
        {"gender": "male", "contact": [{"gender": "male"}, {"gender": "female"}]},
        ("invariant", "Patient.contact[1]"),
    ),
    (
        "Patient.birthDate.extension",
        {"min": 1},
        {"birthDate": "2000", "_birthDate": {"extension": [{"url": "https://x/y"}]}},
        {"birthDate": "2000"},
        ("required", "Patient.birthDate.extension"),
    ),
]


@pytest.mark.parametrize(("name", "facets", "good", "bad", "place"), ONE_ELEMENT)
def test_one_element(name, facets, good, bad, place):
    faskes = profile("Faskes", element("Organization.name", min=1))
    own = profile("P", element(name, **facets))

    assert wrong(patient(**good), own, faskes) == []
    assert wrong(patient(**bad), own, faskes) == [place]


def test_an_issue_names_the_profile_and_the_element():
    own = profile("P", element("Patient.name", min=1))

    (found,) = issues(patient(), own)

    assert f"[{BASE}P#Patient.name]" in found.diagnostics
    assert "paling sedikit" in found.indonesian


def test_what_r4_requires_anyway_is_not_said_twice():
    own = profile("P", element("Observation.status", min=1, max="1"))

    assert wrong({"resourceType": "Observation"}, own) == []


IDENTIFIERS = (
    sliced("Patient.identifier", "system"),
    element("Patient.identifier:nik", min=1, max="1"),
    element("Patient.identifier:nik.system", min=1, fixedUri=NIK["system"]),
    element("Patient.identifier:nik.value", min=1, maxLength=16),
    element("Patient.identifier:kk", min=0, max="1"),
    element("Patient.identifier:kk.system", patternUri=KK["system"]),
)


def by_system(**slicing):
    return profile("P", sliced("Patient.identifier", "system", **slicing), *IDENTIFIERS[1:])


@pytest.mark.parametrize(
    ("slicing", "identifiers", "expected"),
    [
        ({}, [OTHER, NIK], []),
        ({}, [OTHER], [("required", "Patient.identifier")]),
        ({}, [NIK, NIK], [("structure", "Patient.identifier")]),
        ({}, [OTHER, {"system": NIK["system"]}], [("required", "Patient.identifier[1].value")]),
        ({"rules": "closed"}, [NIK, KK], []),
        ({"rules": "closed"}, [NIK, OTHER], [("structure", "Patient.identifier[1]")]),
        ({"rules": "openAtEnd"}, [NIK, OTHER], []),
        ({"rules": "openAtEnd"}, [OTHER, NIK], [("structure", "Patient.identifier[1]")]),
        ({"ordered": True}, [NIK, OTHER, KK], []),
        ({"ordered": True}, [KK, NIK], [("structure", "Patient.identifier[1]")]),
    ],
)
def test_slices_by_value(slicing, identifiers, expected):
    assert wrong(patient(identifier=identifiers), by_system(**slicing)) == expected


def test_slices_by_a_pattern_further_down():
    own = profile(
        "P",
        sliced("Observation.component", "code", kind="pattern"),
        element("Observation.component:sys", min=1),
        element("Observation.component:sys.code", patternCodeableConcept={"coding": [CODING]}),
        element("Observation.component:sys.value[x]", min=1, type=[{"code": "Quantity"}]),
    )
    right = {"code": {"coding": [{**CODING, "display": "S"}]}, "valueQuantity": {"value": 1}}
    text = {"code": {"coding": [CODING]}, "valueString": "high"}

    assert wrong(observation(component=[{"code": {"text": "?"}}, right]), own) == []
    assert wrong(observation(component=[text]), own) == [
        ("structure", "Observation.component[0].value")
    ]
    assert wrong(observation(component=[{"code": {"text": "?"}}]), own) == [
        ("required", "Observation.component")
    ]


def test_slices_of_a_choice_by_type():
    own = profile(
        "P",
        sliced("Observation.value[x]", "$this", kind="type", rules="closed"),
        element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        element("Observation.value[x]:valueQuantity.unit", min=1),
        element("Observation.value[x]:valueString", type=[{"code": "string"}], maxLength=2),
    )

    assert wrong(observation(valueQuantity={"unit": "g"}), own) == []
    assert wrong(observation(valueString="ok"), own) == []
    assert wrong(observation(valueString="abc"), own) == [("too-long", "Observation.value")]
    assert wrong(observation(valueQuantity={"value": 1}), own) == [
        ("required", "Observation.value.unit")
    ]
    assert wrong(observation(valueBoolean=True), own) == [("structure", "Observation.value")]


def test_slices_by_what_exists():
    own = profile(
        "P",
        sliced("Patient.telecom", "period", kind="exists"),
        element("Patient.telecom:old", max="1"),
        element("Patient.telecom:old.period", min=1),
        element("Patient.telecom:now"),
        element("Patient.telecom:now.period", max="0"),
        element("Patient.telecom:now.value", min=1),
    )
    old = {"period": {"end": "2020"}}

    assert wrong(patient(telecom=[old, {"value": "1"}]), own) == []
    assert wrong(patient(telecom=[old, old]), own) == [("structure", "Patient.telecom")]
    assert wrong(patient(telecom=[{"system": "phone"}]), own) == [
        ("required", "Patient.telecom[0].value")
    ]


def test_slices_by_profile():
    nik = profile("Nik", element("Identifier.system", min=1, fixedUri=NIK["system"]))
    own = profile(
        "P",
        sliced("Patient.identifier", "$this", kind="profile", rules="closed"),
        element("Patient.identifier:nik", type=[{"code": "Identifier", "profile": [BASE + "Nik"]}]),
    )

    assert wrong(patient(identifier=[NIK]), own, nik) == []
    assert wrong(patient(identifier=[KK]), own, nik) == [("structure", "Patient.identifier[0]")]


def test_slices_of_bundle_entries_by_type():
    own = profile(
        "P",
        sliced("Bundle.entry", "resource", kind="type"),
        element("Bundle.entry:pasien", min=1, max="1"),
        element("Bundle.entry:pasien.resource", min=1, type=[{"code": "Patient"}]),
        element("Bundle.entry:pasien.resource.gender", min=1),
    )

    def bundle(*resources):
        entries = [{"resource": each} for each in resources]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    assert wrong(bundle(observation(), patient(gender="male")), own) == []
    assert wrong(bundle(observation()), own) == [("required", "Bundle.entry")]
    assert wrong(bundle(patient()), own) == [("required", "Bundle.entry[0].resource.gender")]


def test_slices_by_the_type_that_a_reference_leads_to():
    own = profile(
        "P",
        sliced("Observation.performer", "resolve()", kind="type"),
        element(
            "Observation.performer:dokter",
            max="1",
            type=[{"code": "Reference", "targetProfile": [CORE + "Practitioner"]}],
        ),
    )
    doctor, clinic = {"reference": "Practitioner/1"}, {"reference": "Organization/1"}

    assert wrong(observation(performer=[doctor, clinic, clinic]), own) == []
    assert wrong(observation(performer=[doctor, doctor]), own) == [
        ("structure", "Observation.performer")
    ]


def test_a_slice_in_a_slice():
    own = profile(
        "P",
        *IDENTIFIERS[:3],
        element("Patient.identifier:nik", slicing=IDENTIFIERS[0]["slicing"] | _by("use")),
        element("Patient.identifier:nik/tetap", max="1"),
        element("Patient.identifier:nik/tetap.use", fixedCode="official"),
    )
    official = {**NIK, "use": "official"}

    assert wrong(patient(identifier=[official, NIK]), own) == []
    assert wrong(patient(identifier=[official, official]), own) == [
        ("structure", "Patient.identifier")
    ]


def _by(path):
    return {"discriminator": [{"type": "value", "path": path}]}


def test_a_slicing_that_nobody_understands_is_said_and_refuses_nothing():
    own = profile(
        "P",
        sliced("Patient.identifier", "nonsense", rules="closed"),
        element("Patient.identifier:x", min=1),
    )

    found = issues(patient(identifier=[NIK]), own, informing=True)

    assert [each.severity for each in found] == ["information"]
    assert "nonsense" in found[0].diagnostics


@pytest.mark.parametrize("strength", ["required", "extensible"])
def test_bindings(strength):
    binding = {"strength": strength, "valueSet": "https://example.org/vs"}
    own = profile("P", element("Patient.maritalStatus", binding=binding))
    severity = "error" if strength == "required" else "warning"

    def said(*, answer):
        hooks = Hooks(member=lambda _url, _coding: answer)
        found = issues(
            patient(maritalStatus={"coding": [CODING]}), own, hooks=hooks, informing=True
        )
        return [(each.severity, each.code) for each in found]

    assert said(answer=True) == []
    assert said(answer=False) == [(severity, "code-invalid")]
    unsure = "warning" if strength == "required" else "information"
    assert said(answer=None) == [(unsure, "not-found")]


def test_a_required_binding_needs_a_code_and_one_that_fits_is_enough():
    binding = {"strength": "required", "valueSet": "https://example.org/vs"}
    own = profile("P", element("Patient.maritalStatus", binding=binding))
    hooks = Hooks(member=lambda _, coding: coding["code"] == "M")
    two = {"coding": [{"code": "X"}, {"code": "M"}]}

    assert wrong(patient(maritalStatus={"text": "kawin"}), own, hooks=hooks) == [
        ("code-invalid", "Patient.maritalStatus")
    ]
    assert wrong(patient(maritalStatus=two), own, hooks=hooks) == []


def test_a_reference_is_judged_by_its_profile_where_it_leads_somewhere():
    faskes = profile("Faskes", element("Organization.name", min=1))
    targets = [{"code": "Reference", "targetProfile": [BASE + "Faskes"]}]
    own = profile("P", element("Patient.managingOrganization", type=targets))

    def contained(**elements):
        inside = {"resourceType": "Organization", "id": "o", **elements}
        return patient(contained=[inside], managingOrganization={"reference": "#o"})

    assert wrong(contained(name="A"), own, faskes) == []
    assert wrong(contained(active=True), own, faskes) == [
        ("structure", "Patient.managingOrganization")
    ]
    there = Hooks(resolve=lambda _: {"resourceType": "Organization", "id": "1"})
    away = patient(managingOrganization={"reference": "Organization/1"})
    assert wrong(away, own, faskes) == []
    assert wrong(away, own, faskes, hooks=there) == [("structure", "Patient.managingOrganization")]


def test_a_profile_rests_on_another():
    below = profile("Below", element("Patient.name", min=1), *IDENTIFIERS)
    own = profile(
        "P", element("Patient.gender", min=1), element("Patient.identifier:kk", min=1), base=BASE
    )
    own["baseDefinition"] = below["url"]

    assert wrong(patient(gender="male", name=[{}], identifier=[NIK, KK]), own, below) == []
    assert sorted(wrong(patient(identifier=[NIK]), own, below)) == [
        ("required", "Patient.gender"),
        ("required", "Patient.identifier"),
        ("required", "Patient.name"),
    ]


def test_a_snapshot_says_everything_and_repeats_r4():
    own = profile("P", element("Patient.name", min=1))
    own["snapshot"] = {"element": [element("Patient"), element("Patient.gender", min=1)]}

    assert wrong(patient(gender="male"), own) == []
    assert wrong(patient(), own) == [("required", "Patient.gender")]


def test_elements_without_ids_are_told_apart_by_path_and_slice_name():
    own = profile("P", *IDENTIFIERS)
    for each in own["differential"]["element"]:
        del each["id"]

    assert wrong(patient(identifier=[NIK]), own) == []
    assert wrong(patient(identifier=[{"system": NIK["system"]}]), own) == [
        ("required", "Patient.identifier[0].value")
    ]


def test_another_type_than_the_profile_is_of():
    assert wrong(observation(), profile("P", element("Patient.name", min=1))) == [
        ("structure", "Observation")
    ]


@pytest.mark.parametrize(
    "broken",
    [
        profile("P", base=BASE + "nowhere", kind="Patient"),
        profile("P", base=BASE + "P", kind="Patient"),
        profile("P", kind="Patient") | {"differential": {"element": [{"id": "Patient"}]}},
        profile("P", kind="Patient") | {"differential": 7},
    ],
)
def test_a_broken_profile_is_said_to_be_so(broken):
    (found,) = issues(patient(), broken)

    assert (found.severity, found.code) == ("warning", "not-supported")


def test_an_unknown_profile_is_a_warning():
    (found,) = judge(library(), patient(), [BASE + "gone"])

    assert (found.severity, found.code) == ("warning", "not-found")


def test_a_profile_is_found_by_its_version_and_not_by_another():
    own = profile("P", element("Patient.name", min=1))

    assert [each.code for each in judge(library(own), patient(), [BASE + "P|1"])] == ["required"]
    assert [each.code for each in judge(library(own), patient(), [BASE + "P|2"])] == ["not-found"]


def test_what_must_be_supported_and_is_absent_is_information():
    own = profile("P", element("Patient.telecom", mustSupport=True))

    (found,) = issues(patient(), own, informing=True)

    assert (found.severity, found.expression) == ("information", "Patient.telecom")
    assert issues(patient(telecom=[{"value": "1"}]), own, informing=True) == []


def extensions(document, *profiles):
    found = judge_extensions(library(*profiles), document)
    return [(each.severity, each.code, each.expression) for each in found]


def with_extension(key="extension", **value):
    return patient(name=[{"text": "A", key: [{"url": BASE + "E", **value}]}])


def test_a_known_extension_is_judged_by_its_profile():
    assert extensions(with_extension(valueString="x"), extension("E")) == []
    assert extensions(with_extension(valueBoolean=True), extension("E")) == [
        ("error", "structure", "Patient.name[0].extension[0].value")
    ]


def test_an_extension_stands_where_its_context_allows():
    here = extension("E", contexts=["HumanName"])
    elsewhere = extension("E", contexts=["Patient", "Address"])

    assert extensions(with_extension(valueString="x"), here) == []
    assert extensions(with_extension(valueString="x"), elsewhere) == [
        ("error", "extension", "Patient.name[0].extension[0]")
    ]


def test_unknown_extensions():
    assert extensions(with_extension(valueString="x")) == [
        ("information", "extension", "Patient.name[0].extension[0].url")
    ]
    assert extensions(patient(modifierExtension=[{"url": BASE + "E", "valueCode": "x"}])) == [
        ("error", "extension", "Patient.modifierExtension[0].url")
    ]


def test_a_modifier_belongs_into_modifier_extension():
    modifier = extension("E", isModifier=True)
    given = {"url": BASE + "E", "valueString": "x"}

    assert extensions(patient(modifierExtension=[given]), modifier) == []
    assert [each[1] for each in extensions(patient(extension=[given]), modifier)] == ["extension"]
    assert [e[1] for e in extensions(patient(modifierExtension=[given]), extension("E"))] == [
        "extension"
    ]


def test_extensions_of_primitives_and_of_resources_inside_are_seen():
    given = [{"url": BASE + "E", "valueBoolean": True}]
    inside = patient(id="i", _gender={"extension": given})
    document = patient(contained=[inside])

    assert extensions(document, extension("E")) == [
        ("error", "structure", "Patient.contained[0].gender.extension[0].value")
    ]


def test_references_in_a_circle_come_to_an_end():
    targets = [{"code": "Reference", "targetProfile": [BASE + "P"]}]
    own = profile("P", element("Patient.link.other", type=targets), element("Patient.name", min=1))
    links = [{"other": {"reference": f"#{n}"}, "type": "seealso"} for n in range(20)]
    inside = [patient(id=str(n), name=[{"text": "A"}], link=links) for n in range(20)]

    assert wrong(patient(contained=inside, name=[{"text": "A"}], link=links), own) == []


def test_no_document_makes_it_raise():
    """Whatever stands where: the judge says something or nothing."""
    dice = random.Random(3)  # noqa: S311
    own = profile("P", *IDENTIFIERS, *(element(row[0], **row[1]) for row in ONE_ELEMENT))
    values = [None, [], {}, "", 1, True, [None], [[]], [{}], {"a": 1}, "x", ["x"], NIK, [NIK]]
    names = ["identifier", "name", "contact", "managingOrganization", "extension", "birthDate"]
    names += ["_birthDate", "maritalStatus", "contained", "meta", "generalPractitioner", "active"]

    for _ in range(2000):
        document = patient(**{dice.choice(names): dice.choice(values) for _ in range(4)})
        said = [*issues(document, own, informing=True), *judge_extensions(library(own), document)]

        assert {each.severity for each in said} <= {"error", "warning", "information"}
