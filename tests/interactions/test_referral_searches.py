"""The searches between facilities (domain §5.4) are served by indexes, however much there is."""

import pytest

from tests.performance.bench_rujukan import chain, searches

REFERRALS = 3


class First:
    """Always the first."""

    def randrange(self, _):
        return 0


@pytest.fixture
def referred(ask):
    for number in range(REFERRALS):
        for each in chain(number):
            said = ask("PUT", f"{each['resourceType']}/{each['id']}", each)
            assert said.status == 201, said.json


@pytest.mark.usefixtures("referred")
def test_no_search_between_facilities_looks_at_everything(ask, context):
    found = {name: ask("GET", url) for name, url in searches(First(), REFERRALS).items()}

    assert {name for name, said in found.items() if said.status != 200} == set()
    assert context.store.unserved_searches() == {}
    assert ask("GET", "Task?priority=stat").status == 200
    assert context.store.unserved_searches() != {}  # such a one would have been noticed
    assert found["RS: incoming"].json["entry"][0]["resource"]["id"] == "t0"
    assert [each["resource"]["id"] for each in found["by number"].json["entry"]] == ["r0"]
    assert [each["resource"]["id"] for each in found["by patient"].json["entry"]] == ["r0"]
