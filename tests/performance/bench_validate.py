"""How long reading and judging take; run by hand, not by pytest.

    python tests/performance/bench_validate.py

Prints microseconds, the best of several runs, beside what the project asks for.
"""

import subprocess
import sys
import timeit

import orjson

from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse, text

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
KEMKES = "https://fhir.kemkes.go.id"

LOADING = """
import resource, time
started = time.perf_counter()
from fhir_server.resources.definitions import load_definitions
from fhir_server.resources.validate import validate
definitions = load_definitions()
for name in definitions.types:
    validate({"resourceType": name, "language": "id"}, definitions)
definitions.search_parameters, definitions.compartments, definitions.operations
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def coding(system, code, display):
    """Make a Coding."""
    return {"system": system, "code": code, "display": display}


def patient(number):
    """Make a rich Patient of about 3.3 KB."""
    area = {"province": "32", "city": "3273", "district": "327301", "village": "3273011001"}
    return {
        "resourceType": "Patient",
        "id": f"pasien-{number:08d}",
        "meta": {
            "profile": ["https://puskesmas.example/fhir/StructureDefinition/Pasien"],
            "tag": [coding("https://puskesmas.example/fhir/CodeSystem/asal", "sop", "SOP")],
        },
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Siti Rahmawati, perempuan, '
            "lahir 17 Agustus 1991, Sukajadi, Bandung</p></div>",
        },
        "extension": [
            {
                "url": f"{KEMKES}/r4/StructureDefinition/birthPlace",
                "valueAddress": {"city": "Bandung", "country": "ID"},
            },
            {"url": f"{KEMKES}/r4/StructureDefinition/citizenshipStatus", "valueCode": "WNI"},
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-religion",
                "valueCodeableConcept": {
                    "coding": [coding(f"{TERMINOLOGY}/v3-ReligiousAffiliation", "1023", "Islam")],
                    "text": "Islam",
                },
            },
        ],
        "identifier": [
            {"use": "official", "system": f"{KEMKES}/id/nik", "value": f"32730157{number:08d}"},
            {
                "use": "usual",
                "type": {"coding": [coding(f"{TERMINOLOGY}/v2-0203", "MR", "Medical record")]},
                "system": "https://puskesmas.example/fhir/sid/no-rm",
                "value": f"{number:08d}",
                "assigner": {"reference": "Organization/pkm-sukajadi", "display": "Sukajadi"},
            },
            {
                "system": f"{KEMKES}/id/bpjs",
                "value": f"000{number:010d}",
                "period": {"start": "2019-01-01"},
            },
        ],
        "active": True,
        "name": [
            {
                "use": "official",
                "text": "Ny. Siti Nur Rahmawati, S.Pd.",
                "family": "Rahmawati",
                "given": ["Siti", "Nur"],
                "prefix": ["Ny."],
                "suffix": ["S.Pd."],
            },
            {"use": "nickname", "text": "Bu Siti"},
        ],
        "telecom": [
            {"system": "phone", "value": "+62 812-3456-7890", "use": "mobile", "rank": 1},
            {"system": "phone", "value": "+62 22 2031234", "use": "home"},
            {"system": "email", "value": "siti.rahmawati@example.org"},
        ],
        "gender": "female",
        "birthDate": f"19{60 + number % 40}-08-{1 + number % 28:02d}",
        "deceasedBoolean": False,
        "address": [
            {
                "use": "home",
                "type": "physical",
                "text": "Jl. Sukajadi No. 12 RT 03/RW 05, Sukajadi, Kota Bandung",
                "line": ["Jl. Sukajadi No. 12", "RT 03/RW 05"],
                "city": "Kota Bandung",
                "district": "Sukajadi",
                "state": "Jawa Barat",
                "postalCode": "40162",
                "country": "ID",
                "extension": [
                    {
                        "url": f"{KEMKES}/r4/StructureDefinition/administrativeCode",
                        "extension": [{"url": u, "valueCode": c} for u, c in area.items()],
                    }
                ],
            }
        ],
        "maritalStatus": {
            "coding": [coding(f"{TERMINOLOGY}/v3-MaritalStatus", "M", "Married")],
            "text": "Kawin",
        },
        "multipleBirthInteger": 1,
        "contact": [
            {
                "relationship": [
                    {"coding": [coding(f"{TERMINOLOGY}/v2-0131", "N", "Next-of-Kin")]}
                ],
                "name": {"use": "official", "text": "Agus Setiawan"},
                "telecom": [{"system": "phone", "value": "+62 813-1111-2222", "use": "mobile"}],
                "gender": "male",
            }
        ],
        "communication": [
            {
                "language": {"coding": [coding("urn:ietf:bcp:47", "id-ID", "Indonesian")]},
                "preferred": True,
            }
        ],
        "link": [{"other": {"reference": f"Patient/lama-{number:08d}"}, "type": "replaces"}],
        "photo": [
            {
                "contentType": "image/jpeg",
                "url": f"https://puskesmas.example/fhir/Binary/foto-{number:08d}",
                "title": "Foto Siti Nur Rahmawati",
                "creation": "2024-05-31T08:30:00+07:00",
            }
        ],
        "generalPractitioner": [{"reference": "Practitioner/dr-andi", "display": "dr. Andi"}],
        "managingOrganization": {"reference": "Organization/pkm-sukajadi"},
    }


def observation(number):
    """Make an Observation as a clinic app sends it."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    coding(f"{TERMINOLOGY}/observation-category", "vital-signs", "Vital Signs")
                ]
            }
        ],
        "code": {"coding": [coding("http://loinc.org", "8867-4", "Heart rate")]},
        "subject": {"reference": f"urn:uuid:c757873d-ec9a-4326-a141-{number:012d}"},
        "encounter": {"reference": f"urn:uuid:c757873d-ec9a-4326-b141-{number:012d}"},
        "effectiveDateTime": f"2024-05-31T08:{number % 60:02d}:00+07:00",
        "issued": f"2024-05-31T08:{number % 60:02d}:30.125+07:00",
        "performer": [{"reference": "Practitioner/bd-rina", "display": "bd. Rina"}],
        "valueQuantity": {
            "value": 60 + number % 40 + 0.5,
            "unit": "beats/minute",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
        "referenceRange": [{"low": {"value": 60, "unit": "/min"}, "high": {"value": 100}}],
    }


