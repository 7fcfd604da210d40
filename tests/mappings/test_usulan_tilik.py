"""BR-A6 as question 6 of the checklist counts it: a visit and an origin, neither alone."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_server.mappings import usulan_tilik
from fhir_server.sop.laporan_pemantauan_desa import BarisLaporan, KontakLaporan

DAY = date(2024, 8, 5)
CONTACT = KontakLaporan(tanggal=DAY, hasil="menjawab", pesan=("p",))
VISIT = {"encounter": {"reference": "Encounter/e"}}
RECORDED = {"target": [{"reference": "Communication/p"}], "recorded": "2024-08-05T10:00:00+07:00"}
PROOF = {**RECORDED, "occurredDateTime": "2024-08-05T09:58:00+07:00"}


class Found:
    """A Reader that finds what a test says."""

    def __init__(self, **found):
        self._found = found

    def find(self, resource_type, _pairs):
        return self._found.get(resource_type, [])


@pytest.mark.parametrize(
    ("message", "proofs", "answer"),
    [
        (VISIT, [PROOF], "ya"),
        (VISIT, [RECORDED, PROOF], "ya"),
        (VISIT, [RECORDED], "tidak"),
        ({}, [PROOF], "tidak"),
        (VISIT, [], "tidak"),
    ],
)
def test_br_a6_a_message_needs_its_visit_and_its_origin(monkeypatch, message, proofs, answer):
    row = BarisLaporan(pasien="endang", kontak=(CONTACT,))
    monkeypatch.setattr(usulan_tilik, "rows", lambda *_: (row,))
    reader = Found(Communication=[{"id": "p", **message}], Provenance=proofs)

    suggested = usulan_tilik.suggested(reader, "9902012003", DAY, DAY)

    assert suggested["6"][0] == answer
