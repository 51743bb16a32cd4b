"""The files for containers: pinned images, private servers, and two like pages behind the balancer."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
SERVICES = {"balancer", "page1", "page2", "chroma", "postgres"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def test_every_image_has_a_version_and_every_service_a_check(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES
    for name, service in compose["services"].items():
        assert re.fullmatch(r"[a-z-]+:\d+(\.\d+)+(-[a-z]+)?", service["image"]), name
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
    (base,) = re.findall(r"^FROM (.+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base)


def test_only_the_balancer_is_reached_from_outside(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["balancer"]
    private = {name for name, network in compose["networks"].items() if network.get("internal")}
    hidden = {name for name, service in services.items() if set(service["networks"]) <= private}
    assert hidden == SERVICES - {"balancer"}
    assert "servers" not in services["balancer"]["networks"]


def test_the_pages_are_alike_and_the_balancer_knows_both(compose: dict[str, Any]) -> None:
    one, two = ({**compose["services"][name]} for name in ("page1", "page2"))
    assert (one.pop("hostname"), two.pop("hostname")) == ("page1", "page2")
    assert one == two
    assert "/readyz" in one["healthcheck"]["test"][-1]
    proxied = (ROOT / "Caddyfile").read_text()
    assert "reverse_proxy page1:7860 page2:7860 {" in proxied
    assert "lb_policy cookie" in proxied
    assert {volume.split(":")[0] for name in SERVICES for volume in compose["services"][name]["volumes"]} == {
        "./Caddyfile",
        *compose["volumes"],
    }


def test_the_pages_settings_exist(compose: dict[str, Any]) -> None:
    given = compose["services"]["page1"]["environment"]
    names = {name.removeprefix(PREFIX).lower() for name in given if name.startswith(PREFIX)}
    assert names <= set(Settings.model_fields)
    assert given["CITED_CHROMA_URL"] == Settings(chroma_url=given["CITED_CHROMA_URL"]).chroma_url
