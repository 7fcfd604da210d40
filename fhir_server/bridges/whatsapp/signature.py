"""BR-W1: only what Meta has signed with the app's secret is a webhook of WhatsApp. Pure.

The signature is over the bytes as they came, before anything reads them.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

BR_W1: Final = "BR-W1"
HEADER: Final = "X-Hub-Signature-256"
SCHEME: Final = "sha256="


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Tell whether a header is the signature of a body; takes as long for a wrong as for a right.

    ``header`` is ``sha256=`` and 64 hexadecimal digits.
    """
    expected = SCHEME + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.encode("utf-8", "surrogateescape"))


def is_known(token: str, given: str) -> bool:
    """Compare the word that Meta repeats when the webhook is set up, in constant time."""
    return hmac.compare_digest(token.encode(), given.encode("utf-8", "surrogateescape"))
