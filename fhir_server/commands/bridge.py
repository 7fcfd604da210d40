"""``fhir-server bridge``: what goes to other systems, how far it is, and what is stuck."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from fhir_server import targets
from fhir_server.bridges.satusehat import inbound
from fhir_server.bridges.satusehat.record import NotRead
from fhir_server.bridges.satusehat.referral_inbox import answer, incoming
from fhir_server.bridges.satusehat.target import Satusehat
from fhir_server.commands import opening
from fhir_server.commands.recording import recorded
from fhir_server.delivery.replay import replayed
from fhir_server.delivery.target import Rendered
from fhir_server.delivery.trial import trial
from fhir_server.store.progress import STATES, STUCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from fhir_server.config import Settings
    from fhir_server.context import Context
    from fhir_server.delivery.target import Parcel, Target
    from fhir_server.store.dispatches import Dispatches
    from fhir_server.store.progress import Dispatch, State

HELP = """
Look after what is sent to other systems (FHIR_TARGETS, SATUSEHAT, WhatsApp).

\b
fhir-server bridge status                      counts by target and state
fhir-server bridge explain rsud                what is stuck, why, and what a person does
fhir-server bridge show rsud Encounter/abc     what would be sent, without sending it
fhir-server bridge retry rsud                  what was refused or given up, once more
fhir-server bridge retry rsud Encounter/abc --resend
fhir-server bridge replay rsud Patient/abc 2026-08-17
fhir-server bridge read Patient/abc --show     what SATUSEHAT has of a patient who agreed to it
fhir-server bridge requests                    what SATUSEHAT Rujukan asks us (a pilot)
fhir-server bridge answer TASK --accept        we take the patient (or --reject)
"""
REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
EXAMPLES = 3
MOST = 10_000
ORDER: tuple[State, ...] = ("refused", "dead", "waiting", "pending")
SAYS = {
    "refused": "refused; mend it here (a new version goes by itself) or there, then retry",
    "dead": "failed too often; see the reason, then retry",
    "waiting": "waits until the others have arrived",
    "pending": "is tried again by itself",
}


def _reference(ctx: click.Context, param: click.Parameter, given: Any) -> Any:
    """Take what has the form ``Type/id``."""
    for each in [given] if isinstance(given, str) else given:
        if not REFERENCE.fullmatch(each):
            raise click.BadParameter(f"{each} is not Type/id, such as Encounter/abc.", ctx, param)
    return given


@click.group(help=HELP)
def command() -> None:
    """Look after deliveries."""


@command.command(name="status")
def status() -> None:
    """Count the deliveries of every target by state, and say which is left alone."""
    settings = opening.settings_given()
    with opening.attached(settings) as context:
        dispatches = context.store.dispatches
        counts = dispatches.counts()
        names = [each.name for each in targets.load(settings)]
        table = Table("target", *STATES, "")
        for name in [*names, *sorted(set(counts) - set(names))]:
            numbers = [str(counts.get(name, {}).get(state, 0)) for state in STATES]
            table.add_row(name, *numbers, _health(dispatches, name, configured=name in names))
    Console().print(table)


def _health(dispatches: Dispatches, name: str, *, configured: bool) -> str:
    if not configured:
        return "not configured any more"
    health = dispatches.health(name)
    if not health.seconds:
        return ""
    return f"left alone for {health.seconds:.0f} s: {health.why} {health.remedy}".strip()


@command.command(name="explain")
@click.argument("target")
@click.argument("references", nargs=-1, callback=_reference)
def explain(target: str, references: Sequence[str]) -> None:
    """Say what has not arrived, why, and what a person does."""
    with opening.attached(opening.settings_given()) as context:
        dispatches = context.store.dispatches
        states = STATES if references else ORDER
        found = dispatches.page(target, states=states, references=references, limit=MOST)
        click.echo(_health(dispatches, target, configured=True) or f"{target} is spoken to.")
        if references:
            for each in found:
                _tell(each, dispatches)
        else:
            _tell_groups(found, dispatches)
    if not found:
        click.echo("Nothing is stuck." if not references else "Nothing is known of these.")


def _tell_groups(found: Iterable[Dispatch], dispatches: Dispatches) -> None:
    """Tell alike ones together, the worst first."""
    groups: dict[tuple[State, str, str, str], list[Dispatch]] = defaultdict(list)
    for each in found:
        groups[each.state, each.rule, each.reason, each.remedy].append(each)
    for (state, rule, reason, remedy), alike in sorted(
        groups.items(), key=lambda group: (ORDER.index(group[0][0]), -len(group[1]))
    ):
        why = " ".join(filter(None, (rule, reason)))
        click.echo(f"\n{len(alike)} {state}: {why}".rstrip(": "))
        click.echo(f"  {remedy or SAYS[state]}")
        for each in alike[:EXAMPLES]:
            click.echo(f"  {each.reference}{_waits(each, dispatches)}")
        if len(alike) > EXAMPLES:
            click.echo(f"  … and {len(alike) - EXAMPLES} more")


def _waits(dispatch: Dispatch, dispatches: Dispatches) -> str:
    if not dispatch.waits:
        return ""
    there = dispatches.find(dispatch.target, dispatch.waits)
    said = [
        f"{each} ({there[each].state if each in there else 'not told of'})"
        for each in dispatch.waits
    ]
    return f" waits for {', '.join(said)}"


def _tell(dispatch: Dispatch, dispatches: Dispatches) -> None:
    click.echo(f"\n{dispatch.reference}: {dispatch.state}{_waits(dispatch, dispatches)}")
    for name in ("rule", "reason", "remedy", "remote"):
        if value := getattr(dispatch, name):
            click.echo(f"  {name}: {value}")
    if dispatch.due:
        click.echo(f"  due: {dispatch.due:%Y-%m-%d %H:%M:%S} UTC, {dispatch.attempts} failures")
    for entry in dispatch.history:
        version = f" version {entry['v']}" if "v" in entry else ""
        says = f"  {entry['t']:%Y-%m-%d %H:%M:%S}{version} {entry['outcome']}"
        click.echo(f"{says} {entry.get('reason', '')}".rstrip())


@command.command(name="show")
@click.argument("target")
@click.argument("reference", callback=_reference)
def show(target: str, reference: str) -> None:
    """Print what would be sent for a resource now; nothing is sent."""
    settings = opening.settings_given()
    with (
        opening.attached(settings) as context,
        recorded(context, "bridge show", target=target, reference=reference),
    ):
        tried = trial(context, _target(context, target), reference)
    for name, known in tried.missing:
        click.echo(f"waits for {name} ({known.state if known else 'not told of'})")
    if not isinstance(tried.rendered, Rendered):
        kind = type(tried.rendered).__name__
        says = [kind, *(getattr(tried.rendered, name, "") for name in ("rule", "reason", "remedy"))]
        click.echo(" ".join(filter(None, says)))
        return
    for parcel in tried.rendered.parcels:
        click.echo(f"{parcel.method} {parcel.path}\n{_body(parcel)}")
    for name in tried.rendered.wishes:
        click.echo(f"and once more when {name} has arrived")


def _body(parcel: Parcel) -> str:
    body = orjson.loads(parcel.body) if isinstance(parcel.body, bytes) else parcel.body
    return "" if body is None else json.dumps(body, indent=2, ensure_ascii=False)


@command.command(name="retry")
@click.argument("target")
@click.argument("references", nargs=-1, callback=_reference)
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="only these")
@click.option("--resend", is_flag=True, help="send again what has arrived, too")
def retry(
    target: str,
    references: Sequence[str],
    states: Sequence[State],
    resend: bool,  # noqa: FBT001
) -> None:
    """Try again what was refused or given up, and speak to a target that was left alone."""
    wanted = tuple(states) or (STATES if references or resend else STUCK)
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, "bridge retry", target=target),
    ):
        dispatches = context.store.dispatches
        number = dispatches.retry(target, states=wanted, references=references, resend=resend)
        dispatches.open(target)
    click.echo(f"{number} deliveries are tried again.")


@command.command(name="replay")
@click.argument("target")
@click.argument("patient", callback=_reference)
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
def replay(target: str, patient: str, day: Any) -> None:
    """Deliver a patient's day: what is in the record of that day and the target wants."""
    chosen: date = day.date()
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, "bridge replay", target=target, reference=patient, day=f"{chosen}"),
    ):
        number = replayed(context, _target(context, target), patient, chosen)
    click.echo(f"{number} resources of {patient} of {chosen} are delivered (again).")


