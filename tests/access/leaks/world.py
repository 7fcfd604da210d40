"""A puskesmas and its neighbours, made at random: who is who, whose is what, who wrote it.

Every resource carries a word of its own, so that a leak can be found in any answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BASE = "https://puskesmas.example/fhir"
AREA = "http://sys-ids.kemkes.go.id/administrative-area"
ADMINISTRATIVE = "https://fhir.kemkes.go.id/r4/StructureDefinition/administrativeCode"
LABELS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
WORDS = "urn:word"
VILLAGES = [f"990102200{number}" for number in range(1, 5)]
HOSPITALS = ["Organization/rs-a", "Organization/rs-b"]
WRITERS = [
    (),
    (),
    (),
    *((each,) for each in (*HOSPITALS, "Organization/pkm", "Organization/pkm-lain")),
]
RECORD = ["Condition", "Observation", "Encounter", "AllergyIntolerance", "Communication"]
RECORD += ["DocumentReference", "Coverage", "Appointment", "QuestionnaireResponse", "RelatedPerson"]
STATES = ["draft", "requested", "accepted", "in-progress", "rejected", "completed", "cancelled"]


@dataclass
class World:
    """Every resource by ``Type/id``, who wrote it, and what time it is.

    ``papers``: by SOP entity the documents there are, each its primary resource and its words.
    """

    now: datetime
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    authors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    papers: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    kinds: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def put(self, key: str, authors=(), /, **elements: Any) -> str:
        """Add a resource with a word of its own."""
        kind, _, identity = key.partition("/")
        meta = {"tag": [{"system": WORDS, "code": f"word-{kind}-{identity}-x"}]}
        label = elements.pop("label", None)
        if label:
            meta["security"] = [{"system": LABELS, "code": label}]
        whole = {"resourceType": kind, "id": identity, "meta": meta, **elements}
        self.resources[key] = self.kinds.setdefault(kind, {})[key] = whole
        self.authors[key] = tuple(dict.fromkeys(authors))
        return key

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give the resources of one type."""
        return self.kinds.get(kind, {})


def ref(key):
    return {"reference": key}


def code(system, *codes):
    return {"coding": [{"system": f"{BASE}/CodeSystem/{system}", "code": each} for each in codes]}


def made(seed: int) -> World:
    """Make a world; the same seed makes the same."""
    chance = random.Random(seed)  # noqa: S311
    world = World(datetime.now(UTC))
    _directory(world)
    plan_of(world)
    patients = [_patient(world, chance, number) for number in range(9)]
    for patient in patients:
        for kind in RECORD:
            for number in range(chance.randint(0, 2)):
                _record(world, chance, kind, patient, f"{kind.lower()}-{patient[8:]}-{number}")
    for number in range(8):
        _referral(world, chance, chance.choice(patients), number)
    for number in range(10):
        _work(world, chance, chance.choice(patients), number)
    _team(world, chance.choice(patients))
    for number in range(4):
        _consent(world, chance, chance.choice(patients), number)
    _nameless(world, chance)
    return world


def _directory(world):
    world.put("Measure/pws-k1", url=f"{BASE}/Measure/pws-k1", status="active")
    kinds = {"pkm": "puskesmas", "pkm-lain": "puskesmas", "pustu": "pustu"}
    for name in ("pkm", "pkm-lain", "pustu", "unit", "rs-a", "rs-b", "univ"):
        area = {"pkm": VILLAGES[:2], "pkm-lain": VILLAGES[2:3]}.get(name, ())
        url = f"{BASE}/StructureDefinition/wilayah-kerja"
        more = {"partOf": ref("Organization/pkm")} if name in {"pustu", "unit"} else {}
        if area:
            more["extension"] = [{"url": url, "valueCode": each} for each in area]
        kind = code("jenis-faskes", kinds.get(name, "klinik"))
        world.put(f"Organization/{name}", name=name, type=[kind], **more)
    for name, role, organization, villages in PEOPLE:
        world.put(f"Practitioner/{name}", name=[{"text": name}])
        if role:
            places = [{"identifier": {"system": AREA, "value": each}} for each in villages]
            where = {"location": places} if places else {}
            world.put(
                f"PractitionerRole/{name}",
                active=True,
                practitioner=ref(f"Practitioner/{name}"),
                organization=ref(f"Organization/{organization}"),
                code=[code("peran-petugas", role)],
                **where,
            )


