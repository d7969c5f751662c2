"""Alertmanager does not tell of the end of a suppressed alert: polls find it, and never invent one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ingestion_api.alerts.alertmanager_api import AlertmanagerState, KnownAlert, ObservedStarts
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.poller import learned_url
from ingestion_api.alerts.reconcile import Reconciler
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from tests.ingestion_api.alerts.test_webhook import notice
from tests.ingestion_api.conftest import MORNING

LONG = timedelta(days=1)


def alerts(*given: dict[str, Any]) -> Any:
    """What a call brings."""
    return read_alerts(given).alerts


def stored(store: Store) -> list[tuple[str, str | None, str]]:
    """Status, how the end is known, and suppression of each incident."""
    with store.read() as session:
        return [(it.status, it.end_known_by, it.suppression) for it in session.scalars(select(Alert))]


def test_an_end_that_was_not_told_is_found_by_the_second_poll(store: Store) -> None:
    feed = IncidentFeed()
    kinds: list[str] = []
    feed.subscribe(lambda change: kinds.append(change.kind))
    store_alerts(store, feed, Delivery(alerts(notice()), "watchroom", MORNING))
    reconciler = Reconciler(store, feed)
    inhibited = KnownAlert(alerts(notice())[0], "inhibited")
    reconciler.reconcile(AlertmanagerState([inhibited], LONG), MORNING + timedelta(seconds=10))
    assert stored(store) == [("firing", None, "inhibited")]
    reconciler.reconcile(AlertmanagerState([], LONG), MORNING + timedelta(seconds=20))
    assert stored(store) == [("firing", None, "inhibited")]
    reconciler.reconcile(AlertmanagerState([], LONG), MORNING + timedelta(seconds=21))
    assert stored(store) == [("resolved", "reconciled", "")]
    assert kinds == ["started", "ended"]


def test_an_alertmanager_that_was_restarted_ends_nothing_until_it_has_settled(store: Store) -> None:
    store_alerts(store, IncidentFeed(), Delivery(alerts(notice()), "watchroom", MORNING))
    reconciler = Reconciler(store, IncidentFeed())
    for seconds in (10, 20, 30):
        young = AlertmanagerState([], timedelta(seconds=5))
        reconciler.reconcile(young, MORNING + timedelta(seconds=seconds))
    assert stored(store) == [("firing", None, "")]


def test_an_alert_that_was_silenced_from_its_start_is_added(store: Store) -> None:
    reconciler = Reconciler(store, IncidentFeed())
    silenced = KnownAlert(alerts(notice())[0], "silenced")
    reconciler.reconcile(AlertmanagerState([silenced], LONG), MORNING)
    assert stored(store) == [("firing", None, "silenced")]
    with store.read() as session:
        (alert,) = session.scalars(select(Alert))
    assert (alert.known_by, alert.was_silenced, alert.was_inhibited) == ("reconciled", True, False)


def test_no_incident_ends_before_its_start(store: Store) -> None:
    """The clock of Prometheus is four minutes ahead: an end that a poll found lay before the start."""
    start = MORNING + timedelta(minutes=4)
    store_alerts(store, IncidentFeed(), Delivery(alerts(notice(start=start.isoformat())), "", MORNING))
    reconciler = Reconciler(store, IncidentFeed())
    for seconds in (10, 11):
        reconciler.reconcile(AlertmanagerState([], LONG), MORNING + timedelta(seconds=seconds))
    with store.read() as session:
        (alert,) = session.scalars(select(Alert))
    assert (alert.status, alert.ends_at, alert.seconds) == ("resolved", start, 0)


def test_what_was_told_before_the_clock_was_set_back_ends(store: Store) -> None:
    """For as long as the clock had been ahead nothing ended."""
    store_alerts(store, IncidentFeed(), Delivery(alerts(notice()), "", MORNING + timedelta(hours=2)))
    reconciler = Reconciler(store, IncidentFeed())
    for seconds in (10, 11):
        reconciler.reconcile(AlertmanagerState([], LONG), MORNING + timedelta(seconds=seconds))
    assert stored(store) == [("resolved", "reconciled", "")]


def test_an_alert_that_cannot_be_read_is_known_all_the_same(store: Store) -> None:
    store_alerts(store, IncidentFeed(), Delivery(alerts(notice()), "", MORNING))
    reconciler = Reconciler(store, IncidentFeed())
    for seconds in (10, 11, 12):
        state = AlertmanagerState([], LONG, frozenset({"a1"}))
        reconciler.reconcile(state, MORNING + timedelta(seconds=seconds))
    assert stored(store) == [("firing", None, "")]


def test_an_uptime_is_what_was_observed_where_the_clock_was_wrong_at_the_start() -> None:
    """An Alertmanager that has just been started knows no alerts yet, whatever its clock was then."""
    now = [1000.0]
    starts = ObservedStarts(lambda: now[0])
    assert starts.uptime("a", timedelta(hours=9)) == timedelta(hours=9)
    now[0] += 10
    # restarted, with a clock that was an hour behind and has been set since
    assert starts.uptime("b", timedelta(hours=1)) == timedelta(seconds=10)
    now[0] += 400
    assert starts.uptime("b", timedelta(hours=1, seconds=400)) == timedelta(seconds=410)
    # restarted, with a clock that was an hour ahead
    assert starts.uptime("c", timedelta(hours=-1)) == timedelta(0)
    now[0] += 300
    assert starts.uptime("c", timedelta(minutes=-55)) == timedelta(seconds=300)


@pytest.mark.parametrize(
    ("external", "expected"),
    [
        ("http://tower:9093", "http://192.0.2.7:9093"),
        ("https://bell.example/am/", "https://192.0.2.7:443/am/"),
        ("ftp://tower", ""),
        ("http://tower:x", ""),
        ("", ""),
    ],
)
def test_only_the_callers_own_address_is_learned(external: str, expected: str) -> None:
    assert learned_url("192.0.2.7", external) == expected
