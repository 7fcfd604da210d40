from tests.support.fhir import patient


def test_a_deletion_is_a_version(ask):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask("DELETE", "Patient/p")

    assert (said.status, said.raw, said.headers) == (204, b"", {"ETag": 'W/"2"'})
    assert ask("GET", "Patient/p").status == 410
    assert ask.count("Patient") == 0


def test_deleting_twice_is_no_failure_and_no_version(ask):
    ask("PUT", "Patient/p", patient(id="p"))
    ask("DELETE", "Patient/p")

    said = ask("DELETE", "Patient/p")

    assert (said.status, said.headers) == (204, {"ETag": 'W/"2"'})


def test_deleting_what_never_was_is_no_failure(ask):
    said = ask("DELETE", "Patient/p")

    assert (said.status, said.headers) == (204, {})
    assert ask("GET", "Patient/p").status == 404


def test_if_match_guards_a_deletion(ask):
    ask("PUT", "Patient/p", patient(id="p"))

    assert ask("DELETE", "Patient/p", if_match='W/"2"').status == 412
    assert ask("GET", "Patient/p").status == 200
    assert ask("DELETE", "Patient/p", if_match='W/"1"').status == 204


def test_an_outcome_is_given_to_who_prefers_one(ask):
    ask("PUT", "Patient/p", patient(id="p"))

    said = ask("DELETE", "Patient/p", prefer="return=OperationOutcome")

    assert said.status == 200
    assert said.json["resourceType"] == "OperationOutcome"
