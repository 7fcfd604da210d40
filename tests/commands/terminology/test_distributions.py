"""Distributions as their owners lay them out, tiny and invented."""

import zipfile

import pytest

from fhir_server.commands.terminology.files import Unreadable
from fhir_server.commands.terminology.loading import read

CLAML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ClaML SYSTEM "ClaML.dtd">
<ClaML version="2.0.0">
  <Title name="ICD-10" date="2019" version="2019">Penyakit</Title>
  <ModifierClass code=".0" modifier="S04"><SuperClass code="S04"/>
    <Rubric kind="preferred"><Label xml:lang="en">with fever</Label></Rubric></ModifierClass>
  <ModifierClass code=".9" modifier="S04"><SuperClass code="S04"/>
    <Rubric kind="preferred"><Label xml:lang="en">without fever</Label></Rubric></ModifierClass>
  <ModifierClass code="1" modifier="S05"><SuperClass code="S05"/>
    <Rubric kind="preferred"><Label xml:lang="en">at home</Label></Rubric></ModifierClass>
  <Class code="I" kind="chapter"><SubClass code="X00-X09"/>
    <Rubric kind="preferred"><Label xml:lang="en">Inventions</Label></Rubric></Class>
  <Class code="X00-X09" kind="block"><SuperClass code="I"/><ModifiedBy code="S04"/>
    <Rubric kind="preferred"><Label xml:lang="en">Invented fevers</Label></Rubric></Class>
  <Class code="X00" kind="category"><SuperClass code="X00-X09"/><SubClass code="X00.1"/>
    <Rubric kind="preferred"><Label xml:lang="en">Blue <Fragment>fever</Fragment></Label>
      <Label xml:lang="id">Demam biru</Label></Rubric>
    <Rubric kind="exclusion"><Label xml:lang="en">not this</Label></Rubric></Class>
  <Class code="X00.1" kind="category"><SuperClass code="X00"/><ModifiedBy code="S05"/>
    <Rubric kind="preferred"><Label xml:lang="en">Light blue fever</Label></Rubric></Class>
  <Class code="X01" kind="category"><SuperClass code="X00-X09"/>
    <Rubric kind="preferred"><Label xml:lang="en">Green fever</Label></Rubric></Class>
  <Class code="X02" kind="category"><SuperClass code="X00-X09"/><ExcludeModifier code="S04"/>
    <Rubric kind="preferred"><Label xml:lang="en">Red fever</Label></Rubric></Class>
