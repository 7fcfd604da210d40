"""``fhir-server client``: who may ask this server."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from rich.console import Console
from rich.table import Table

from fhir_server.access.registry import read, write
from fhir_server.access.scopes import check
from fhir_server.auth.clients import Client, digest_of, new_secret
from fhir_server.auth.scopes import ALL, UnknownScope, rights
from fhir_server.commands import opening
from fhir_server.commands.recording import recorded

if TYPE_CHECKING:
    from fhir_server.auth.principals import Reach
    from fhir_server.context import Context

HELP = """
Register the systems that may ask this server. From the first one on nobody is answered without a
token, and the server may listen beyond this machine (HOST).

\b
fhir-server client add klinik-app
fhir-server client add rs-a --organization Organization/rs-a --as hospital
fhir-server client add putri --person Practitioner/putri --as student
fhir-server client add rs-b --organization Organization/rs-b --as hospital --jwks rs-b.json
fhir-server client add rs-c --organization Organization/rs-c --as hospital --jwks https://rs-c.example/jwks.json
fhir-server client add loket-app --organization Organization/pkm --as staff
fhir-server client add wulan --person Practitioner/wulan --as person
fhir-server client add dasbor --scope 'system/Task.rs?owner=Organization/rs-a'
fhir-server client list
fhir-server client rotate rs-a
fhir-server client revoke rs-a

A hospital meets what was referred to it and what it wrote; a student the mother she accompanies;
staff the patients of their facility and its villages; a person what her role opens.
"""
KINDS: Final[dict[str, tuple[str, str]]] = {
    "app": ("everything", ALL),
    "hospital": ("referrals", ALL),
    "student": ("assignment", "system/*.crus"),
    "staff": ("area", ALL),
    "person": ("role", ALL),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REFERENCE = re.compile(r"(Organization|Practitioner)/[A-Za-z0-9\-.]{1,64}")


@click.group(help=HELP)
def command() -> None:
    """Register clients."""


@command.command(name="add")
@click.argument("name")
@click.option("--as", "kind", type=click.Choice(list(KINDS)), default="app", show_default=True)
@click.option("--organization", help="For whom it asks: Organization/rs-a.")
@click.option("--person", help="Who it is: Practitioner/putri.")
@click.option("--scope", "scopes", multiple=True, help="SMART scopes, e.g. system/Patient.rs.")
@click.option(
    "--jwks", help="Its public keys (private_key_jwt), a file or https://…, instead of a secret."
)
def add(  # noqa: PLR0913, PLR0917 - what an administrator may say
    name: str,
    kind: str,
    organization: str | None,
    person: str | None,
    scopes: tuple[str, ...],
    jwks: str | None,
) -> None:
    """Register a client and print its secret, which is shown once."""
    reach, usual = KINDS[kind]
    given = frozenset(" ".join(scopes or (usual,)).split())
    _check(name, kind, organization, person, given)
    secret = None if jwks else new_secret()
    client = Client(
        name,
        given,
        datetime.now(UTC),
        organization,
        person,
        cast("Reach", reach),
        digest_of(secret) if secret else None,
        _keys(jwks) if jwks and not _is_address(jwks) else {},
        jwks if jwks and _is_address(jwks) else "",
    )
    with opening.attached(opening.settings_given()) as context:
        _check_scopes(context, given)
        said = {"client": name, "as": kind, "scope": " ".join(sorted(given))}
        with recorded(context, "client add", **said):
            if not context.store.clients.add(write(client)):
                raise click.ClickException(f"There is a client {name} already; see client list.")
        unknown = [each for each in (organization, person) if each and not _is_there(context, each)]
    click.echo(f"client_id={name}")
    if secret:
        click.echo(f"client_secret={secret}")
    for each in unknown:
        click.echo(
            f"Note: there is no {each} here yet; register it before the client asks.", err=True
        )


@command.command(name="list")
def listing() -> None:
    """List the clients; never a secret."""
    table = Table("client", "reach", "for", "scopes", "proves itself by", "registered", "revoked")
    with opening.attached(opening.settings_given()) as context:
        for each in map(read, context.store.clients.all()):
            table.add_row(
                each.id,
                each.reach,
                each.organization or each.person or "",
                " ".join(sorted(each.scopes)),
                "keys" if each.jwks or each.jwks_url else "secret",
                f"{each.created:%Y-%m-%d}",
                f"{each.revoked:%Y-%m-%d}" if each.revoked else "",
            )
    Console().print(table)


@command.command(name="rotate")
@click.argument("name")
def rotate(name: str) -> None:
    """Give a client a new secret; the old one is good no more."""
    secret = new_secret()
    _change("client rotate", name, {"digest": digest_of(secret)})
    click.echo(f"client_secret={secret}")


@command.command(name="revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Let a client ask no more; its tokens end within seconds."""
    _change("client revoke", name, {"revoked": datetime.now(UTC)})
    click.echo(f"{name} is revoked.")


def _change(command: str, name: str, new: dict[str, object]) -> None:
    with (
        opening.attached(opening.settings_given()) as context,
        recorded(context, command, client=name),
    ):
        if not context.store.clients.change(name, new):
            raise click.ClickException(f"There is no client {name}; see client list.")


def _check(
    name: str, kind: str, organization: str | None, person: str | None, scopes: frozenset[str]
) -> None:
    if not _NAME.fullmatch(name):
        raise click.ClickException(f"{name!r} is no name; right is letters, digits, . _ and -.")
    if kind == "hospital" and not organization:
        raise click.ClickException("A hospital needs --organization Organization/…")
    if kind == "staff" and not organization:
        raise click.ClickException("Staff need --organization Organization/… of their facility")
    if kind in {"student", "person"} and not person:
        raise click.ClickException(f"A {kind} needs --person Practitioner/…")
    for given, wanted in ((organization, "Organization"), (person, "Practitioner")):
        if given and not (_REFERENCE.fullmatch(given) and given.startswith(wanted)):
            raise click.ClickException(f"{given!r} is no reference; right is {wanted}/its-id.")
    try:
        rights(scopes)
    except UnknownScope as error:
        raise click.ClickException(str(error)) from None


def _check_scopes(context: Context, scopes: frozenset[str]) -> None:
    try:
        check(scopes, context.parameters, context.settings)
    except UnknownScope as error:
        raise click.ClickException(str(error)) from None


def _is_there(context: Context, reference: str) -> bool:
    found = context.store.read(*reference.split("/"))
    return found is not None and found.text is not None


def _is_address(jwks: str) -> bool:
    return jwks.startswith(("https://", "http://"))


def _keys(path: str) -> dict[str, object]:
    try:
        keys = json.loads(Path(path).read_text("utf-8"))
        public = KeySet.import_key_set(keys).as_dict(private=False)
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        raise click.ClickException(f"{path} is no JWKS: {error}") from None
    return dict(public)
