"""Every way to touch what one may not see: by id, by criteria, by reference, in Bundles, by SOP.

What is hidden must be as it was afterwards, nothing may have got into the record of a patient who
is hidden, and no answer may tell whether the thing was there.
"""

from __future__ import annotations

import json

from fhir_server.mappings import load_mappings
from fhir_server.sop import entitas
from tests.access.leaks.calls import parameters
from tests.access.leaks.questions import JSON, Question, one, patient_of
from tests.access.leaks.sop_asked import BASE as SOP
from tests.access.leaks.sop_asked import JSON_PLAIN

PATCH = {"content-type": "application/json-patch+json"}
MATCH = {"if-match": 'W/"1"'}
LABEL = {"security": [{"system": "urn:label", "code": "R"}]}
META = json.dumps(
    {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": LABEL}]}
).encode()


def touch(chance, world):
    """Give one attempt."""
    return chance.choice(WAYS)(chance, world)


def _dumped(document):
    return json.dumps(document).encode()


def _bundled(chance, *entries):
    kind = chance.choice(["batch", "transaction"])
    listed = [
        {"request": {"method": m, "url": u}, **({"resource": r} if r else {})}
        for m, u, r in entries
    ]
    return _dumped({"resourceType": "Bundle", "type": kind, "entry": listed})


def _held(chance, world):
    """Choose a resource and what to write over it: itself, or the same of another patient."""
    key = one(chance, world)
    kind, _, identity = key.partition("/")
    other = chance.choice(sorted(world.of(kind)) or [key])
    document = world.resources.get(key if chance.random() < 0.5 else other, {})
    return key, {"resourceType": kind, **document, "id": identity}


def _update(chance, world):
    key, document = _held(chance, world)
    headers = {**JSON, **chance.choice([{}, MATCH])}
    return Question("PUT", key, _dumped(document), headers, about=key)


def _patch(chance, world):
    key, _ = _held(chance, world)
    step = {"op": "test", "path": "/status", "value": "final"}
    if chance.random() < 0.5:
        step = {"op": "add", "path": "/language", "value": "id"}
    headers = {**PATCH, **chance.choice([{}, MATCH])}
    return Question("PATCH", key, _dumped([step]), headers, about=key)


def _delete(chance, world):
    key, _ = _held(chance, world)
    return Question("DELETE", key, headers=chance.choice([{}, MATCH]), about=key)


def _conditional(chance, world):
    key, document = _held(chance, world)
    kind, _, identity = key.partition("/")
    criteria = chance.choice([f"_id={identity}", f"_tag=urn:word|word-{kind}-{identity}-x"])
    way = chance.choice(["PUT", "PATCH", "DELETE", "POST"])
    if way == "POST":
        del document["id"]
        headers = {**JSON, "if-none-exist": criteria}
        return Question("POST", kind, _dumped(document), headers, about=key)
    if way == "PATCH":
        body = _dumped([{"op": "add", "path": "/language", "value": "id"}])
        return Question("PATCH", f"{kind}?{criteria}", body, PATCH, about=key)
    body = _dumped(document) if way == "PUT" else b""
    return Question(way, f"{kind}?{criteria}", body, JSON if body else {}, about=key)


def _together(chance, world):
    key, document = _held(chance, world)
    kind, _, identity = key.partition("/")
    entry = chance.choice(
        [
            ("PUT", key, document),
            ("DELETE", key, None),
            ("DELETE", f"{kind}?_id={identity}", None),
            ("PUT", f"{kind}?_id={identity}", document),
        ]
    )
    other = ("GET", f"{kind}?_id={identity}", None)
    return Question("POST", "", _bundled(chance, entry, other), JSON, about=key)


def _into_a_record(chance, world):
    """Write something new that refers to somebody, by id or by criteria."""
    patient = patient_of(chance, world)
    number = f"99{chance.randint(0, 8):014d}"
    kind, document = chance.choice(NEW)(patient, one(chance, world))
    way = chance.choice(["alone", "criteria", "together"])
    if way == "criteria":
        text = json.dumps(document).replace(patient, f"Patient?identifier=urn:nik|{number}")
        document, patient = json.loads(text), ""
    if way == "alone":
        return Question("POST", kind, _dumped(document), JSON, about=patient)
    body = _bundled(chance, ("POST", kind, document))
    return Question("POST", "", body, JSON, about=patient)


def _observation(patient, _):
    code = {"text": "uji"}
    return _new("Observation", status="final", code=code, subject={"reference": patient})


def _task(patient, other):
    more = {"for": {"reference": patient}, "focus": {"reference": other}}
    return _new("Task", status="requested", intent="order", **more)


def _team(patient, _):
    member = [{"member": {"reference": "PractitionerRole/putri"}}]
    return _new("CareTeam", status="active", subject={"reference": patient}, participant=member)


def _letter(patient, other):
    section = [{"title": "x", "entry": [{"reference": other}]}]
    author = [{"reference": "Organization/rs-a"}]
    more = {"type": {"text": "Surat"}, "date": "2026-01-01", "author": author, "title": "Surat"}
    return _new(
        "Composition", status="final", subject={"reference": patient}, section=section, **more
    )


def _paper(patient, other):
    content = [{"attachment": {"contentType": "text/plain", "url": other}}]
    return _new(
        "DocumentReference", status="current", subject={"reference": patient}, content=content
    )


def _proof(patient, other):
    agent = [{"who": {"reference": patient}}]
    more = {"recorded": "2026-01-01T00:00:00Z", "agent": agent}
    return _new("Provenance", target=[{"reference": other}], **more)


def _new(kind, **elements):
    return kind, {"resourceType": kind, **elements}


NEW = [_observation, _task, _team, _letter, _paper, _proof]


def _operation(chance, world):
    key = one(chance, world)
    patient = patient_of(chance, world)
    visit, plan = one(chance, world, "Encounter"), one(chance, world, "CarePlan")
    route = parameters(("keluhan", "Code", "gigi"), ("terapkan", "Boolean", True))
    village = parameters(
        ("desa", "Code", "9901022001"),
        ("mulai", "Date", "2024-08-01"),
        ("sampai", "Date", "2026-12-01"),
        ("bidan", "Id", "bidan"),
        ("dokter", "Id", "dokter"),
    )
    month = parameters(("mulai", "Date", "2024-07-01"), ("penyusun", "Id", "perawat-pustu"))
    queue = parameters(("unit", "Code", "kia"), ("tanggal", "Date", "2024-04-02"))
    begun = parameters(
        ("subject", "String", patient), ("organization", "String", "Organization/pkm")
    )
    return chance.choice(
        [
            Question("POST", f"{key}/$meta-add", META, JSON, about=key),
            Question("POST", f"{key}/$meta-delete", META, JSON, about=key),
            Question("POST", f"{visit}/$rute", route, JSON, about=visit),
            Question("POST", f"{plan}/$tugaskan", about=plan),
            Question("POST", "Composition/$laporan-desa", village, JSON),
            Question("POST", "Organization/pustu/$laporan-pustu", month, JSON),
            Question("POST", "Organization/pkm/$sasaran-osoc"),
            Question("POST", "Appointment/$panggil-antrean", queue, JSON),
            Question("POST", "PlanDefinition/begin/$apply", begun, JSON, about=patient),
        ]
    )


def _by_sop(chance, world):
    """Send a document about somebody, or over a document that is there."""
    entity = chance.choice(sorted(world.papers))
    mapping, address = load_mappings()[entity], f"{SOP}/{entitas()[entity].alamat}"
    key, words = chance.choice(world.papers[entity])
    if mapping.read_only:
        return _update(chance, world)
    patient = patient_of(chance, world)
    if "pasien" in words:
        words = {**words, "pasien": patient.removeprefix("Patient/")}
    if chance.random() < 0.5:
        return Question(
            "POST", address, _dumped(words), JSON_PLAIN, about=patient if "pasien" in words else ""
        )
    url = f"{address}/{key.partition('/')[2]}"
    return Question("PUT", url, _dumped({**words, "versi": 1}), JSON_PLAIN, about=key)


WAYS = [_update, _patch, _delete, _conditional, _conditional, _together, _into_a_record]
WAYS += [_into_a_record, _operation, _by_sop, _by_sop]
