"""Ask which of the locked packages have known weaknesses: pip-audit, where its service answers.

    python tools/audit_packages.py [--strict]

pip-audit lies in an environment of its own, made when it is first needed; it looks at the lock
file and asks osv.dev. Where that cannot be reached, or takes too long, the look is skipped and said
to be. With --strict a weakness is a failure; without, it is told: what is found out tomorrow must
not keep today's change from being checked.
"""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path
from typing import Final

import click

HERE: Final = Path(__file__).parent.parent
LOCK: Final = HERE / "requirements.lock"
ENVIRONMENT: Final = HERE / ".venv" / "audit"
TOOL: Final = "pip-audit==2.10.1"
SERVICE: Final = "https://api.osv.dev/v1/vulns/PYSEC-2018-28"
"""Something that is always there, to see whether the service answers."""
REACH_SECONDS: Final = 5.0
MOST_SECONDS: Final = 120.0


def main(*arguments: str, service: str = SERVICE, tool: list[str] | None = None) -> int:
    """Look, and give the exit code."""
    if not reachable(service):
        click.echo(f"Known weaknesses of packages: SKIPPED, {service} cannot be reached.")
        return 0
    try:
        found = look(tool or installed())
    except (OSError, subprocess.SubprocessError) as error:
        click.echo(f"Known weaknesses of packages: SKIPPED, {type(error).__name__}: {error}")
        return 0
    click.echo(f"{found.stdout}\n{found.stderr}")
    if found.returncode == 0:
        click.echo("Known weaknesses of packages: none.")
        return 0
    click.echo("Known weaknesses of packages: SEE ABOVE.")
    return 1 if "--strict" in arguments else 0


def reachable(service: str) -> bool:
    """Tell whether the service answers soon."""
    try:
        with urllib.request.urlopen(service, timeout=REACH_SECONDS):  # noqa: S310 - a constant
            return True
    except (OSError, urllib.error.URLError, ValueError):
        return False


def look(tool: list[str]) -> subprocess.CompletedProcess[str]:
    """Run pip-audit over the lock file."""
    asked = ["--require-hashes", "--disable-pip", "--vulnerability-service", "osv"]
    return subprocess.run(  # noqa: S603 - our own words
        [*tool, *asked, "--progress-spinner", "off", "--requirement", str(LOCK)],
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )


def installed() -> list[str]:
    """Give the command of pip-audit; CalledProcessError if it cannot be had."""
    command = ENVIRONMENT / "bin" / "pip-audit"
    if not command.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, TOOL], check=True, timeout=MOST_SECONDS)  # noqa: S603 - as above
    return [str(command)]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
