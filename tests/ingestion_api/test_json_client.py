"""Responses of Prometheus and Alertmanager that are not what their APIs document."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ingestion_api.alerts.alertmanager_api import AlertmanagerApi
from ingestion_api.errors import Unavailable
from ingestion_api.json_client import JsonClient
from ingestion_api.prometheus_api import PrometheusApi
from tests.servers.ports import free_port
from tests.stack.stub_server import StubServer

QUERY = "/api/v1/query"


@pytest.fixture
def server() -> Iterator[StubServer]:
    with StubServer() as running:
        yield running


def reason(read: Any) -> str:
    """Why it could not be read."""
    with pytest.raises(Unavailable) as raised:
        read()
    return raised.value.detail


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, "{}", "Tower returned status 503; expected 200."),
        (200, "no JSON", "The response of Tower is not what its API documents."),
        (200, f'"{"x" * 200}"', "The response of Tower is larger than 100 bytes."),
    ],
)
def test_a_response_that_cannot_be_used_says_why(
    server: StubServer, status: int, body: str, said: str
) -> None:
    server.responses["/page"] = (status, body)
    client = JsonClient("Tower", server.url, 5.0, 100)
    assert reason(lambda: client.get("page", {})) == said
    client.close()


def test_a_server_that_refuses_is_named() -> None:
    client = JsonClient("Tower", f"http://127.0.0.1:{free_port()}", 5.0, 100)
    assert reason(lambda: client.get("page", {})) == "Tower does not respond: ConnectError."
    client.close()


@pytest.mark.parametrize(
    "result",
    [None, [7], [{"metric": {}}], [{"metric": {}, "values": []}], [{"metric": {}, "values": [[1, "x"]]}]],
)
def test_series_of_another_shape_are_refused(server: StubServer, result: Any) -> None:
    server.responses[QUERY] = (200, json.dumps({"data": {"result": result}}))
    api = PrometheusApi(server.url)
    assert reason(lambda: api.raw_samples("up", 1.0, 60)).startswith("The response of Prometheus is not")
    api.close()


@pytest.mark.parametrize("alerts", [7, [7], {"a": 1}])
def test_alerts_of_another_shape_are_refused(server: StubServer, alerts: Any) -> None:
    server.responses["/api/v2/status"] = (200, json.dumps({"uptime": "2026-11-23T06:00:00Z"}))
    server.responses["/api/v2/alerts"] = (200, json.dumps(alerts))
    api = AlertmanagerApi(server.url)
    assert reason(api.state).startswith("The response of Alertmanager is not")
    api.close()
