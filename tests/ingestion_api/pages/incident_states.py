"""An incident with a drawn timeline, earlier times and a silence, as a state of its page."""

from datetime import UTC, datetime, timedelta

import numpy as np

from ingestion_api.access.bearer import Actor
from ingestion_api.alerts.acknowledge import acknowledge
from ingestion_api.alerts.signal_timeline import SignalTimeline, Subject
from ingestion_api.prometheus_api import SeriesSamples
from ingestion_api.store.tables import Alert
from tests.ingestion_api.pages.browsers import View
from tests.ingestion_api.pages.desk import Desk

STEP = 15.0


class DrawnTimeline:
    """What Prometheus would give: a value that rises over its levels, and two reports that disagreed."""

    def read(self, _: Subject, start: datetime, end: datetime) -> SignalTimeline:
        """The timeline of this time."""
        times = np.arange(start.timestamp(), end.timestamp(), STEP)
        values = 0.03 + 0.03 * np.tanh((times - times[0] - 300) / 60) + 0.004 * np.sin(times)
        levels = {
            name: SeriesSamples({}, times, np.full(times.size, level))
            for name, level in (("warning", 0.02), ("critical", 0.05))
        }
        middle = times[times.size // 3 : -3]
        reports = {("search", "healthy", "down"): middle, ("worker default", "up", "stalled"): times[-9:]}
        return SignalTimeline(times, values, levels, reports)

    def close(self) -> None:
        """Nothing is open."""


def incident_with_a_timeline(desk: Desk, view: View) -> None:
    """An incident of which everything is known."""
    number = desk.put_alert("ApiErrorsHigh", "critical", module="search", signal="api_error_ratio")
    now = datetime.now(UTC)
    with desk.service.store.write() as session:
        alert = session.get_one(Alert, number)
        alert.starts_at = now - timedelta(minutes=14)
        alert.value_at_start, alert.level_at_start, alert.worst_value = 0.051, 0.05, 0.064
        alert.disagreements = {"search": ["healthy", "down"]}
        alert.was_inhibited = True
        for days in (1, 2, 9):
            begun = now - timedelta(days=days)
            session.add(
                Alert(
                    fingerprint=alert.fingerprint, starts_at=begun, ends_at=begun + timedelta(minutes=days),
                    status="resolved", name=alert.name, severity="critical", labels=alert.labels,
                    annotations={}, generator_url="", receiver="", first_received_at=begun,
                    last_received_at=begun,
                )
            )  # fmt: skip
    acknowledge(desk.service, number, "Rolling back.", Actor("anna", "192.0.2.7"), silence=True)
    timelines = desk.service.timelines
    object.__setattr__(desk.service, "timelines", DrawnTimeline())
    try:
        view.go(f"/alerts/{number}")
    finally:
        object.__setattr__(desk.service, "timelines", timelines)
    view.page.get_by_text("The same as a table").click()
