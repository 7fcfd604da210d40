"""Every room says what it is, and has its place in the layers and in the wheel."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fhir_server"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(PACKAGE)))
def test_every_module_says_in_its_first_line_what_it_is(module):
    says = ast.get_docstring(ast.parse(module.read_text("utf-8")))

    assert says, module
    assert says.splitlines()[0].endswith((".", ",", ":")), says.splitlines()[0]


@pytest.mark.parametrize("room", ROOMS, ids=lambda r: r.name)
def test_every_room_has_a_layer(room):
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

    names = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    assert room.name in names


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "base", "core", "manager", "misc"])
def test_no_module_is_named_for_nothing(name):
    assert [m for m in MODULES if name in {m.stem, m.parent.name}] == []


def test_the_wheel_takes_the_profiles_along():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel["force-include"] == {"profiles": "fhir_server/profiles"}
    assert list((ROOT / "profiles").rglob("*.json"))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(lock):
    text = (ROOT / lock).read_text("utf-8")

    packages = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    assert packages
    assert text.count("--hash=sha256:") >= len(packages)


def test_every_dependency_is_locked():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {normal(line.split("==")[0]) for line in lock.splitlines() if "==" in line}
    wanted = {normal(re.match(r"[\w.-]+", each)[0]) for each in PROJECT["project"]["dependencies"]}

    assert wanted - locked == set()


def normal(name):
    return re.sub(r"[-_.]+", "-", name.strip()).lower()
