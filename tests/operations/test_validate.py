"""$validate, and the profiles that writes declare."""

import dataclasses
import tarfile

import orjson
import pytest
from click.testing import CliRunner

from fhir_server.app import build_context, create_app
from fhir_server.commands import loading
from fhir_server.commands.loading import Direct
from fhir_server.interactions import declared
from fhir_server.resources.profiles import folder
from tests.operations.conftest import parameters
from tests.resources.profiling import BASE, element, profile
from tests.support.both import Caller

OURS = "https://puskesmas.example/fhir/StructureDefinition/"
DRESS = {"status": "active", "name": "P", "kind": "resource", "abstract": False}


def stored(name="p", *elements):
    """Write a profile as it is posted."""
    made = profile(name, *(elements or (element("Patient.birthDate", min=1),)), kind="Patient")
    return made | DRESS | {"id": name}


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def declaring(*urls, **elements):
    return patient(meta={"profile": list(urls)}, **elements)


def found(said, *severities):
    assert said.status == 200
    assert said.json["resourceType"] == "OperationOutcome"
    return [
        (each["severity"], each["code"], *each.get("expression", []))
        for each in said.json["issue"]
        if each["severity"] in (severities or ("fatal", "error"))
    ]


@pytest.fixture
def validate(fhir):
    def ask(document, path="Patient/$validate"):
        return fhir("POST", path, document)

    return ask


def test_nothing_wrong_is_said_to_be_so(validate):
    narrative = {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}

    said = validate(patient(text=narrative))

    assert said.json["issue"] == [
        {"severity": "information", "code": "informational", "diagnostics": "All OK"}
    ]


@pytest.mark.parametrize(
    ("document", "issue"),
    [
        (patient(gender="x"), ("error", "code-invalid", "Patient.gender")),
        (patient(nam="x"), ("error", "structure", "Patient.nam")),
        (patient(contact=[{"gender": "male"}]), ("error", "invariant", "Patient.contact[0]")),
        (
            patient(modifierExtension=[{"url": "https://x/y", "valueCode": "z"}]),
            ("error", "extension", "Patient.modifierExtension[0].url"),
        ),
        ({"resourceType": "Group"}, ("error", "invalid", "Group.resourceType")),
    ],
)
def test_what_is_wrong_is_answered_with_200(validate, document, issue):
    assert issue in found(validate(document))


def test_codes_of_r4s_own_extensible_bindings(validate):
    system = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    married = {"coding": [{"system": system, "code": "M"}]}
    unheard = {"coding": [{"system": system, "code": "?"}]}
    place = ("warning", "code-invalid", "Patient.maritalStatus")

    assert place not in found(validate(patient(maritalStatus=married)), "warning")
    assert place in found(validate(patient(maritalStatus=unheard)), "warning")
    assert found(validate(patient(maritalStatus=unheard))) == []


def test_nothing_is_stored(fhir, validate):
    validate(patient(active=True))

    assert fhir("GET", "Patient?_summary=count").json["total"] == 0


def test_a_stored_profile_takes_part_at_once_and_no_longer_when_deleted(fhir, validate):
    document = declaring(BASE + "p")
    assert ("warning", "not-found", "Patient") in found(validate(document), "warning")

    fhir.kept("StructureDefinition/p", stored())
    assert found(validate(document)) == [("error", "required", "Patient.birthDate")]

    fhir.kept("StructureDefinition/p", stored("p", element("Patient.gender", min=1)))
    assert found(validate(document)) == [("error", "required", "Patient.gender")]

    fhir("DELETE", "StructureDefinition/p")
    assert found(validate(document)) == []


def test_a_profile_can_be_named_beside_the_declared_ones(fhir, validate):
    fhir.kept("StructureDefinition/p", stored())
    body = parameters(resource__resource=patient(), profile__valueUri=BASE + "p")

    assert found(validate(body)) == [("error", "required", "Patient.birthDate")]
    assert found(validate(patient(), f"Patient/$validate?profile={BASE}p")) == [
        ("error", "required", "Patient.birthDate")
    ]


def test_a_stored_resource_is_validated_by_its_id(fhir):
    fhir.kept("Patient/siti", patient(id="siti"))
    fhir.kept("StructureDefinition/p", stored())

    assert found(fhir("GET", "Patient/siti/$validate")) == []
    assert found(fhir("GET", f"Patient/siti/$validate?profile={BASE}p")) == [
        ("error", "required", "Patient.birthDate")
    ]
    assert fhir("GET", "Patient/gone/$validate").status == 404


def test_modes(fhir):
    fhir.kept("Patient/siti", patient(id="siti"))
    other = parameters(resource__resource=patient(id="budi"), mode__valueCode="update")

    assert found(fhir("POST", "Patient/siti/$validate", other)) == [
        ("error", "invalid", "Patient.id")
    ]
    assert found(fhir("GET", "Patient/siti/$validate?mode=delete")) == []
    assert fhir("GET", "Patient/siti/$validate?mode=nonsense").status == 400
    assert fhir("GET", "Patient/siti/$validate?mode=profile").status == 400
    assert fhir("GET", "Patient/$validate?mode=delete").status == 400


