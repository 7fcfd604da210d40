"""Counts the indicators of PWS anew in plain Python, from the resources and from domain §6 alone.

It shares nothing with the server's counting: it sees the FHIR resources one after the other, keeps
what happened to whom and when, and counts with loops. Times are those of the clinic, without zone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Document = dict[str, Any]
ANC = "http://terminology.kemkes.go.id/CodeSystem/episodeofcare"
OBSTETRIC = ("O00-O08", "O10-O16", "O20-O22", "O41-O46", "O60-O60", "O62-O72", "O75-O75", "O85-O88")
NEONATAL = ("A33-A33", "P05-P96", "Q00-Q99")
BASIC = {"08": 1, "19": 1, "198": 3, "178": 4, "10": 1, "04": 1}
SICK = {"anak-mtbs", "infeksi", "ugd"}
INPATIENT = {"IMP", "EMER", "ACUTE", "NONACUTE"}
YEAR = datetime(2024, 1, 1)  # noqa: DTZ001 - the clinic's own clock
EARLIER = datetime(2022, 12, 1)  # noqa: DTZ001
"""What is complete only with several may have begun the year before; nothing here is older."""


class Event(NamedTuple):
    """Something that happened to somebody; ``provider`` is who provided its encounter."""

    who: str
    at: datetime
    encounter: str = ""
    provider: str = ""


@dataclass
class Person:
    """Whoever has one NIK: records, village, birth, beginnings of pregnancies by episode."""

    village: str
    born: datetime
    pregnancies: list[tuple[datetime, str]] = field(default_factory=list)
    _begun: list[tuple[datetime, str]] | None = None

    def begun(self) -> list[tuple[datetime, str]]:
        """Give the pregnancies; two episodes less than 90 days apart are one."""
        if self._begun is None:
            self._begun = []
            for at, name in sorted(self.pregnancies):
                last = self._begun[-1][0] if self._begun else None
                same = last is not None and at - last < timedelta(days=90)
                self._begun.append((last if same and last else at, name))
        return self._begun

    def pregnancy(self, at: datetime, own: Iterable[str] = ()) -> datetime | None:
        """Say in which pregnancy something was: its own, else the last begun, else the first."""
        known = self.begun()
        for begun, name in known:
            if name in own:
                return begun
        before = [begun for begun, _ in known if begun <= at]
        if before:
            return before[-1]
        return known[0][0] if known else None


def moment(text: str) -> datetime:
    """Read a date or an instant of the clinic's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def code(concept: Document | None) -> str:
    """Give the code of a concept."""
    return str(((concept or {}).get("coding") or [{}])[0].get("code", ""))


def name(reference: Document | None) -> str:
    """Give what a reference says."""
    return str((reference or {}).get("reference", ""))


def among(ranges: Iterable[str], category: str) -> bool:
    """Say whether an ICD-10 category lies in one of the ranges."""
    return any(each[:3] <= category[:3] <= each[4:] for each in ranges)


