"""The life of a Patient with fhir-kit-client, in Node; life.js asserts each step."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "fhir-kit-client"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_lives_a_life(server, tmp_path):
    for name in ("package.json", "package-lock.json", "life.js"):
        shutil.copy(FOLDER / name, tmp_path / name)
    installed = subprocess.run(
        ["npm", "ci", "--silent", "--no-audit", "--no-fund"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stdout + installed.stderr

    life = subprocess.run(
        ["node", "life.js", server.fhir], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert life.returncode == 0, life.stderr
