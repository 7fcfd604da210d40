"""Every way to ask, with values taken at random from what there is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/fhir+json"}
TYPES = ["Patient", "Condition", "Observation", "Encounter", "Task", "ServiceRequest"]
TYPES += ["Composition", "Communication", "Consent", "CareTeam", "Coverage", "Appointment"]
TYPES += ["DocumentReference", "MeasureReport", "QuestionnaireResponse", "RelatedPerson"]
TYPES += ["EpisodeOfCare", "CarePlan", "Procedure", "DiagnosticReport", "Flag", "Group", "Binary"]


@dataclass(frozen=True)
class Question:
    """One request. ``about``: the resource it names; ``ordered``: the order of hits counts."""

    method: str
    url: str
    body: bytes = b""
    headers: dict = field(default_factory=dict)
    about: str = ""
    ordered: bool = True
    closed: bool = False

    @property
    def words(self):
        """Everything that was sent."""
        return f"{self.url} {self.body.decode()}"

    def __str__(self):
        return f"{self.method} {self.url} {self.body[:300].decode()}"


def by_http(question):
    """Ask the same through the front door."""
    return replace(
        question, url=f"/fhir/{question.url}" if question.url[:1] != "?" else f"/fhir{question.url}"
    )


def one(chance, world, *kinds):
    """Choose a resource of these types, or of any; now and then one that never was."""
    keys = [key for kind in (kinds or TYPES) for key in world.of(kind)]
    return chance.choice([*keys, f"{chance.choice(kinds or TYPES)}/never-was"])


def patient_of(chance, world):
    """Choose a patient."""
    return one(chance, world, "Patient")


def _read(chance, world):
    key = one(chance, world)
    more = chance.choice(["", "", "?_elements=id", "?_summary=true", "?_summary=text"])
    return Question("GET", key + more, about=key)


def _version(chance, world):
    key = one(chance, world)
    return Question("GET", f"{key}/_history/{chance.choice([1, 1, 1, 99])}", about=key)


def _not_modified(chance, world):
    key = one(chance, world)
    return Question("GET", key, headers={"if-none-match": 'W/"1"'}, about=key)


def _history(chance, world):
    key = one(chance, world)
    return Question("GET", f"{key}/_history", about=key)


def _histories(chance, _world):
    kind = chance.choice(["", *(f"{each}/" for each in TYPES)])
    return Question("GET", f"{kind}_history", closed=True)


def _criteria(chance, world, kind):
    patient, own = patient_of(chance, world), one(chance, world, kind)
    some = ",".join(each.partition("/")[2] for each in (own, one(chance, world, kind)))
    word = "word-" + own.replace("/", "-") + "-x"
    number = chance.randint(0, 8)
    common = [
        "",
        f"_id={some}",
        f"_tag=urn:word|{word}",
        f"_tag:not=urn:word|{word}",
        "_security=HIV",
        "_security:not=HIV",
        "_lastUpdated=gt2020-01-01",
    ]
    special = {
        "Patient": [
            f"identifier=urn:nik|99{number:014d}",
            f"phone=0899{number:06d}",
            f"name=Ibu {number % 4}",
            f"birthdate=gt198{number}",
            "gender=female",
            f"desa=990102200{1 + number % 4}",
            "organization=Organization/pkm",
            "_has:Condition:patient:code:text=PEB",
            "_has:Observation:patient:code=718-7",
            "_has:Observation:patient:_has:Encounter:subject:status=finished",
            "_has:Task:patient:status=requested",
            "_has:Consent:patient:status=active",
        ],
        "Task": [
            "owner=Organization/rs-a",
            "status=requested",
            f"patient={patient}",
            "code=rujukan",
            "focus:ServiceRequest.status=active",
            f"patient.identifier=urn:nik|99{number:014d}",
        ],
        "Observation": [
            f"subject={patient}",
            "code=718-7",
            "status=final",
            "date=gt2026-03",
            "subject:Patient.gender=female",
            "patient.name=Ibu 1",
            "encounter.status=finished",
            "encounter.patient.birthdate=gt1983",
            "patient._has:Task:patient:status=requested",
        ],
        "Encounter": [
            f"patient={patient}",
            "status=finished",
            "reason-code:missing=true",
            "_has:Observation:encounter:code=718-7",
            "service-provider:missing=true",
        ],
        "Communication": [f"subject={patient}", "recipient=Organization/rs-a", "status=completed"],
        "Consent": [f"patient={patient}", "actor=Organization/rs-a", "status=active"],
        "ServiceRequest": ["status=active", f"patient={patient}", "performer=Organization/rs-a"],
        "Appointment": [f"patient={patient}", f"actor={patient}", "status=booked"],
    }
    return chance.choice(common + special.get(kind, [f"patient={patient}", "status=completed"]) * 2)


INCLUDES = {
    "Patient": [
        "_revinclude=Condition:patient",
        "_revinclude=Observation:patient",
        "_revinclude=Task:patient&_include:iterate=Task:focus",
        "_revinclude=Encounter:patient",
        "_revinclude=Observation:subject&_include:iterate=Observation:encounter",
    ],
    "Task": [
        "_include=Task:patient",
        "_include=Task:focus&_include:iterate=ServiceRequest:patient",
        "_include=Task:patient&_revinclude:iterate=Condition:patient",
        "_include=Task:owner",
    ],
    "Observation": [
        "_include=Observation:subject",
        "_include=Observation:encounter",
        "_include=Observation:patient&_revinclude:iterate=Consent:patient",
    ],
    "ServiceRequest": ["_include=ServiceRequest:patient", "_revinclude=Task:focus"],
    "Composition": ["_include=Composition:entry", "_include=Composition:subject"],
    "Encounter": ["_revinclude=Condition:encounter&_include:iterate=Condition:patient"],
    "Communication": ["_include=Communication:subject", "_include=Communication:based-on"],
}
SORTS = {"Patient": ["birthdate", "-name", "gender"], "Observation": ["date", "-code"]}
SORTS |= {"Encounter": ["-date"], "Task": ["status", "-authored-on"]}


def _search(chance, world):
    kind = chance.choice(TYPES[:-1])
    parts = [_criteria(chance, world, kind)]
    if chance.random() < 0.3:
        parts.append(_criteria(chance, world, kind))
    if chance.random() < 0.4:
        parts.append(chance.choice(INCLUDES.get(kind, ["_include=*"])))
    if chance.random() < 0.4:
        parts.append(f"_sort={chance.choice([*SORTS.get(kind, []), '_id', '-_id'])}")
    parts.append(chance.choice(["_count=2", "_count=100", "_count=100", "_summary=count"]))
    if chance.random() < 0.3:
        parts.append(chance.choice(["_total=accurate", "_total=estimate", "_elements=id"]))
    query = "&".join(each for each in parts if each)
    if chance.random() < 0.2:
        return Question("POST", f"{kind}/_search", query.encode(), FORM)
    return Question("GET", f"{kind}?{query}", ordered="_sort" in query)


def _several(chance, world):
    kinds = ",".join(chance.sample(TYPES[:-1], 3))
    more = chance.choice(["", "&_summary=count", f"&_id={one(chance, world).partition('/')[2]}"])
    return Question("GET", f"?_type={kinds}{more}&_count=100", ordered=False)


def _compartment(chance, world):
    owner = one(chance, world, "Patient", "Encounter")
    kind = chance.choice(["Condition", "Observation", "Communication", "Task", "Appointment"])
    return Question("GET", f"{owner}/{kind}?_count=100", about="", ordered=False)


def _batch(chance, world):
    kind = chance.choice(["batch", "transaction"])
    asked = [chance.choice([_read, _search, _compartment])(chance, world) for _ in range(3)]
    entries = [{"request": {"method": "GET", "url": each.url}} for each in asked]
    entries = [each for each in entries if "_search" not in each["request"]["url"]]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    return Question("POST", "", json.dumps(bundle).encode(), JSON, ordered=False)


def _later(chance, _world):
    """Ask for what is worked out in the background."""
    url = chance.choice(["$export", "Patient?name=Ibu", "Group/never-was/$export"])
    return Question("GET", url, headers={"prefer": "respond-async"}, closed=True)


def _explained(_chance, _world):
    return Question("GET", "Patient?_explain=true", closed=True)


PLAIN = [_read, _read, _version, _not_modified, _history, _histories, _search, _search, _search]
PLAIN += [_search, _search, _search, _several, _compartment, _batch, _later, _explained]
