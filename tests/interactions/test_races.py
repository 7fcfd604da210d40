"""Several server processes asked the same at the same moment."""

import multiprocessing

import pytest

from fhir_server.app import build_context
from tests.support.fhir import Server, bundle, entry, patient

PROCESSES, ROUNDS = 3, 8
CONTEXT = multiprocessing.get_context("spawn")


def person(number):
    return patient(identifier=[{"system": "urn:nik", "value": str(number)}])


def update(ask, number):
    return ask("PUT", f"Patient?identifier=urn:nik|{number}", person(number)).status


def create(ask, number):
    given = f"identifier=urn:nik|{number}"
    return ask("POST", "Patient", person(number), if_none_exist=given).status


def transact(ask, number):
    put = entry("PUT", f"Patient?identifier=urn:nik|{number}", person(number))
    other = entry("POST", "Basic", {"resourceType": "Basic", "code": {"text": "x"}})
    return ask("POST", "", bundle("transaction", put, other)).status


def delete(ask, number):
    return ask("DELETE", f"Patient?identifier=urn:nik|{number}").status


def work(settings, barrier, does):
    """Ask the same as everybody else, round after round; give the statuses."""
    context = build_context(settings, settings.mongodb_uri)
    try:
        said = []
        for number in range(ROUNDS):
            barrier.wait(120)
            said.append(does(Server(context), number))
        return said
    finally:
        context.store.close()


def race(settings, *works):
    with CONTEXT.Manager() as manager, CONTEXT.Pool(len(works)) as pool:
        barrier = manager.Barrier(len(works))
        jobs = [pool.apply_async(work, (settings, barrier, does)) for does in works]
        return [job.get(300) for job in jobs]


@pytest.mark.parametrize(
    "works",
    [[update] * PROCESSES, [update, create, create], [transact, update, transact]],
    ids=["updates", "with creates", "with transactions"],
)
def test_exactly_one_is_made(ask, settings, works):
    said = race(settings, *works)

    assert {status for each in said for status in each} <= {200, 201}
    assert [ask.count("Patient", f"identifier=urn:nik|{n}") for n in range(ROUNDS)] == [1] * ROUNDS
    if transact not in works:
        assert [sum(each[n] == 201 for each in said) for n in range(ROUNDS)] == [1] * ROUNDS


def test_who_deletes_and_who_updates_meet(ask, settings):
    said = race(settings, update, delete, update)

    assert {status for each in said for status in each} <= {200, 201, 204}
    assert all(ask.count("Patient", f"identifier=urn:nik|{n}") <= 1 for n in range(ROUNDS))
