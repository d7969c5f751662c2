"""How often each source is polled and how long a poll may take, from the settings."""

from typing import Any

import pytest
from pydantic import SecretStr

from exporter.poll_policy import PollPolicy
from exporter.settings import AnomalySettings, LimitSettings, ServiceSettings
from exporter.settings_queues import CelerySettings, IngestionSettings
from exporter.settings_stores import DatabaseSettings, RedisSettings
from exporter.sources.base import BaseSource
from exporter.sources.broker.source import BrokerSource
from exporter.sources.cache.source import CacheSource
from exporter.sources.database.source import DatabaseSource
from exporter.sources.ingestion.source import IngestionSource
from exporter.sources.ingestion_service import ServiceSource
from exporter.sources.prometheus.source import PrometheusSource

URL = "redis://127.0.0.1:1"
POSTGRES = SecretStr("postgresql://127.0.0.1:1/x")


def broker(**settings: Any) -> BrokerSource:
    """A source of the broker, not opened."""
    url = SecretStr(URL)
    return BrokerSource(CelerySettings(broker_url=url, results_url=url, timeout=2.0, period=40.0, **settings))


def paces(source: BaseSource) -> dict[str, PollPolicy]:
    """The policy of each poller, by name."""
    return {poller.name: poller.policy for poller in source.pollers() if poller.configured}


def test_the_broker_is_polled_fast_and_its_workers_seldom() -> None:
    found = paces(broker(fast_period=0.5, inspect_period=9.0, results_period=70.0))
    assert found["broker PING"] == PollPolicy(6.0, min_interval=0.5)
    assert found["broker queue lengths"] == PollPolicy(2.0, min_interval=0.5)
    assert found["broker unacked messages"] == PollPolicy(2.0, min_interval=1.0)
    assert found["broker oldest messages"] == PollPolicy(2.0, interval=1.0)
    assert found["broker bindings"] == PollPolicy(4.0, interval=40.0)
    assert found["worker inspection"] == PollPolicy(10.0, interval=9.0, max_backoff=60.0)
    assert found["result backend"] == PollPolicy(15.0, interval=70.0, max_backoff=60.0)
    assert paces(broker(fast_period=3.0))["broker unacked messages"].min_interval == 3.0


def test_the_cache_is_scanned_seldom() -> None:
    url = SecretStr(URL)
    source = CacheSource(RedisSettings(url=url, timeout=2.0, fast_period=0.5, keys_period=80, keys_seconds=5))
    found = paces(source)
    assert found["cache PING"] == PollPolicy(6.0, min_interval=0.5)
    assert found["cache keys"] == PollPolicy(9.0, interval=80.0, backoff_base=10.0, max_backoff=80.0)
    assert (source.database, CacheSource(RedisSettings()).database) == ("db0", "db0")


@pytest.mark.parametrize(("fast", "worker", "ping"), [(0.5, 8.0, 0.4), (9.0, 9.0, 0.4), (0.1, 8.0, 0.1)])
def test_the_ingestion_queue_is_polled_fast_and_its_history_often(
    fast: float, worker: float, ping: float
) -> None:
    settings = IngestionSettings(url=SecretStr(URL), timeout=2.0, fast_period=fast, period=8.0)
    found = paces(IngestionSource(settings, CelerySettings(fast_period=0.4)))
    assert found["ingestion queue PING"].min_interval == ping
    assert found["ingestion queues"] == PollPolicy(2.0, min_interval=fast)
    assert found["ingestion worker"] == PollPolicy(2.0, min_interval=worker)
    assert found["ingestion history"] == found["ingestion jobs"] == PollPolicy(2.0, interval=8.0)


def test_reads_of_the_database_may_wait_for_each_other() -> None:
    settings = DatabaseSettings(
        url=POSTGRES, timeout=2.0, slow_timeout=10.0, fast_period=0.5, period=40.0, statistics_period=5.0,
        rows_period=50.0,
    )  # fmt: skip
    found = paces(DatabaseSource(settings))
    assert found["database ping"] == PollPolicy(86_400.0, min_interval=0.5, max_cost_backoff=20.0)
    assert found["database activity"] == found["database locks"] == PollPolicy(5 + 9 * 2.0, interval=5.0)
    assert found["database WAL"] == PollPolicy(40 + 9 * 2.0, interval=40.0)
    tables = PollPolicy(40 + 9 * 10.0, interval=40.0, backoff_base=1.0, max_backoff=15.0)
    assert found["database tables"] == found["database indexes"] == tables
    rows = PollPolicy(50 + 9 * 10.0, interval=50.0, backoff_base=1.0, max_backoff=15.0)
    assert found["database feedback"] == found["database rows created"] == rows


def test_a_file_is_read_without_what_only_a_server_has() -> None:
    found = paces(DatabaseSource(DatabaseSettings(url=SecretStr("sqlite:///x.db"))))
    assert "database tables" in found
    assert not found.keys() & {"database activity", "database WAL", "database indexes", "database statements"}


def test_the_service_is_polled_at_its_two_periods() -> None:
    found = paces(
        ServiceSource(
            ServiceSettings(url="http://127.0.0.1:1", timeout=3.0, period=7.0, embeddings_period=20.0)
        )
    )
    assert found.pop("service embeddings") == PollPolicy(3.0, interval=20.0)
    assert found.keys() == {f"service {name}" for name in ("health", "queue", "history", "workers")}
    assert {*found.values()} == {PollPolicy(3.0, interval=7.0)}


def test_prometheus_is_queried_once_a_period() -> None:
    settings = AnomalySettings(prometheus_url="http://127.0.0.1:1", period=30.0)
    found = paces(PrometheusSource(settings, LimitSettings()))
    pace = PollPolicy(600.0, interval=30.0, backoff_base=1.0, max_backoff=30.0)
    assert found == {"Prometheus ops:watched": pace}


@pytest.mark.parametrize(
    "source",
    [
        BrokerSource(CelerySettings()),
        CacheSource(RedisSettings()),
        IngestionSource(IngestionSettings(), CelerySettings()),
        DatabaseSource(DatabaseSettings()),
        ServiceSource(ServiceSettings()),
        PrometheusSource(AnomalySettings(), LimitSettings()),
    ],
    ids=lambda source: type(source).__name__,
)
def test_a_source_without_an_address_is_not_polled(source: BaseSource) -> None:
    assert [*source.pollers()]
    assert paces(source) == {}
