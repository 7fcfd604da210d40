"""Secrets may lie in files."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from fhir_server.cli import main
from fhir_server.commands import opening
from fhir_server.config import Settings


def test_a_secret_may_lie_in_a_file(tmp_path):
    (tmp_path / "token").write_text("rahasia\n", "utf-8")

    settings = Settings.from_environment({"FHIR_WHATSAPP_TOKEN_FILE": str(tmp_path / "token")})

    assert settings.whatsapp_token == "rahasia"  # noqa: S105 - invented
    assert "rahasia" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"FHIR_WHATSAPP_TOKEN_FILE": "/nirwana"}, "cannot be read"),
        ({"FHIR_WHATSAPP_TOKEN_FILE": "x", "FHIR_WHATSAPP_TOKEN": "y"}, "both set"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_at_the_start(given, says):
    with pytest.raises(ValueError, match=says):
        Settings.from_environment(given)


def test_only_secrets_come_from_files():
    assert Settings.from_environment({"FHIR_LOG_LEVEL_FILE": "/nirwana"}).log_level == "info"


CREDENTIAL = re.compile(r"secret|passw|credential|(^|_)(key|token|uri)$")
"""A name that says so; ``key_hosts`` and ``token_minutes`` hold no credential."""


def credentials():
    return [
        each
        for each in fields(Settings)
        if CREDENTIAL.search(each.name) or re.search(r"\bsecret\b|token of", each.metadata["says"])
    ]


def test_the_credentials_are_found():
    found = {each.metadata["variable"] for each in credentials()}

    assert {"FHIR_PAGE_KEY", "FHIR_MONGODB_URI", "FHIR_AUDIT_KEY", "FHIR_WHATSAPP_TOKEN"} <= found
    assert "FHIR_KEY_HOSTS" not in found


@pytest.mark.parametrize("each", credentials(), ids=lambda each: each.name)
def test_no_credential_is_shown_and_each_may_lie_in_a_file(each, tmp_path):
    value = "mongodb://fhir:rahasia@db1/"
    (tmp_path / "held").write_text(f"{value}\n", "utf-8")
    variable = f"{each.metadata['variable']}_FILE"

    settings = Settings.from_environment({variable: str(tmp_path / "held")})

    assert getattr(settings, each.name) == value
    assert "rahasia" not in repr(settings)


def test_the_password_of_the_database_is_in_no_refusal():
    settings = Settings(mongodb_uri="http://fhir:rahasia@db1/")

    with pytest.raises(ValueError, match="FHIR_MONGODB_URI") as refused:
        opening.check(settings)

    assert "rahasia" not in str(refused.value)


@pytest.mark.parametrize(
    "uri", ["mongodb://fhir:rahasia@[::1", "mongodb://fhir:rahasia@db1:99999999/?replicaSet=x"]
)
def test_an_address_that_cannot_be_read_is_not_told(uri):
    refused = CliRunner().invoke(main, ["check"], env={"FHIR_MONGODB_URI": uri})

    assert refused.exit_code
    assert "rahasia" not in f"{refused.output}{refused.exception}"


def test_the_documentation_names_every_secret():
    page = (Path(__file__).parents[1] / "docs" / "operations.md").read_text("utf-8")
    told = page.partition("Secrets are never printed")[2].partition("\n## ")[0]

    secret = {each.metadata["variable"] for each in fields(Settings) if not each.repr}

    assert secret == set(re.findall(r"FHIR_[A-Z_]+", told))
