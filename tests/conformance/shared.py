"""HL7's and Synthea's files, which lie beside the repository and not in it."""

import os
import tarfile
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FHIR_SHARED", Path(__file__).parents[3] / "shared"))


def archive(name):
    """Give the files of an archive under shared/r4 by name; skip the test where it is absent."""
    path = SHARED / "r4" / name
    if not path.exists():
        pytest.skip(f"{name} is not in {SHARED / 'r4'}; FHIR_SHARED names the folder of r4/")
    with tarfile.open(path) as archived:
        return {
            Path(member.name).name: archived.extractfile(member).read()
            for member in archived
            if member.isfile() and member.name.endswith(".json")
        }
