"""Workers, the simulator and the database die in the middle of it: each resource arrives once."""

from tests.bridges.satusehat import load
from tests.bridges.satusehat.storm import Storm


def test_a_bad_day_costs_nothing_and_doubles_nothing(tmp_path):
    deaths = ["delivery-sent:9", "delivery-settled:12", "delivery-claimed:2"]
    with Storm(tmp_path, visits=8, patients=4, deaths=deaths) as storm:
        storm.write()

        storm.weather([(0.3, storm.kill_simulator), (0.6, storm.kill_database)], seconds=400)

        assert load.wrong(storm.there, storm.visits) == []
        assert storm.died >= 1
