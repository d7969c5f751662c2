"""What fired and ended while the service was away comes from Prometheus' own history, and only once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from ingestion_api.alerts.coverage import PollCoverage
from ingestion_api.alerts.feed import IncidentChange, IncidentFeed
from ingestion_api.alerts.fingerprint import fingerprint
from ingestion_api.alerts.gap import Filled, Known, fill_gap
from ingestion_api.alerts.prometheus_history import HistoryReader, PastFiring, external_labels
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.notices.journal import newest_notices
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from tests.ingestion_api.alerts.test_webhook import notice
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.processes import AUTHORIZED, TOKEN, ServiceProcess, environment
from tests.servers.fixtures import StartAlertmanager, StartPrometheus, started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

LABELS = {"alertname": "QueueFull", "severity": "warning"}
NAME = fingerprint(LABELS)
NOBODY = Known({}, {}, MORNING + timedelta(hours=3))


def past(start: int, end: int) -> PastFiring:
    """An interval, in minutes after the morning."""
    return PastFiring(LABELS, MORNING + timedelta(minutes=start), MORNING + timedelta(minutes=end))


def told(store: Store, status: str, start: int, end: int = 0) -> None:
    """Let Alertmanager tell of it."""
    times = {
        "startsAt": (MORNING + timedelta(minutes=start)).isoformat(),
        "endsAt": (MORNING + timedelta(minutes=end)).isoformat(),
    }
    alerts = read_alerts([notice(status, NAME) | {"labels": LABELS} | times]).alerts
    store_alerts(store, IncidentFeed(), Delivery(alerts, "", MORNING + timedelta(hours=2)))


def ends(store: Store) -> list[tuple[float, float | None, str, str | None]]:
    """Start and end in minutes after the morning, and how they are known."""
    with store.read() as session:
        rows = session.scalars(select(Alert).order_by(Alert.starts_at)).all()
    return [
        (
            (it.starts_at - MORNING).total_seconds() / 60,
            (it.ends_at - MORNING).total_seconds() / 60 if it.ends_at else None,
            it.known_by,
            it.end_known_by,
        )
        for it in rows
    ]


def test_what_nobody_told_is_added_once_and_what_is_told_later_holds(store: Store) -> None:
    feed = IncidentFeed()
    assert fill_gap(store, feed, [past(1, 5), past(10, 20)], NOBODY) == Filled(2, 0)
    assert fill_gap(store, feed, [past(1, 5), past(10, 20)], NOBODY) == Filled(0, 0)
    with store.read() as session:
        assert None not in session.scalars(select(Alert.text_id)).all()
    told(store, "resolved", 10, 19)
    assert ends(store) == [(1, 5, "history", "history"), (10, 19, "history", "told")]
    assert fill_gap(store, feed, [past(10, 20)], NOBODY) == Filled(0, 0)


def test_what_was_missed_is_told_as_an_end_and_wakes_the_pages_once(store: Store) -> None:
    feed, published = IncidentFeed(), list[IncidentChange]()
    feed.subscribe(published.append)
    for _ in range(2):
        fill_gap(store, feed, [past(1, 5)], NOBODY)
    with store.read() as session:
        [kept] = newest_notices(session, 10)
        assert (kept.kind, kept.name, kept.severity) == ("ended", "QueueFull", "warning")
        assert kept.at == MORNING + timedelta(minutes=5)
        assert (
            kept.summary == "It fired while the service or Alertmanager was away; Prometheus' history has it."
        )
    assert [(it.kind, it.alert_id) for it in published] == [("ended", kept.alert_id)]


def test_an_end_that_was_found_late_is_corrected_and_one_that_was_told_is_not(store: Store) -> None:
    told(store, "firing", 0)
    told(store, "firing", 30)
    assert ends(store)[0] == (0, 30, "told", "superseded")
    assert fill_gap(store, IncidentFeed(), [past(0, 7)], NOBODY) == Filled(0, 1)
    assert ends(store)[0] == (0, 7, "told", "history")
    told(store, "resolved", 0, 8)
    fill_gap(store, IncidentFeed(), [past(0, 7)], NOBODY)
    assert ends(store)[0] == (0, 8, "told", "told")


def test_what_alertmanager_still_knows_is_not_ended(store: Store) -> None:
    """Prometheus itself may have been away."""
    told(store, "firing", 0)
    known = Known({NAME: MORNING}, {}, NOBODY.now)
    assert fill_gap(store, IncidentFeed(), [past(0, 7)], known) == Filled(0, 0)
    assert fill_gap(store, IncidentFeed(), [past(0, 7)], NOBODY) == Filled(0, 1)
    assert ends(store) == [(0, 7, "told", "history")]


def test_a_long_time_without_a_poll_is_a_gap(store: Store) -> None:
    coverage = PollCoverage(store, timedelta(minutes=1))
    assert gap_of(coverage, 0) is None
    assert gap_of(coverage, 0.9) is None
    assert gap_of(coverage, 9) == (0.9, 9)
    close(coverage)
    assert gap_of(coverage, 9.5) is None


def test_a_restart_and_a_poll_that_failed_leave_a_gap_however_short(store: Store) -> None:
    """Alertmanager never tells of what fired and ended before a notice of it could be delivered."""
    coverage = PollCoverage(store, timedelta(minutes=1))
    assert gap_of(coverage, 0) is None
    coverage = PollCoverage(store, timedelta(minutes=1))
    assert gap_of(coverage, 0.2) == (0, 0.2)
    close(coverage)
    coverage.interrupt()
    assert gap_of(coverage, 0.4) == (0.2, 0.4)
    close(coverage)
    assert gap_of(coverage, 0.5) is None


def gap_of(coverage: PollCoverage, minutes: float) -> tuple[float, float] | None:
    """The gap after a poll so many minutes after the morning, from when to when."""
    coverage.extend([], MORNING + timedelta(minutes=minutes))
    if coverage.gap is None:
        return None
    since, until = ((it - MORNING) / timedelta(minutes=1) for it in (coverage.gap.since, coverage.gap.until))
    return since, until


def close(coverage: PollCoverage) -> None:
    """Let the gap be filled."""
    assert coverage.gap
    coverage.close_gap(coverage.gap)


RULES = """
groups:
- name: quick
  interval: 250ms
  rules:
  - alert: Pulse
    expr: vector(time() % 5) < 2
    labels: {severity: warning, lane: fast}
  - alert: Always
    expr: vector(1)
    labels: {severity: info, lane: fast}