def test_the_profiles_of_resources_in_a_bundle_are_judged_where_they_are(fhir, validate):
    fhir.kept("StructureDefinition/p", stored())
    entries = [{"resource": patient(birthDate="2000")}, {"resource": declaring(BASE + "p")}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}

    assert found(validate(bundle, "Bundle/$validate")) == [
        ("error", "required", "Bundle.entry[1].resource.birthDate")
    ]


def test_it_is_said_in_indonesian(fhir):
    said = fhir(
        "POST", "Patient/$validate", declaring(OURS + "PasienPuskesmas"), accept_language="id"
    )

    words = [each["diagnostics"] for each in said.json["issue"] if each["severity"] == "error"]
    assert any("paling sedikit harus 1" in each for each in words)


def test_a_write_that_breaks_a_profile_of_ours_is_refused(fhir):
    said = fhir("POST", "Patient", declaring(OURS + "PasienPuskesmas", gender="female"))

    assert said.status == 422
    places = {each["expression"][0] for each in said.json["issue"]}
    assert {"Patient.identifier", "Patient.name", "Patient.birthDate"} <= places


def test_in_a_transaction_too_and_nothing_is_stored(fhir):
    request = {"method": "POST", "url": "Patient"}
    entries = [
        {"resource": patient(), "request": request},
        {"resource": declaring(OURS + "PasienPuskesmas"), "request": request},
    ]

    said = fhir("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})

    assert said.status == 422
    assert fhir("GET", "Patient?_summary=count").json["total"] == 0


def test_profiles_of_others_are_enforced_once_they_are_stored(fhir):
    assert fhir("POST", "Patient", declaring(BASE + "p")).status == 201

    fhir.kept("StructureDefinition/p", stored())

    assert fhir("POST", "Patient", declaring(BASE + "p")).status == 422
    assert fhir("POST", "Patient", declaring(BASE + "p", birthDate="2000")).status == 201


@pytest.mark.parametrize("mode", ["off", "warn"])
def test_the_operator_may_let_everything_in(settings, mongodb_uri, mode):
    loose = dataclasses.replace(settings, profile_validation=mode)
    context = build_context(loose, mongodb_uri)
    fhir = Caller(create_app(context).test_client(), "/fhir", "application/fhir+json")

    assert fhir("POST", "Patient", declaring(OURS + "PasienPuskesmas")).status == 201
    context.store.close()


def test_what_declares_no_profile_asks_nothing_of_the_store(context):
    lookups = []
    context.store.profiles.library = lambda: lookups.append(1)

    assert declared.declared(context, patient()) == []
    assert lookups == []


def package(path, *resources):
    """Write a package as others publish them."""
    with tarfile.open(path, "w:gz") as archive:
        for name, resource in (("package.json", {"name": "x"}), *resources):
            file = path.with_name(name)
            file.write_bytes(orjson.dumps(resource))
            archive.add(file, f"package/{name}")
        archive.add(path.with_name("package.json"), "package/example/Patient-1.json")
    return path


def test_a_package_is_loaded_and_takes_part(context, validate, tmp_path):
    values = {"resourceType": "ValueSet", "id": "v", "status": "draft", "url": f"{BASE}v"}
    path = package(tmp_path / "ig.tgz", ("p.json", stored()), ("v.json", values))

    first = loading.load([path], Direct(context))
    again = loading.load([path], Direct(context))

    assert (first.refusals, again.refusals) == ([], [])
    assert dict(first.stored) == {"StructureDefinition": 1, "ValueSet": 1}
    assert found(validate(declaring(BASE + "p"))) == [("error", "required", "Patient.birthDate")]
    assert context.store.statistics() == {"StructureDefinition": 1, "ValueSet": 1}
    assert context.store.read("StructureDefinition", "p").version == 1


def test_our_own_files_are_a_package(context, tmp_path):
    path = tmp_path / "ours.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for each in sorted(folder().glob("structuredefinition/*.json")):
            archive.add(each, f"package/{each.name}")

    report = loading.load([path], Direct(context))

    assert report.refusals == []
    assert report.stored.total() == len(list(folder().glob("structuredefinition/*.json")))


def test_what_is_no_package_is_said_to_be_none(tmp_path):
    path = tmp_path / "broken.tgz"
    path.write_bytes(b"nonsense")

    report = loading.load([path], Direct(None))

    assert "no FHIR package" in report.refusals[0].issues[0]


def test_the_command_has_its_help():
    from fhir_server.cli import main  # noqa: PLC0415 - the command line, only here

    said = CliRunner().invoke(main, ["load-package", "--help"])

    assert said.exit_code == 0
    assert "FHIR packages" in said.output
