"""Long work outlives whoever does it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fhir_server.store.jobs import BODY, PART_BYTES, Lost
from fhir_server.store.mongo import connect

BASE = "https://puskesmas.example/fhir"


@pytest.fixture
def jobs(store):
    return store.jobs


@pytest.fixture
def job(jobs):
    return jobs.open("export", {"types": ["Patient"]}, "operator", BASE)


def test_a_job_is_kept_as_it_was_asked(jobs, job):
    found = jobs.find(job.id)

    assert found == job
    assert (found.state, found.request, found.owner) == (
        "waiting",
        {"types": ["Patient"]},
        "operator",
    )


def test_each_job_is_claimed_once_the_oldest_first(jobs, job):
    other = jobs.open("export", {}, "operator", BASE)

    assert jobs.claim(["import"]) is None
    assert [jobs.claim(["export"]).id for _ in range(2)] == [job.id, other.id]
    assert jobs.claim(["export"]) is None


def test_many_who_claim_at_once_get_different_jobs(jobs):
    for _ in range(10):
        jobs.open("export", {}, "operator", BASE)

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: jobs.claim(["export"]), range(20)))

    ids = [each.id for each in claimed if each]
    assert len(ids) == len(set(ids)) == 10


def test_work_goes_on_where_the_dead_worker_kept_it(jobs, job):
    first = jobs.claim(["export"])
    jobs.keep(first, progress="half", at={"after": 5}, seconds=0)

    second = jobs.claim(["export"])

    assert (second.id, second.at, second.progress) == (job.id, {"after": 5}, "half")
    with pytest.raises(Lost):
        jobs.keep(first)
    with pytest.raises(Lost):
        jobs.finish(first, {})


def test_output_is_given_part_by_part(jobs, job):
    for number in (10, 2, 1):
        jobs.append(job, "Patient", number, f"{number};".encode())
    jobs.append(job, "Patient", 2, b"two;")
    jobs.append(job, "Observation", 1, b"other")

    assert b"".join(jobs.parts(job.id, "Patient")) == b"1;two;10;"


def test_a_body_may_be_larger_than_one_document(jobs):
    body = bytes(2 * PART_BYTES + 1)

    job = jobs.open("batch", {}, "operator", BASE, body)

    assert b"".join(jobs.parts(job.id, BODY)) == body


def test_it_ends_well_or_with_issues(jobs, job):
    other = jobs.open("export", {}, "operator", BASE)
    jobs.finish(jobs.claim(["export"]), {"files": 3})
    jobs.fail(jobs.claim(["export"]), [{"code": "exception"}])

    done, failed = jobs.find(job.id), jobs.find(other.id)
    assert (done.state, done.result) == ("done", {"files": 3})
    assert (failed.state, failed.issues) == ("failed", ({"code": "exception"},))
    assert done.ended is not None


def test_a_cancelled_job_leaves_nothing_and_its_worker_learns_it(jobs, job):
    claimed = jobs.claim(["export"])
    jobs.append(claimed, "Patient", 1, b"x")

    assert jobs.cancel(job.id)

    assert jobs.find(job.id) is None
    assert list(jobs.parts(job.id, "Patient")) == []
    with pytest.raises(Lost):
        jobs.keep(claimed)
    assert not jobs.cancel(job.id)


def test_output_that_came_after_the_cancellation_is_swept(jobs, job):
    claimed = jobs.claim(["export"])
    jobs.cancel(job.id)
    jobs.append(claimed, "Patient", 1, b"x")

    jobs.sweep()

    assert list(jobs.parts(job.id, "Patient")) == []


def test_what_expired_is_swept(settings, store):
    past = connect(settings.mongodb_uri, replace(settings, job_hours=-1))
    old = past.jobs.open("export", {}, "operator", BASE, b"body")
    young = store.jobs.open("export", {}, "operator", BASE, b"body")

    assert store.jobs.find(old.id) is None
    assert store.jobs.sweep() == 1
    assert list(store.jobs.parts(old.id, BODY)) == []
    assert list(store.jobs.parts(young.id, BODY)) == [b"body"]
    past.close()
