"""The levels that operators have set, as Prometheus reads them."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from ingestion_api.preferences import active_overrides, unwatched_signals
from ingestion_api.service import Service


class LevelMetrics(Collector):
    """Only these; where the database is away it raises, so that Prometheus keeps to what it heard last."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing: registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read them from SQL."""
        with self._service.store.read() as session:
            yield override_metrics(session, self._service.clock())
            yield unwatched_metrics(session, self._service.clock())


def override_metrics(session: Session, now: datetime) -> Metric:
    """One series for each level that is set and has not expired."""
    family = GaugeMetricFamily(
        "ops_threshold_override",
        "Level that an operator has set in place of the file's.",
        labels=["signal", "severity"],
    )
    for signal, levels in active_overrides(session, now).items():
        for severity, level in levels.items():
            family.add_metric([signal, severity], level)
    return family


def unwatched_metrics(session: Session, now: datetime) -> Metric:
    """One series for each signal that an operator does not watch."""
    family = GaugeMetricFamily(
        "ops_signal_unwatched", "Whether an operator has set the signal to raise no alert.", labels=["signal"]
    )
    for signal in unwatched_signals(session, now):
        family.add_metric([signal], 1.0)
    return family
