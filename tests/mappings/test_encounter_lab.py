"""A visit on its way to the laboratory and back, whatever its history looks like."""

from datetime import datetime

from fhir_server.mappings.encounter_lab import opened, to_lab, to_unit

LEFT = datetime.fromisoformat("2024-04-02T09:05:00+07:00")
BACK = datetime.fromisoformat("2024-04-02T10:05:00+07:00")


def visit(**elements):
    return {"resourceType": "Encounter", "id": "v", "status": "in-progress", **elements}


def place(name, status, **period):
    found = {"location": {"reference": f"Location/{name}"}, "status": status}
    return found | ({"period": period} if period else {})


def test_a_history_that_was_never_kept_begins_with_the_visit():
    there = to_lab(visit(period={"start": "2024-04-02T07:45:00+07:00"}), None, LEFT)

    assert there["statusHistory"] == [
        {
            "status": "in-progress",
            "period": {"start": "2024-04-02T07:45:00+07:00", "end": "2024-04-02T09:05:00+07:00"},
        },
        {"status": "onleave", "period": {"start": "2024-04-02T09:05:00+07:00"}},
    ]


def test_a_history_that_lacks_the_present_goes_on_where_it_ended():
    arrived = {"start": "2024-04-02T07:45:00+07:00", "end": "2024-04-02T08:40:00+07:00"}
    history = [{"status": "arrived", "period": arrived}]

    there = to_lab(visit(statusHistory=history), None, LEFT)

    assert [each["status"] for each in there["statusHistory"]] == [
        "arrived",
        "in-progress",
        "onleave",
    ]
    assert there["statusHistory"][1]["period"]["start"] == "2024-04-02T08:40:00+07:00"


def test_a_clock_that_runs_behind_never_ends_a_period_before_its_start():
    history = [{"status": "in-progress", "period": {"start": "2024-04-02T09:10:00+07:00"}}]

    there = to_lab(visit(statusHistory=history), None, LEFT)

    assert there["statusHistory"][0]["period"]["end"] == "2024-04-02T09:10:00+07:00"
    assert there["statusHistory"][1]["period"]["start"] == "2024-04-02T09:10:00+07:00"


def test_instants_of_other_zones_are_compared_as_instants():
    history = [{"status": "in-progress", "period": {"start": "2024-04-02T02:00:00Z"}}]

    there = to_lab(visit(statusHistory=history), None, LEFT)

    assert there["statusHistory"][0]["period"]["end"] == "2024-04-02T09:05:00+07:00"


def test_a_visit_without_a_room_leaves_the_laboratory_all_the_same():
    back = to_unit(to_lab(visit(), "lab", LEFT), BACK)

    assert back["status"] == "in-progress"
    assert [each["status"] for each in back["location"]] == ["completed"]


def test_a_slip_that_names_no_laboratory_room_leaves_the_visit_where_it_is():
    room = place("ruang-kia", "active", start="2024-04-02T08:40:00+07:00")

    back = to_unit(to_lab(visit(location=[room]), None, LEFT), BACK)

    assert back["location"] == [room]


def test_the_room_is_kept_and_is_the_last_again():
    room = place("ruang-kia", "active", start="2024-04-02T08:40:00+07:00")

    back = to_unit(to_lab(visit(location=[room]), "lab", LEFT), BACK)

    assert back["location"] == [
        place(
            "ruang-kia",
            "completed",
            start="2024-04-02T08:40:00+07:00",
            end="2024-04-02T09:05:00+07:00",
        ),
        place(
            "lab", "completed", start="2024-04-02T09:05:00+07:00", end="2024-04-02T10:05:00+07:00"
        ),
        place("ruang-kia", "active", start="2024-04-02T10:05:00+07:00"),
    ]


def test_rooms_that_were_left_before_stay_as_they_are():
    past = place("ruang-tunggu-kia", "completed", end="2024-04-02T08:40:00+07:00")
    room = place("ruang-kia", "active")

    back = to_unit(to_lab(visit(location=[past, room]), "lab", LEFT), BACK)

    assert back["location"][0] == past
    assert back["location"][-1]["location"]["reference"] == "Location/ruang-kia"


def test_a_visit_that_is_not_here_is_not_sent_away():
    for status in ("planned", "onleave", "finished", "cancelled"):
        assert opened({**visit(), "status": status}, "lab", LEFT) == []
