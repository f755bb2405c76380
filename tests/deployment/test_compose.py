"""compose.yaml holds together, gives nginx all it needs and the parts all they can be told, and leaks no secret."""

import re
from typing import Any

import pytest
import yaml

from tests.deployment.web_server import CONFIGURATION, ROOT


def test_every_variable_of_the_configuration_is_given_by_compose() -> None:
    wanted = set()
    for file in CONFIGURATION.glob("*.conf"):
        wanted |= set(re.findall(r"\$\{([A-Z_]+)\}", file.read_text(encoding="utf-8")))
    compose = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert {name for name in wanted if not re.search(rf"^\s+{name}:", compose, re.MULTILINE)} == set()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_compose_refers_only_to_what_it_declares(services: dict[str, Any]) -> None:
    declared = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["volumes"]
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in declared or source.startswith("${TLS_DIR") or (ROOT / source).is_file(), volume


def test_only_the_web_server_is_reachable_from_another_machine(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name != "nginx":
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name


def test_the_search_server_starts_alone_and_without_an_env_file(services: dict[str, Any]) -> None:
    assert "depends_on" not in services["elasticsearch"]
    assert services["elasticsearch"]["ports"] == ["127.0.0.1:${ELASTICSEARCH_PORT:-9200}:9200"]
    # `${NAME:?…}` or `env_file` anywhere would stop every service of the file where there is no .env.
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    assert all(":-" in variable for variable in re.findall(r"\$\{[^}]*\}", text))
    assert "env_file" not in text


def test_every_variable_of_compose_stands_in_the_example(services: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert used == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    for secret in ("SECRET_KEY", "FEED_TOKEN", "SEARCH_TOKEN", "POSTGRES_PASSWORD"):
        assert re.search(rf"^{secret}=$", example, re.MULTILINE), "a secret in the example would end up in production"


def test_compose_says_the_defaults_that_the_readme_says() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("RELEASES_KEPT", "LOG_LEVEL", "LOG_FORMAT", "API_THROTTLE", "SEARCH_THROTTLE"):
        told = re.search(rf"^\| `{name}` \| [^|]+ \| `([^`]+)` \|", readme, re.MULTILINE)
        assert told is not None
        assert f"{name}: ${{{name}:-{told[1]}}}" in text


def test_each_part_holds_the_tokens_it_needs_and_no_other(services: dict[str, Any]) -> None:
    secrets = {"FEED_TOKEN", "SEARCH_TOKEN", "SECRET_KEY"}
    held = {name: secrets & set(service.get("environment", ())) for name, service in services.items()}
    cms = dict.fromkeys(("set-up", "cms", "feed", "schedule", "alerts"), secrets)
    # Every reader reaches the search service: what it holds opens no draft.
    others = {"publisher": {"FEED_TOKEN"}, "preview": {"FEED_TOKEN"}, "search": {"SEARCH_TOKEN"}}
    assert {name: tokens for name, tokens in held.items() if tokens} == cms | others


def test_nginx_is_given_every_file_it_is_made_of(services: dict[str, Any]) -> None:
    mounted = {volume.split(":")[0].rpartition("/")[2] for volume in services["nginx"]["volumes"]}
    # The image has no module for brotli.
    assert {file.name for file in CONFIGURATION.glob("*.conf")} - mounted == {"brotli.conf"}


def test_git_keeps_the_secrets_out() -> None:
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
