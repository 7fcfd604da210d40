"""A district of several puskesmas, invented: a year of its records as FHIR gives them.

``District(clinics, people).documents()`` gives every resource, what is referred to first; the same
arguments give the same resources. Some people live elsewhere, some are served by a neighbour, some
have two records under one NIK, some services are noted twice. NIK begin with 99.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.operations.measuring import (
    CANONICAL,
    EPISODE,
    FAR,
    ICD_9_CM,
    ICD_10,
    LOINC,
    SNOMED,
    VILLAGE,
    concept,
    organization,
    ours,
    to,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
NEW_YEAR = date(2024, 1, 1)
NIK = "https://fhir.kemkes.go.id/id/nik"
CVX = "http://hl7.org/fhir/sid/cvx"
KFA = "http://sys-ids.kemkes.go.id/kfa"
BASIC = (
    ("08", 1, 0),
    ("19", 1, 30),
    ("198", 3, 120),
    ("178", 4, 121),
    ("10", 1, 122),
    ("04", 1, 270),
)
"""CVX code, dose, day of life of the last dose of each antigen."""
DIAGNOSES = ("J06.9", "K30", "I10", "E11.9", "A09", "M79.1", "R50.9", "L23.9", "H10.9", "Z00.1")
COMPLICATIONS = ("O14.1", "O72.1", "O80", "O99.0", "O42.9")
WEEKS = (10, 20, 26, 31, 35, 38)
DIAGNOSIS = concept(
    "http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis"
)


class District:
    """So many puskesmas of so many villages, each with so many people on its books."""

    def __init__(self, clinics: int, people: int, villages: int = 4) -> None:
        self.random = random.Random()  # noqa: S311 - no secret
        self.clinics = clinics
        self.people = people
        self.villages = villages
        self.number = 0

    def documents(self) -> Iterator[Document]:
        """Give every resource, the same ones each time."""
        self.random.seed(2024)
        self.number = 0
        yield organization("dinkes", "dinkes")
        yield organization("rs", "rs-fkrtl")
        for name in ("ruang", "rumah"):
            yield {"resourceType": "Location", "id": name, "type": [ours("jenis-lokasi", name)]}
        for clinic in range(self.clinics):
            yield from self._clinic(clinic)
        for clinic in range(self.clinics):
            for index in range(self.people):
                yield from self._life(clinic, index)

    def villages_of(self, clinic: int) -> list[str]:
        """Name the villages of a puskesmas."""
        return [f"9902{clinic + 1:02d}2{each + 1:03d}" for each in range(self.villages)]

    def areas(self) -> dict[str, tuple[list[str], list[str] | None]]:
        """Give villages and providers of whoever reports; "": all villages, whoever served."""
        clinics = range(self.clinics)
        own = {f"pkm-{c}": (self.villages_of(c), [f"pkm-{c}", f"pustu-{c}"]) for c in clinics}
        every = [each for villages, _ in own.values() for each in villages]
        below = ["dinkes", *(each for _, providers in own.values() for each in providers)]
        return {**own, "dinkes": (every, below), "": (every, None)}

    def _clinic(self, clinic: int) -> Iterator[Document]:
        yield organization(f"pkm-{clinic}", "puskesmas", self.villages_of(clinic), "dinkes")
        yield organization(f"pustu-{clinic}", "pustu", (), f"pkm-{clinic}")
        for kind in ("bidan", "dokter", "kader"):
            name = f"{kind}-{clinic}"
            yield {
                "resourceType": "PractitionerRole",
                "id": name,
                "code": [ours("peran-petugas", kind)],
            }

    def _id(self) -> str:
        self.number += 1
        return f"d{self.number}"

    def _often(self, share: float) -> bool:
        return self.random.random() < share

    def _make(self, kind: str, who: str, **elements: Any) -> Document:
        field = "patient" if kind in {"Immunization", "EpisodeOfCare"} else "subject"
        field = "for" if kind == "Task" else field
        made = {"resourceType": kind, "id": self._id(), field: to(who), **elements}
        return without_empty(made)

    def _person(self, clinic: int, index: int, born: date, gender: str) -> Document:
        home = self.random.choice(self.villages_of(clinic))
        village = FAR if self._often(0.03) else home
        part = {"url": VILLAGE, "extension": [{"url": "village", "valueCode": village}]}
        number = f"99{clinic:02d}{index:010d}{2 if gender == 'female' else 1:02d}"
        return {
            "resourceType": "Patient",
            "id": self._id(),
            "identifier": [{"system": NIK, "value": number}],
            "name": [{"text": f"Warga Rekaan {clinic}.{index}"}],
            "gender": gender,
            "birthDate": born.isoformat(),
            "address": [{"extension": [part]}],
        }

    def _life(self, clinic: int, index: int) -> Iterator[Document]:
        kind = index % 5
        days = {0: (6_600, 14_000), 1: (-330, 200), 2: (300, 1_900)}.get(kind, (1_900, 30_000))
        born = NEW_YEAR - timedelta(days=self.random.randrange(*days))
        patient = self._person(clinic, index, born, "female" if kind in {0, 3} else "male")
        yield patient
        records = [f"Patient/{patient['id']}"]
        if self._often(0.03):
            twin = {**patient, "id": self._id(), "active": False}
            yield twin
            records.append(f"Patient/{twin['id']}")
        by = self.random.randrange(self.clinics) if self._often(0.05) else clinic
        if kind == 0:
            yield from self._pregnancy(records, by)
        if kind == 1:
            yield from self._infancy(records[0], by, born)
        for _ in range(self.random.randrange(1, 5)):
            yield from self._illness(self.random.choice(records), by, child=kind in {1, 2})

    def _encounter(self, who: str, by: int, day: date, unit: str, **more: Any) -> Document:
        cluster = ours("klaster", "klaster-3" if unit == "umum-dewasa" else "klaster-2")
        url = f"{CANONICAL}/StructureDefinition/klaster"
        elements = {
            "status": "entered-in-error" if self._often(0.01) else "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "serviceType": ours("unit-layanan", unit),
            "extension": [{"url": url, "valueCodeableConcept": cluster}],
            "period": {"start": f"{day}T08:00:00+07:00", "end": f"{day}T09:00:00+07:00"},
            "serviceProvider": to(f"Organization/pkm-{by}"),
        }
        return self._make("Encounter", who, **{**elements, **more})

    def _observation(self, who: str, day: date, code: Document, **value: Any) -> Document:
        moment = f"{day}T08:30:00+07:00"
        return self._make(
            "Observation", who, status="final", code=code, effectiveDateTime=moment, **value
        )

    def _measured(self, who: str, day: date, code: Document, value: float, unit: str) -> Document:
        quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org"}
        return self._observation(who, day, code, valueQuantity={**quantity, "code": unit})

    def _tagged(self, kind: str, code: str) -> Document:
        return {"identifier": [{"system": f"{EPISODE}/{kind}", "value": code}]}

    def _pregnancy(self, records: list[str], by: int) -> Iterator[Document]:
        begun = NEW_YEAR + timedelta(days=self.random.randrange(-300, 320))
        who = records[0]
        kind = concept(f"{EPISODE}-type", "ANC")
        episode = self._make(
            "EpisodeOfCare", who, status="active", type=[kind], period={"start": begun.isoformat()}
        )
        yield episode
        own = {"episodeOfCare": [to(f"EpisodeOfCare/{episode['id']}")]}
        for number, week in enumerate(WEEKS, 1):
            if self._often(0.85):
                day = begun + timedelta(weeks=week, days=self.random.randrange(7))
                yield from self._contact(self.random.choice(records), by, day, number, own)
        yield from self._risk(who, by, begun)
        if self._often(0.9):
            yield from self._birth(who, by, begun + timedelta(days=self.random.randrange(255, 288)))

    def _contact(
        self, who: str, by: int, day: date, number: int, own: Document
    ) -> Iterator[Document]:
        first = "K1M" if self._often(0.7) else "K1A"
        tag = self._tagged("ANC", first if number == 1 else f"K{number}")
        kind = "dokter" if self._often(0.4) else "bidan"
        seen = {"participant": [{"individual": to(f"PractitionerRole/{kind}-{by}")}]}
        more = {**own, **seen, **(tag if self._often(0.5) else {})}
        yield self._encounter(who, by, day, "kia", **more)
        if self._often(0.05):
            pustu = {"serviceProvider": to(f"Organization/pustu-{by}")}
            yield self._encounter(who, by, day, "kia", **more, **pustu)
        hb, lila = self.random.choice((10.5, 11.0, 12.5)), self.random.choice((23.0, 23.5, 26.0))
        if self._often(0.5):
            yield self._measured(who, day, concept(LOINC, "718-7"), hb, "g/dL")
            yield self._measured(who, day, concept(SNOMED, "284473002"), lila, "cm")

    def _risk(self, who: str, by: int, begun: date) -> Iterator[Document]:
        group = self.random.choice(("KRR", "KRT", "KRST"))
        yield self._make(
            "RiskAssessment",
            who,
            status="final",
            occurrenceDateTime=(begun + timedelta(weeks=11)).isoformat(),
            prediction=[{"qualitativeRisk": ours("kelompok-risiko-kspr", group)}],
        )
        if self._often(0.3):
            yield from self._complication(who, by, begun + timedelta(weeks=30), COMPLICATIONS)
        if self._often(0.5):
            day = begun + timedelta(weeks=self.random.randrange(-6, 38))
            number = self.random.randrange(1, 4)
            yield self._dose(who, day, concept(KFA, "VG139"), number)

    def _complication(
        self, who: str, by: int, day: date, codes: tuple[str, ...]
    ) -> Iterator[Document]:
        visit = self._encounter(who, by, day, "kia")
        here = {"encounter": to(f"Encounter/{visit['id']}")}
        code = concept(ICD_10, self.random.choice(codes))
        condition = self._make("Condition", who, code=code, recordedDate=day.isoformat(), **here)
        yield from (visit, condition)
        how = self.random.randrange(4)
        done = {"status": "completed", "code": {"text": "tindakan"}}
        if how == 0:
            reason = [to(f"Condition/{condition['id']}")]
            yield self._make("Procedure", who, **done, reasonReference=reason)
        if how == 1:
            yield self._make("Procedure", who, **done, **here)
        if how == 2:
            yield from self._referral(who, day, **here)

    def _referral(self, who: str, day: date, **here: Any) -> Iterator[Document]:
        kind = [ours("jenis-rujukan", "medis")]
        order = {"status": "completed", "intent": "order"}
        moment = f"{day}T10:00:00+07:00"
        asked = self._make("ServiceRequest", who, **order, category=kind, authoredOn=moment, **here)
        yield asked
        work = {"code": ours("jenis-tugas", "rujukan"), "status": "completed", "intent": "order"}
        yield self._make("Task", who, **work, focus=to(f"ServiceRequest/{asked['id']}"))
        if self._often(0.6):
            system = f"{CANONICAL}/CodeSystem/status-rujuk-balik"
            code = "selesai" if self._often(0.7) else "disetujui"
            tag = {"tag": [{"system": system, "code": code}]}
            based = [to(f"ServiceRequest/{asked['id']}")]
            back = [ours("jenis-rujukan", "rujuk-balik")]
            yield self._make("ServiceRequest", who, **order, category=back, meta=tag, basedOn=based)

    def _dose(self, who: str, day: date, code: Document, number: int) -> Document:
        return self._make(
            "Immunization",
            who,
            status="completed",
            vaccineCode=code,
            occurrenceDateTime=day.isoformat(),
            primarySource=False,
            protocolApplied=[{"doseNumberPositiveInt": number}],
        )

    def _birth(self, who: str, by: int, day: date) -> Iterator[Document]:
        hospital = {"serviceProvider": to("Organization/rs")} if self._often(0.3) else {}
        inside = self._often(0.5)
        kind = {"class": {"code": "IMP"}} if inside else {}
        visit = self._encounter(who, by, day, "persalinan", **hospital, **kind)
        yield visit
        helper = self.random.choice(("bidan", "dokter", "kader"))
        yield self._make(
            "Procedure",
            who,
            status="completed",
            code=concept(ICD_9_CM, "73.59"),
            performedDateTime=day.isoformat(),
            encounter=to(f"Encounter/{visit['id']}"),
            location=None if inside else to(f"Location/{self.random.choice(('ruang', 'rumah'))}"),
            performer=[{"actor": to(f"PractitionerRole/{helper}-{by}")}],
        )
        for number, after in enumerate((1, 5, 15, 35), 1):
            if self._often(0.8):
                tag = self._tagged("puerperium", f"KF{number}")
                yield self._encounter(who, by, day + timedelta(days=after), "kia", **tag)
        if self._often(0.6):
            code = self.random.choice(("iud", "pil", "tanpa"))
            value = {"valueCodeableConcept": ours("metode-kb", code)}
            later = day + timedelta(days=self.random.randrange(20, 60))
            yield self._observation(who, later, ours("observasi-lokal", "metode-kb-aktif"), **value)

    def _infancy(self, who: str, by: int, born: date) -> Iterator[Document]:
        for number, after in enumerate((1, 4, 15), 1):
            if self._often(0.85):
                tag = self._tagged("neonate", f"KN{number}")
                yield self._encounter(who, by, born + timedelta(days=after), "kia", **tag)
        for code, number, after in BASIC:
            if self._often(0.95):
                late = 120 if self._often(0.1) else 0
                day = born + timedelta(days=after + late)
                yield self._dose(who, day, concept(CVX, code), number)
        if self._often(0.2):
            day = born + timedelta(days=self.random.randrange(35))
            yield from self._complication(who, by, day, ("P07.1", "P59.9", "Q21.0", "R50.9"))

    def _illness(self, who: str, by: int, *, child: bool) -> Iterator[Document]:
        day = NEW_YEAR + timedelta(days=self.random.randrange(-20, 380))
        visit = self._encounter(who, by, day, "anak-mtbs" if child else "umum-dewasa")
        here = {"encounter": to(f"Encounter/{visit['id']}")}
        yield visit
        for _ in range(self.random.randrange(1, 3)):
            code = concept(ICD_10, self.random.choice(DIAGNOSES))
            moment = f"{day}T08:40:00+07:00"
            kind = {"category": [DIAGNOSIS], "code": code, "recordedDate": moment}
            yield self._make("Condition", who, **kind, **here)
        yield self._measured(who, day, concept(LOINC, "8310-5"), 36.6, "Cel")
        if child and self._often(0.6):
            form = {"questionnaire": f"{CANONICAL}/Questionnaire/mtbs", "status": "completed"}
            yield self._make("QuestionnaireResponse", who, **form, **here)
        if self._often(0.1):
            yield from self._referral(who, day, **here)
        if self._often(0.1):
            yield self._home_visit(who, day)

    def _home_visit(self, who: str, day: date) -> Document:
        status = self.random.choice(("completed", "requested", "failed", "cancelled"))
        due = {"period": {"end": (day + timedelta(days=7)).isoformat()}}
        kind = {"code": ours("jenis-tugas", "kunjungan-rumah"), "intent": "order"}
        return self._make("Task", who, **kind, status=status, restriction=due)
