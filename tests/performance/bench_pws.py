"""How long the Measures of PWS take on the records of one puskesmas.

``python -m tests.performance.bench_pws FOLDER [resources]``: makes an embedded database of so many
invented resources (200,000 unless said) in a folder, or uses what is there, and times every Measure
over a whole year, by the road of a request without HTTP: time by the clock (median and longest of
five), and processor time of database and server together. Invented people; NIK begin with 99.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from fhir_server.commands.opening import opened
from fhir_server.commands.seeding import bring_up_to_date
from fhir_server.config import CANONICAL, Settings
from fhir_server.interactions.request import Request
from fhir_server.interactions.write import commit, prepare
from fhir_server.operations import answer
from fhir_server.operations.measures import load_measures
from fhir_server.resources.wire import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context

VILLAGES = [f"9902012{number:03d}" for number in range(1, 21)]
AREA = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
EPISODE = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare"
FIRST = date(2024, 1, 1)
TOGETHER = 500
REPEATS = 5
DIAGNOSES = ["J06.9", "K30", "I10", "E11.9", "A09", "M79.1", "R50.9", "L23.9", "H10.9", "K02.9"]
BEFORE_PREGNANT = 0.45


def coded(system: str, code: str) -> dict[str, Any]:
    """Write a CodeableConcept."""
    return {"coding": [{"system": system, "code": code}]}


def ours(name: str, code: str) -> dict[str, Any]:
    """Write a code of one of our systems."""
    return coded(f"{CANONICAL}/CodeSystem/{name}", code)


class Clinic:
    """Invents a year of one puskesmas."""

    def __init__(self, resources: int) -> None:
        self.random = random.Random(2024)  # noqa: S311 - no secret
        self.patients = resources // 10
        self.number = 0

    def documents(self) -> Iterator[dict[str, Any]]:
        """Give every resource, patients first."""
        yield self._pustu()
        for index in range(4):
            yield self._role(index)
        for village in VILLAGES:
            yield self._target(village)
        for index in range(self.patients):
            yield self._patient(index)
        while True:
            index = self.random.randrange(self.patients)
            if index % 5 == 0 and index not in self._pregnant:
                yield from self._pregnancy(index)
            else:
                yield from self._visit(index)

    _pregnant: set[int] = set()  # noqa: RUF012 - one clinic a process

    def _id(self) -> str:
        self.number += 1
        return f"b{self.number}"

    def _day(self, latest: int = 364) -> date:
        return FIRST + timedelta(days=self.random.randrange(latest))

    def _pustu(self) -> dict[str, Any]:
        url = f"{CANONICAL}/StructureDefinition/wilayah-kerja"
        return {
            "resourceType": "Organization",
            "id": "pkm",
            "name": "Puskesmas",
            "type": [ours("jenis-faskes", "puskesmas")],
            "extension": [{"url": url, "valueCode": each} for each in VILLAGES],
        }

    def _role(self, index: int) -> dict[str, Any]:
        kind = ("bidan", "dokter")[index % 2]
        return {
            "resourceType": "PractitionerRole",
            "id": f"nakes-{index}",
            "code": [ours("peran-petugas", kind)],
        }

    def _target(self, village: str) -> dict[str, Any]:
        number = {"system": f"{CANONICAL}/sid/sasaran-pws/2024", "value": f"{village}-ibu-hamil"}
        where = coded("http://sys-ids.kemkes.go.id/administrative-area", village)
        return {
            "resourceType": "Group",
            "id": f"sasaran-{village}",
            "identifier": [number],
            "type": "person",
            "actual": False,
            "code": ours("sasaran-pws", "ibu-hamil"),
            "quantity": self.patients // 100,
            "characteristic": [
                {
                    "code": ours("sifat-sasaran", "desa"),
                    "valueCodeableConcept": where,
                    "exclude": False,
                }
            ],
        }

    def _patient(self, index: int) -> dict[str, Any]:
        village = VILLAGES[index % 20] if index % 50 else "9904012009"
        part = {"url": AREA, "extension": [{"url": "village", "valueCode": village}]}
        born = date(1950, 1, 1) + timedelta(days=self.random.randrange(27_000))
        nik = {"system": "https://fhir.kemkes.go.id/id/nik", "value": f"99{index:014d}"}
        return {
            "resourceType": "Patient",
            "id": f"p{index}",
            "identifier": [nik],
            "name": [{"text": f"Pasien Rekaan {index}"}],
            "gender": "female" if index % 2 == 0 else "male",
            "birthDate": born.isoformat(),
            "address": [{"extension": [part], "line": ["Dusun Krajan"]}],
        }

    def _encounter(self, index: int, day: date, unit: str, **more: Any) -> dict[str, Any]:
        return {
            "resourceType": "Encounter",
            "id": self._id(),
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "AMB",
            },
            "serviceType": ours("unit-layanan", unit),
            "extension": [
                {
                    "url": f"{CANONICAL}/StructureDefinition/klaster",
                    "valueCodeableConcept": ours("klaster", f"klaster-{2 + index % 2}"),
                }
            ],
            "subject": {"reference": f"Patient/p{index}"},
            "participant": [
                {"individual": {"reference": f"PractitionerRole/nakes-{self.random.randrange(4)}"}}
            ],
            "period": {"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
            "serviceProvider": {"reference": "Organization/pkm"},
            **more,
        }

    def _observation(self, visit: dict[str, Any], code: dict[str, Any], value: float, unit: str):
        return {
            "resourceType": "Observation",
            "id": self._id(),
            "status": "final",
            "code": code,
            "subject": visit["subject"],
            "encounter": {"reference": f"Encounter/{visit['id']}"},
            "effectiveDateTime": visit["period"]["start"],
            "valueQuantity": {
                "value": value,
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }

    def _visit(self, index: int) -> Iterator[dict[str, Any]]:
        unit = self.random.choice(["umum-dewasa", "anak-mtbs", "lansia", "gigi"])
        visit = self._encounter(index, self._day(), unit)
        yield visit
        yield {
            "resourceType": "Condition",
            "id": self._id(),
            "category": [
                coded(
                    "http://terminology.hl7.org/CodeSystem/condition-category",
                    "encounter-diagnosis",
                )
            ],
            "code": coded("http://hl7.org/fhir/sid/icd-10", self.random.choice(DIAGNOSES)),
            "subject": visit["subject"],
            "encounter": {"reference": f"Encounter/{visit['id']}"},
            "recordedDate": visit["period"]["start"],
        }
        for code, value, unit_ in (("8310-5", 36.6, "Cel"), ("29463-7", 55.5, "kg")):
            yield self._observation(visit, coded("http://loinc.org", code), value, unit_)

    def _pregnancy(self, index: int) -> Iterator[dict[str, Any]]:
        self._pregnant.add(index)
        begun = FIRST + timedelta(days=self.random.randrange(-250, 250))
        episode = self._id()
        subject = {"reference": f"Patient/p{index}"}
        yield {
            "resourceType": "EpisodeOfCare",
            "id": episode,
            "status": "active",
            "type": [coded(f"{EPISODE}-type", "ANC")],
            "patient": subject,
            "period": {"start": begun.isoformat()},
        }
        more = {"episodeOfCare": [{"reference": f"EpisodeOfCare/{episode}"}]}
        for number, week in enumerate((10, 20, 26, 31, 35, 38), 1):
            code = "K1M" if number == 1 else f"K{number}"
            contact = {"identifier": [{"system": f"{EPISODE}/ANC", "value": code}]}
            tagged = contact if self.random.random() < BEFORE_PREGNANT or number == 1 else {}
            visit = self._encounter(index, begun + timedelta(weeks=week), "kia", **more, **tagged)
            yield visit
            hb = coded("http://loinc.org", "718-7")
            yield self._observation(visit, hb, self.random.choice([10.5, 11.5, 12.5]), "g/dL")
        risk = ours("kelompok-risiko-kspr", self.random.choice(["KRR", "KRT", "KRST"]))
        yield {
            "resourceType": "RiskAssessment",
            "id": self._id(),
            "status": "final",
            "subject": subject,
            "occurrenceDateTime": (begun + timedelta(weeks=10)).isoformat(),
            "prediction": [{"qualitativeRisk": risk}],
        }
        yield {
            "resourceType": "Procedure",
            "id": self._id(),
            "status": "completed",
            "code": coded("http://hl7.org/fhir/sid/icd-9-cm", "73.59"),
            "subject": subject,
            "performedDateTime": (begun + timedelta(weeks=39)).isoformat(),
            "encounter": {"reference": f"Encounter/{visit['id']}"},
            "performer": [{"actor": {"reference": "PractitionerRole/nakes-0"}}],
        }


def fill(context: Context, resources: int) -> None:
    """Store the clinic, in batches."""
    bring_up_to_date(context)
    documents = islice(Clinic(resources).documents(), resources)
    done = 0
    while batch := list(islice(documents, TOGETHER)):
        commit(context, [prepare(context, dump(each), each["id"]) for each in batch])
        done += len(batch)
        click.echo(f"\r{done} resources", nl=False, err=True)
    click.echo(err=True)


def processor_seconds() -> float:
    """Give the processor time so far of this process and of those it has started."""
    mine = Path("/proc/self/task")
    own = {each.name for each in mine.iterdir()}
    started = [(mine / each / "children").read_text().split() for each in own]
    pids = [str(os.getpid()), *(pid for some in started for pid in some)]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    ticks = sum(int(each[11]) + int(each[12]) for each in fields)
    return ticks / os.sysconf("SC_CLK_TCK")


def timed(context: Context, name: str) -> tuple[float, float, float, int]:
    """Time one Measure: median and longest by the clock, processor time, and what it counted."""
    query = "periodStart=2024-01-01&periodEnd=2024-12-31"
    request = Request("GET", f"Measure/{name}/$evaluate-measure", "http://x/fhir", query)
    answer(context, request)
    taken, before = [], processor_seconds()
    for _ in range(REPEATS):
        start = time.perf_counter()
        given = answer(context, request)
        taken.append(time.perf_counter() - start)
    used = (processor_seconds() - before) / REPEATS
    populations = orjson.loads(given.body)["group"][0]["population"]
    return statistics.median(taken), max(taken), used, populations[-1]["count"]


def main() -> None:
    """Fill if there is nothing, then time every Measure."""
    folder, resources = Path(sys.argv[1]), int((sys.argv[2:] or ["200000"])[0])
    with opened(Settings(data=folder, demo=False, mongod_cache_gb=1.0)) as context:
        if context.store.statistics().get("Encounter", 0) == 0:
            fill(context, resources)
        click.echo(f"{sum(context.store.statistics().values())} resources")
        click.echo(f"{'':24}{'median':>9}{'longest':>9}{'CPU':>9}{'counted':>10}")
        for name in sorted(load_measures()):
            if context.store.read("Measure", name) is None:
                continue
            median, longest, used, number = timed(context, name)
            clock = "".join(f"{each * 1000:6.0f} ms" for each in (median, longest, used))
            click.echo(f"{name:24}{clock}{number:>10}")


if __name__ == "__main__":
    main()
