"""A client that openapi-python-client generates from openapi.yaml: creates and reads by SOP API."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    made = subprocess.run(
        [
            str(Path(sys.executable).parent / "openapi-python-client"), "generate",
            "--path", str(ROOT / "openapi.yaml"), "--output-path", str(folder / "klien"),
            "--meta", "none",
        ],
        capture_output=True, text=True, check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("klien")
    sys.path.remove(str(folder))
