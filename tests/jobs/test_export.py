"""$export: what is in the files, as of one moment, whatever else happens meanwhile."""

import gzip
import threading
import time
from datetime import UTC, datetime

import pytest

from fhir_server.jobs import exporting
from fhir_server.store.jobs import Lost
from tests.support.fhir import BASE
from tests.support.processes import until

PEOPLE = ("ani", "budi", "citra")


def patient(identity, **elements):
    return {"resourceType": "Patient", "id": identity, **elements}


def observation(identity, subject, code="8480-6", **elements):
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{subject}"},
        **elements,
    }


def organization(identity):
    return {"resourceType": "Organization", "id": identity, "name": f"Puskesmas {identity}"}


def group(identity, *members, inactive=()):
    entities = [{"entity": {"reference": f"Patient/{each}"}} for each in members]
    gone = [{"entity": {"reference": f"Patient/{each}"}, "inactive": True} for each in inactive]
    return {
        "resourceType": "Group",
        "id": identity,
        "type": "person",
        "actual": True,
        "member": entities + gone,
    }


def parameters(**given):
    made = []
    for name, values in given.items():
        for value in values if isinstance(values, list) else [values]:
            if name == "patient":
                made.append({"name": name, "valueReference": {"reference": f"Patient/{value}"}})
            else:
                kind = "valueInstant" if name == "_since" else "valueString"
                made.append({"name": name, kind: value})
    return {"resourceType": "Parameters", "parameter": made}


@pytest.fixture
def ward(client):
    """Three patients with an observation each, and a puskesmas."""
    for each in PEOPLE:
        client.put(patient(each))
        client.put(observation(f"o-{each}", each))
    client.put(organization("dharma"))
    return client


EVERYTHING = [
    *(f"Observation/o-{each}" for each in PEOPLE),
    "Organization/dharma",
    *(f"Patient/{each}" for each in PEOPLE),
]
OF_PATIENTS = [each for each in EVERYTHING if "Organization" not in each]


def test_the_system_export_holds_everything(ward):
    manifest = ward.done("$export")

    assert ward.names(manifest) == EVERYTHING
    assert [each["type"] for each in manifest["output"]] == [
        "Observation",
        "Organization",
        "Patient",
    ]
    assert manifest["request"] == f"{BASE}/$export"
    assert manifest["requiresAccessToken"] is False
    assert (manifest["deleted"], manifest["error"]) == ([], [])


def test_a_line_is_the_resource_as_a_read_gives_it(ward):
    manifest = ward.done("$export?_type=Patient")

    read = [ward("GET", f"Patient/{each}").raw for each in PEOPLE]
    assert ward("GET", manifest["output"][0]["url"]).raw == b"\n".join(read) + b"\n"


def test_the_content_of_a_large_binary_is_in_its_line(ward):
    content = "QUJD" * 4_000_000
    ward.put({"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": content})

    (line,) = ward.lines(ward.done("$export?_type=Binary"))

    assert line["data"] == content
    assert "tag" not in line["meta"]


def test_without_respond_async_nothing_begins(ward):
    said = ward("GET", "$export")

    assert (said.status, said.issues[0].code) == (400, "invalid")
    assert "respond-async" in said.issues[0].diagnostics
    assert ward.context.store.jobs.claim(["export"]) is None


def test_it_waits_works_and_is_done(ward):
    where = ward.asked("$export")
    before = ward("GET", where)
    ward.work()
    after = ward("GET", where)

    assert before.status == 202
    assert before.headers["X-Progress"] == "waiting"
    assert int(before.headers["Retry-After"]) > 0
    assert after.status == 200
    assert after.headers["Content-Type"] == "application/json"
    assert after.headers["Expires"].endswith("GMT")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("Patient/$export", OF_PATIENTS),
        ("Patient/$export?_type=Observation", [each for each in OF_PATIENTS if "/o-" in each]),
        ("$export?_type=Organization,Patient", EVERYTHING[3:]),
        ("$export?_type=Organization&_type=Patient", EVERYTHING[3:]),
        ("$export?_type=Device", []),
        ("$export?_type=Patient&_outputFormat=ndjson", EVERYTHING[4:]),
    ],
)
def test_types_and_level_say_what_is_exported(ward, url, names):
    assert ward.names(ward.done(url)) == names


