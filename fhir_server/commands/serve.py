"""``fhir-server serve``."""

from __future__ import annotations

import http.client
import ipaddress
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fhir_server import app
from fhir_server.commands import background, opening, processes, seeding
from fhir_server.rest import metrics

if TYPE_CHECKING:
    from types import FrameType

    from fhir_server.config import Settings

READY_SECONDS = 60


HELP = """
Start the server and serve until Ctrl-C.

Without FHIR_MONGODB_URI it starts a MongoDB of its own, whose files are in the folder DATA.

\b
fhir-server serve
PORT=9000 DATA=/srv/fhir DEMO=0 fhir-server serve
FHIR_MONGODB_URI='mongodb://db1,db2/?replicaSet=rs0' fhir-server serve

As long as no client is registered (fhir-server client add) the server answers only on this
machine; from then on nobody is answered without a token.
"""


@click.command(help=HELP)
def command() -> None:
    """Start the server and serve until Ctrl-C."""
    begun = time.monotonic()
    settings = opening.settings_given()
    closed = is_loopback(settings.host)
    settings = replace(settings, port=free_port(settings.host, settings.port))
    signal.signal(signal.SIGTERM, _leave)
    failed = threading.Event()

    def give_up() -> None:
        failed.set()
        os.kill(os.getpid(), signal.SIGTERM)

    with tempfile.TemporaryDirectory(prefix="fhir-metrics-") as folder:
        metrics.share(folder)
        loading = threading.Thread(target=app.preload, args=(settings,))
        loading.start()  # while the database starts
        with opening.database(settings, give_up) as uri:
            loading.join()
            if not closed:
                expect_clients(settings, uri)
            with seeding.seeded(settings, uri), background.running(settings, uri):
                threading.Thread(target=announce, args=(settings, begun), daemon=True).start()
                processes.serve(settings, uri)
            click.echo("Ending …")
    if failed.is_set():
        raise click.ClickException(f"The database ended; see {settings.data / 'mongod.log'}.")


def _leave(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        addresses = {item[4][0] for item in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise click.ClickException(
            f"HOST={host} is not an address of this machine: {error}."
        ) from None
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def expect_clients(settings: Settings, uri: str) -> None:
    """Refuse to answer other machines while nobody has to sign in."""
    if settings.oidc_issuer:
        return
    with opening.opened(settings, uri) as context:
        if context.store.clients.any():
            return
    raise click.ClickException(
        f"HOST={settings.host} would show every record to the network, for nobody has to sign in "
        "yet. Register a client first (fhir-server client add), or use HOST=127.0.0.1."
    )


def free_port(host: str, port: int) -> int:
    """Give the port back if it is free (0: any free one); end the command if it is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except (OSError, OverflowError) as error:
        says = getattr(error, "strerror", None) or str(error)
        raise click.ClickException(
            f"Port {port} on {host} cannot be used: {says}. Choose another with PORT=, or "
            "HOST=127.0.0.1."
        ) from None


def announce(settings: Settings, begun: float) -> None:
    """Print the addresses as soon as the server answers."""
    url = f"http://{settings.host}:{settings.port}"
    while time.monotonic() - begun < READY_SECONDS:
        if _answers(settings.host, settings.port):
            click.echo(
                f"\nReady after {time.monotonic() - begun:.1f} s\n"
                f"  FHIR    {url}/fhir\n"
                f"  SOP     {url}/sop/v1\n"
                f"  Docs    {url}/docs\n"
                f"  Health  {url}/health\n"
                "Ctrl-C ends it."
            )
            return
        time.sleep(0.02)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
