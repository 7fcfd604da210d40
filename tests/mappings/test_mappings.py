"""The promises of every mapping, on every case; nothing is registered by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import yaml

from fhir_server.mappings import load_mappings, part_id
from fhir_server.mappings.codes import structure
from fhir_server.mappings.plain import as_json
from fhir_server.mappings.trace import trace, written_by
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.profiles import folder, load_profiles
from fhir_server.resources.validate import validate
from fhir_server.rest.sop_schemas import schema_of
from fhir_server.sop import entitas
from tests.support.profiles import faults, loaded
from tools import build_glossary, build_valuesets

HERE = Path(__file__).parent
dumps = json.dumps  # in the order of the elements
CASES = [
    pytest.param(entity, case, id=f"{entity}: {case['name']}")
    for entity in load_mappings()
    for case in yaml.safe_load((HERE / f"{entity}.yaml").read_text("utf-8"))
]


def document_of(entity, case):
    plain = json.loads(json.dumps(case["sop"]), parse_float=Decimal)
    return schema_of(entitas()[entity].dokumen).load(plain)


def resources_of(entity, case):
    mapping, document = load_mappings()[entity], document_of(entity, case)
    return mapping, document, written_by(mapping, document, case["id"])


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_writes_what_the_case_says(entity, case):
    _, _, written = resources_of(entity, case)

    assert written == case["fhir"]


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_is_written_as_its_classes_would_write_it(entity, case):
    resources = load_mappings()[entity].to_fhir(document_of(entity, case), case["id"])

    assert [dumps(as_json(each)) for each in resources.values()] == [
        dumps(json.loads(each.model_dump_json())) for each in resources.values()
    ]


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_reads_back_what_it_wrote(entity, case):
    mapping, document, written = resources_of(entity, case)
    stored = {role: {**each, "id": part_id(case["id"], role)} for role, each in written.items()}

    found = {name: value for name, value in mapping.from_fhir(stored).items() if value is not None}

    assert type(document)(**{"sumber": document.sumber, **found}) == document


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_the_case_breaks_no_rule(entity, case):
    document = document_of(entity, case)

    wrong = [t for t in entitas()[entity].periksa(document) if t.jenis != "peringatan"]

    assert wrong == []


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_is_valid_r4_without_an_element_of_r4b(entity, case):
    _, _, written = resources_of(entity, case)

    issues = {role: validate(each, load_definitions()) for role, each in written.items()}

    assert not any(issues.values()), issues


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_meets_its_profile(entity, case):
    mapping, _, written = resources_of(entity, case)
    profiles = {"": mapping.profile, **mapping.profiles}

    found = {
        role: faults(each, structure(profile))
        for role, each in written.items()
        if (profile := profiles.get(role, profiles.get(each["resourceType"])))
    }

    varieties = [name for name, is_of in mapping.varieties.items() if is_of(written[""])]
    found |= {name: faults(written[""], structure(name)) for name in varieties}

    assert not any(found.values()), found


@pytest.mark.parametrize(("entity", "case"), CASES)
def test_every_element_is_traced_to_a_field_or_constant(entity, case):
    mapping, document, _ = resources_of(entity, case)

    elements = trace(mapping, document, case["id"])

    assert [e.path for e in elements if not e.fields and not e.constant] == []


@pytest.mark.parametrize("entity", load_mappings())
def test_every_required_field_of_a_case_leaves_a_trace(entity):
    traced = set()
    cases = [case.values[1] for case in CASES if case.values[0] == entity]
    for case in cases:
        for element in trace(load_mappings()[entity], document_of(entity, case), case["id"]):
            traced |= {name.partition("[")[0].partition(".")[0] for name in element.fields}

    schema = schema_of(entitas()[entity].dokumen)
    required = {name for name, field in schema.fields.items() if field.required}

    assert required <= traced


@pytest.mark.parametrize("entity", load_mappings())
def test_a_mapping_has_its_document_and_its_profiles(entity):
    mapping = load_mappings()[entity]
    names = [mapping.profile, *mapping.profiles.values(), *mapping.varieties]

    assert entity in entitas()
    assert [name for name in names if structure(name) not in loaded()] == []


@pytest.mark.parametrize("entity", load_mappings())
def test_a_mapping_survives_a_bare_resource(entity):
    mapping = load_mappings()[entity]

    found = mapping.from_fhir({"": {"resourceType": mapping.resource_type, "id": "1"}})

    fields = set(get_type_hints(entitas()[entity].dokumen))
    assert set(found) <= fields


@pytest.mark.parametrize("entity", entitas())
def test_code_lists_are_those_published(entity):
    document = entitas()[entity].dokumen
    hints = get_type_hints(document)

    for name, field in document.__dataclass_fields__.items():
        system = field.metadata.get("kode")
        if system and (codes := _codes(hints[name])):
            published = loaded()[f"https://puskesmas.example/fhir/CodeSystem/{system}"]
            assert set(codes) <= {each["code"] for each in published["concept"]}, name


def _codes(hint):
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((found for each in get_args(hint) if (found := _codes(each))), ())


def test_every_profile_is_a_valid_resource():
    issues = {
        f"{each['resourceType']}/{each['id']}": found
        for each in load_profiles()
        if (found := validate(each, load_definitions()))
    }

    assert issues == {}


def test_a_profile_file_is_named_after_its_id_and_url():
    for path in folder().rglob("*/*.json"):
        resource = json.loads(path.read_text("utf-8"))
        assert (path.stem, path.parent.name) == (resource["id"], resource["resourceType"].lower())
        assert resource["url"].endswith(f"/{resource['resourceType']}/{resource['id']}")


def test_every_code_system_has_its_value_set():
    for path, text in build_valuesets.build(folder()).items():
        assert path.read_text("utf-8") == text, f"run tools/build_valuesets.py: {path.name}"


def test_the_glossary_has_every_field():
    assert build_glossary.GLOSSARY.read_text("utf-8") == build_glossary.text(), (
        "run tools/build_glossary.py"
    )


def test_profiles_stand_below_the_operators_base():
    own = load_profiles("https://klinik.example/r4")

    assert all(each["url"].startswith("https://klinik.example/r4/") for each in own)
    assert "puskesmas.example" not in json.dumps(own)


def test_a_server_that_only_speaks_fhir_does_not_import_fhir_resources():
    program = (
        "import sys, fhir_server.app\n"
        "from fhir_server.rest import sop\n"
        "sop.spec()\n"
        "sys.exit('fhir.resources' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], check=False)

    assert done.returncode == 0
