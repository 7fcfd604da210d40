"""Many visits of many patients, and whether each of their resources arrived once and in order."""

from collections import Counter
from datetime import datetime, timedelta, timezone

from tests.bridges.satusehat.acting import FACILITY, MIDWIFE, diagnosis, person, room, visit

WIB = timezone(timedelta(hours=7))
FIRST = datetime(2024, 5, 17, 7, 0, tzinfo=WIB)
RESULTS = (
    ("8867-4", 80, "/min"),
    ("8310-5", 36.6, "Cel"),
    ("9279-1", 18, "/min"),
    ("29463-7", 61.5, "kg"),
    ("8302-2", 156, "cm"),
    ("718-7", 11.8, "g/dL"),
    ("8480-6", 118, "mm[Hg]"),
    ("8462-4", 76, "mm[Hg]"),
)
PER_VISIT = 2 + len(RESULTS)
UCUM = "http://unitsofmeasure.org"
ALL_FAULTS = (
    {"kind": "drop", "rate": 0.04},
    {"kind": "drop", "rate": 0.04, "after": True},
    {"kind": "504", "rate": 0.03, "after": True},
    {"kind": "503", "rate": 0.03},
    {"kind": "502", "rate": 0.02},
    {"kind": "500", "rate": 0.02},
    {"kind": "401", "rate": 0.02},
)
"""One request in five goes wrong, half of those that land unheard."""


def nik(number):
    """Give the NIK of an invented person."""
    return f"99{number:014d}"


def patients(count):
    return [
        {
            **person("Patient", f"pasien-{number}", nik(number)),
            "name": [{"text": f"Pasien {number}"}],
            "gender": "female",
        }
        for number in range(count)
    ]


def house(count):
    """Give the facility, its room and midwife, and so many patients."""
    facility = {"resourceType": "Organization", "id": FACILITY, "name": "Puskesmas Melati"}
    midwife = {**person("Practitioner", "rina", MIDWIFE), "name": [{"text": "Rina"}]}
    return [facility, room(), midwife, *patients(count)]


def register(simulator, count):
    """Let the national index know them all."""
    simulator.people("Practitioner", {"nik": MIDWIFE, "name": "Rina"})
    people = [{"nik": nik(number), "name": f"Pasien {number}"} for number in range(count)]
    simulator.people("Patient", *people)


def one_visit(number, patient):
    """Give a finished visit with its diagnosis and results."""
    subject = {"reference": f"Patient/pasien-{patient}"}
    start = FIRST + timedelta(minutes=number)
    end = start + timedelta(minutes=20)
    said = {"start": start.isoformat(), "end": end.isoformat()}
    encounter = visit(id=f"kunjungan-{number}", status="finished", subject=subject, period=said) | {
        "statusHistory": [{"status": "arrived", "period": {"start": start.isoformat()}}]
    }
    here = {"reference": f"Encounter/kunjungan-{number}"}
    condition = diagnosis() | {
        "id": f"diagnosis-{number}",
        "subject": subject,
        "encounter": here,
        "recordedDate": end.isoformat(),
    }
    return [
        encounter,
        condition,
        *(_result(number, index, subject, here, end) for index in range(8)),
    ]


def _result(number, index, subject, encounter, moment):
    code, value, unit = RESULTS[index]
    return {
        "resourceType": "Observation",
        "id": f"hasil-{number}-{index}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": subject,
        "encounter": encounter,
        "effectiveDateTime": moment.isoformat(),
        "performer": [{"reference": "Practitioner/rina"}],
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


def expected(visits):
    """Say how many of each type there are to be at the other end."""
    results = visits * len(RESULTS)
    return {"Location": 1, "Encounter": visits, "Condition": visits, "Observation": results}


def wrong(simulator, visits):
    """Say what is not as it should be at the other end; nothing is the right answer."""
    found = []
    counts = simulator.counts()
    if counts["created"] != expected(visits):
        found.append(f"created {counts['created']}, expected {expected(visits)}")
    if counts["twice"]:
        found.append(f"more than once: {list(counts['twice'])[:5]}")
    unfinished = [e["id"] for e in simulator.stored("Encounter") if e["status"] != "finished"]
    if unfinished:
        found.append(f"{len(unfinished)} visits are not finished")
    return found + _out_of_order(simulator)


def _out_of_order(simulator):
    """Find what was created before the visit it belongs to, by the visit's place in the order."""
    place = {id: index for index, (_, _, id) in enumerate(simulator.order())}
    early = Counter()
    for kind in ("Condition", "Observation"):
        for each in simulator.stored(kind):
            visit_id = each["encounter"]["reference"].removeprefix("Encounter/")
            early[kind] += place[each["id"]] < place[visit_id]
    return [f"{count} {kind} before their visit" for kind, count in early.items() if count]
