"""What Meta tells a clinic: webhooks with messages and statuses, signed, again until taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

import requests

from tools.whatsapp_simulator.errors import of_status

Document = dict[str, Any]
TRIES = 60


@dataclass
class Teller:
    """The clinic's webhook, and with which secret and number it is written to."""

    secret: str
    number: str
    line: str
    webhook: str = ""

    def message(self, message: Document, name: str) -> int:
        """Tell of a message that somebody wrote; give the status of the answer."""
        people = [{"profile": {"name": name}, "wa_id": message["from"]}]
        return self._tell({"contacts": people, "messages": [message]})

    def statuses(self, landed: Document, words: list[str], code: int | None = None) -> None:
        """Tell what became of a message, one webhook a word."""
        for place, word in enumerate(words):
            status: Document = {
                "id": landed["id"],
                "status": word,
                "timestamp": str(int(landed["at"]) + place),
                "recipient_id": landed["to"],
            }
            if "biz_opaque_callback_data" in landed:
                status["biz_opaque_callback_data"] = landed["biz_opaque_callback_data"]
            if word == "failed" and code is not None:
                status["errors"] = of_status(code)
            self._tell({"statuses": [status]})

    def _tell(self, value: Document) -> int:
        metadata = {"display_phone_number": self.number, "phone_number_id": self.line}
        whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        change = {"field": "messages", "value": whole}
        entry = {"id": "WABA-simulated", "changes": [change]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        for _ in range(TRIES if self.webhook else 0):
            try:
                answer = requests.post(self.webhook, data=body, headers=headers, timeout=30)
            except requests.RequestException:
                time.sleep(0.5)
                continue
            if answer.status_code < 500:
                return answer.status_code
            time.sleep(0.5)
        return 0