@command.command(name="read")
@click.argument("patient")
@click.option("--show", is_flag=True, help="only count; nothing is stored")
def read(patient: str, show: bool) -> None:  # noqa: FBT001
    """Read a patient's record back from SATUSEHAT; the patient must have agreed to it."""
    settings = opening.settings_given()
    satusehat = _satusehat(settings)
    with (
        opening.attached(settings) as context,
        recorded(context, "bridge read", reference=f"Patient/{patient.removeprefix('Patient/')}"),
    ):
        try:
            done = inbound.read(context, satusehat, patient.removeprefix("Patient/"), show=show)
        except NotRead as error:
            raise click.ClickException(f"{error.reason}\n{error.remedy}") from None
    for line in _said(done, show=show):
        click.echo(line)


def _said(done: inbound.Result, *, show: bool) -> Iterator[str]:
    """Say what was read, type by type, and what was not."""
    for kind, fates in sorted(done.counts.items()):
        yield f"{kind}: {', '.join(f'{n} {fate}' for fate, n in sorted(fates.items()))}"
    for name in done.referrals:
        yield f"{name} is a referral to us"
    for name, reason in [*done.withheld.items(), *done.refused.items()]:
        yield f"{name} not read: {reason}"
    if done.strangers:
        yield f"{done.strangers} resources were of somebody else, and dropped"
    yield "Nothing was stored." if show else f"{done.stored} resources were stored."


