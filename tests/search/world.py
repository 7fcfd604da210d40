"""A random world of resources, small words and close dates, so that random searches find some."""

from __future__ import annotations

UCUM = "http://unitsofmeasure.org"
BASE = "https://here.example/fhir/"
NAMES = ("Siti", "siti", "Sitinur", "Budi", "José", "Jose Luis", "Sri Rahayu", "Agus", "Ågot")
CITIES = ("Semarang", "Solo", "Kudus", "semarang barat")
SYSTEMS = ("http://a", "http://b", None)
CODES = ("x", "y", "z", "x-1")
DISPLAYS = ("Nyeri kepala", "nyeri", "Demam", None)
STATES = ("final", "preliminary", "amended")
DATES = (
    *("2023-12-31", "2024", "2024-01", "2024-01-01", "2024-01-15", "2024-02"),
    *("2024-01-01T00:00:00+07:00", "2024-01-15T08:00:00Z", "2024-01-15T08:00:00.250+07:00"),
    *("2023-12-31T17:00:00Z", "2024-01-31T23:59:59+07:00", "2025"),
)
DAYS = tuple(each for each in DATES if "T" not in each)
UNITS = ("mg/dL", "g/L", "mg/L", "mmol/L", "tablet")
URLS = ("http://v/a", "http://v/a/b", "http://v/a/b/c", "http://w/a", "http://v/ab")


class World:
    """Makes documents from one source of chance; what refers, refers to what may be there."""

    def __init__(self, chance, size):
        self.chance = chance
        self.size = size
        kinds = (
            *(("Organization", 0.03), ("Patient", 0.25), ("Encounter", 0.2)),
            *(("Observation", 0.45), ("ValueSet", 0.02), ("RiskAssessment", 0.04)),
            ("List", 0.01),
        )
        self.counts = {kind: max(int(size * share), 4) for kind, share in kinds}
        self.documents = [
            self.pruned(getattr(self, kind.lower())(f"{kind[0].lower()}{number}"), kind)
            for kind, count in self.counts.items()
            for number in range(count)
        ]

    def pruned(self, document, kind):
        """Leave elements out now and then; what R4 demands is of no matter here."""
        for name in [each for each in document if each != "id"]:
            if document[name] in (None, [], {}) or self.chance.random() < 0.15:
                del document[name]
        return {"resourceType": kind, **document}

    def pick(self, choices):
        return self.chance.choice(choices)

    def some(self, make, most=2):
        return [make() for _ in range(self.chance.randint(0, most))]

    def filled(self, **elements):
        return {name: value for name, value in elements.items() if value is not None}

    def to(self, kind):
        """Refer to a resource of a kind in one of the ways that references are written."""
        local = f"{kind}/{kind[0].lower()}{self.chance.randrange(self.counts[kind])}"
        return {"reference": self.pick([local] * 8 + [BASE + local, local + "/_history/2"])}

    def coding(self):
        return self.filled(
            system=self.pick(SYSTEMS), code=self.pick(CODES), display=self.pick(DISPLAYS)
        )

    def concept(self):
        return {**self.filled(text=self.pick(DISPLAYS)), "coding": self.some(self.coding)}

    def identifier(self):
        kind = {"coding": [self.coding()]} if self.chance.random() < 0.3 else None
        return self.filled(
            system=self.pick(SYSTEMS), value=str(self.chance.randrange(30)), type=kind
        )

    def quantity(self):
        unit = self.pick(UNITS)
        coded = unit != "tablet"
        return self.filled(
            value=self.pick([1, 5, 10, 50, 100, 500, 0.5, 1.25, 4.96]),
            comparator=self.pick([None] * 8 + ["<", ">="]),
            unit=unit,
            system=UCUM if coded else None,
            code=unit if coded else None,
        )

    def period(self):
        start, end = sorted([self.pick(DATES), self.pick(DATES)])
        return self.filled(start=self.pick([start, None]), end=self.pick([end, None]))

    def organization(self, identity):
        return {"id": identity, "name": self.pick(NAMES), "partOf": self.to("Organization")}

    def patient(self, identity):
        return {
            "id": identity,
            "identifier": self.some(self.identifier),
            "active": self.pick([True, False]),
            "name": self.some(
                lambda: {"family": self.pick(NAMES), "given": self.some(lambda: self.pick(NAMES))}
            ),
            "gender": self.pick(["male", "female"]),
            "birthDate": self.pick(DAYS),
            "address": self.some(lambda: {"city": self.pick(CITIES)}),
            "managingOrganization": self.to("Organization"),
        }

    def encounter(self, identity):
        return {
            "id": identity,
            "status": self.pick(["planned", "finished"]),
            "class": self.coding(),
            "subject": self.to("Patient"),
            "period": self.period(),
            "partOf": self.to("Encounter"),
            "serviceProvider": self.to("Organization"),
        }

    def observation(self, identity):
        when = (
            {"effectiveDateTime": self.pick(DATES)}
            if self.chance.random() < 0.7
            else {"effectivePeriod": self.period()}
        )
        value = (
            {"valueQuantity": self.quantity()}
            if self.chance.random() < 0.7
            else {"valueCodeableConcept": self.concept()}
        )
        return {
            "id": identity,
            "status": self.pick(STATES),
            "code": self.concept(),
            "subject": self.to("Patient"),
            "encounter": self.to("Encounter"),
            "performer": self.some(lambda: self.to(self.pick(["Patient", "Organization"]))),
            "component": self.some(
                lambda: {"code": self.concept(), "valueQuantity": self.quantity()}
            ),
            **when,
            **value,
        }

    def valueset(self, identity):
        return {"id": identity, "url": self.pick(URLS), "name": self.pick(NAMES)}

    def riskassessment(self, identity):
        numbers = [0.1, 0.14, 0.15, 0.2, 1, 2]
        return {
            "id": identity,
            "subject": self.to("Patient"),
            "prediction": self.some(lambda: {"probabilityDecimal": self.pick(numbers)}),
        }

    def list(self, identity):
        items = self.some(lambda: {"item": self.to(self.pick(["Patient", "Observation"]))}, 40)
        return {"id": identity, "entry": items}
