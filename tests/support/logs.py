"""The settings of the log belong to one test: no logger keeps those of the test before."""

from __future__ import annotations

import pytest
import structlog


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    """Let no logger be remembered, and forget what the test configured."""
    configure = structlog.configure

    def forgetful(**given):
        configure(**{**given, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", forgetful)
    yield
    structlog.reset_defaults()