@command.command(name="requests")
def requests() -> None:
    """List the referrals that SATUSEHAT Rujukan asks us about; a pilot."""
    settings = opening.settings_given()
    satusehat = _piloting(settings)
    with opening.attached(settings) as context, recorded(context, "bridge requests"):
        try:
            found = incoming(satusehat.connection, satusehat.choices.organization)
        except NotRead as error:
            raise click.ClickException(f"{error.reason}\n{error.remedy}") from None
    for each in found:
        said = (each.task, each.since, f"from {each.requester}", each.answer or "not answered")
        click.echo(" ".join(filter(None, (*said, each.service, each.reason))))
    if not found:
        click.echo("Nobody asks.")


@command.command(name="answer")
@click.argument("task")
@click.option("--accept/--reject", required=True, help="whether we take the patient")
def answer_request(task: str, accept: bool) -> None:  # noqa: FBT001
    """Answer a referral that SATUSEHAT Rujukan asks us about (its Task's id); a pilot."""
    settings = opening.settings_given()
    satusehat = _piloting(settings)
    with opening.attached(settings) as context, recorded(context, "bridge answer"):
        try:
            answer(satusehat.connection, task, accept=accept)
        except NotRead as error:
            raise click.ClickException(f"{error.reason}\n{error.remedy}") from None
    click.echo(f"Task/{task} is {'accepted' if accept else 'rejected'}.")


def _piloting(settings: Settings) -> Satusehat:
    if not settings.satusehat_rujukan:
        raise click.ClickException("SATUSEHAT Rujukan is off (FHIR_SATUSEHAT_RUJUKAN=1).")
    return _satusehat(settings)


def _satusehat(settings: Settings) -> Satusehat:
    found = [each for each in targets.load(settings) if isinstance(each, Satusehat)]
    if not found:
        raise click.ClickException("SATUSEHAT is not configured (FHIR_SATUSEHAT_ORGANIZATION).")
    return found[0]


def _target(context: Context, name: str) -> Target:
    known = {each.name: each for each in targets.load(context.settings)}
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise click.ClickException(f"There is no target {name}; configured: {there}.")
    return known[name]
