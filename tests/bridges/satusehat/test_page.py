"""docs/exchange/connect-satusehat.md does what it says, from the simulator to the outage."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import free_port

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "exchange" / "connect-satusehat.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
TOOLS = ("curl", "jq")
OURS = f"""
fhir-server() {{ {shlex.join([sys.executable, "-m", "fhir_server.cli"])} "$@"; }}
python() {{ {shlex.quote(sys.executable)} "$@"; }}
trap 'trap - TERM; kill -- -$$' EXIT
"""
LONGEST_SECONDS = 600


@pytest.mark.slow
@pytest.mark.skipif(None in map(shutil.which, TOOLS), reason="curl or jq is not installed")
def test_every_step_of_the_page(tmp_path):
    steps = "".join(f"{block}\necho; echo '--8<--'\n" for block in BLOCKS)
    server, simulator = free_port(), free_port()
    script = OURS + steps.replace(":8080", f":{server}").replace("8099", str(simulator))
    own = {"PORT": str(server), "DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    own |= {
        "COLUMNS": "200",
        "FHIR_WORKERS": "1",
        "FHIR_THREADS": "4",
        "FHIR_SATUSEHAT_PAUSE": "0.1",
    }

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | own,
        timeout=LONGEST_SECONDS,
        start_new_session=True,
    )

    outputs = done.stdout.split("--8<--")
    assert len(outputs) == len(BLOCKS) + 1, done.stdout + done.stderr
    for block, output in zip(BLOCKS, outputs, strict=False):
        for promised in re.findall(r"^# → (.*)$", block, re.MULTILINE):
            assert promised in output, f"{block}\ngave\n{output}\n{done.stderr}"
