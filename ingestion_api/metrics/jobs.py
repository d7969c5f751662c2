"""Metrics that are read from SQL at each scrape, so they are the same after a restart and in every copy."""

import logging
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.firing import firing_by_severity
from ingestion_api.jobs.states import ACTIVE, ENDED, KINDS, PENDING, has_state
from ingestion_api.metrics.clocks import clock_difference
from ingestion_api.metrics.job_totals import DURATION_BUCKETS, Durations, JobTotals, JobTotalsReader
from ingestion_api.metrics.level_overrides import override_metrics
from ingestion_api.service import Service
from ingestion_api.store.removed_totals import ROWS
from ingestion_api.store.tables import Job
from ingestion_api.workers import DEGRADED, OFFLINE, ONLINE, heartbeat_timeouts, worker_states

log = logging.getLogger(__name__)

REMOVABLE = ("alerts", "jobs", "audit_log")  # tables with a retention


class JobMetrics(Collector):
    """Jobs, their durations, the queue, the workers, the alerts that fire, the levels that are set."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._totals = JobTotalsReader()

    def describe(self) -> list[Metric]:
        """Nothing: registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read everything in one session of the database; nothing but its absence when it is away."""
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
            totals = self._totals.read(session)
            yield from _job_metrics(totals)
            yield _duration_histogram(totals.durations)
            yield _oldest_waiting(session, service)
            yield _worker_metrics(session, service)
            yield from _alert_metrics(session)
            yield from _webhook_metrics(service)
            yield _removed_rows(totals)
            yield override_metrics(session, service.clock())
        limit = GaugeMetricFamily("ops_service_queue_capacity", "Ingestion jobs that may wait.")
        limit.add_metric([], service.settings.queue_limit)
        yield limit
        yield clock_difference(service)


def _job_metrics(totals: JobTotals) -> Iterator[Metric]:
    active = GaugeMetricFamily("ops_service_jobs", "Jobs that are not ended.", labels=["kind", "state"])
    ended = CounterMetricFamily("ops_service_jobs_ended", "Jobs that have ended.", labels=["kind", "state"])
    for kind in KINDS:
        for state in ACTIVE:
            active.add_metric([kind, state], totals.counts.get((kind, state), 0))
        for state in ENDED:
            ended.add_metric([kind, state], totals.counts.get((kind, state), 0))
    yield active
    yield ended
    yield _counter("ops_service_files_processed", "Files that ingestions have read.", totals.files)
    yield _counter("ops_service_embeddings_generated", "Sparse vectors that were made.", totals.embeddings)
    yield _counter("ops_service_jobs_lost", "Times a job lost its worker.", totals.losses)


def _counter(name: str, about: str, value: float) -> Metric:
    family = CounterMetricFamily(name, about)
    family.add_metric([], float(value))
    return family


def _duration_histogram(found: Iterable[Durations]) -> Metric:
    family = HistogramMetricFamily(
        "ops_service_job_duration_seconds", "Time from the last start of a job to its end.", labels=["kind"]
    )
    for it in found:
        buckets = [(str(bound), float(n)) for bound, n in zip(DURATION_BUCKETS, it.cumulated, strict=True)]
        family.add_metric([it.kind], [*buckets, ("+Inf", float(it.number))], float(it.seconds))
    return family


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


def _removed_rows(totals: JobTotals) -> Metric:
    family = CounterMetricFamily(
        "ops_service_rows_removed", "Rows removed for their age or number.", labels=["table"]
    )
    for table in REMOVABLE:
        family.add_metric([table], totals.removed.get(f"{ROWS}{table}", 0.0))
    return family