PEOPLE = [
    ("bidan", "bidan", "pkm", VILLAGES[:1]),
    ("dokter", "dokter", "pkm", ()),
    ("perawat-lain", "perawat", "pkm-lain", ()),
    ("kader", "kader", "pkm", ()),
    ("perawat-pustu", "perawat", "pustu", ()),
    ("putri", "mahasiswa", "univ", ()),
    ("loket", "pendaftaran", "pkm", ()),
    ("kasir", "kasir", "pkm", ()),
    ("operator", "operator-wa", "pkm", ()),
    ("auditor", "auditor", "pkm", ()),
    ("camat", "camat", "pkm", ()),
    ("tamu", None, "pkm", ()),
]


def _patient(world, chance, number):
    village = chance.choice(VILLAGES)
    codes = [{"url": "village", "valueCode": village}]
    address = {"extension": [{"url": ADMINISTRATIVE, "extension": codes}], "city": "Kota"}
    home = chance.choice([None, "Organization/pkm", "Organization/unit", "Organization/pkm-lain"])
    more = {"managingOrganization": ref(home)} if home else {}
    return world.put(
        f"Patient/p{number}",
        chance.choice(WRITERS),
        identifier=[{"system": "urn:nik", "value": f"99{number:014d}"}],
        name=[{"text": f"Ibu {number % 4}"}],
        telecom=[{"system": "phone", "value": f"0899{number:06d}"}],
        gender=chance.choice(["female", "male"]),
        birthDate=f"{1980 + number}-01-0{1 + number % 9}",
        address=[address],
        **more,
    )


def _record(world, chance, kind, patient, identity):  # noqa: C901
    subject, day = ref(patient), f"2026-0{chance.randint(1, 9)}-11"
    status = chance.choice(["final", "preliminary"])
    visits = [each for each, made in world.of("Encounter").items() if made["subject"] == subject]
    more: dict[str, Any] = {}
    match kind:
        case "Condition":
            more = {"subject": subject, "code": {"text": chance.choice(["PEB", "anemia"])}}
        case "Observation":
            what = chance.choice(["718-7", "85354-9"])
            coded = {"coding": [{"system": "http://loinc.org", "code": what}]}
            more = {"subject": subject, "status": status, "code": coded, "effectiveDateTime": day}
            more["category"] = [{"coding": [{"code": "vital-signs"}]}]
        case "Encounter":
            reason = [{"text": "sakit"}]
            more = {"subject": subject, "status": "finished", "class": {"code": "AMB"}}
            more |= {"reasonCode": reason, "period": {"start": day}}
        case "AllergyIntolerance":
            more = {"patient": subject, "code": {"text": "penisilin"}}
        case "Communication":
            more = {
                "subject": subject,
                "status": "completed",
                "payload": [{"contentString": "hai"}],
            }
            more["recipient"] = [ref(chance.choice([*HOSPITALS, "Organization/pkm"]))]
        case "DocumentReference":
            attached = world.put(f"Binary/{identity}", contentType="text/plain", data="aGFp")
            content = [{"attachment": {"url": attached, "contentType": "text/plain"}}]
            more = {"subject": subject, "status": "current", "content": content}
        case "Coverage":
            more = {"beneficiary": subject, "status": "active", "payor": [ref("Organization/pkm")]}
        case "Appointment":
            more = {"status": "booked", "participant": [{"actor": subject, "status": "accepted"}]}
        case "QuestionnaireResponse":
            more = {"subject": subject, "status": "completed"}
        case "RelatedPerson":
            more = {"patient": subject, "name": [{"text": "Bapak"}]}
    if visits and kind in {"Condition", "Observation"}:
        more["encounter"] = ref(chance.choice(visits))
    label = chance.choice([None, None, "HIV"])
    world.put(f"{kind}/{identity}", chance.choice(WRITERS), label=label, **more)


