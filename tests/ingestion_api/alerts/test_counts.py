"""Counts of incidents: what ended is counted from what is kept, and gives what counting anew would give."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from ingestion_api.alerts import chosen_texts, queries
from ingestion_api.alerts.counts import AlertCounter
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import Order, PageRequest, list_alerts
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


TEXT_FILTERS = (
    AlertFilter(text="slow"),  # all
    AlertFilter(text="part=search"),  # half of them
    AlertFilter(labels={"part": ["search", "quality"]}, severities=["critical"]),
    AlertFilter(labels={"host": ["h0", "h1", "h2", "h3", "h4"]}, status="resolved"),  # most
    AlertFilter(labels={"host": ["h1"]}, acknowledged=False),
    AlertFilter(labels={"host": ["h0", "h2", "h3", "h4"]}, since=START + timedelta(minutes=7)),
    AlertFilter(labels={"host": ["nowhere"]}),
)


@pytest.mark.parametrize("bound", [0, 2, 20_000])
def test_labels_and_words_choose_the_same_however_many_have_them(
    bound: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few incidents are sought and many are passed by; a long list of texts is not handed on."""
    monkeypatch.setattr(chosen_texts, "MAX_LISTED", bound)
    monkeypatch.setattr(queries, "MAX_SORTED", bound)
    known = [various(*kind) for kind in enumerate(product(SEVERITIES, MODULES, STATES, range(6)))]
    with store.write() as session:
        session.add_all(known)
    counter = AlertCounter(store)
    for wanted in TEXT_FILTERS:
        chosen = [it for it in known if is_chosen(wanted, it)]
        counts = counter.count_alerts(wanted)
        assert counts.total == len(chosen)
        assert counts.by_module == Counter(it.module for it in chosen)
        taken = sum(it.status == "firing" and it.acknowledged_at is not None for it in chosen)
        assert (counts.by_status["firing"], counts.firing_acknowledged) == (
            sum(it.status == "firing" for it in chosen), taken
        )  # fmt: skip
        with store.read() as session:
            for order in get_args(Order):
                found = list_alerts(session, wanted, PageRequest(order, START, 100)).alerts
                assert sorted(it.id for it in found) == sorted(it.id for it in chosen)


def various(number: int, kind: tuple[str, str, str, int]) -> Alert:
    """One of each kind on each of some hosts."""
    severity, module, status, host = kind
    alert = incident(number, 0, severity, module, status)
    alert.labels = {"module": module, "part": module, "host": f"h{host}", "severity": severity}
    alert.annotations = {"summary": "Slow."}
    alert.acknowledged_at = START if number % 3 == 0 else None
    if alert.ends_at:
        alert.ends_at += timedelta(minutes=host)
    return alert


def is_chosen(wanted: AlertFilter, alert: Alert) -> bool:
    """What the filter means, in other words."""
    said = f"{alert.labels} {alert.annotations}".lower().replace("': '", "=")
    return (
        wanted.status in (None, alert.status)
        and alert.severity in (wanted.severities or SEVERITIES)
        and all(alert.labels[name] in values for name, values in wanted.labels.items())
        and all(word in said for word in wanted.text.split())
        and wanted.acknowledged in (None, alert.acknowledged_at is not None)
        and (wanted.since is None or alert.ends_at is None or alert.ends_at >= wanted.since)
    )
