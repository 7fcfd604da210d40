"""Invented terminology to ask about."""

from urllib.parse import urlencode

ANIMALS = "https://example.org/CodeSystem/hewan"
PETS = "https://example.org/ValueSet/peliharaan"
NOWHERE = "https://example.org/CodeSystem/nowhere"

HEWAN = {
    "resourceType": "CodeSystem",
    "url": ANIMALS,
    "version": "1",
    "name": "Hewan",
    "title": "Hewan di sekitar rumah",
    "status": "active",
    "caseSensitive": True,
    "content": "complete",
    "hierarchyMeaning": "is-a",
    "property": [
        {"code": "legs", "type": "integer"},
        {"code": "notSelectable", "type": "boolean"},
        {"code": "inactive", "type": "boolean"},
        {"code": "parent", "type": "code"},
    ],
    "concept": [
        {
            "code": "animal",
            "display": "Animal",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "cat",
                    "display": "Domestic cat",
                    "definition": "A small carnivore.",
                    "designation": [
                        {"language": "id", "value": "Kucing rumah"},
                        {"language": "jv", "value": "Kucing omah"},
                    ],
                    "property": [{"code": "legs", "valueInteger": 4}],
                    "concept": [
                        {
                            "code": "persian",
                            "display": "Persian cat",
                            "designation": [{"language": "id-ID", "value": "Kucing persia"}],
                        }
                    ],
                },
                {
                    "code": "hen",
                    "display": "Hen",
                    "designation": [{"language": "id", "value": "Ayam betina"}],
                    "property": [{"code": "legs", "valueInteger": 2}],
                },
                {
                    "code": "dodo",
                    "display": "Dodo",
                    "property": [{"code": "inactive", "valueBoolean": True}],
                },
            ],
        },
        {
            "code": "toy",
            "display": "Toy cat",
            "property": [{"code": "parent", "valueCode": "persian"}],
        },
    ],
}


def value_set(*includes, url=PETS, exclude=(), **elements):
    """Make a ValueSet."""
    compose = {"include": list(includes)} | ({"exclude": list(exclude)} if exclude else {})
    return {
        "resourceType": "ValueSet",
        "url": url,
        "status": "active",
        "compose": compose,
    } | elements


def filtered(op, value, name="concept", system=ANIMALS):
    """Make an include with one filter."""
    return {"system": system, "filter": [{"property": name, "op": op, "value": value}]}


def parameters(**values):
    """Make Parameters: ``coding__valueCoding={…}``, ``valueSet__resource={…}``."""
    rows = []
    for name, value in values.items():
        code, _, key = name.partition("__")
        rows.append({"name": code, key: value})
    return {"resourceType": "Parameters", "parameter": rows}


def values(document):
    """Give Parameters as a mapping of name to value; parts as mappings too, repeated in a list."""
    found = {}
    for each in document.get("parameter", document.get("part", [])):
        shown = values(each) if "part" in each else _value(each)
        found.setdefault(each["name"], []).append(shown)
    return {name: rows[0] if len(rows) == 1 else rows for name, rows in found.items()}


def _value(row):
    return next(value for name, value in row.items() if name != "name")


class Asking:
    """Calls operations on the server and reads what they say."""

    def __init__(self, fhir):
        self.fhir = fhir

    def get(self, path, **query):
        named = {name.replace("__", "-"): value for name, value in query.items()}
        return self.fhir.read(f"{path}?{urlencode(named)}" if named else path)

    def told(self, path, **query):
        return values(self.get(path, **query))

    def codes(self, path="ValueSet/$expand", **query):
        return codes_of(self.get(path, **query))


def codes_of(document):
    """Give the codes of an expansion, in order."""
    return [each["code"] for each in document["expansion"].get("contains", [])]
