"""What installs the dashboards: sources by the uids that they name, a folder that nobody edits, a home."""

from typing import Any

import yaml

from grafana.write import GENERATED
from stack.settings import ROOT
from tests.grafana.files import dashboards

PROVISIONING = ROOT / "grafana" / "provisioning"


def read(path: str) -> Any:
    """A file of the provisioning."""
    return yaml.safe_load((PROVISIONING / path).read_text())


def test_the_data_sources_are_those_that_dashboards_name() -> None:
    sources = {it["uid"]: it for it in read("datasources/watchroom.yml")["datasources"]}
    assert {uid: it["type"] for uid, it in sources.items()} == {
        "prometheus": "prometheus", "alertmanager": "alertmanager",
    }  # fmt: skip
    assert sources["alertmanager"]["jsonData"]["implementation"] == "prometheus"
    assert not any(it["editable"] for it in sources.values())
    for board in dashboards().values():
        chosen = next(it for it in board["templating"]["list"] if it["name"] == "datasource")
        assert chosen["current"]["value"] == "prometheus"


def test_the_lists_of_alerts_ask_a_data_source_by_its_name() -> None:
    names = {it["name"] for it in read("datasources/watchroom.yml")["datasources"]}
    lists = [it for board in dashboards().values() for it in board["panels"] if it["type"] == "alertlist"]
    assert lists
    assert {it["options"]["datasource"] for it in lists} <= names


def test_the_interval_is_that_of_the_scrapes() -> None:
    scrape = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["global"]["scrape_interval"]
    [source] = [it for it in read("datasources/watchroom.yml")["datasources"] if it["uid"] == "prometheus"]
    assert source["jsonData"]["timeInterval"] == scrape


def test_the_dashboards_cannot_be_edited_and_lie_in_one_folder() -> None:
    [provider] = read("dashboards/watchroom.yml")["providers"]
    assert (provider["folder"], provider["allowUiUpdates"], provider["disableDeletion"]) == (
        "Watchroom",
        False,
        True,
    )
    assert provider["options"]["path"] == f"$WATCHROOM_ROOT/{GENERATED.relative_to(ROOT)}"


def test_home_is_the_overview_and_strangers_stay_out() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    home = compose["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / home.removeprefix("/watchroom/")).is_file()
    assert compose["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "${GRAFANA_ANONYMOUS:-false}"
