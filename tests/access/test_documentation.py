"""docs/access.md says what the code does, and the README connects a hospital."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import running
from tools import build_access

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SECTION = re.search(r"## Connect a hospital\n(.*?)\n## ", README, re.DOTALL)[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)


def test_2_3_the_table_of_who_sees_what_is_the_codes():
    assert build_access.PAGE.read_text("utf-8") == build_access.page()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_hospital_is_connected_by_the_readme_alone(tmp_path):
    own = f'fhir-server() {{ {sys.executable} -m fhir_server.cli "$@"; }}\n'
    with running(tmp_path) as server:
        script = own + "".join(f"{block}\necho; echo '--8<--'\n" for block in BLOCKS)
        script = script.replace("http://127.0.0.1:8080", server.url)
        env = os.environ | {"DATA": str(tmp_path / "data"), "COLUMNS": "200"}
        env["PYTHONPATH"] = str(Path(__file__).parents[2])

        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=env,
        )

    assert done.returncode == 0, done.stderr
    for block, output in zip(BLOCKS, done.stdout.split("--8<--"), strict=False):
        for promised in re.findall(r"^# → (.*)$", block, re.MULTILINE):
            assert promised in output, f"{block}\ngave\n{output}"
