"""How long the searches of domain §5.4 take among a million resources; by hand, not by pytest.

    python -m tests.performance.bench_rujukan FOLDER [RESOURCES]

Fills the folder once (a database of its own, some minutes), then asks each search many times, each
time of another hospital, number or patient: as it stands, with its total, its second page, and what
has changed since the last hundredth of the load. Prints the median and the 99th of a hundred in
milliseconds, the processor time that one takes here and in the database (what the clock would say
if nothing else ran), and how many resources an answer has. Without HTTP, JSON written.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
import orjson

from fhir_server.commands.opening import opened
from fhir_server.config import CANONICAL, Settings
from fhir_server.interactions.request import Request
from fhir_server.operations import answer
from fhir_server.resources.wire import dump, text
from fhir_server.search.index import index
from fhir_server.store.ops import Put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context

HOSPITALS, PUSKESMAS, BATCH, TIMES = 40, 200, 1000, 300
BASE = "http://127.0.0.1/fhir"
KIND = f"{CANONICAL}/CodeSystem/jenis-tugas"
REFERRALS = f"{CANONICAL}/CodeSystem/jenis-rujukan"
REPORTS = f"{CANONICAL}/CodeSystem/kategori-komunikasi"
NUMBERS = f"{CANONICAL}/sid/no-rujukan"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
NIK = "https://fhir.kemkes.go.id/id/nik"
OPEN_EVERY = 400
"""Of so many referrals one waits for its answer: some ten a hospital."""


def coded(system: str, code: str) -> dict[str, Any]:
    """Write a CodeableConcept."""
    return {"coding": [{"system": system, "code": code}]}


def to(name: str) -> dict[str, str]:
    """Write a reference."""
    return {"reference": name}


def moment(number: int) -> str:
    """Give a moment of three years that grows with the number."""
    day, second = divmod(number * 37, 86_400)
    year, rest = divmod(day, 336)
    return (
        f"{2022 + year % 4}-{rest // 28 + 1:02}-{rest % 28 + 1:02}"
        f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+07:00"
    )


def chain(number: int) -> Iterator[dict[str, Any]]:
    """Make one referral with its work, letter, findings, back-referral and outcome."""
    hospital = to(f"Organization/rs-{number % HOSPITALS}")
    puskesmas = to(f"Organization/pkm-{number % PUSKESMAS}")
    patient = to(f"Patient/p{number}")
    is_open = number // HOSPITALS % (OPEN_EVERY // 10) == 0 and number < HOSPITALS * OPEN_EVERY
    when = {"authoredOn": moment(number), "intent": "order"}
    nik = f"99{number:014}"
    yield {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": NIK, "value": nik}],
        "name": [{"text": f"Pasien Uji {number}"}],
        "birthDate": "1995-05-05",
    }
    yield {
        "resourceType": "Condition",
        "id": f"d{number}",
        "subject": patient,
        "code": coded("http://hl7.org/fhir/sid/icd-10", "O14.1"),
    }
    yield {
        "resourceType": "Composition",
        "id": f"s{number}",
        "status": "final",
        "type": coded(LOINC, "57133-1"),
        "subject": patient,
        "date": moment(number),
        "author": [puskesmas],
        "title": "Surat rujukan",
    }
    yield {
        "resourceType": "ServiceRequest",
        "id": f"r{number}",
        "identifier": [{"system": f"{NUMBERS}/pkm-{number % PUSKESMAS}", "value": f"RJ-{number}"}],
        "status": "active" if is_open else "completed",
        "category": [
            {
                "coding": [
                    {"system": SNOMED, "code": "3457005"},
                    {"system": REFERRALS, "code": "medis"},
                ]
            }
        ],
        "priority": ("routine", "urgent", "stat")[number % 3],
        "subject": patient,
        "requester": puskesmas,
        "performer": [hospital],
        "reasonReference": [to(f"Condition/d{number}")],
        "supportingInfo": [to(f"Composition/s{number}")],
        **when,
    }
    yield {
        "resourceType": "Task",
        "id": f"t{number}",
        "status": "requested" if is_open else "completed",
        "code": coded(KIND, "rujukan"),
        "priority": ("routine", "urgent", "stat")[number % 3],
        "focus": to(f"ServiceRequest/r{number}"),
        "for": patient,
        "requester": puskesmas,
        "owner": hospital,
        **when,
    }
    if not is_open:
        yield from back(number, hospital, puskesmas, patient)


def back(
    number: int, hospital: dict[str, str], puskesmas: dict[str, str], patient: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Make the back-referral of a referral, and its outcome."""
    when = {"authoredOn": moment(number + 5000), "intent": "order"}
    is_open = number // PUSKESMAS % 50 == 0
    yield {
        "resourceType": "ServiceRequest",
        "id": f"b{number}",
        "identifier": [{"system": f"{NUMBERS}/rs-{number % HOSPITALS}", "value": f"RB-{number}"}],
        "basedOn": [to(f"ServiceRequest/r{number}")],
        "status": "active" if is_open else "completed",
        "category": [coded(REFERRALS, "rujuk-balik")],
        "subject": patient,
        "requester": hospital,
        "performer": [puskesmas],
        **when,
    }
    yield {
        "resourceType": "Task",
        "id": f"u{number}",
        "status": "requested" if is_open else "completed",
        "code": coded(KIND, "rujuk-balik"),
        "focus": to(f"ServiceRequest/b{number}"),
        "for": patient,
        "requester": hospital,
        "owner": puskesmas,
        **when,
    }
    yield {
        "resourceType": "Composition",
        "id": f"l{number}",
        "status": "final",
        "type": coded(LOINC, "18842-5"),
        "subject": patient,
        "date": moment(number + 5000),
        "author": [hospital],
        "title": "Surat rujuk balik",
    }
    if not is_open:
        yield {
            "resourceType": "Communication",
            "id": f"h{number}",
            "status": "completed",
            "category": [coded(REPORTS, "hasil-pemantauan")],
            "basedOn": [to(f"ServiceRequest/b{number}")],
            "subject": patient,
            "recipient": [hospital],
            "sent": moment(number + 9000),
        }


