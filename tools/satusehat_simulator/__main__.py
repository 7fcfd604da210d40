"""Start the simulator, and say where it listens in one line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from tools.satusehat_simulator.app import FHIR, create_app
from tools.satusehat_simulator.tokens import Tokens
from tools.satusehat_simulator.world import World

ORGANIZATION = "10000004"


class Quiet(WSGIRequestHandler):
    """Connections that stay open; no line for each request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: a request may name a patient."""

    def log_error(self, format: str, *args: object) -> None:
        """Write nothing: a connection that a fault closed is meant to be closed."""


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="satusehat_simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument(
        "--organization", default=ORGANIZATION, help="SATUSEHAT id of the facility that may log in"
    )
    parser.add_argument("--client-id", default="latihan")
    parser.add_argument(
        "--client-secret-file", type=Path, help="file with the secret; absent: latihan"
    )
    parser.add_argument("--logins", type=int, default=10, help="logins per minute before 429")
    parser.add_argument("--token-seconds", type=float, default=3599.0)
    parser.add_argument(
        "--journal", type=Path, help="file in which all is kept beyond the process; absent: nowhere"
    )
    return parser


def main() -> None:
    """Serve until the process is ended."""
    asked = arguments().parse_args()
    file = asked.client_secret_file
    secret = file.read_text("utf-8").strip() if file else "latihan"
    clients = {asked.client_id: (secret, asked.organization)}
    world = World()
    world.admit_facility(asked.organization, "Puskesmas latihan")
    if asked.journal:
        world.replay(asked.journal)
    app = create_app(world, Tokens(clients, asked.logins, asked.token_seconds))
    server = make_server(asked.host, asked.port, app, threaded=True, request_handler=Quiet)
    url = f"http://{asked.host}:{server.server_port}"
    world.base = f"{url}{FHIR}"
    ready = {"url": url, "auth": f"{url}/oauth2/v1", "fhir": world.base, "pid": os.getpid()}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
