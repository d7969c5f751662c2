"""The configurations in force are the checked-in ones with the addresses of this run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.peer_jobs import with_jobs
from stack import configuration, settings
from stack.errors import StackError
from stack.settings import ROOT, Settings
from stack.target_system import TargetSystem

SOURCE = ROOT / "prometheus" / "prometheus.yml"
ALERTING = ROOT / "alertmanager" / "alertmanager.yml"


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.read_settings(
        run_dir=tmp_path,
        exporter_port=19810,
        prometheus_port=19090,
        alertmanager_port=19093,
        service_port=18090,
        grafana_port=13000,
    )


def jobs(path: Path) -> dict[str, Any]:
    return {it["job_name"]: it for it in yaml.safe_load(path.read_text())["scrape_configs"]}


def aim_of(it: dict[str, Any]) -> str:
    return f"{it['scheme']}://{it['static_configs'][0]['targets'][0]}{it['metrics_path']}"


def test_jobs_of_other_exporters_scrape_the_exporter_in_force(chosen: Settings, tmp_path: Path) -> None:
    source = tmp_path / "prometheus" / "prometheus.yml"
    source.parent.mkdir()
    source.write_text(with_jobs(SOURCE.read_text(), ["fastapi", "redis"]))
    found = jobs(configuration.write_prometheus(source, chosen, TargetSystem("http://127.0.0.1:18000", None)))
    for name in ("fastapi", "redis"):
        assert aim_of(found[name]) == "http://127.0.0.1:19810/metrics"
        assert found[name]["params"] == {"collect[]": [name]}
    assert found["exporter"]["params"] == {"exclude[]": ["redis"]}


def test_every_job_scrapes_the_ports_in_force(chosen: Settings, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ours")
    found = jobs(
        configuration.write_prometheus(SOURCE, chosen, TargetSystem("http://127.0.0.1:18000", token))
    )
    fixed = {name: aim_of(it) for name, it in found.items() if name != "grafana"}
    assert (
        fixed.items()
        >= {
            "exporter": "http://127.0.0.1:19810/metrics",
            "exporter-fast": "http://127.0.0.1:19810/metrics",
            "backend": "http://127.0.0.1:18000/metrics",
            "prometheus": "http://127.0.0.1:19090/metrics",
            "alertmanager": "http://127.0.0.1:19093/metrics",
            "service": "http://127.0.0.1:18090/metrics",
            "service-thresholds": "http://127.0.0.1:18090/metrics/levels",
        }.items()
    )
    # whether there is a Grafana, and when, is not known at the start
    assert "static_configs" not in found["grafana"]
    [source] = found["grafana"]["file_sd_configs"]
    assert source["files"] == [str(tmp_path / "grafana" / "targets.json")]
    assert found["backend"]["authorization"]["credentials_file"] == str(token)
    assert found["exporter-fast"]["scrape_interval"] == "250ms"
    assert found["exporter-fast"]["params"]["collect[]"]


def test_what_is_not_run_is_neither_scraped_nor_notified(chosen: Settings) -> None:
    watched = TargetSystem("http://127.0.0.1:18000", None)
    found = jobs(configuration.write_prometheus(SOURCE, chosen, watched, run=["exporter", "prometheus"]))
    assert not {"service", "service-thresholds", "grafana"} & found.keys()
    path = configuration.write_alertmanager(ALERTING, chosen, run=["exporter", "prometheus"])
    told = [it for it in yaml.safe_load(path.read_text())["receivers"] if "webhook_configs" in it]
    assert told == []
    assert (
        subprocess.run(["amtool", "check-config", str(path)], capture_output=True, check=False).returncode
        == 0
    )


def test_the_links_of_alerts_lead_to_this_run(chosen: Settings) -> None:
    path = configuration.write_prometheus(SOURCE, chosen, TargetSystem("http://127.0.0.1:18000", None))
    labels = yaml.safe_load(path.read_text())["global"]["external_labels"]
    assert labels == {
        "service_url": "http://127.0.0.1:18090",
        "grafana_url": "http://127.0.0.1:13000",
        "runbooks_url": "http://127.0.0.1:19090/user/alerts.html",
    }


def test_a_backend_behind_tls_and_a_prefix_is_scraped_there(chosen: Settings) -> None:
    path = configuration.write_prometheus(SOURCE, chosen, TargetSystem("https://neo.example:8443/base", None))
    backend = jobs(path)["backend"]
    assert aim_of(backend) == "https://neo.example:8443/base/metrics"
    assert "authorization" not in backend


def test_prometheus_accepts_what_is_written(chosen: Settings, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("ours")
    path = configuration.write_prometheus(SOURCE, chosen, TargetSystem("http://127.0.0.1:18000", token))
    checked = subprocess.run(["promtool", "check", "config", str(path)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert yaml.safe_load(path.read_text())["rule_files"] == [str(ROOT / "prometheus" / "rules" / "*.yml")]


def test_alertmanager_accepts_what_is_written(chosen: Settings) -> None:
    path = configuration.write_alertmanager(ROOT / "alertmanager" / "alertmanager.yml", chosen)
    checked = subprocess.run(["amtool", "check-config", str(path)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_a_missing_job_is_reported(chosen: Settings, tmp_path: Path) -> None:
    source = tmp_path / "source.yml"
    source.write_text("scrape_configs: [{job_name: exporter}]")
    with pytest.raises(StackError) as refused:
        configuration.write_prometheus(source, chosen, TargetSystem("http://127.0.0.1:18000", None))
    assert str(refused.value) == f"{source} has no job 'exporter-fast'; expected one under scrape_configs"


@pytest.mark.parametrize(("text", "told"), [("- a list", "holds no mapping"), ("a: [", "cannot be read")])
def test_a_broken_file_is_reported(chosen: Settings, tmp_path: Path, text: str, told: str) -> None:
    source = tmp_path / "source.yml"
    source.write_text(text)
    with pytest.raises(StackError, match=told) as refused:
        configuration.write_alertmanager(source, chosen)
    assert "\n" not in str(refused.value)


def test_addresses_and_files_inside_are_those_of_this_run(tmp_path: Path) -> None:
    source = tmp_path / "alertmanager" / "alertmanager.yml"
    source.parent.mkdir()
    hook = {
        "url": "http://127.0.0.1:8090/api/v1/alerts/webhook",
        "http_config": {"authorization": {"credentials_file": "../.run/service/webhook-token"}},
    }
    other = {"url": "http://127.0.0.1:80901/", "http_config": {"bearer_token_file": "tokens/other"}}
    source.write_text(yaml.safe_dump({"receivers": [{"name": "pages", "webhook_configs": [hook, other]}]}))
    chosen = settings.read_settings(run_dir=tmp_path / "elsewhere", service_port=18090)
    chosen.home.mkdir()
    written = yaml.safe_load(configuration.write_alertmanager(source, chosen).read_text())
    first, second = written["receivers"][0]["webhook_configs"]
    assert first["url"] == "http://127.0.0.1:18090/api/v1/alerts/webhook"
    token = first["http_config"]["authorization"]["credentials_file"]
    assert token == str(tmp_path / "elsewhere" / "service" / "webhook-token")
    assert second["url"] == "http://127.0.0.1:80901/"
    assert second["http_config"]["bearer_token_file"] == str(source.parent / "tokens" / "other")
