"""What is read of a real Alertmanager."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from alertmanager import inhibitions
from ingestion_api.alerts import webhook
from ingestion_api.alerts.alertmanager_api import AlertmanagerApi
from tests.alertmanager.alertmanager_process import push
from tests.servers.fixtures import started
from tests.servers.prometheus_server import AlertmanagerServer

CONFIG = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


def test_the_inhibitor_is_no_incident(tmp_path: Path) -> None:
    assert webhook.INHIBITOR == inhibitions.INHIBITOR
    alerts = [{"alertname": name, "severity": "info"} for name in ("DatabaseDown", inhibitions.INHIBITOR)]
    with (
        started(AlertmanagerServer(tmp_path, CONFIG)) as server,
        closing(AlertmanagerApi(server.url)) as api,
    ):
        push(server, alerts)
        state = api.state()
    assert [it.notice.labels["alertname"] for it in state.alerts] == ["DatabaseDown"]
    assert state.uptime > timedelta(0)
