import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.errors import SettingsInvalid
from ingest.settings import Settings, load_settings


def test_options_override_the_environment_unless_they_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITED_DATA_DIR", "/from/environment")
    monkeypatch.setenv("CITED_PORT", "8000")
    settings = load_settings(data_dir=Path("/from/option"), port=None)
    assert settings.data_dir == Path("/from/option")
    assert settings.port == 8000
    assert settings.models_dir == Path("/from/option/models")


def test_the_data_directory_defaults_to_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CITED_DATA_DIR")
    assert load_settings().data_dir.name == "cited-assistant"


@pytest.mark.parametrize("name", ["CITED_DATADIR", "cited_encodr", "CITED_"])
def test_an_unknown_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsInvalid, match="unknown setting; unset it, or use one of CITED_") as caught:
        load_settings()
    assert caught.value.where == name


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("PORT", "x"), ("ALLOW_DOWNLOADS", "perhaps")])
def test_an_invalid_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CITED_{name}", value)
    with pytest.raises(SettingsInvalid, match="correct the value") as caught:
        load_settings()
    assert caught.value.where == f"CITED_{name}"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]


def test_the_readme_names_every_setting() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ")[0] for row in readme.splitlines() if row.startswith("| `CITED_")]
    named = re.findall(r"`CITED_(\w+)`", " ".join(rows))
    assert sorted(name.lower() for name in named) == sorted(Settings.model_fields)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://u:p@chroma.example.org/path/", "http://[::1]:8000/"])
def test_the_address_of_a_chroma_server_is_taken(url: str) -> None:
    assert load_settings(chroma_url=url).chroma_url == url.rstrip("/")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://chroma", "http://", "http://a b", "http://chroma:x"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="CITED_CHROMA_URL: .* is not an address such as http://127.0.0.1:8000"):
        load_settings(chroma_url=url)