def fill(context: Context, resources: int) -> int:
    """Store so many resources; give how many referrals there are."""
    batch: list[Put] = []
    stored = number = 0
    while stored < resources:
        for document in chain(number):
            kind, identity = document["resourceType"], document["id"]
            indexed = index(document, context.parameters)
            batch.append(Put(kind, identity, text(dump(document), identity), indexed))
        number += 1
        if len(batch) >= BATCH:
            context.store.transact(batch)
            stored += len(batch)
            batch = []
            if stored % (50 * BATCH) < BATCH:
                click.echo(f"{stored} stored", err=True)
    return number


def searches(chance: random.Random, referrals: int) -> dict[str, str]:
    """Give each search of §5.4 once, of somebody picked at random."""
    number = chance.randrange(referrals)
    hospital, puskesmas = f"Organization/rs-{number % HOSPITALS}", number % PUSKESMAS
    task = "_include=Task:focus&_include=Task:patient"
    return {
        "RS: incoming": f"Task?owner={hospital}&code={KIND}|rujukan"
        f"&status=requested,received&{task}&_include=Task:requester&_sort=-priority,authored-on",
        "RS: incoming, request view": f"ServiceRequest?performer={hospital}"
        f"&category={SNOMED}|3457005&status=active&_revinclude=Task:focus",
        "RS: its back-referrals": f"ServiceRequest?requester={hospital}"
        f"&category={REFERRALS}|rujuk-balik&authored=ge{moment(referrals * 2 // 3)[:10]}"
        "&_revinclude=Task:focus",
        "RS: outcomes": f"Communication?recipient={hospital}&category={REPORTS}|hasil-pemantauan",
        "puskesmas: back-referrals": f"Task?owner=Organization/pkm-{puskesmas}"
        f"&code={KIND}|rujuk-balik&status=requested&{task}",
        "by number": f"ServiceRequest?identifier={NUMBERS}/pkm-{puskesmas}|RJ-{number}",
        "by patient": f"ServiceRequest?patient.identifier={NIK}|99{number:014}"
        f"&category={SNOMED}|3457005",
        "letters": f"Composition?type={LOINC}|18842-5&patient=Patient/p{number}",
        "chain": f"ServiceRequest?based-on=ServiceRequest/r{number}",
        "DocumentReference": f"DocumentReference?patient=Patient/p{number}",
        "changes since": f"Task?owner={hospital}",
        "the whole page of a hospital": f"Task?owner={hospital}&_sort=-authored-on&_total=none",
    }


