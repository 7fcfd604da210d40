"""The command line. A command's module is imported when that command is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from fhir_server import __version__

COMMANDS = {
    "serve": "Start the server (and its database, if none is given).",
    "worker": "Do the work that requests leave behind.",
    "load": "Load FHIR bundles and NDJSON files.",
    "load-terminology": "Load LOINC, SNOMED CT, ICD-10, KFA or a table of codes.",
    "load-package": "Load the profiles and code systems of a FHIR package (.tgz).",
    "import": "Bring in what other systems exported.",
    "client": "Register the systems that may ask: hospitals, apps, students.",
    "bridge": "Show, explain and retry what is sent to other systems.",
    "webhook": "Show and retry webhooks of WhatsApp that were laid aside.",
    "audit": "Verify the audit trail: who saw and changed what.",
    "pcare": "Show a referral as BPJS P-Care's kunjungan.",
    "check": "Open the database and report what is in it and what is wrong.",
    "backup": "Copy everything into one encrypted file, while the server runs.",
    "restore": "Write a backup into an empty database.",
    "migrate": "Bring the data of an older version up to this one; serve does it too.",
    "openapi": "Write the OpenAPI description.",
}
MODULES = {
    "import": "importing",
    "load-terminology": "load_terminology",
    "load-package": "load_package",
}


class Commands(click.Group):
    """The commands, known by name and one line until they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of a user's day."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"fhir_server.commands.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


HELP = """
A FHIR R4 server for Indonesian primary care.

\b
fhir-server serve                        start on http://127.0.0.1:8080
PORT=9000 DATA=/srv/fhir fhir-server serve
fhir-server load bundles/*.json          load into the database in ./data
fhir-server load --url http://127.0.0.1:8080/fhir patients.ndjson.gz

Settings are environment variables; docs/operations.md lists them all.
"""


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fhir-server")
def main() -> None:
    """Run the command that was named."""


if __name__ == "__main__":
    main()