"""


@pytest.mark.timeout(180)
def test_a_real_gap_is_filled_and_nothing_is_there_twice(
    tmp_path: Path,
    redis_server: RedisServer,
    alertmanager: StartAlertmanager,
    prometheus: StartPrometheus,
    free_port: Callable[[], int],
) -> None:
    """The service is killed while alerts fire and end; its history is that of Prometheus."""
    (tmp_path / "rules.yml").write_text(RULES)
    port = free_port()
    bell = alertmanager(_alertmanager(port))
    tower = prometheus(
        {
            "global": {"external_labels": {"site": "rock"}},
            "rule_files": [str(tmp_path / "rules.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{bell.port}"]}]}]},
        },
        "--rules.alert.resend-delay=1s",
    )
    more = {"alertmanager_url": bell.url, "alertmanager_period": 0.5, "prometheus_url": tower.url}
    service = ServiceProcess(
        tmp_path / "service.log", environment(tmp_path / "run", redis_server.url, **more)
    )
    service.env["SERVICE_PORT"], service.url = str(port), f"http://127.0.0.1:{port}"
    with started(service):
        eventually(lambda: _incidents(service, "Pulse"), within=20)
        service.kill()
        away = datetime.now(UTC)
        eventually(lambda: datetime.now(UTC) - away > timedelta(seconds=9), within=12)
        service.start()
        eventually(lambda: any(it["known_by"] == "history" for it in _incidents(service, "Pulse")), within=20)
        api = PrometheusApi(tower.url)
        now = datetime.now(UTC).timestamp()
        assert external_labels(api, [_incidents(service, "Always")[0]["labels"]], now) == {"site": "rock"}
        past = [it for some in HistoryReader(api).read(now - 120, now) for it in some]
        api.close()
        found = _incidents(service, "Pulse")
        spans = [
            (
                datetime.fromisoformat(it["starts_at"]),
                datetime.fromisoformat(it["ends_at"] or "2099-01-01T00:00:00Z"),
            )
            for it in found
        ]
        lost = [
            it
            for it in past
            if it.labels["alertname"] == "Pulse"
            and spans[0][0] < it.start < datetime.fromtimestamp(now - 8, UTC)
            and not any(start < it.end and it.start < end for start, end in spans)
        ]
        assert lost == []
        for earlier, later in pairwise(found):
            assert earlier["ends_at"] < later["starts_at"], (earlier, later)
        assert len(_incidents(service, "Always")) == 1
        assert {it["labels"]["site"] for it in found} == {"rock"}


def _alertmanager(port: int) -> dict[str, Any]:
    hook = {
        "url": f"http://127.0.0.1:{port}/api/v1/alerts/webhook",
        "http_config": {"authorization": {"credentials": TOKEN}},
        "send_resolved": True,
    }
    route = {"receiver": "watchroom", "group_by": ["..."], "group_wait": "0s", "group_interval": "250ms"}
    return {"route": route, "receivers": [{"name": "watchroom", "webhook_configs": [hook]}]}


def _incidents(service: ServiceProcess, name: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{service.url}/api/v1/alerts", params={"limit": 500}, headers=AUTHORIZED, timeout=10)
    found = [it for it in answer.json()["alerts"] if it["name"] == name]
    return sorted(found, key=lambda it: str(it["starts_at"]))
