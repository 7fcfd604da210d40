"""Large systems in the database: found, compared, expanded; loaded again, halted, replaced."""

import pytest
from click.testing import CliRunner

from fhir_server.cli import main
from fhir_server.commands.terminology import loading
from fhir_server.errors import FhirError
from fhir_server.resources.terminology import Wanted
from fhir_server.resources.terminology.valuesets import value_set
from fhir_server.resources.terminology.words import words

URL = "https://example.org/CodeSystem/tindakan"
TABLE = "code,display,display_id,parent,kind\n" + "".join(
    f"{line}\n"
    for line in (
        "all,All,Semua,,",
        "wash,Hand washing,Cuci tangan,all,simple",
        "soap,Washing with soap,Cuci dengan sabun,wash,simple",
        "rest,Rest,Istirahat,all,long",
        "soap,Twice,,,",
    )
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "tindakan.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def loaded(context, path, version="1", **options):
    distribution = loading.read("csv", path, url=URL, version=version)
    return loading.load(context.store.terminology.editions, distribution, path, **options)


def expanded(view, **compose):
    asked = words(compose.pop("asked", ""))
    document = {"compose": {"include": [{"system": URL, **compose}]}}
    rows = view.expand(value_set(document), Wanted(asked=asked, limit=view.limit)).rows
    return [row.concept.code for row in rows]


def test_what_is_loaded_answers_at_once(context, table):
    before = context.store.terminology.now()
    assert before.known(URL, "wash") is None

    edition = loaded(context, table)

    assert (edition.state, edition.at, edition.skipped) == ("ready", 4, 1)
    now = context.store.terminology.now()
    assert now.known(URL, "wash") is True
    assert now.known(URL, "unicorn") is False
    assert now.display(URL, "wash", "id") == "Cuci tangan"
    assert now.display(URL, "soap") == "Washing with soap"
    assert now.subsumes(URL, "all", "soap") is True
    assert now.subsumes(URL, "rest", "soap") is False
    assert now.descendants(URL, "all") == {"wash", "soap", "rest"}
    assert now.ancestors(URL, "soap") == {"wash", "all"}
    assert now.descendants(URL, "unicorn") is None


def test_value_sets_over_it_are_expanded_in_the_database(context, table):
    loaded(context, table)
    view = context.store.terminology.now()

    def by(op, value, name="concept"):
        return [{"property": name, "op": op, "value": value}]

    assert expanded(view) == ["all", "rest", "soap", "wash"]
    assert expanded(view, asked="cuci sab") == ["soap"]
    assert expanded(view, asked="wash") == ["soap", "wash"]
    assert expanded(view, filter=by("is-a", "wash")) == ["wash", "soap"]
    assert expanded(view, filter=by("is-a", "all"), asked="istira") == ["rest"]
    assert expanded(view, filter=by("descendent-of", "wash")) == ["soap"]
    assert expanded(view, filter=by("=", "long", "kind")) == ["rest"]
    member = {"system": URL, "code": "soap"}
    part = {
        "resourceType": "ValueSet",
        "compose": {"include": [{"system": URL, "filter": by("is-a", "wash")}]},
    }
    assert view.is_in(value_set(part), member) is True


def test_loading_that_was_stopped_goes_on_and_is_not_seen_before_its_end(
    context, table, monkeypatch
):
    monkeypatch.setattr(loading, "BATCH", 2)

    def stop(_):
        if context.store.terminology.editions.all()[0].at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded(context, table, on_batch=stop)
    (half,) = context.store.terminology.editions.all()
    assert (half.state, half.at) == ("loading", 2)
    assert context.store.terminology.now().known(URL, "wash") is None

    steps = []
    edition = loaded(context, table, on_batch=steps.append)

    assert (edition.state, edition.at) == ("ready", 4)
    assert steps == [2, 2, 1]
    assert context.store.terminology.now().known(URL, "soap") is True


def test_a_new_edition_takes_the_place_of_the_old_one(context, table):
    loaded(context, table)
    reading = context.store.terminology.now()
    assert reading.known(URL, "rest") is True
    table.write_text("code,display\nnew,New\n")

    loaded(context, table, version="2")

    assert reading.known(URL, "wash") is True
    now = context.store.terminology.now()
    assert now.known(URL, "new") is True
    assert now.known(URL, "wash") is False
    assert now.known(URL, "wash", "1") is None
    states = {each.version: each.state for each in context.store.terminology.editions.all()}
    assert states == {"1": "old", "2": "ready"}


def test_loading_the_same_again_changes_nothing(context, table):
    first = loaded(context, table)

    assert loaded(context, table) == first


def test_an_expansion_past_the_limit_is_refused(context, table):
    loaded(context, table)
    view = context.store.terminology.now()
    view.limit = 2

    with pytest.raises(FhirError) as refused:
        expanded(view)

    assert (refused.value.status, refused.value.code) == (422, "too-costly")
    assert expanded(view, asked="wash") == ["soap", "wash"]


def test_the_command_loads_shows_and_drops(settings, mongodb_uri, table, monkeypatch):
    monkeypatch.setenv("FHIR_MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("FHIR_MONGODB_DATABASE", settings.mongodb_database)

    def run(*arguments):
        said = CliRunner().invoke(main, ["load-terminology", *arguments])
        return said.exit_code, said.output

    code, said = run("--system", "csv", "--url", URL, "--version", "7", str(table))
    assert (code, "ready" in said, "7" in said) == (0, True, True)
    assert "1 rows name a code" in " ".join(said.split())
    code, said = run("--status")
    assert (code, "tindakan" in said) == (0, True)
    assert run("--drop", URL)[0] == 0
    code, said = run("--drop", URL)
    assert (code, "not loaded" in said) == (1, True)
    code, said = run("--system", "csv", str(table))
    assert (code, "--url" in said) == (1, True)
    assert run()[0] == 2
