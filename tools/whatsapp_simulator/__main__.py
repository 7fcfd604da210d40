"""Start the simulator, and say where it listens in one line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys

from werkzeug.serving import WSGIRequestHandler, make_server

from tools.whatsapp_simulator.app import create_app
from tools.whatsapp_simulator.telling import Teller
from tools.whatsapp_simulator.world import World

TEMPLATES = {
    "pemantauan_terjadwal": 3,
    "saran_dokter": 2,
    "pesan_darurat": 2,
    "pengingat_janji": 4,
    "pesan_petugas": 3,
}
"""Those of the server's own table, and how many parameters each has."""


class Quiet(WSGIRequestHandler):
    """No line for each request: a message may say how somebody is."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""

    def log_error(self, format: str, *args: object) -> None:
        """Write nothing: a connection that a fault closed is meant to be closed."""


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="whatsapp_simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--token", default="latihan", help="access token that is good")
    parser.add_argument("--secret", default="latihan", help="app secret that signs webhooks")
    parser.add_argument("--line", default="PN-1", help="phone number id")
    parser.add_argument("--number", default="628000000000", help="number that people dial")
    parser.add_argument("--webhook", default="", help="address of the clinic's webhook")
    asked = parser.parse_args()
    teller = Teller(asked.secret, asked.number, asked.line, asked.webhook)
    app = create_app(World(dict(TEMPLATES)), teller, asked.token)
    server = make_server(asked.host, asked.port, app, threaded=True, request_handler=Quiet)
    url = f"http://{asked.host}:{server.server_port}"
    sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