def _referral(world, chance, patient, number):
    own = [k for k, each in world.of("Condition").items() if each["subject"] == ref(patient)]
    seen = [k for k, each in world.of("Observation").items() if each["subject"] == ref(patient)]
    hospital, state = chance.choice(HOSPITALS), chance.choice(STATES)
    ago = chance.choice([1, 10, 40, 400])
    moment = (world.now - timedelta(days=ago)).isoformat(timespec="seconds")
    letter = world.put(
        f"Composition/letter-{number}",
        status="final",
        type={"text": "Surat rujukan"},
        subject=ref(patient),
        date=moment,
        author=[ref("Organization/pkm")],
        title="Surat",
        section=[{"title": "TTV", "entry": [ref(each) for each in seen[:1]] or [ref(patient)]}],
    )
    request = world.put(
        f"ServiceRequest/r-{number}",
        status="active",
        intent="order",
        subject=ref(patient),
        requester=ref("Organization/pkm"),
        performer=[ref(hospital)],
        supportingInfo=[ref(letter)],
        **({"reasonReference": [ref(chance.choice(own))]} if own else {}),
    )
    world.put(
        f"Task/t-{number}",
        **{"for": ref(patient)},
        status=state,
        intent="order",
        code=code("jenis-tugas", "rujukan"),
        focus=ref(request),
        authoredOn=moment,
        lastModified=moment,
        requester=ref("Organization/pkm"),
        owner=ref(hospital),
    )


def _work(world, chance, patient, number):
    """Work of people: a visit for a cadre, a case of the chat that waits to be passed on."""
    owner = chance.choice(
        ["PractitionerRole/kader", "Organization/pustu", "PractitionerRole/operator"]
    )
    owner = chance.choice([owner, "Practitioner/camat", "Practitioner/bidan"])
    kind = "konsultasi-daring" if "operator" in owner else "kunjungan-rumah"
    task = world.put(
        f"Task/w-{number}",
        status=chance.choice(STATES[1:]),
        intent="order",
        description="kunjungi",
        code=code("jenis-tugas", kind),
        owner=ref(owner),
        **({"for": ref(patient)} if chance.random() < 0.8 else {}),
    )
    world.put(
        f"Communication/m-{number}",
        status="completed",
        subject=ref(patient),
        basedOn=[ref(task)],
        payload=[{"contentString": "dok, batuk"}],
    )


def _team(world, patient):
    world.put(
        "CareTeam/putri",
        status="active",
        subject=ref(patient),
        participant=[{"member": ref("PractitionerRole/putri")}],
    )


def _consent(world, chance, patient, number):
    provision: dict[str, Any] = {"type": chance.choice(["deny", "deny", "permit"])}
    if number % 2:
        provision["securityLabel"] = [{"system": LABELS, "code": "HIV"}]
    else:
        who = chance.choice([*HOSPITALS, "Practitioner/bidan", "Organization/pkm-lain"])
        provision["actor"] = [{"role": {"text": "penerima"}, "reference": ref(who)}]
    world.put(
        f"Consent/c-{number}",
        status=chance.choice(["active", "rejected", "inactive"]),
        scope={"coding": [{"code": "patient-privacy"}]},
        category=[{"text": "berbagi data"}],
        patient=ref(patient),
        policyRule={"text": "OPTOUT"},
        provision=provision,
    )


def _nameless(world, chance):
    for number in range(3):
        world.put(
            f"MeasureReport/n-{number}",
            chance.choice(WRITERS),
            status="complete",
            type="summary",
            measure=f"{BASE}/Measure/pws-k1",
            period={"start": "2026-01-01", "end": "2026-01-31"},
        )
        world.put(
            f"Composition/n-{number}",
            chance.choice(WRITERS),
            status="final",
            type={"text": "Laporan"},
            date="2026-01-01",
            author=[ref("Organization/pkm")],
            title="Laporan",
        )
        world.put(f"QuestionnaireResponse/n-{number}", chance.choice(WRITERS), status="completed")
        world.put(f"Observation/n-{number}", status="final", code={"text": "tanpa nama"})


def plan_of(world):
    """Put a procedure that can be applied to a patient."""
    action = [{"id": "periksa", "title": "periksa", "code": [{"text": "periksa"}]}]
    subject = {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "Patient"}]}
    more = {"url": f"{BASE}/PlanDefinition/begin", "action": action}
    world.put("PlanDefinition/begin", status="active", subjectCodeableConcept=subject, **more)
