"""``fhir-server pcare ID``: a referral as BPJS P-Care's kunjungan, to look at or to hand over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server.bridges.pcare import codes
from fhir_server.bridges.pcare.kunjungan import Incomplete, View, is_referral, kunjungan
from fhir_server.commands import opening
from fhir_server.commands.recording import recorded
from fhir_server.interactions.reader import StoreReader

if TYPE_CHECKING:
    from fhir_server.config import Settings
    from fhir_server.context import Context

HELP = """
Show a referral (id of its ServiceRequest) as the kunjungan of BPJS P-Care that carries it as
rujukLanjut. Nothing is sent. Needs FHIR_PCARE_RUJUK_LANJUT=1; FHIR_PCARE_KODE names the file with
P-Care's codes of clinics, doctors and hospitals (docs/exchange/pcare.md).
"""


@click.command(help=HELP)
@click.argument("referral")
def command(referral: str) -> None:
    """Write the payload, or say what is missing for it."""
    settings = opening.settings_given()
    if not settings.pcare_rujuk_lanjut:
        raise click.ClickException("P-Care is off; FHIR_PCARE_RUJUK_LANJUT=1 turns it on.")
    with (
        opening.attached(settings) as context,
        recorded(context, "pcare", reference=f"ServiceRequest/{referral}"),
    ):
        written = _written(context, referral)
    if isinstance(written, Incomplete):
        lines = "\n".join(f"  {name}: {remedy}" for name, remedy in written.missing)
        raise click.ClickException(f"P-Care membutuhkan:\n{lines}")
    click.echo(json.dumps(written, indent=2, ensure_ascii=False))


def _written(context: Context, referral: str) -> dict[str, Any] | Incomplete:
    reader, settings = StoreReader(context), context.settings
    found = reader.read(f"ServiceRequest/{referral}")
    if found is None or not is_referral(found):
        raise click.ClickException(f"ServiceRequest/{referral} is no referral of a patient.")
    view = View(
        reader.read,
        lambda kind, parameter, name: reader.find(kind, [(parameter, name)]),
        settings.timezone,
    )
    return kunjungan(found, view, _codes(settings))


def _codes(settings: Settings) -> codes.Codes:
    if not settings.pcare_kode:
        return codes.Codes()
    try:
        return codes.read(Path(settings.pcare_kode))
    except ValueError as error:
        raise click.ClickException(str(error)) from None
