"""Every request sample of SATUSEHAT, by FHIR, and from a SOP document that says the same.

The same clinical content, but for what docs/exchange/satusehat-deviations.md lists with its reason;
a row that explains nothing any more fails too.
"""

from __future__ import annotations

import pytest

from tests.bridges.satusehat import fhir_road
from tests.bridges.satusehat.deviations import PAGE, by_fhir_only, deviations
from tests.bridges.satusehat.samples import MODULES, names, sample
from tests.bridges.satusehat.semantic import differences
from tests.bridges.satusehat.stories import rendered, told

BY_SOP = [
    (said, story, case["id"], says)
    for story in MODULES
    for case in told(story)
    for says, said in case.get("says", {}).items()
]
TOLD = {said for said, *_ in BY_SOP}
BUNDLES = {"rawat-jalan/157", "anc/111", "pnc/057", "imunisasi/037"}
NOT_OURS = {
    "anc/084": "a modality worklist within the facility, never sent to SATUSEHAT",
    "imunisasi/009": "an Organization is sent whole; see imunisasi/005",
    "imunisasi/010": "an Organization is sent whole, not patched",
    "imunisasi/016": "a Location is sent whole; see imunisasi/011",
    "imunisasi/017": "a Location is sent whole, not patched",
}
BY_FHIR = [
    each for module in MODULES for each in names(module) if each not in BUNDLES | set(NOT_OURS)
]


def from_sop(said, story, case_id, says):
    case = next(each for each in told(story) if each["id"] == case_id)
    role, _, part = says.partition("#")
    return differences(sample(said), rendered(story, case, role, part=part).body)


def from_fhir(said):
    return differences(sample(said), fhir_road.sent(said.split("/")[0], sample(said)))


def from_bundle(said):
    entries = sample(said)["entry"]
    written = fhir_road.together(said.split("/")[0], entries)["entry"]
    return [
        each
        for expected, own in zip(entries, written, strict=True)
        for each in differences(expected["resource"], own["resource"])
    ]


def unexplained(said, found, *, by_fhir):
    rows = [each for each in deviations() if each.by_fhir or not by_fhir]
    return [each for each in found if not any(row.covers(said, each) for row in rows)]


@pytest.mark.parametrize(
    ("said", "story", "case_id", "says"), BY_SOP, ids=[f"{e[0]} {e[2]} {e[3]}" for e in BY_SOP]
)
def test_a_sop_document_becomes_a_request_of_the_same_content(said, story, case_id, says):
    found = from_sop(said, story, case_id, says)

    assert unexplained(said, found, by_fhir=False) == []


@pytest.mark.parametrize("said", BY_FHIR)
def test_what_comes_in_by_fhir_becomes_a_request_of_the_same_content(said):
    found = from_fhir(said)

    assert unexplained(said, found, by_fhir=True) == []


def test_every_sample_is_met_by_a_sop_document_or_by_fhir_or_is_not_ours():
    there = {each for module in MODULES for each in names(module)}
    if not there:
        pytest.skip("the samples are not beside the repository; FHIR_SHARED names their folder")

    assert there == set(BY_FHIR) | BUNDLES | set(NOT_OURS)
    assert there >= TOLD
    assert f"{len(TOLD)} of the {len(there)};" in PAGE.read_text("utf-8")


def test_the_page_lists_the_samples_that_no_sop_document_says():
    there = {each for module in MODULES for each in names(module)}
    if not there:
        pytest.skip("the samples are not beside the repository; FHIR_SHARED names their folder")

    assert by_fhir_only() & there == there - TOLD - set(NOT_OURS)


def test_every_row_of_the_page_still_explains_a_difference():
    by_sop = [(e[0], d) for e in BY_SOP for d in from_sop(*e)]
    by_fhir = [(each, d) for each in BY_FHIR for d in from_fhir(each)]
    by_fhir += [(each, d) for each in BUNDLES for d in from_bundle(each)]

    idle = [
        row
        for row in deviations()
        if not any(row.covers(*each) for each in (by_fhir if row.by_fhir else by_sop))
    ]

    assert idle == []


@pytest.mark.parametrize("said", sorted(BUNDLES))
def test_a_visit_goes_as_one_transaction_with_the_content_of_the_sample(said):
    entries = sample(said)["entry"]

    written = fhir_road.together(said.split("/")[0], entries)

    assert written["type"] == "transaction"
    assert [e["request"] for e in written["entry"]] == [e["request"] for e in entries]
    assert unexplained(said, from_bundle(said), by_fhir=True) == []
