"""One setting: its default, the variable that sets it, what it decides; and how a value is read."""

from __future__ import annotations

from dataclasses import field
from decimal import InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def setting(default: Any, variable: str, says: str, *, secret: bool = False) -> Any:
    """Describe a setting; a secret one is not shown where settings are printed."""
    metadata = {"variable": variable, "says": says}
    return field(default=default, metadata=metadata, repr=not secret)


def given(environment: Mapping[str, str], variable: str, *, secret: bool) -> str:
    """Give the text of a setting; a secret may lie in the file that VARIABLE_FILE names."""
    text, file = environment.get(variable, ""), environment.get(f"{variable}_FILE", "")
    if not (secret and file):
        return text
    if text:
        raise ValueError(f"{variable} and {variable}_FILE are both set; set one of them.")
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{variable}_FILE={file!r} cannot be read: {error}.") from None


def read(variable: str, kind: type[Any], text: str) -> Any:
    """Read a value as its default's type; ValueError names the variable."""
    if kind is bool:
        if text.lower() not in {"0", "1", "true", "false", "yes", "no"}:
            raise ValueError(f"{variable}={text!r} is neither 1 nor 0.")
        return text.lower() in {"1", "true", "yes"}
    try:
        return kind(text)
    except (ValueError, InvalidOperation):
        raise ValueError(f"{variable}={text!r} is not a valid {kind.__name__}.") from None
