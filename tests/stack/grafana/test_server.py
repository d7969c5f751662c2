"""Where Grafana is found, and what it may do."""

import os
import re
from pathlib import Path

import pytest
import yaml

from stack import settings
from stack.errors import StackError
from stack.grafana.package import ADVICE
from stack.grafana.server import NO_CALLS_HOME, command, environment, find_home, grafana_spec, grafana_url
from stack.settings import ROOT
from tests.stack.grafana.repository import install_stand_in


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GRAFANA", "GF_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty."""
    folder = tmp_path / "usr" / "sbin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_packages_program_has_its_home_in_share(programs: Path, tmp_path: Path) -> None:
    home = tmp_path / "usr" / "share" / "grafana"
    install_stand_in(home)
    (programs / "grafana-server").write_text("#!/bin/sh\n")
    (programs / "grafana-server").chmod(0o755)
    assert find_home(settings.read_settings(run_dir=tmp_path)) == home


@pytest.mark.parametrize("link", [True, False])
def test_an_archives_program_has_its_home_above_bin(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    home = tmp_path / "opt" / "grafana v12"
    program = install_stand_in(home).rename(home / "bin" / "grafana-server")
    if link:
        (programs / "grafana-server").symlink_to(program)
    else:
        monkeypatch.setenv("PATH", str(program.parent))
    chosen = settings.read_settings(run_dir=tmp_path)
    assert find_home(chosen) == home
    assert command(home, chosen)[0] == str(program)


def test_without_one_there_is_no_home(programs: Path, tmp_path: Path) -> None:
    assert find_home(settings.read_settings(run_dir=tmp_path)) is None


def test_newer_ones_are_started_by_their_only_program(tmp_path: Path) -> None:
    program = install_stand_in(tmp_path / "home")
    chosen = settings.read_settings(run_dir=tmp_path)
    assert command(tmp_path / "home", chosen) == (
        str(program), "server", "--homepath", str(tmp_path / "home"),
        "--config", str(tmp_path / "grafana" / "grafana.ini"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("host", "anonymous", "opened"),
    [
        ("127.0.0.1", "true", "http://127.0.0.1:3000"),
        ("127.1.2.3", "true", "http://127.1.2.3:3000"),
        ("::1", "true", "http://[::1]:3000"),
        ("0.0.0.0", "false", "http://127.0.0.1:3000"),  # noqa: S104 - what is tried
        ("192.0.2.7", "false", "http://192.0.2.7:3000"),
    ],
)
def test_only_who_is_on_this_machine_views_without_signing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, anonymous: str, opened: str
) -> None:
    monkeypatch.setenv("GRAFANA_HOST", host)
    chosen = settings.read_settings(run_dir=tmp_path)
    found = environment(chosen)
    assert (found["GF_SERVER_HTTP_ADDR"], found["GF_AUTH_ANONYMOUS_ENABLED"]) == (host, anonymous)
    assert found["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert grafana_url(chosen) == opened
    entry = grafana_spec(chosen)
    assert entry is not None
    assert ("no sign-in" in entry.description) == (anonymous == "true")


def test_a_host_that_is_no_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFANA_HOST", "everywhere")
    with pytest.raises(StackError, match="GRAFANA_HOST is 'everywhere'"):
        settings.read_settings()


@pytest.mark.parametrize("word", ["no", "false", "0"])
def test_it_can_be_left_out(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("GRAFANA", word)
    assert grafana_spec(settings.read_settings()) is None


def test_its_data_dashboards_and_sources_are_those_of_this_run(tmp_path: Path) -> None:
    found = environment(
        settings.read_settings(run_dir=tmp_path, prometheus_port=19090, alertmanager_port=19093)
    )
    data = tmp_path / "grafana"
    assert found["GF_PATHS_DATA"] == str(data)
    assert all(Path(found[f"GF_PATHS_{name}"]).is_relative_to(data) for name in ("LOGS", "PLUGINS"))
    assert Path(found["GF_PATHS_PROVISIONING"], "datasources", "watchroom.yml").is_file()
    assert Path(found["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).is_file()
    assert found["WATCHROOM_ROOT"] == str(ROOT)
    assert found["PROMETHEUS_URL"] == "http://127.0.0.1:19090"
    assert found["ALERTMANAGER_URL"] == "http://127.0.0.1:19093"


def test_nothing_is_sent_home_and_nothing_fetched(tmp_path: Path) -> None:
    found = environment(settings.read_settings(run_dir=tmp_path))
    for name in (
        "GF_ANALYTICS_REPORTING_ENABLED", "GF_ANALYTICS_CHECK_FOR_UPDATES",
        "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "GF_NEWS_NEWS_FEED_ENABLED",
        "GF_PLUGINS_PLUGIN_ADMIN_ENABLED", "GF_SNAPSHOTS_EXTERNAL_ENABLED",
    ):  # fmt: skip
        assert found[name] == "false"
    for name in ("GF_SECURITY_DISABLE_GRAVATAR", "GF_PLUGINS_PREINSTALL_DISABLED"):
        assert found[name] == "true"


def test_the_advice_brings_grafana_with_something_to_show() -> None:
    commands = re.findall(r"`([^`]+)`", ADVICE)
    [containers] = [line for line in commands if line.startswith("docker compose")]
    chosen = set(re.findall(r"--profile (\S+)", containers))
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    started = {name for name, it in services.items() if chosen.issuperset(it.get("profiles", ()))}
    # what Grafana shows comes from these, by the addresses that are set where nobody names another
    assert {"grafana", "prometheus", "exporter", "demo"} <= started
    verbs = (ROOT / "Makefile").read_text()
    manual = (ROOT / "docs" / "operations.md").read_text().partition("\n### Grafana\n")[2]
    for line in commands:
        assert f"`{line}`" in manual.partition("\n### ")[0]
        assert line.startswith("docker") or f"\n{line.removeprefix('make ')}: " in verbs
    assert containers in (ROOT / "docker-compose.yml").read_text().partition("\nname:")[0]


def test_the_one_in_a_container_sends_and_fetches_nothing_either() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    assert NO_CALLS_HOME.items() <= compose["environment"].items()
