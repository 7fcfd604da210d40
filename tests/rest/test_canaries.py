"""NIK and names are in no log, no metric and no link, whatever is asked and however it fails."""

from __future__ import annotations

import pytest
import requests

from tests.support import canaries
from tests.support.server import running

NIK = "9902015203860077"
PERSON = {
    "resourceType": "Patient",
    "identifier": [{"system": "https://fhir.kemkes.go.id/id/nik", "value": NIK}],
    "name": [{"text": "Siti Rahmawati", "family": "Rahmawati", "given": ["Siti"]}],
}
SECONDS = 120


def test_a_log_that_names_somebody_is_noticed(tmp_path):
    log = tmp_path / "server.log"
    log.write_text(f'{{"event": "x"}}\n{{"event": "{NIK}"}}\n{{"event": "siti"}}\n')

    with pytest.raises(AssertionError, match="<NIK>") as failed:
        canaries.expect_none(log)
    assert NIK not in str(failed.value)
    assert canaries.named("2026-01-01 10:00:00 [info ] request status=200") == []


def test_no_person_in_log_metrics_and_links(tmp_path):
    with running(tmp_path, {"FHIR_LOG_LEVEL": "debug"}) as server:
        ask = requests.Session()
        first = ask.post(f"{server.fhir}/Patient", json=PERSON, timeout=SECONDS)
        again = ask.post(f"{server.fhir}/Patient", json=PERSON, timeout=SECONDS)
        for path in (
            f"Patient?identifier={NIK}&name=Siti",
            f"Patient/{NIK}",
            f"Patient/Siti/$everything?x={NIK}",
            f"Rahmawati/{NIK}",
            f"{NIK}",
            f"Patient?{NIK}=Siti&_sort=Rahmawati",
        ):
            ask.get(f"{server.fhir}/{path}", timeout=SECONDS)
        ask.get(f"{server.url}/sop/v1/pasien/{NIK}", timeout=SECONDS)
        ask.get(f"{server.url}/sop/v1/Siti/{NIK}", timeout=SECONDS)
        ask.post(f"{server.url}/sop/v1/pasien/_cari", json={"nik": NIK}, timeout=SECONDS)
        ask.post(f"{server.fhir}/Patient", data=b'{"Siti": ' + NIK.encode(), timeout=SECONDS)
        ask.request("SITI", f"{server.fhir}/Patient", timeout=SECONDS)
        ask.put(f"{server.fhir}/Patient/x", json=PERSON, timeout=SECONDS)
        ask.get(f"{server.fhir}/Patient", headers={"X-Request-Id": f"Siti {NIK}"}, timeout=SECONDS)
        own = ask.get(f"{server.fhir}/Patient", headers={"X-Request-Id": NIK}, timeout=SECONDS)
        for number in range(2):
            other = {"resourceType": "Patient", "name": PERSON["name"], "active": bool(number)}
            ask.post(f"{server.fhir}/Patient", json=other, timeout=SECONDS)
        page = ask.get(f"{server.fhir}/Patient?name=Siti&_count=1", timeout=SECONDS).json()
        metrics = ask.get(f"{server.url}/metrics", timeout=SECONDS).text
    log = server.log.read_text("utf-8", "replace")

    assert first.status_code == 201
    assert again.status_code in {409, 422}
    assert "request_id" in log
    assert own.headers["X-Request-Id"] != NIK
    assert canaries.named(log) == []
    assert canaries.named(metrics) == []
    (onward,) = [each["url"] for each in page["link"] if each["relation"] == "next"]
    assert canaries.named(onward) == []
