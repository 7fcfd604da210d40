"""Processes die in the middle of it; tests/soak/satusehat.py is the same for hours."""

import pytest

from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm


@pytest.mark.slow
def test_a_worker_and_the_simulator_die_and_each_resource_arrives_once(tmp_path):
    with Storm(tmp_path, visits=5, patients=2, deaths=["delivery-sent:9"]) as storm:
        storm.write()

        storm.weather([(0.5, storm.kill_simulator)], seconds=400)

        assert load.wrong(storm.there, storm.visits) == []
        assert storm.died == 1
