"""Metrics that are read from SQL at each scrape, so they are the same after a restart and in every copy."""

import logging
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.firing import firing_by_severity
from ingestion_api.jobs.queries import job_counts
from ingestion_api.jobs.states import (
    ACTIVE,
    COMPLETE,
    EMBEDDINGS,
    ENDED,
    FAILED,
    INGESTION,
    PENDING,
    has_state,
)
from ingestion_api.metrics.level_overrides import override_metrics
from ingestion_api.service import Service
from ingestion_api.store.tables import Job
from ingestion_api.workers import DEGRADED, OFFLINE, ONLINE, heartbeat_timeouts, worker_states

log = logging.getLogger(__name__)

KINDS = (INGESTION, EMBEDDINGS)
DURATION_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)


class JobMetrics(Collector):
    """Jobs, their durations, the queue, the workers, the alerts that fire, the levels that are set."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing: registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read everything from one state of the database; nothing but its absence when it is away."""
        try:
            found = list(self._read())
        except Exception as error:  # noqa: BLE001 - the other metrics of the page are still true
            log.warning("metrics without the database: %s", type(error).__name__)
            found = []
        up = GaugeMetricFamily("ops_service_database_up", "Whether the service's database answered.")
        up.add_metric([], 1.0 if found else 0.0)
        yield from (up, *found)

    def _read(self) -> Iterator[Metric]:
        service = self._service
        with service.store.read() as session:
            yield from _job_metrics(session)
            yield _duration_histogram(session)
            yield _oldest_waiting(session, service)
            yield _worker_metrics(session, service)
            yield from _alert_metrics(session)
            yield from _webhook_metrics(service)
            yield override_metrics(session, service.clock())
        limit = GaugeMetricFamily("ops_service_queue_capacity", "Ingestion jobs that may wait.")
        limit.add_metric([], service.settings.queue_limit)
        yield limit


def _job_metrics(session: Session) -> Iterator[Metric]:
    active = GaugeMetricFamily("ops_service_jobs", "Jobs that are not ended.", labels=["kind", "state"])
    ended = CounterMetricFamily("ops_service_jobs_ended", "Jobs that have ended.", labels=["kind", "state"])
    for kind in KINDS:
        found = job_counts(session, kind)
        for state in ACTIVE:
            active.add_metric([kind, state], found[state])
        for state in ENDED:
            ended.add_metric([kind, state], found[state])
    yield active
    yield ended
    yield from _totals(session)


def _totals(session: Session) -> Iterator[Metric]:
    columns = (func.sum(Job.files_processed), func.sum(Job.embeddings_generated), func.sum(Job.losses))
    files, vectors, losses = session.execute(select(*columns)).one()
    yield _counter("ops_service_files_processed", "Files that ingestions have read.", files)
    yield _counter("ops_service_embeddings_generated", "Sparse vectors that were made.", vectors)
    yield _counter("ops_service_jobs_lost", "Times a job lost its worker.", losses)


def _counter(name: str, about: str, value: float | None) -> Metric:
    family = CounterMetricFamily(name, about)
    family.add_metric([], float(value or 0))
    return family


def _duration_histogram(session: Session) -> Metric:
    family = HistogramMetricFamily(
        "ops_service_job_duration_seconds", "Time from the last start of a job to its end.", labels=["kind"]
    )
    ran = (Job.state.in_((COMPLETE, FAILED)), Job.started_at.is_not(None))
    took = select(Job.kind, _duration_seconds(session).label("seconds")).where(*ran)
    # with an offset the databases find each job's seconds once, not once for each bucket
    each = took.offset(0).subquery().c
    within = [func.sum(case((each.seconds <= bound, 1), else_=0)) for bound in DURATION_BUCKETS]
    query = select(each.kind, func.count(), func.sum(each.seconds), *within).group_by(each.kind)
    for kind, number, total, *cumulated in session.execute(query):
        buckets = [(str(bound), float(n)) for bound, n in zip(DURATION_BUCKETS, cumulated, strict=True)]
        family.add_metric([kind], [*buckets, ("+Inf", float(number))], float(total))
    return family


def _duration_seconds(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(Job.ended_at) - func.julianday(Job.started_at)) * 86_400.0
    return func.extract("epoch", Job.ended_at - Job.started_at)


def _oldest_waiting(session: Session, service: Service) -> Metric:
    family = GaugeMetricFamily("ops_service_oldest_waiting_seconds", "Age of the job that waits longest.")
    oldest = session.scalar(select(func.min(Job.submitted_at)).where(has_state(PENDING)))
    family.add_metric([], (service.clock() - oldest).total_seconds() if oldest else 0.0)
    return family


def _worker_metrics(session: Session, service: Service) -> Metric:
    family = GaugeMetricFamily(
        "ops_service_workers", "Workers by their last heartbeat.", labels=["type", "status"]
    )
    seen = [(w.type, w.status) for w in worker_states(session, heartbeat_timeouts(service), service.clock())]
    for type_ in ("cloud", "edge"):
        for status in (ONLINE, DEGRADED, OFFLINE):
            family.add_metric([type_, status], seen.count((type_, status)))
    return family


def _alert_metrics(session: Session) -> Iterator[Metric]:
    firing = GaugeMetricFamily("ops_service_alerts_firing", "Incidents that fire.", labels=["severity"])
    acknowledged = GaugeMetricFamily(
        "ops_service_alerts_acknowledged", "Incidents that fire and are acknowledged.", labels=["severity"]
    )
    for family, counts in (
        (firing, firing_by_severity(session)),
        (acknowledged, firing_by_severity(session, acknowledged=True)),
    ):
        for severity, number in counts.items():
            family.add_metric([severity], number)
        yield family


def _webhook_metrics(service: Service) -> Iterator[Metric]:
    counters = service.webhook_counters
    yield _counter(
        "ops_service_alerts_refused", "Alerts of the webhook that could not be read.", counters.refused
    )
    truncated = "Alerts that Alertmanager left out of its calls of the webhook."
    yield _counter("ops_service_alerts_truncated", truncated, counters.truncated)
