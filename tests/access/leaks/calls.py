"""Every operation as a question; ``LEFT_OUT`` names those that are not asked, and why.

What writes is asked by ``writes``: ``WRITING`` names it.
"""

from __future__ import annotations

import json

from tests.access.leaks.questions import JSON, TYPES, Question, one, patient_of
from tests.access.leaks.world import VILLAGES

ASYNC = {"prefer": "respond-async"}
VILLAGE = "mulai=2024-08-01&sampai=2024-08-31"
LEFT_OUT = {
    "expand": "terminology, which is everybody's",
    "lookup": "terminology",
    "subsumes": "terminology",
    "translate": "terminology",
    "validate-code": "terminology",
    "umpan": "needs an outbox with a past: tests/access/test_umpan.py",
    "terima-umpan": "needs a cursor of the feed: tests/access/test_umpan.py",
    "events": "needs Subscriptions that were told: tests/bridges/subscriptions/test_topics.py",
    "status": "needs Subscriptions: tests/bridges/subscriptions/test_topics.py",
    "get-ws-binding-token": "for its own Subscriptions: tests/bridges/subscriptions/test_topics.py",
    "baca-satusehat": "asks another system: tests/bridges/satusehat/test_inbound.py",
    "akses-darurat": "opens what was closed, which is its purpose: tests/access/test_roles.py",
}
WRITING = {"apply", "laporan-desa", "laporan-pustu", "meta-add", "meta-delete", "panggil-antrean"}
WRITING |= {"sasaran-osoc", "tugaskan"}


def call(chance, world):
    """Ask one operation."""
    return chance.choice(list(CALLS.values()))(chance, world)


def parameters(*given):
    """Write Parameters of (name, type, value)."""
    listed = [{"name": name, f"value{kind}": value} for name, kind, value in given]
    return json.dumps({"resourceType": "Parameters", "parameter": listed}).encode()


def _match(chance, _world):
    patient = {"resourceType": "Patient", "name": [{"text": "Ibu 1"}]}
    number = f"99{chance.randint(0, 8):014d}"
    patient["identifier"] = [{"system": "urn:nik", "value": number}]
    given = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}]}
    return Question("POST", "Patient/$match", json.dumps(given).encode(), JSON, ordered=False)


def _everything(chance, world):
    owner = one(chance, world, "Patient", "Patient", "Encounter")
    more = chance.choice(["", "?_type=Condition,Observation", "?_count=3"])
    return Question("GET", f"{owner}/$everything{more}", about=owner, ordered=False)


def _all_of_them(chance, world):
    if chance.random() < 0.2:
        return Question("GET", "Patient/$everything?_count=50", ordered=False)
    return _everything(chance, world)


def _document(chance, world):
    letter = one(chance, world, "Composition")
    if chance.random() < 0.5:
        return Question("GET", f"{letter}/$document", about=letter, ordered=False)
    url = f"/fhir/{letter}/$document?_format=text/html"
    return Question("GET", url, about=letter, ordered=False)


def _docref(chance, world):
    patient = patient_of(chance, world).partition("/")[2]
    more = chance.choice(["", "&start=2000-01-01", "&on-demand=true&end=2100-01-01"])
    return Question("GET", f"DocumentReference/$docref?patient={patient}{more}", ordered=False)


def _meta(chance, world):
    key = one(chance, world)
    version = chance.choice(["", "", "/_history/1", "/_history/9"])
    whole = chance.choice(["Patient/$meta", "$meta"])
    if chance.random() < 0.2:
        return Question("GET", whole, closed=True)
    return Question("GET", f"{key}{version}/$meta", about=key)


def _measure(chance, world):
    who = patient_of(chance, world)
    what = chance.choice([f"&subject={who}", "", "&reporter=Organization/pkm"])
    period = "periodStart=2024-01-01&periodEnd=2026-12-31"
    return Question("GET", f"Measure/pws-k1/$evaluate-measure?{period}{what}", ordered=False)


def _validate(chance, world):
    key = one(chance, world)
    kind, _, identity = key.partition("/")
    own = {"resourceType": kind, "id": identity}
    body = json.dumps(own).encode()
    return chance.choice(
        [
            Question("GET", f"{key}/$validate", about=key),
            Question("GET", f"{key}/$validate?mode=delete", about=key),
            Question("POST", f"{kind}/$validate?mode=create", body, JSON, about=key),
            Question("POST", f"{key}/$validate?mode=update", body, JSON, about=key),
        ]
    )


def _about(kind, operation, method="GET", body=b""):
    def asked(chance, world):
        key = one(chance, world, kind)
        headers = JSON if body else {}
        return Question(method, f"{key}/${operation}", body, headers, about=key, ordered=False)

    return asked


def _closed(url, *, body=b"", headers=None):
    def asked(chance, world):
        return Question(
            "POST" if body else "GET",
            url.format(patient=patient_of(chance, world), kind=chance.choice(TYPES)),
            body,
            {**(JSON if body else {}), **(headers or {})},
            closed=True,
        )

    return asked


def _open(url):
    def asked(chance, world):
        return Question(
            "GET",
            url.format(patient=patient_of(chance, world), village=chance.choice(VILLAGES)),
            ordered=False,
        )

    return asked


FILE = {"name": "input", "part": [{"name": "type", "valueCode": "Patient"}]}
FILE["part"].append({"name": "url", "valueUri": "Binary/never-was"})
IMPORT = json.dumps({"resourceType": "Parameters", "parameter": [FILE]}).encode()
EXPUNGE = parameters(("expungeEverything", "Boolean", True))
ROUTE = parameters(("keluhan", "Code", "gigi"))
CALLS = {
    "antrean-berikutnya": _open("Appointment/$antrean-berikutnya?unit=kia&tanggal=2024-04-02"),
    "docref": _docref,
    "document": _document,
    "evaluate-measure": _measure,
    "everything": _all_of_them,
    "export": _closed("Patient/$export", headers=ASYNC),
    "expunge": _closed("{patient}/$expunge", body=EXPUNGE),
    "import": _closed("$import", body=IMPORT, headers=ASYNC),
    "isi-daftar-tilik": _open(
        f"QuestionnaireResponse/$isi-daftar-tilik?desa={{village}}&{VILLAGE}"
        "&auditor=auditor&unit=pkm"
    ),
    "jadwal-terlambat": _open("CommunicationRequest/$jadwal-terlambat?desa={village}"),
    "lastn": _open("Observation/$lastn?patient={patient}"),
    "match": _match,
    "meta": _meta,
    "paket-rujukan": _about("ServiceRequest", "paket-rujukan"),
    "pengiriman": _closed("$pengiriman"),
    "reindex": _closed("$reindex", body=parameters(("type", "Code", "Patient"))),
    "rekap-isolasi": _about("EpisodeOfCare", "rekap-isolasi"),
    "rute": _about("Encounter", "rute", "POST", ROUTE),
    "siapa-melihat": _closed("{patient}/$siapa-melihat"),
    "validate": _validate,
    "waktu-rujukan": _about("ServiceRequest", "waktu-rujukan"),
}
