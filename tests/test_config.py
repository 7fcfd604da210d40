"""Secrets may lie in files."""

import pytest

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
