"""Tests that start processes are marked ``process`` and tried once more when they fail.

The summary shows every such test as RERUN; all others fail at once (docs/adr/0019-tests.md).
"""

from __future__ import annotations

import pytest

STARTING = ("subprocess", "multiprocessing", "running")
"""Names in a module that show that it starts processes."""


def pytest_collection_modifyitems(items):
    for item in items:
        if any(hasattr(item.module, name) for name in STARTING):
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.flaky(reruns=1))