def test_the_group_export_holds_its_active_members(ward):
    ward.put(group("risti", "ani", "citra", inactive=["budi"]))

    manifest = ward.done("Group/risti/$export")

    expected = ["Group/risti", "Observation/o-ani", "Observation/o-citra"]
    assert ward.names(manifest) == [*expected, "Patient/ani", "Patient/citra"]


def test_a_group_without_members_gives_no_file(ward):
    ward.put(group("kosong", inactive=["ani"]))

    assert ward.done("Group/kosong/$export")["output"] == []


def test_patients_can_be_named(ward):
    manifest = ward.done("Patient/$export", parameters(patient=["ani", "budi"], _type="Patient"))

    assert ward.names(manifest) == ["Patient/ani", "Patient/budi"]


def test_a_patient_outside_the_group_is_refused(ward):
    ward.put(group("risti", "ani"))

    said = ward("POST", "Group/risti/$export", parameters(patient="budi"), prefer="respond-async")

    assert said.status == 400
    assert "Patient/budi is no member of Group/risti" in said.issues[0].diagnostics


@pytest.mark.parametrize(
    ("url", "status", "word"),
    [
        ("$export?_type=Pasien", 400, "Pasien"),
        ("$export?_outputFormat=text/csv", 400, "ndjson"),
        ("$export?_since=kemarin", 400, "_since"),
        ("$export?_elements=Pasien.name", 400, "Pasien"),
        ("$export?includeAssociatedData=LatestProvenanceResources", 400, "includeAssociatedData"),
        ("$export?patient=Patient/ani", 400, "patient"),
        ("$export?_typeFilter=Observation%3Fno-such%3D1", 400, "no-such"),
        ("$export?_typeFilter=Observation%3F_sort%3Ddate", 400, "_sort"),
        ("$export?_typeFilter=Observation%3Fpatient.name%3Dx", 400, "chains"),
        ("$export?_type=Patient&_typeFilter=Observation%3Fstatus%3Dfinal", 400, "Observation"),
        ("Patient/$export?_type=Organization", 400, "Organization"),
        ("Group/none/$export", 404, "Group/none"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(ward, url, status, word):
    said = ward("GET", url, prefer="respond-async")

    assert said.status == status
    assert word in said.issues[0].diagnostics
    assert ward.context.store.jobs.claim(["export"]) is None


def test_type_filters_are_searches_any_of_which_will_do(ward):
    ward.put(observation("gula", "ani", code="2339-0"))
    ward.put(observation("awal", "ani", code="1111-1", status="preliminary"))

    manifest = ward.done(
        "$export?_type=Observation,Organization"
        "&_typeFilter=Observation%3Fcode%3D2339-0,Observation%3Fstatus%3Dpreliminary"
    )

    assert ward.names(manifest) == ["Observation/awal", "Observation/gula", "Organization/dharma"]


def test_elements_are_cut_out_and_tagged(ward):
    ward.put(patient("dewi", gender="female", birthDate="1990-01-01"))

    (dewi,) = [
        each
        for each in ward.lines(ward.done("$export?_type=Patient&_elements=Patient.birthDate"))
        if each["id"] == "dewi"
    ]

    assert dewi["birthDate"] == "1990-01-01"
    assert "gender" not in dewi
    assert dewi["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_since_takes_what_changed_and_tells_what_was_deleted(ward):
    ward.put(patient("pergi"))
    moment = ward.done("$export")["transactionTime"]
    ward.put(patient("ani", active=True))
    ward.put(patient("baru"))
    ward.delete("Patient/pergi")
    ward.delete("Observation/o-budi")
    ward.put(patient("sebentar"))
    ward.delete("Patient/sebentar")

    manifest = ward.done(f"$export?_since={moment}")

    assert ward.names(manifest) == ["Patient/ani", "Patient/baru"]
    gone = [entry["request"] for each in ward.lines(manifest, "deleted") for entry in each["entry"]]
    assert {each["method"] for each in gone} == {"DELETE"}
    assert sorted(each["url"] for each in gone) == [
        "Observation/o-budi",
        "Patient/pergi",
        "Patient/sebentar",
    ]
    assert {each["type"] for each in ward.lines(manifest, "deleted")} == {"transaction"}


def test_what_was_deleted_and_came_back_is_not_deleted(ward):
    moment = ward.done("$export")["transactionTime"]
    ward.delete("Patient/ani")
    ward.put(patient("ani"))

    manifest = ward.done(f"$export?_since={moment}")

    assert ward.names(manifest) == ["Patient/ani"]
    assert manifest["deleted"] == []


def test_deletions_are_told_only_of_what_was_asked(ward):
    ward.put(group("risti", "ani"))
    moment = ward.done("$export")["transactionTime"]
    ward.delete("Observation/o-ani")
    ward.delete("Observation/o-budi")

    manifest = ward.done(f"Group/risti/$export?_since={moment}")

    (bundle,) = ward.lines(manifest, "deleted")
    assert [each["request"]["url"] for each in bundle["entry"]] == ["Observation/o-ani"]


def test_two_exports_one_after_the_other_miss_nothing_and_share_nothing(ward):
    first = ward.done("$export")
    ward.put(patient("dewi"))
    second = ward.done(f"$export?_since={first['transactionTime']}")
    third = ward.done(f"$export?_since={second['transactionTime']}")

    assert ward.names(first) == EVERYTHING
    assert ward.names(second) == ["Patient/dewi"]
    assert third["output"] == []


@pytest.fixture
def small_slices(monkeypatch):
    monkeypatch.setattr(exporting, "FIRST_SLICE", 3)
    monkeypatch.setattr(exporting, "LARGEST_SLICE", 3)


@pytest.mark.usefixtures("small_slices")
def test_what_is_written_meanwhile_does_not_show(ward, monkeypatch):
    for number in range(10):
        ward.put(patient(f"p{number}", active=False))
    keep, written = exporting._keep, []

    def disturbed(context, job, point):
        keep(context, job, point)
        if point.types[point.number :] and not written:
            written.append(point.after)
            ward.put(patient("p0", active=True))
            ward.put(patient("p9", active=True))
            ward.put(patient("p9", active=True, gender="male"))
            ward.delete("Patient/p8")
            ward.delete("Patient/p1")
            ward.put(patient("p1", active=True))
            ward.put(patient("baru"))
            ward.put(observation("baru", "ani"))

    monkeypatch.setattr(exporting, "_keep", disturbed)
    manifest = ward.done("$export")

    people = {each["id"]: each for each in ward.lines(manifest) if each["id"].startswith("p")}
    assert written
    assert ward.names(manifest) == sorted(EVERYTHING + [f"Patient/p{n}" for n in range(10)])
    assert {each["active"] for each in people.values()} == {False}
    assert {each["meta"]["versionId"] for each in people.values()} == {"1"}


@pytest.mark.usefixtures("small_slices")
def test_filters_hold_for_versions_that_are_no_longer_current(ward, monkeypatch):
    for number in range(6):
        ward.put(observation(f"x{number}", "ani", status="preliminary"))
        ward.put(observation(f"y{number}", "ani"))
    settled = type(ward.context.store).settled

    def disturbed(store, created):
        moment = settled(store, created)
        time.sleep(0.002)
        for number in range(6):
            ward.put(observation(f"x{number}", "ani"))
            ward.put(observation(f"y{number}", "ani", status="preliminary"))
        return moment

    monkeypatch.setattr(type(ward.context.store), "settled", disturbed)
    manifest = ward.done("$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Dpreliminary")

    assert ward.names(manifest) == [f"Observation/x{number}" for number in range(6)]


def grown_export(ward):
    """Export once something more was written."""
    before = ward.context.store.statistics()["Patient"]
    until(lambda: ward.context.store.statistics()["Patient"] > before)
    return ward.done("$export")


@pytest.mark.usefixtures("small_slices")
def test_transactions_while_it_runs_are_in_it_wholly_or_not_at_all(ward):
    ending, errors = threading.Event(), []

    def write():
        number = 0
        while not ending.is_set():
            number += 1
            name = f"{number % 7}-{number}"
            entries = [
                {"resource": each, "request": {"method": "PUT", "url": url}}
                for url, each in {
                    f"Patient/{name}": patient(name),
                    f"Observation/{name}": observation(name, name),
                    f"Organization/{name}": organization(name),
                }.items()
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            said = ward("POST", "", bundle)
            if said.status != 200:
                errors.append(said.issues)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests = [grown_export(ward) for _ in range(3)]
    finally:
        ending.set()
        writer.join()

    assert not errors
    for manifest in manifests:
        ids = {"Patient": set(), "Observation": set(), "Organization": set()}
        names = [each for each in ward.names(manifest) if each not in EVERYTHING]
        assert len(names) == len(set(names))
        for each in names:
            kind, _, identity = each.partition("/")
            ids[kind].add(identity)
        assert ids["Patient"] == ids["Observation"] == ids["Organization"]
    sizes = [sum(each["count"] for each in manifest["output"]) for manifest in manifests]
    assert sizes[0] < sizes[-1]


def test_the_deltas_of_a_busy_server_together_are_the_whole(ward):
    ending = threading.Event()

    def write():
        for number in range(10_000):
            if ending.is_set():
                return
            ward.put(patient(f"n{number}"))

    writer = threading.Thread(target=write)
    writer.start()
    found, since = [], "2000-01-01T00:00:00Z"
    for _ in range(4):
        manifest = ward.done(f"$export?_type=Patient&_since={since}")
        found += ward.names(manifest)
        since = manifest["transactionTime"]
    ending.set()
    writer.join()
    found += ward.names(ward.done(f"$export?_type=Patient&_since={since}"))

    assert len(found) == len(set(found))
    assert sorted(found) == ward.names(ward.done("$export?_type=Patient"))


@pytest.mark.parametrize("steps", range(1, 7))
@pytest.mark.usefixtures("small_slices")
def test_killed_at_any_point_it_is_finished_by_another(ward, monkeypatch, steps):
    for number in range(8):
        ward.put(patient(f"p{number}"))
    where = ward.asked("$export")
    append, left = ward.context.store.jobs.append, [steps]

    class Killed(BaseException):
        pass

    def killed(*given):
        append(*given)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(ward.context.store.jobs, "append", killed)
    job = ward.context.store.jobs.claim(["export"], seconds=0)
    monkeypatch.setattr(exporting, "LEASE_SECONDS", 0)
    try:
        exporting.run(ward.context, job)
    except Killed:
        ward.put(patient("p0", active=True))
        ward.put(patient("later"))
    else:
        pytest.fail("there was no such point")
    monkeypatch.setattr(ward.context.store.jobs, "append", append)
    ward.work()

    manifest = ward("GET", where).json
    assert ward.names(manifest) == sorted(EVERYTHING + [f"Patient/p{n}" for n in range(8)])


@pytest.mark.usefixtures("small_slices")
def test_a_worker_whose_lease_is_over_spoils_nothing(ward):
    for number in range(8):
        ward.put(patient(f"p{number}"))
    where = ward.asked("$export")
    slow = ward.context.store.jobs.claim(["export"], seconds=0)
    ward.work()

    with pytest.raises(Lost):
        exporting.run(ward.context, slow)

    assert ward.names(ward("GET", where).json) == sorted(
        EVERYTHING + [f"Patient/p{n}" for n in range(8)]
    )


def test_cancelled_it_leaves_nothing(ward):
    waiting, done = ward.asked("$export"), ward.asked("$export")
    manifest = None
    assert ward("DELETE", waiting).status == 202
    ward.work()
    manifest = ward("GET", done).json
    assert ward("DELETE", done).status == 202

    assert [ward("GET", each).status for each in (waiting, done)] == [404, 404]
    assert ward("GET", manifest["output"][0]["url"]).status == 404
    assert ward("DELETE", done).status == 404
    assert not list(ward.context.store.jobs.parts(done.rpartition("/")[2], "Patient"))


@pytest.mark.usefixtures("small_slices")
def test_cancelled_while_it_is_made_it_stops(ward, monkeypatch):
    where = ward.asked("$export")
    keep = exporting._keep

    def cancelled(context, job, point):
        ward("DELETE", where)
        keep(context, job, point)

    monkeypatch.setattr(exporting, "_keep", cancelled)
    ward.work()
    ward.context.store.jobs.sweep()

    assert ward("GET", where).status == 404
    assert ward.context.store.jobs.claim(["export"]) is None


def test_only_so_many_at_once(limited):
    client = limited(export_limit=2)
    first = client.asked("$export")
    client.asked("$export")

    third = client("GET", "$export", prefer="respond-async")
    client("DELETE", first)
    fourth = client("GET", "$export", prefer="respond-async")

    assert (third.status, third.issues[0].code) == (429, "throttled")
    assert fourth.status == 202


def test_its_time_over_it_is_gone(ward):
    where = ward.asked("$export")
    ward.work()
    jobs = ward.context.store.jobs
    jobs._jobs.update_many({}, {"$set": {"expires": datetime.now(UTC)}})

    assert ward("GET", where).status == 404
    assert jobs.sweep() == 1
    assert jobs._parts.count_documents({}) == 0


@pytest.mark.usefixtures("small_slices")
def test_files_go_compressed_to_who_reads_that(ward):
    for number in range(20):
        ward.put(patient(f"p{number}"))
    address = next(
        each["url"] for each in ward.done("$export")["output"] if each["type"] == "Patient"
    )

    plain = ward("GET", address)
    packed = ward("GET", address, accept_encoding="gzip, deflate")

    assert plain.headers["Content-Type"] == "application/fhir+ndjson"
    assert plain.headers["Content-Length"] == str(len(plain.raw))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.raw))
    assert gzip.decompress(packed.raw) == plain.raw
    assert len(packed.raw) < len(plain.raw)


@pytest.mark.usefixtures("small_slices")
def test_large_types_are_several_files(ward, monkeypatch):
    monkeypatch.setattr(exporting, "FILE_RESOURCES", 3)
    for number in range(8):
        ward.put(patient(f"p{number}"))

    manifest = ward.done("$export?_type=Patient")

    assert [each["count"] for each in manifest["output"]] == [3, 3, 3, 2]
    assert len({each["url"] for each in manifest["output"]}) == 4
    assert len(ward.names(manifest)) == 11


def test_a_bug_ends_the_job_and_is_said_by_number_only(ward, monkeypatch):
    def broken(*_):
        raise KeyError("Patient/ani has a secret")

    monkeypatch.setattr(exporting, "selections", broken)
    where = ward.asked("$export")
    ward.work()

    said = ward("GET", where)
    assert said.status == 500
    assert said.json["issue"][0]["code"] == "exception"
    assert b"secret" not in said.raw


def test_nobody_elses_job_is_shown(ward):
    job = ward.context.store.jobs.open("export", {}, "somebody", BASE)

    assert ward("GET", f"_jobs/{job.id}").status == 404
    assert ward("DELETE", f"_jobs/{job.id}").status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "_jobs/none", 404),
        ("GET", "_jobs/none/Patient.ndjson", 404),
        ("POST", "{job}", 405),
        ("DELETE", "{job}/Patient.ndjson", 405),
        ("GET", "{job}/Nothing.ndjson", 404),
    ],
)
def test_addresses_that_are_none(ward, method, path, status):
    where = ward.asked("$export")
    ward.work()

    assert ward(method, path.format(job=where)).status == status
