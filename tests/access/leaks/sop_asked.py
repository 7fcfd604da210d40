"""The SOP API's ways to ask: lists, searches, documents, where they come from, letters."""

from __future__ import annotations

import json
from functools import cache

from fhir_server.mappings import load_mappings
from fhir_server.rest.sop_schemas import filters_of
from fhir_server.rest.surat import is_printable
from fhir_server.sop import entitas
from tests.access.leaks.questions import JSON, Question

BASE = "/sop/v1"
WAYS = ["list", "list", "find", "read", "read", "trace", "letter", "tables"]


def asked_by_sop(chance, world):
    """Ask one question of the SOP API."""
    entity = chance.choice(sorted(world.papers) or ["pasien"])
    way = chance.choice(WAYS)
    if way == "tables":
        return _table(chance)
    kind = entitas()[entity]
    address = f"{BASE}/{kind.alamat}"
    if way in {"list", "find"}:
        return _list(chance, world, entity, address, secret=way == "find")
    key, own_id = _document(chance, world, entity)
    if way == "letter" and is_printable(entity):
        headers = {"accept": "text/html"}
        return Question("GET", f"{address}/{own_id}/surat", headers=headers, about=key)
    return Question("GET", f"{address}/{own_id}{'/jejak' * (way == 'trace')}", about=key)


def _document(chance, world, entity):
    """Choose a document of an entity, another resource of its type, or what never was."""
    kind = load_mappings()[entity].resource_type
    known = [key for key, _ in world.papers.get(entity, ())] * 3
    key = chance.choice([*known, *world.of(kind), f"{kind}/never-was"])
    return key, key.partition("/")[2]


def _list(chance, world, entity, address, *, secret):
    asked = {"jumlah": chance.choice([1, 2, 50])}
    names = _filters(entity, secret)
    for name in chance.sample(names, min(len(names), chance.choice([0, 1, 1, 2]))):
        asked[name] = _value(chance, world, entity, name)
    if secret:
        return Question("POST", f"{address}/_cari", json.dumps(asked).encode(), JSON_PLAIN)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return Question("GET", f"{address}?{query}", ordered=False)


JSON_PLAIN = {**JSON, "content-type": "application/json"}


@cache
def _filters(entity, secret):
    return sorted(
        filters_of(entitas()[entity].dokumen, load_mappings()[entity].filters, secret=secret)
    )


def _value(chance, world, entity, name):
    if name == "pasien":
        return chance.choice([*world.of("Patient"), "Patient/never-was"]).removeprefix("Patient/")
    known = [words.get(name) for _, words in world.papers[entity]]
    return chance.choice([each for each in known if isinstance(each, str)] or ["x"])


def _table(chance):
    unit = chance.choice(["umum", "kia", "gigi"])
    day = chance.choice(["", "&tanggal=2024-04-02"])
    return chance.choice(
        [
            Question("GET", f"{BASE}/antrean/berikutnya?unit={unit}{day}", ordered=False),
            Question("GET", f"{BASE}/pws?bulan=2024-06", closed=True),
            Question("GET", f"{BASE}/beban-penyakit?bulan=2024-06", closed=True),
        ]
    )
