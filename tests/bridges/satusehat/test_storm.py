"""Processes die in the middle of it; tests/soak/satusehat.py is the same for hours."""

import pytest

from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm


@pytest.mark.slow
def test_workers_and_the_simulator_die_clocks_are_set_and_each_resource_arrives_once(tmp_path):
    with Storm(tmp_path, visits=5, patients=2, deaths=["delivery-sent:9"]) as storm:
        storm.write()

        disasters = [
            (0.2, lambda: storm.set_clock(5)),
            (0.5, storm.kill_simulator),
            (0.6, lambda: storm.set_clock(-3)),
        ]
        storm.weather(disasters, seconds=400)

        assert load.wrong(storm.there, storm.visits) == []
        assert storm.died == 1