class Recount:
    """Sees resources, then counts."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.key: dict[str, str] = {}
        self.of: dict[str, list[Document]] = defaultdict(list)
        self.encounters: dict[str, Document] = {}
        self.locations: dict[str, str] = {}
        self.organizations: dict[str, str] = {}
        self.roles: dict[str, str] = {}

    def see(self, resource: Document) -> None:
        """Keep what a resource says."""
        kind, own = resource["resourceType"], f"{resource['resourceType']}/{resource['id']}"
        if kind == "Patient":
            self._person(resource, own)
        elif kind == "EpisodeOfCare":
            begun = moment(resource["period"]["start"])
            self.people[self.key[name(resource["patient"])]].pregnancies.append((begun, own))
        elif kind == "Encounter":
            self.encounters[own] = resource
        elif kind == "Location":
            self.locations[own] = code(resource["type"][0])
        elif kind == "Organization":
            self.organizations[own] = code(resource["type"][0])
        elif kind == "PractitionerRole":
            self.roles[own] = code(resource["code"][0])
        else:
            self.of[kind].append(resource)

    def _person(self, resource: Document, own: str) -> None:
        nik = resource["identifier"][0]["value"]
        village = resource["address"][0]["extension"][0]["extension"][0]["valueCode"]
        self.key[own] = nik
        self.people.setdefault(nik, Person(village, moment(resource["birthDate"])))

    # what happened

    def visits(self, test: Callable[[Document], bool]) -> list[Event]:
        """Give the encounters that took place and pass a test."""
        return [
            Event(self.key[name(e["subject"])], moment(e["period"]["start"]), own, self._by(own))
            for own, e in self.encounters.items()
            if e["status"] == "finished" and test(e)
        ]

    def tagged(self, kind: str, *codes: str) -> list[Event]:
        """Give the encounters with one of these codes."""

        def has(encounter: Document) -> bool:
            known = encounter.get("identifier", ())
            return any(e["system"] == f"{ANC}/{kind}" and e["value"] in codes for e in known)

        return self.visits(has)

    def _by(self, encounter: str) -> str:
        return name(self.encounters.get(encounter, {}).get("serviceProvider"))

    def _event(self, resource: Document, at: str) -> Event:
        who = resource.get("subject") or resource.get("patient") or resource.get("for")
        where = name(resource.get("encounter"))
        return Event(self.key[name(who)], moment(at), where, self._by(where))

    def deliveries(self, test: Callable[[Document], bool] = lambda _: True) -> list[Event]:
        """Give the births that pass a test."""
        return [
            self._event(each, each["performedDateTime"])
            for each in self.of["Procedure"]
            if code(each["code"]) == "73.59" and test(each)
        ]

    def risks(self, *groups: str) -> list[Event]:
        """Give the cards of these groups."""
        return [
            self._event(each, each["occurrenceDateTime"])
            for each in self.of["RiskAssessment"]
            if code(each["prediction"][0]["qualitativeRisk"]) in groups
        ]

    def values(self, what: str, test: Callable[[Document], bool]) -> list[Event]:
        """Give the observations of a code that pass a test."""
        return [
            self._event(each, each["effectiveDateTime"])
            for each in self.of["Observation"]
            if code(each["code"]) == what and test(each)
        ]

    def doses(self, what: str, least: int) -> list[Event]:
        """Give the doses of a vaccine from a number on."""
        return [
            self._event(each, each["occurrenceDateTime"])
            for each in self.of["Immunization"]
            if code(each["vaccineCode"]) == what
            and each["protocolApplied"][0]["doseNumberPositiveInt"] >= least
        ]

    def treated(self, ranges: Iterable[str]) -> list[Event]:
        """Give the complications for which a procedure or a referral was completed."""
        reasons = {name(e) for p in self.of["Procedure"] for e in p.get("reasonReference", ())}
        visits = {name(each.get("encounter")) for each in self.of["Procedure"]} - {""}
        work = {name(e["focus"]) for e in self.of["Task"] if code(e["code"]) == "rujukan"}
        orders = self.of["ServiceRequest"]
        visits |= {name(e.get("encounter")) for e in orders if f"ServiceRequest/{e['id']}" in work}
        return [
            self._event(each, each["recordedDate"])
            for each in self.of["Condition"]
            if among(ranges, code(each["code"]))
            and (
                f"Condition/{each['id']}" in reasons or name(each.get("encounter")) in visits - {""}
            )
        ]

    def referrals(self, *, closed: bool) -> list[Event]:
        """Give the medical referrals; those whose back-referral is done, if so wanted."""
        orders = self.of["ServiceRequest"]
        done = [e for e in orders if any(t["code"] == "selesai" for t in _tags(e))]
        back = {name(based) for each in done for based in each.get("basedOn", ())}
        return [
            self._event(each, each["authoredOn"])
            for each in orders
            if code(each["category"][0]) == "medis"
            and (not closed or f"ServiceRequest/{each['id']}" in back)
        ]

    def home_visits(self, *statuses: str) -> list[Event]:
        """Give the home visits in these states, on the day they were due."""
        return [
            self._event(each, each["restriction"]["period"]["end"])
            for each in self.of["Task"]
            if code(each["code"]) == "kunjungan-rumah" and each["status"] in statuses
        ]

    # what makes a case

    def own_episodes(self, event: Event) -> set[str]:
        """Name the episodes that an encounter itself says it belongs to."""
        encounter = self.encounters.get(event.encounter, {})
        return {name(each) for each in encounter.get("episodeOfCare", ())}

    def by_pregnancy(
        self, events: Iterable[Event], *, visits: bool = False, since: datetime = YEAR
    ) -> dict[Any, Event]:
        """Keep the first event of each pregnancy."""
        return self.first(((self._pregnancy(each, visits), each) for each in events), since)

    def _pregnancy(self, event: Event, visits: bool) -> tuple[str, datetime | None]:  # noqa: FBT001
        own = self.own_episodes(event) if visits else ()
        return event.who, self.people[event.who].pregnancy(event.at, own)

    @staticmethod
    def first(found: Iterable[tuple[Any, Event]], since: datetime = YEAR) -> dict[Any, Event]:
        """Keep the first event of each case since then."""
        kept: dict[Any, Event] = {}
        for key, event in found:
            if event.at >= since and (key not in kept or event.at < kept[key].at):
                kept[key] = event
        return kept

    def by_person(self, events: Iterable[Event], since: datetime = YEAR) -> dict[Any, Event]:
        """Keep the first event of each person."""
        return self.first(((each.who, each) for each in events), since)

    def by_day(self, events: Iterable[Event]) -> dict[Any, Event]:
        """Keep one event of a person and day."""
        return self.first(((each.who, each.at.date()), each) for each in events)

    @staticmethod
    def complete(parts: list[dict[Any, Event]]) -> dict[Any, Event]:
        """Keep the cases that have an event in every part, at the last of these."""
        whole = set(parts[0]).intersection(*parts[1:])
        return {key: max((e[key] for e in parts), key=lambda each: each.at) for key in whole}

    def while_pregnant(self, events: Iterable[Event]) -> list[Event]:
        """Keep what happened within a pregnancy that is known."""
        kept = []
        for each in events:
            begun = self.people[each.who].pregnancy(each.at)
            if begun is not None and begun <= each.at < begun + timedelta(days=320):
                kept.append(each)
        return kept

    def younger(self, events: Iterable[Event], *, days: int = 0, months: int = 0) -> list[Event]:
        """Keep what happened before an age."""
        return [e for e in events if e.at < _later(self.people[e.who].born, days, months)]

    def contacts(self, told: str, needed: tuple[int, int, int], doctor: int) -> dict[Any, Event]:
        """Count K4 or K6: told by a code, or complete by trimester, whichever is first."""
        cases = self.by_pregnancy(self.tagged("ANC", told), visits=True)
        days: dict[Any, dict[Any, list[Event]]] = defaultdict(lambda: defaultdict(list))
        for each in self.visits(lambda e: bool(e.get("episodeOfCare"))):
            if each.at >= YEAR - timedelta(days=320):
                days[self._pregnancy(each, visits=True)][each.at.date()].append(each)
        for key, of_days in days.items():
            done = self._completed(key[1], of_days, needed, doctor)
            if done and (key not in cases or done.at < cases[key].at):
                cases[key] = done
        return cases

    def _completed(
        self,
        begun: datetime,
        of_days: dict[Any, list[Event]],
        needed: tuple[int, int, int],
        doctor: int,
    ) -> Event | None:
        counted, seen, reached = [0, 0, 0], 0, None
        for day in sorted(of_days):
            of_day = of_days[day]
            after = (of_day[0].at - begun).days
            if after >= 0:
                counted[0 if after <= 84 else 1 if after <= 168 else 2] += 1
            seen += any(self._by_doctor(each) for each in of_day)
            enough = all(n >= least for n, least in zip(counted, needed, strict=True))
            if enough and seen >= doctor:
                reached = of_day[0]
                break
        return reached

    def _by_doctor(self, event: Event) -> bool:
        of = self.encounters[event.encounter].get("participant", ())
        return any(self.roles[name(each["individual"])] == "dokter" for each in of)

    @staticmethod
    def near(
        events: Iterable[Event], others: Iterable[Event], before: int, after: int
    ) -> list[Event]:
        """Keep the events that have one of the others so many days before or after."""
        of: dict[str, list[datetime]] = defaultdict(list)
        for each in others:
            of[each.who].append(each.at)
        return [
            each
            for each in events
            if any(
                -timedelta(days=before) <= at - each.at < timedelta(days=after + 1)
                for at in of[each.who]
            )
        ]

    # the table

    def tables(self) -> dict[str, tuple[dict[Any, Event], dict[Any, Event] | None]]:
        """Count every indicator: its cases, and what they are measured against where counted."""
        return {**self._of_pregnancy(), **self._of_birth(), **self._of_children(), **self._others()}

    def _of_pregnancy(self) -> dict[str, Any]:
        def measured(what: str, below: float) -> tuple[Any, Any]:
            low = self.values(what, lambda e: e["valueQuantity"]["value"] < below)
            every = self.values(what, lambda _: True)
            return tuple(self.by_pregnancy(self.while_pregnant(each)) for each in (low, every))

        def first(*codes: str) -> dict[Any, Event]:
            return self.by_pregnancy(self.tagged("ANC", *codes), visits=True)

        td = self.while_pregnant(self.doses("VG139", 2))
        return {
            "pws-k1m": (first("K1M"), None),
            "pws-k1": (first("K1A", "K1M"), None),
            "pws-k4": (self.contacts("K4", (1, 1, 2), 0), None),
            "pws-k6": (self.contacts("K6", (1, 2, 3), 2), None),
            "pws-risti-det": (self.by_pregnancy(self.risks("KRT", "KRST")), None),
            "pws-pk": (self.by_pregnancy(self.treated(OBSTETRIC)), None),
            "pws-td2": (self.by_pregnancy(td), None),
            "pws-kek": measured("284473002", 23.5),
            "pws-anemia": measured("718-7", 11),
        }

    def _of_birth(self) -> dict[str, Any]:
        codes = [self.tagged("puerperium", f"KF{n}") for n in (1, 2, 3, 4)]
        after = [self.by_pregnancy(each) for each in codes]
        whole = [self.by_pregnancy(each, since=EARLIER) for each in codes]
        inside = self.deliveries(self._in_facility)
        helped = self.deliveries(
            lambda e: self.roles[name(e["performer"][0]["actor"])] in {"bidan", "dokter"}
        )
        methods = self.values(
            "metode-kb-aktif", lambda e: code(e["valueCodeableConcept"]) != "tanpa"
        )
        hospital = [e for e in self.deliveries() if self.organizations[e.provider] == "rs-fkrtl"]
        krst = self.risks("KRST")
        return {
            "pws-pf": (self.by_pregnancy(inside), None),
            "pws-pn": (self.by_pregnancy(helped), None),
            **{f"pws-kf{n}": (each, None) for n, each in enumerate(after, 1)},
            "pws-kf-lengkap": (self.complete(whole), None),
            "pws-kb-aktif": (self.by_person(methods), None),
            "pws-kb-pp": (self.by_pregnancy(self.near(self.deliveries(), methods, 0, 42)), None),
            "pws-krst-rs": (
                self.by_pregnancy(self.near(hospital, krst, 300, 0)),
                self.by_pregnancy(self.near(self.deliveries(), krst, 300, 0)),
            ),
        }

    def _in_facility(self, delivery: Document) -> bool:
        place = self.locations.get(name(delivery.get("location")), "")
        kind = self.encounters[name(delivery["encounter"])]["class"]["code"]
        return place in {"ruang", "pustu", "posyandu"} or kind in INPATIENT

    def _of_children(self) -> dict[str, Any]:
        codes = [self.tagged("neonate", f"KN{n}") for n in (1, 2, 3)]
        whole = [self.by_person(each, EARLIER) for each in codes]
        doses = [self.younger(self.doses(what, n), months=12) for what, n in BASIC.items()]
        forms = {name(each["encounter"]) for each in self.of["QuestionnaireResponse"]}
        sick = self.younger(self.visits(lambda e: code(e["serviceType"]) in SICK), months=60)
        carded = [each for each in sick if each.encounter in forms]
        return {
            "pws-kn1": (self.by_person(codes[0]), None),
            "pws-kn-lengkap": (self.complete(whole), None),
            "pws-nkomp": (self.by_person(self.younger(self.treated(NEONATAL), days=29)), None),
            "pws-idl": (self.complete([self.by_person(each, EARLIER) for each in doses]), None),
            "pws-mtbs": (self.by_day(carded), self.by_day(sick)),
        }

    def _others(self) -> dict[str, Any]:
        planned = self.home_visits("completed", "requested", "failed", "accepted", "in-progress")
        return {
            "pws-ruj-loop": (
                self.by_day(self.referrals(closed=True)),
                self.by_day(self.referrals(closed=False)),
            ),
            "pws-kr": (self.by_day(self.home_visits("completed")), self.by_day(planned)),
        }


def differences(  # noqa: PLR0913, PLR0917 - what is compared with what
    recount: Recount,
    report: Document,
    cases: tuple[dict[Any, Event], dict[Any, Event] | None],
    villages: list[str],
    providers: list[str] | None,
    bounds: tuple[datetime, datetime],
) -> dict[str, Any]:
    """Say where a MeasureReport differs from the recount; nothing where it does not.

    ``providers``: those whose services to people from elsewhere are listed; None: everybody's.
    """
    found: dict[str, Any] = {}
    for population, counted in zip(("numerator", "denominator"), cases, strict=True):
        if counted is None:
            continue
        inside: Counter[str] = Counter()
        outside: Counter[str] = Counter()
        for each in counted.values():
            village = recount.people[each.who].village
            if not bounds[0] <= each.at <= bounds[1]:
                continue
            if village in villages:
                inside[village] += 1
            elif providers is None or each.provider.partition("/")[2] in providers:
                outside[village] += 1
        groups = (inside, outside) if population == "numerator" else (inside,)
        for number, wanted in enumerate(groups):
            said = _said(report, number, population)
            if said != wanted:
                where = f"{report['measure']} {report.get('reporter')} {number} {population}"
                found[where] = (dict(said), dict(wanted))
    return found


def _said(report: Document, group: int, population: str) -> Counter[str]:
    """Give the counts of a group of a report by village, as far as there are any."""
    said: Counter[str] = Counter()
    for each in report["group"][group : group + 1]:
        for stratum in each.get("stratifier", [{"stratum": []}])[0]["stratum"]:
            counts = {code(p["code"]): p.get("count", 0) for p in stratum["population"]}
            if counts.get(population):
                said[code(stratum["value"])] = counts[population]
        whole = {code(p["code"]): p.get("count", 0) for p in each["population"]}
        assert sum(said.values()) == whole.get(population, 0), (group, population)
    return said


def _later(born: datetime, days: int, months: int) -> datetime:
    year, month = divmod(born.month - 1 + months, 12)
    day = born.day
    while True:
        try:
            moved = born.replace(year=born.year + year, month=month + 1, day=day)
        except ValueError:
            day -= 1
        else:
            return moved + timedelta(days=days)


def _tags(resource: Document) -> list[Document]:
    tags: list[Document] = resource.get("meta", {}).get("tag", [])
    return tags
