"""Counts of incidents: what ended is counted from what is kept, and gives what counting anew would give."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from ingestion_api.alerts.counts import AlertCounter
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert

START = datetime(2026, 11, 23, tzinfo=UTC)
SEVERITIES, MODULES, STATES = ("critical", "warning"), ("search", "quality"), ("firing", "resolved")


@pytest.fixture
def counter(store: Store) -> AlertCounter:
    with store.write() as session:
        for number, kind in enumerate(product(SEVERITIES, MODULES, STATES)):
            session.add_all(incident(number, copy, *kind) for copy in range(number + 1))
    return AlertCounter(store)


def incident(number: int, copy: int, severity: str, module: str, status: str) -> Alert:
    """One of several of this kind."""
    return Alert(
        fingerprint=f"{number}-{copy}", name="Slow", severity=severity, starts_at=START, status=status,
        ends_at=START + timedelta(minutes=5) if status == "resolved" else None, labels={"module": module},
        annotations={}, generator_url="", receiver="", first_received_at=START, last_received_at=START,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "total", "firing"),
    [
        (AlertFilter(), 36, 16),
        (AlertFilter(severities=["critical"]), 10, 4),
        (AlertFilter(modules=["quality"]), 22, 10),
        (AlertFilter(severities=["warning"], modules=["search"]), 11, 5),
        (AlertFilter(status="resolved"), 20, 0),
        (AlertFilter(status="firing"), 16, 16),
        (AlertFilter(acknowledged=True), 0, 0),
        (AlertFilter(until=START - timedelta(days=1)), 0, 0),
    ],
)
def test_what_a_filter_chooses_is_counted(
    wanted: AlertFilter, total: int, firing: int, counter: AlertCounter
) -> None:
    counts = counter.count_alerts(wanted)
    assert (counts.total, counts.by_status["firing"]) == (total, firing)
    assert counts == counter.count_alerts(wanted)


def test_each_choice_counts_beside_the_others(counter: AlertCounter) -> None:
    counts = counter.count_choices(AlertFilter(status="firing", severities=["critical"]))
    assert counts.by_status == {"firing": 4, "resolved": 6}
    assert (counts.by_severity["critical"], counts.by_severity["warning"]) == (4, 12)
    assert counts.by_module == {"quality": 3, "search": 1}
