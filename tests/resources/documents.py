"""Invented resources that the tests of this room break in many ways."""

import copy

NIK = "https://fhir.kemkes.go.id/id/nik"

PATIENT = {
    "resourceType": "Patient",
    "id": "pasien-1",
    "meta": {"profile": ["https://puskesmas.example/fhir/StructureDefinition/Pasien"]},
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">Siti Rahmawati</div>',
    },
    "extension": [
        {"url": "https://example.org/agama", "valueCode": "islam"},
        {
            "url": "https://example.org/wilayah",
            "extension": [{"url": "rt", "valueInteger": 3}, {"url": "rw", "valueInteger": 0}],
        },
    ],
    "identifier": [{"use": "official", "system": NIK, "value": "3273015708910001"}],
    "active": True,
    "name": [{"use": "official", "text": "Ny. Siti Rahmawati", "given": ["Siti", "Nur"]}],
    "telecom": [{"system": "phone", "value": "+62 812-3456-7890", "use": "mobile", "rank": 1}],
    "gender": "female",
    "birthDate": "1991-08-17",
    "_birthDate": {"extension": [{"url": "https://example.org/jam", "valueTime": "08:30:00"}]},
    "deceasedBoolean": False,
    "address": [{"line": ["Jl. Sukajadi No. 12"], "city": "Bandung", "period": {"start": "2019"}}],
    "photo": [{"contentType": "image/png", "data": "aGFsbw==", "size": 4}],
    "contact": [{"name": {"text": "Agus"}, "gender": "male"}],
    "communication": [{"language": {"text": "Bahasa Indonesia"}, "preferred": True}],
    "managingOrganization": {"reference": "Organization/pkm"},
    "contained": [{"resourceType": "Organization", "id": "org", "name": "Puskesmas"}],
    "generalPractitioner": [{"reference": "#org"}],
}

OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "effectiveDateTime": "2024-05-31T08:30:00+07:00",
    "issued": "2024-05-31T08:31:00.250Z",
    "valueQuantity": {"value": 72.5, "unit": "/min", "system": "http://unitsofmeasure.org"},
}

CONDITION = {
    "resourceType": "Condition",
    "clinicalStatus": {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                "code": "active",
            }
        ]
    },
    "subject": {"reference": "Patient/pasien-1"},
}

BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "resource": PATIENT,
            "request": {"method": "POST", "url": "Patient"},
        },
        {"resource": OBSERVATION, "request": {"method": "PUT", "url": "Observation/1"}},
    ],
}

PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "resource", "resource": OBSERVATION},
        {"name": "deep", "part": [{"name": "count", "valueUnsignedInt": 0}]},
    ],
}

ALL = (PATIENT, OBSERVATION, CONDITION, BUNDLE, PARAMETERS)


def changed(document, path, value):
    """Copy a document with one value put at a dotted path; ``...`` removes it."""
    copied = copy.deepcopy(document)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target = copied
    for step in parents:
        target = target[step]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return copied