def processor_seconds() -> float:
    """Give the processor time so far of this process and of the database it has started."""
    own = [each / "children" for each in Path("/proc/self/task").iterdir()]
    pids = ["self", *(pid for each in own for pid in each.read_text().split())]
    spent = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # a thread that has ended
                spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


def timed(context: Context, url: str) -> tuple[float, float, dict[str, Any]]:
    """Ask a search; give the seconds and the processor's seconds it took, and the answer."""
    path, _, query = url.removeprefix(BASE).removeprefix("/").partition("?")
    asked = Request("GET", path, BASE, quote(query, safe="%=&,|:/-_$"))
    looked, before = processor_seconds(), processor_seconds()
    begun = time.perf_counter()
    given = answer(context, asked)
    taken = time.perf_counter() - begun
    spent = max(0.0, processor_seconds() - before - (before - looked))  # without the looking itself
    if given.status != 200:
        raise SystemExit(f"{url}: {given.status}")
    return taken, spent, orjson.loads(given.body)


def ways(context: Context, url: str, since: str) -> Iterator[tuple[str, float, float, int]]:
    """Ask a search in the ways that a hospital does, with what each took and found."""
    *took, page = timed(context, url)
    yield "", *took, len(page.get("entry", ()))
    *took, counted = timed(context, f"{url}&_total=accurate")
    yield " +total", *took, counted["total"]
    following = [each["url"] for each in page["link"] if each["relation"] == "next"]
    if following:
        *took, second = timed(context, following[0])
        yield " page 2", *took, len(second["entry"])
    *took, changed = timed(context, f"{url}&_lastUpdated=gt{quote(since)}")
    yield " since", *took, len(changed.get("entry", ()))


def last_hundredth(context: Context, referrals: int) -> str:
    """Give the moment after which the last hundredth of the referrals was stored."""
    found = context.store.read("Patient", f"p{referrals * 99 // 100}")
    if found is None:
        raise SystemExit("The folder was filled by another version of this script.")
    return found.moment.isoformat()


def main() -> None:
    """Fill if there is nothing, then time every search in every way."""
    folder, resources = Path(sys.argv[1]), int((sys.argv[2:] or ["1000000"])[0])
    times = int((sys.argv[3:] or [TIMES])[0])
    with opened(Settings(data=folder, demo=False, mongod_cache_gb=1.0)) as context:
        there = context.store.statistics()
        referrals = there.get("Patient") or fill(context, resources)
        for each in context.store.missing_indexes():
            context.store.build_indexes(each)
        click.echo(f"{sum(context.store.statistics().values())} resources")
        click.echo(f"{'':38}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'found':>8}")
        since, chance = last_hundredth(context, referrals), random.Random(1)  # noqa: S311 - dice
        for name in searches(chance, referrals):
            taken: dict[str, list[tuple[float, float, int]]] = {}
            for _ in range(times):
                url = searches(chance, referrals)[name]
                for way, *took in ways(context, url, since):
                    taken.setdefault(name + way, []).append(tuple(took))
            for way, found in taken.items():
                click.echo(f"{way:38}{told(found)}")


def told(found: list[tuple[float, float, int]]) -> str:
    """Give the figures of one search: median, 99th of a hundred, processor time, answers."""
    clock = sorted(each for each, _, _ in found)
    middle, late = statistics.median(clock), clock[int(len(found) * 0.99)]
    spent = statistics.median(each for _, each, _ in found)
    most = statistics.mean(number for _, _, number in found)
    return f"{middle * 1000:9.2f}{late * 1000:9.2f}{spent * 1000:9.2f}{most:8.1f}"


if __name__ == "__main__":
    main()