def bundle(number):
    """Make a transaction of 200 entries: 10 patients, 190 observations."""
    resources = [patient(number * 10 + each) for each in range(10)]
    resources += [observation(number * 190 + each) for each in range(190)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:c757873d-ec9a-4326-{number:04d}-{each:012d}",
                "resource": resource,
                "request": {"method": "POST", "url": resource["resourceType"]},
            }
            for each, resource in enumerate(resources)
        ],
    }


def judged(body):
    """Read and judge one body, as the write road does."""
    if validate(parse(body), load_definitions()):
        raise SystemExit("The invented resource is not valid.")


def best(work, bodies, repeat=40):
    """Give the microseconds of one call, in the best of several runs over all bodies."""

    def run():
        for body in bodies:
            work(body)

    return min(timeit.repeat(run, number=1, repeat=repeat)) / len(bodies) * 1e6


def main():
    """Print the table."""
    patients = [orjson.dumps(patient(number)) for number in range(200)]
    bundles = [orjson.dumps(bundle(number)) for number in range(3)]
    command = [sys.executable, "-c", LOADING]
    seconds, megabytes = subprocess.check_output(command, text=True).split()
    rows = [
        (f"Patient of {len(patients[0])} bytes, parse + validate", best(judged, patients), 40),
        ("  parse alone", best(parse, patients), None),
        ("  text alone", best(lambda body: text(body, "x"), patients), None),
        (f"Bundle of {len(bundles[0])} bytes, parse + validate", best(judged, bundles), 2500),
        ("  parse alone", best(parse, bundles), None),
        ("import, load and compile every type", float(seconds) * 1e6, 400_000),
    ]
    for name, found, wanted in rows:
        target = "" if wanted is None else f"   wanted ≤ {wanted:,}"
        sys.stdout.write(f"{name:55}{found:12,.1f} µs{target}\n")
    sys.stdout.write(f"{'memory after that':55}{float(megabytes):12,.1f} MB   wanted ≤ 80\n")


if __name__ == "__main__":
    main()
