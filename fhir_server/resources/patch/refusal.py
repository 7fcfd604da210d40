"""An operation of a patch that cannot be applied, said so that its author finds it."""

from __future__ import annotations

from fhir_server.errors import Invalid, Issue


def refusal(message: str, where: str | None = None, *, code: str = "processing") -> Invalid:
    """Make the error; ``where`` is the place in the patch, such as ``[2].path``."""
    return Invalid(
        [Issue(code, message, where, indonesian=f"Patch tidak dapat diterapkan: {message}")]
    )
