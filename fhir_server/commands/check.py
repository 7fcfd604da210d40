"""``fhir-server check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from fhir_server.commands import opening
from fhir_server.commands.recording import recorded
from fhir_server.errors import FhirError
from fhir_server.resources.references import targets
from fhir_server.resources.validate import validate
from fhir_server.resources.wire import parse
from fhir_server.search.index import index
from fhir_server.store.binaries import unmarked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fhir_server.context import Context
    from fhir_server.search.index import Index
    from fhir_server.store.ops import Stored

AT_ONCE = 1000
SHOWN = 20
"""References to nothing that are listed; the others are counted."""

HELP = """
Open the database and report what is in it: resources of every type, indexes that are missing.

With --indexes it also reads a sample of every type, and compares what the search index holds with
what the text of the resource says, and the text with the rules of R4. The exit code is 1 if
anything is wrong.

With --all it reads everything: every index, whether the versions of each resource follow one
another without a gap, whether the outbox tells of all that somebody is to be told of and only of
versions that are there, whether the content of large Binaries is what was written, and which
references lead nowhere (R4 allows that; they are counted, and some are listed). With --repair it
writes anew what is not as the resource says: its search index, the keys that it alone may have,
when its past versions ended; it tells again what the outbox lost, brings back content that another
version has, too; and looks again. A version or content that is gone cannot be made: take it from a
backup.

With --build it makes the missing indexes, and those that would serve the searches which came and
had none; the server goes on meanwhile.

\b
fhir-server check
fhir-server check --indexes --sample 1000
fhir-server check --all --repair
fhir-server check --build
FHIR_MONGODB_URI='mongodb://db1,db2/?replicaSet=rs0' fhir-server check
"""


@click.command(help=HELP)
@click.option("--indexes", is_flag=True, help="Compare index and text on a sample.")
@click.option("--sample", default=200, show_default=True, help="Resources of each type to compare.")
@click.option("--all", "everything", is_flag=True, help="Read everything that is stored.")
@click.option("--repair", is_flag=True, help="Write anew what can be derived.")
@click.option("--build", is_flag=True, help="Make the indexes that are missing.")
def command(*, indexes: bool, sample: int, everything: bool, repair: bool, build: bool) -> None:
    """Check the database."""
    console = Console()
    with opening.attached(opening.settings_given()) as context:
        if build:
            with recorded(context, "check --build"):
                _build(context, console)
        if repair:
            with recorded(context, "check --repair"):
                _repair(context, console)
        counts = context.store.statistics()
        missing = context.store.missing_indexes()
        table = Table("type", "resources", "missing indexes", title="Database")
        for name in sorted(counts):
            table.add_row(name, str(counts[name]), ", ".join(missing.get(name, ())))
        table.add_row("together", str(sum(counts.values())), "", style="bold")
        console.print(table)
        for shape, (kind, field) in context.store.proposed_indexes().items():
            console.print(f"A search without an index: {shape}. One over {field} of {kind} helps.")
        wrong = list(_wrong(context, sorted(counts), sample)) if indexes and not everything else []
        if everything:
            wrong = [*_all_wrong(context, sorted(counts), console), *_of_store(context)]
    for each in wrong:
        console.print(each, style="red", highlight=False)
    if missing:
        console.print("The missing indexes are made by: fhir-server worker", style="yellow")
    if missing or wrong:
        raise SystemExit(1)
    console.print("Nothing is wrong.")


def _build(context: Context, console: Console) -> None:
    for resource_type in context.store.missing_indexes():
        context.store.build_indexes(resource_type)
        console.print(f"Made the indexes of {resource_type}.")
    for resource_type, field in sorted(set(context.store.proposed_indexes().values())):
        context.store.build_index(resource_type, field)
        console.print(f"Made an index over {field} of {resource_type}.")


def _repair(context: Context, console: Console) -> None:
    for name in sorted(context.store.statistics()):
        after: str | None = ""
        while after is not None:
            _, after = context.store.reindex(
                context.parameters, name, after, AT_ONCE, keys=context.rules.keys
            )
    for name in context.store.types():
        context.store.mend_ends(name)
    console.print(
        "Every search index was held against its resource, and written where it differed."
    )
    if told := context.store.tell_again(context.notices):
        console.print(f"The outbox tells {told} times again what it had lost.")
    if had := context.store.mend_contents():
        console.print(f"The content of {had} versions of Binaries was brought back.")


def _of_store(context: Context) -> Iterator[str]:
    """Compare what is not of one version: histories, outbox, content that lies aside."""
    yield from context.store.torn()
    for name in context.store.types():
        yield from context.store.untold(name, context.notices)
    yield from context.store.contents()


def _all_wrong(context: Context, types: list[str], console: Console) -> Iterator[str]:
    """Compare everything of these types; say which references lead nowhere."""
    nowhere, waiting, known = list[str](), dict[str, str](), context.definitions.types
    for name in types:
        yield from context.store.unclaimed(name, context.rules.keys)
        for stored, held in context.store.walk(name):
            yield from disagreements(context, stored, held)
            where = f"{stored.resource_type}/{stored.id}"
            waiting |= {f"{k}/{key}": where for k, key in targets(stored.raw) if k in known}
            if len(waiting) >= AT_ONCE:
                nowhere += _leading_nowhere(context, waiting)
                waiting.clear()
    nowhere += _leading_nowhere(context, waiting)
    more = f"; {SHOWN} of them:" if len(nowhere) > SHOWN else ":" if nowhere else "."
    console.print(f"{len(nowhere)} references lead to what was never stored here{more}")
    for each in nowhere[:SHOWN]:
        console.print(each, highlight=False, soft_wrap=True)


def _leading_nowhere(context: Context, waiting: dict[str, str]) -> Iterator[str]:
    """Say of what was never stored here who refers to it, or one of those who do."""
    for each in sorted(context.store.dangling(set(waiting))):
        yield f"{waiting[each]} refers to {each}"


def _wrong(context: Context, types: list[str], sample: int) -> Iterator[str]:
    for name in types:
        for stored, held in context.store.sample(name, sample):
            yield from disagreements(context, stored, held)


def disagreements(context: Context, stored: Stored, held: Index) -> Iterator[str]:
    """Say where a stored resource and its index differ, and where it breaks R4."""
    where = f"{stored.resource_type}/{stored.id}"
    try:
        document = parse(stored.raw)
    except FhirError as error:
        yield f"{where}: {error.issues[0].diagnostics}"
        return
    for issue in validate(document, context.definitions):
        if issue.severity in {"fatal", "error"}:
            yield f"{where}: {issue.expression}: {issue.diagnostics}"
    meant = index(unmarked(document) if stored.file else document, context.parameters)
    for name in sorted(meant.keys() | held.keys()):
        if meant.get(name) != held.get(name):
            yield f"{where}: the search index of {name} is not what the resource says"
