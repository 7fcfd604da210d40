"""The simulator of WhatsApp's Graph API as a process of its own, steered by a test."""

from __future__ import annotations

import base64

from tests.support import simulators

TOKEN = SECRET = VERIFY = "latihan"  # noqa: S105 - the simulator's own
LINE = "PN-1"


class Simulator(simulators.Simulator):
    @property
    def given(self):
        return {
            "whatsapp_graph": f"{self.url}/v23.0",
            "whatsapp_token": TOKEN,
            "whatsapp_nomor": LINE,
            "whatsapp_secret": SECRET,
            "whatsapp_verify_token": VERIFY,
        }

    @property
    def settings(self):
        """Give the settings with which a server sends to this simulator and hears from it."""
        return self.given

    def calls_back(self, server):
        """Let it tell this server what happens."""
        self.ask("PUT", "webhook", {"url": f"{server.url}/webhooks/whatsapp"})

    def faults(self, *kinds, times=1):
        """Let these strike the next messages: a code of the Graph API, drop, html or hang."""
        self.ask("PUT", "faults", [{"kind": str(each), "times": times} for each in kinds])

    def writes(self, number, text, *, name="Warga", **message):
        """Let somebody write to the clinic; give the number (wamid) of the message."""
        whole = {"from": number, "type": "text", "text": {"body": text}, **message}
        said = self.ask("POST", "write", {"message": whole, "name": name})
        assert said["status"] == 200
        return said["id"]

    def tells(self, **what):
        return self.ask("POST", "tell", what)

    def has_file(self, media_id, media_type, content):
        data = base64.b64encode(content).decode()
        self.ask("PUT", f"media/{media_id}", {"type": media_type, "data": data})

    @property
    def landed(self):
        """Give what people were sent, in order."""
        return self.ask("GET", "messages")["messages"]

    @property
    def requests(self):
        return self.ask("GET", "messages")["requests"]


def simulator():
    """Start the simulator on a free port, and end it with the test."""
    return simulators.started("whatsapp_simulator", Simulator)