</ClaML>
"""
LOINC = """"LOINC_NUM","COMPONENT","PROPERTY","SCALE_TYP","STATUS","SHORTNAME","LONG_COMMON_NAME"
"11111-1","Invented","MCnc","Qn","ACTIVE","Inv Bld","Invented in blood"
"22222-2","Old ""quoted"" thing","Prid","Nom","DEPRECATED","","Old thing"
"""
HIERARCHY = """"PATH_TO_ROOT","SEQUENCE","IMMEDIATE_PARENT","CODE","CODE_TEXT"
"","1","","LP1","Laboratory"
"LP1","1","LP1","LP2","Chemistry"
"LP1.LP2","1","LP2","11111-1","Invented Bld"
"""
RF2 = {
    "sct2_Concept_Snapshot_INT_20240101.txt": [
        "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId",
        "100\t20240101\t1\tm\t900000000000074008",
        "200\t20240101\t1\tm\t900000000000073002",
        "300\t20240101\t1\tm\t900000000000074008",
        "400\t20240101\t0\tm\t900000000000074008",
    ],
    "sct2_Relationship_Snapshot_INT_20240101.txt": [
        "id\tactive\tsourceId\tdestinationId\ttypeId",
        "1\t1\t200\t100\t116680003",
        "2\t1\t300\t200\t116680003",
        "3\t0\t300\t400\t116680003",
        "4\t1\t300\t100\t363698007",
    ],
    "sct2_Description_Snapshot-en_INT_20240101.txt": [
        "id\tactive\tconceptId\tlanguageCode\ttypeId\tterm",
        "11\t1\t100\ten\t900000000000003001\tFinding (finding)",
        "12\t1\t100\ten\t900000000000013009\tFinding",
        '21\t1\t200\ten\t900000000000013009\tThe 5" ache',
        "22\t1\t200\ten\t900000000000013009\tAche",
        "23\t1\t200\tid\t900000000000013009\tNyeri",
        "24\t0\t200\ten\t900000000000013009\tWithdrawn",
        "31\t1\t300\ten\t900000000000003001\tHeadache (finding)",
    ],
    "der2_cRefset_LanguageSnapshot-en_INT_20240101.txt": [
        "id\tactive\trefsetId\treferencedComponentId\tacceptabilityId",
        "a\t1\tr\t22\t900000000000548007",
        "b\t1\tr\t21\t900000000000549004",
    ],
}


def concepts(distribution):
    return {each.code: each for each in distribution.concepts()}


def test_icd_10_in_claml(tmp_path):
    path = tmp_path / "icd10.xml"
    path.write_text(CLAML, encoding="utf-8")

    found = read("icd-10", path)

    assert (found.url, found.version) == ("http://hl7.org/fhir/sid/icd-10", "2019")
    codes = concepts(found)
    assert list(codes) == list(found.parents)
    assert codes["X00"].display == "Blue fever"
    assert codes["X00"].designations == ({"language": "id", "value": "Demam biru"},)
    assert codes["I"].abstract
    assert codes["X00-X09"].abstract
    assert found.above("X00.11") == {"X00.1", "X00", "X00-X09", "I"}


def test_modifiers_make_codes_where_they_hold(tmp_path):
    path = tmp_path / "icd10.xml"
    path.write_text(CLAML, encoding="utf-8")

    codes = concepts(read("icd-10", path))

    assert codes["X01.0"].display == "Green fever, with fever"
    assert codes["X01.9"].parents == ("X01",)
    assert codes["X00.11"].display == "Light blue fever, at home"
    assert not {"X00.0", "X02.0", "X00.1.0"} & set(codes)


def test_an_xml_that_is_none_or_declares_entities_is_refused(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><ClaML>&a;</ClaML>'
    for text, says in (("<ClaML>", "not XML"), (bomb, "entities"), ("<a/>", "no Class")):
        path = tmp_path / "icd10.xml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Unreadable, match=says):
            read("icd-10", path)


def test_icd_10_as_a_table(tmp_path):
    path = tmp_path / "icd10.csv"
    path.write_text(
        "\ufeffCODE;DISPLAY;Nama Indonesia;VERSION\nX00;Fever;Demam;ICD10_2010\nX00.12;Blue;;\n"
    )

    found = read("icd-10", path)

    assert found.version == "ICD10_2010"
    codes = concepts(found)
    assert codes["X00"].designations == ({"language": "id", "value": "Demam"},)
    assert codes["X00.12"].parents == ("X00",)
    assert found.above("X00.12") == {"X00"}


def test_kfa_has_templates_above_products(tmp_path):
    path = tmp_path / "kfa.csv"
    path.write_text(
        "kfa_code,name,template_code,dosage_form,active\n"
        "92000001,Obat Contoh 500 mg Tablet,,Tablet,true\n"
        '93000001,"Contohmol, 500 mg",92000001,Tablet,false\n'
    )

    found = read("kfa", path)

    assert found.url == "http://sys-ids.kemkes.go.id/kfa"
    product = concepts(found)["93000001"]
    assert (product.display, product.parents) == ("Contohmol, 500 mg", ("92000001",))
    assert product.inactive
    assert product.properties == ({"code": "dosage_form", "valueString": "Tablet"},)


@pytest.mark.parametrize("packed", [False, True])
def test_loinc_in_a_folder_or_a_zip(tmp_path, packed):
    files = {
        "LoincTable/Loinc.csv": LOINC,
        "AccessoryFiles/ComponentHierarchyBySystem.csv": HIERARCHY,
    }
    path = tmp_path / "Loinc_2.77"
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    if packed:
        path = tmp_path / "Loinc_2.77.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)

    found = read("loinc", path)

    assert (found.url, found.version) == ("http://loinc.org", "2.77")
    codes = concepts(found)
    assert codes["11111-1"].display == "Invented in blood"
    assert {"code": "SCALE_TYP", "valueString": "Qn"} in codes["11111-1"].properties
    assert found.above("11111-1") == {"LP1", "LP2"}
    assert codes["LP2"].display == "Chemistry"
    assert codes["22222-2"].inactive


def test_the_table_of_loinc_alone_is_enough(tmp_path):
    path = tmp_path / "Loinc.csv"
    path.write_text(LOINC)

    assert list(concepts(read("loinc", path))) == ["11111-1", "22222-2"]


def test_snomed_ct_in_rf2(tmp_path):
    folder = tmp_path / "Snapshot" / "Terminology"
    folder.mkdir(parents=True)
    for name, lines in RF2.items():
        (folder / name).write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")

    found = read("snomed", tmp_path)

    assert found.version == "http://snomed.info/sct/900000000000207008/version/20240101"
    codes = concepts(found)
    assert codes["200"].display == "Ache"
    assert {"language": "id", "value": "Nyeri"} in codes["200"].designations
    assert {"language": "en", "value": 'The 5" ache'} in codes["200"].designations
    assert "Withdrawn" not in str(codes["200"])
    assert codes["100"].display == "Finding"
    assert found.above("300") == {"200", "100"}
    assert codes["400"].inactive


@pytest.mark.parametrize(
    ("system", "name", "content", "says"),
    [
        ("kfa", "kfa.csv", b"a,b\n1,2\n", "no column with the code"),
        ("kfa", "kfa.csv", b"kode,b\n1,2\n", "no column with the display"),
        ("kfa", "kfa.csv", b"", "no column"),
        ("kfa", "kfa.csv", b"kode,nama\n1,\xff\xfe\n", "UTF-8"),
        ("loinc", "Loinc.csv", b"a,b\n1,2\n", "LOINC_NUM"),
        ("csv", "own.csv", b"code,display\n1,2\n", "--url"),
    ],
)
def test_what_is_not_the_file_it_should_be_is_refused(tmp_path, system, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(Unreadable, match=says):
        concepts(read(system, path))


def test_a_folder_without_the_files_is_refused(tmp_path):
    for system in ("loinc", "snomed"):
        with pytest.raises(Unreadable, match="has no file"):
            read(system, tmp_path)


def test_a_hierarchy_that_runs_in_a_circle_comes_to_an_end(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("code,display,parent\na,A,b\nb,B,c\nc,C,a|nowhere|c\n")

    found = read("csv", path, url="https://example.org/cs")

    assert found.above("a") == {"b", "c"}
    assert found.parents["c"] == ("a",)
