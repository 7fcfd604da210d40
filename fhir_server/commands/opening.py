"""Settings and the database of a command: the embedded one, or the one the settings name."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

import click

from fhir_server import migrations, targets
from fhir_server.app import build_context
from fhir_server.config import Settings
from fhir_server.errors import FhirError
from fhir_server.interactions import declared
from fhir_server.rest import cors, logs
from fhir_server.sop import arsip, pihak
from fhir_server.sop.pws import baca_target, baca_vaksin
from fhir_server.store.embedded import Embedded, NotStarted, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fhir_server.context import Context


MAY_BE_NONE = frozenset(
    {
        "rate_limit",
        "sign_in_limit",
        "slow_limit",
        "connections_each",
        "port",
        "background",
        "whatsapp_media",
        "whatsapp_pengingat",
        "whatsapp_ragu_menit",
    }
)
"""Numbers of which 0 says something, though it is not their default."""


def settings_given() -> Settings:
    """Read the settings from the environment; a bad one ends the command."""
    try:
        settings = Settings.from_environment()
        check(settings)
        logs.configure(settings.log_level)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    return settings


def check(settings: Settings) -> None:
    """Raise ValueError for a setting that can be read and still cannot be."""
    _check_numbers(settings)
    if settings.timezone not in available_timezones():
        raise ValueError(
            f"FHIR_TIMEZONE={settings.timezone} is no time zone; one would be Asia/Jakarta."
        )
    if settings.conditional_delete not in {"single", "multiple"}:
        raise ValueError("FHIR_CONDITIONAL_DELETE must be single or multiple.")
    _check_whatsapp(settings)
    targets.load(settings)
    cors.origins(settings.cors_origins)
    if settings.profile_validation not in declared.MODES:
        raise ValueError("FHIR_PROFILE_VALIDATION must be off, warn or enforce.")
    if settings.pws_steady_below not in {"JELEK", "CUKUP", "KURANG"}:
        raise ValueError("FHIR_PWS_STEADY_BELOW must be JELEK, CUKUP or KURANG.")
    if settings.pws_cbr <= 0:
        raise ValueError(f"FHIR_PWS_CBR={settings.pws_cbr} must be greater than 0.")
    try:
        baca_target(settings.pws_targets)
        baca_vaksin(settings.pws_vaccines)
    except ValueError as error:
        raise ValueError(f"FHIR_PWS_TARGETS or FHIR_PWS_VACCINES: {error}") from None
    uri = settings.mongodb_uri
    if uri and not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("FHIR_MONGODB_URI must begin with mongodb:// or mongodb+srv://.")


def _check_numbers(settings: Settings) -> None:
    for each in fields(settings):
        value, variable = getattr(settings, each.name), each.metadata["variable"]
        least = 0 if each.name in MAY_BE_NONE or each.default == 0 else 1
        if type(each.default) is int and value < least:
            raise ValueError(f"{variable}={value} must be at least {least}.")
    if settings.header_limit < 8192:
        raise ValueError(f"FHIR_HEADER_LIMIT={settings.header_limit} must be at least 8192.")


def _check_whatsapp(settings: Settings) -> None:
    if settings.whatsapp_layanan not in {"umum", "lakon"}:
        raise ValueError("FHIR_WHATSAPP_LAYANAN must be umum or lakon.")
    if settings.whatsapp_penerima and not re.fullmatch(pihak.POLA, settings.whatsapp_penerima):
        raise ValueError("FHIR_WHATSAPP_PENERIMA must be like petugas/operator, tim/x or faskes/x.")


@contextmanager
def database(settings: Settings, on_failure: Callable[[], None] | None = None) -> Iterator[str]:
    """Give the URI of the database; an embedded one runs until the end of the block."""
    if settings.mongodb_uri:
        yield settings.mongodb_uri
        return
    try:
        embedded = Embedded.start(settings, on_failure)
    except NotStarted as error:
        raise click.ClickException(str(error)) from None
    with embedded:
        yield embedded.uri


@contextmanager
def beside(settings: Settings) -> Iterator[str]:
    """Give the URI of the database of a running server, or start it where none runs."""
    there = settings.mongodb_uri or running(settings.data)
    if there:
        yield there
        return
    with database(settings) as uri:
        yield uri


@contextmanager
def attached(settings: Settings) -> Iterator[Context]:
    """Give a Context on the database of a running server, or open it where none runs."""
    with opened(settings, None if settings.mongodb_uri else running(settings.data)) as context:
        yield context


@contextmanager
def opened(settings: Settings, uri: str | None = None) -> Iterator[Context]:
    """Give a Context on the database, and close it after."""
    if uri is None:
        with database(settings) as found, opened(settings, found) as context:
            yield context
        return
    with ExitStack() as stack:
        try:
            context = build_context(settings, uri)
            stack.callback(context.store.close)
            stack.callback(arsip.tutup)
            context.store.ready()
            migrations.bring_up(context, click.echo)
        except FhirError as error:
            raise click.ClickException(error.issues[0].diagnostics) from None
        yield context
