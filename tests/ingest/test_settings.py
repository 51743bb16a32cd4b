from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.errors import SettingsInvalid
from ingest.settings import load_settings


def test_options_go_before_the_environment_and_none_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITED_DATA_DIR", "/from/environment")
    monkeypatch.setenv("CITED_PORT", "8000")
    settings = load_settings(data_dir=Path("/from/option"), port=None)
    assert settings.data_dir == Path("/from/option")
    assert settings.port == 8000
    assert settings.models_dir == Path("/from/option/models")


def test_the_data_directory_is_the_users_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITED_DATA_DIR")
    assert load_settings().data_dir.name == "cited-assistant"


@pytest.mark.parametrize("name", ["CITED_DATADIR", "cited_encodr", "CITED_"])
def test_an_unknown_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsInvalid, match="there is no such setting; unset it, or use one of CITED_") as caught:
        load_settings()
    assert caught.value.where == name


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("PORT", "x"), ("ALLOW_DOWNLOADS", "perhaps")])
def test_an_impossible_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CITED_{name}", value)
    with pytest.raises(SettingsInvalid, match="correct its value") as caught:
        load_settings()
    assert caught.value.where == f"CITED_{name}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]
