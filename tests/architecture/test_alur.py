"""Every state machine is one table: the page is written from it, and it holds together."""

import pytest

from fhir_server.mappings.alur import jaga
from tools import build_alur

TABLES = jaga()


def test_the_page_is_current():
    assert build_alur.PAGE.read_text("utf-8") == build_alur.text()


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.alur.nama)
def test_a_table_names_only_its_own_states(table):
    states = set(table.alur.keadaan)
    named = {after for each in table.alur.keadaan.values() for after in each.berikut}

    assert named | set(table.alur.awal) | set(table.alur.selalu) <= states
    assert set(table.status) == states


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.alur.nama)
def test_every_state_says_who_brings_it_about(table):
    assert all(each.oleh for each in table.alur.keadaan.values())


def test_tables_have_names_of_their_own():
    names = [each.alur.nama for each in TABLES]

    assert len(names) == len(set(names))
