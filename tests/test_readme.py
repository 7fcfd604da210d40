"""The tour of the README does what it says: every command, in order, in one shell."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.server import running

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
TOUR = re.search(r"## Five minutes\n(.*?)\n## ", README, re.DOTALL)[1]
BLOCKS = re.findall(r"```sh\n(.*?)```", TOUR, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("tour"), {"DEMO": "1"}) as server:
        yield server


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_tour_does_what_the_readme_says(server):
    script = "".join(f"{block}\necho; echo '--8<--'\n" for block in BLOCKS)
    script = script.replace("http://127.0.0.1:8080", server.url)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    outputs = done.stdout.split("--8<--")
    for block, output in zip(BLOCKS, outputs, strict=False):
        for promised in re.findall(r"^# → (.*)$", block, re.MULTILINE):
            assert promised in output, f"{block}\ngave\n{output}"
