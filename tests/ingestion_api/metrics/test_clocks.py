"""How far the clocks of other servers are from ours: by the Date of their responses."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.alerts.test_history_thread import tower
from tests.ingestion_api.alerts.test_lying_alertmanager import lying
from tests.ingestion_api.metrics.samples import samples
from tests.servers.waiting import eventually

NAME = "ops_service_clock_difference_seconds"


def test_each_clock_is_compared_with_ours(start: Callable[..., TestClient]) -> None:
    behind, ahead = timedelta(seconds=-30), timedelta(minutes=2)
    with tower(ahead=behind) as prometheus, lying(ahead=ahead) as alertmanager:
        client = start(prometheus_url=prometheus, alertmanager_url=alertmanager.url)
        eventually(lambda: {(NAME, "prometheus"), (NAME, "alertmanager")} <= set(samples(client)))
        found = samples(client)
    assert found[NAME, "prometheus"] == pytest.approx(-30, abs=2)
    assert found[NAME, "alertmanager"] == pytest.approx(120, abs=2)


def test_a_server_that_never_responded_has_no_clock(start: Callable[..., TestClient]) -> None:
    client = start(prometheus_url="http://127.0.0.1:1", alertmanager_url="http://127.0.0.1:1")
    assert not [key for key in samples(client) if key[0] == NAME]
