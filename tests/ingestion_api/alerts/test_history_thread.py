"""The thread that reads Prometheus: no refused query and no other clock costs an incident its history."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from ingestion_api.alerts.coverage import PollCoverage
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.fingerprint import fingerprint
from ingestion_api.alerts.history_thread import HistoryThread
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.clock import utc_now
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.signals import SignalFile
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from prometheus.thresholds import FILE
from tests.ingestion_api.alerts.test_webhook import notice

OURS = {"alertname": "QueueFull", "severity": "warning", "lane": "fast"}
SITE = {"site": "rock"}


class Tower(BaseHTTPRequestHandler):
    """A Prometheus by a clock of its own, which refuses queries of one signal."""

    ahead = timedelta(0)
    refused = "nothing"
    fired: tuple[tuple[float, float], ...] = ()  # when OURS fired, in Unix times

    def do_GET(self) -> None:
        """Respond."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        query = asked["query"]
        if self.refused in query:
            self.send_error(422)
            return
        since, until = self._asked_span(query, asked)
        times = [at for start, end in self.fired for at in _every(start, end) if since <= at <= until]
        if query.startswith("last_over_time") and times:
            times = [float(asked["start"])]
        found = [{"metric": OURS, "values": [[at, "1"] for at in times]}] if times else []
        self.send_response_only(200)
        self.send_header("Date", format_datetime(datetime.now(UTC) + self.ahead, usegmt=True))
        self.end_headers()
        self.wfile.write(json.dumps({"data": {"result": found}}).encode())

    @staticmethod
    def _asked_span(query: str, asked: dict[str, str]) -> tuple[float, float]:
        if query.startswith("last_over_time(ALERTS"):
            return float(asked["end"]) - 300, float(asked["end"])
        if not query.startswith("ALERTS"):
            return 0, 0
        end = float(asked["time"])
        return end - int(query.rpartition("[")[2].removesuffix("s]")), end

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _every(start: float, end: float) -> list[float]:
    return [start + 0.25 * number for number in range(int((end - start) / 0.25))]


@contextmanager
def tower(**lies: Any) -> Iterator[str]:
    """The address of a Prometheus that says this."""
    handler = type("Handler", (Tower,), lies)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def history(store: Store, coverage: PollCoverage | None = None, **lies: Any) -> Iterator[HistoryThread]:
    """The thread, which is not started, before such a Prometheus."""
    covered = coverage or PollCoverage(store, timedelta(minutes=1))
    with tower(**lies) as url:
        thread = HistoryThread(store, IncidentFeed(), covered, SignalFile(FILE), utc_now)
        thread._api = PrometheusApi(url)
        yield thread
        thread.stop()


def tell(store: Store, start: datetime, signal: str, name: str = "a1") -> None:
    """Let Alertmanager tell of an alert."""
    alerts = read_alerts([notice(fingerprint=name, start=start.isoformat(), signal=signal)]).alerts
    store_alerts(store, IncidentFeed(), Delivery(alerts, "", utc_now()))


def evidence(store: Store) -> list[str]:
    """What is known of the evidence of each incident."""
    with store.read() as session:
        return [*session.scalars(select(Alert.evidence).order_by(Alert.id))]


def test_what_prometheus_has_not_recorded_yet_is_not_read(store: Store) -> None:
    """Its clock is five minutes behind: the value at the start was read too early, and never again."""
    behind = timedelta(minutes=-5)
    tell(store, utc_now() + behind - timedelta(seconds=5), "pool_use")
    tell(store, utc_now() + behind - timedelta(seconds=40), "pool_use", "b2")
    with history(store, ahead=behind) as thread:
        thread.run_once()
    assert evidence(store) == ["pending", "start"]


def test_an_incident_that_cannot_be_read_holds_up_no_other(store: Store) -> None:
    """It was tried again and again before all that came after it."""
    began = utc_now() - timedelta(minutes=1)
    tell(store, began, "pool_use")
    tell(store, began, "backend_up", "b2")
    with history(store, refused="pool_use") as thread:
        for expected in ("pending", "pending", "none"):
            with pytest.raises(Unavailable):
                thread.run_once()
            assert evidence(store) == [expected, "start"]
        thread.run_once()


def test_a_prometheus_that_is_away_costs_no_evidence(store: Store) -> None:
    tell(store, utc_now() - timedelta(minutes=1), "pool_use")
    with history(store) as thread:
        thread._api = PrometheusApi("http://127.0.0.1:1")
        for _ in range(5):
            with pytest.raises(Unavailable):
                thread.run_once()
    assert evidence(store) == ["pending"]


@pytest.mark.parametrize("minutes", [-5, 0, 5])
def test_a_gap_is_read_by_the_clock_of_prometheus_and_by_the_labels_of_before(
    store: Store, minutes: int
) -> None:
    """After a restart of the whole machine Alertmanager knows nothing that tells the external labels."""
    now, ahead = time.time(), timedelta(minutes=minutes)
    begun = now - 600 + ahead.total_seconds()
    before, within = (begun - 20, begun + 60), (begun + 300, begun + 310)
    labels = {**OURS, **SITE}
    told = {
        **notice("firing", fingerprint(labels), datetime.fromtimestamp(before[0], UTC).isoformat()),
        "labels": labels,
    }
    store_alerts(store, IncidentFeed(), Delivery(read_alerts([told]).alerts, "", utc_now()))
    coverage = PollCoverage(store, timedelta(minutes=1))
    for at in (now - 600, now):
        coverage.extend([], datetime.fromtimestamp(at, UTC))
    with history(store, coverage, ahead=ahead, fired=(before, within)) as thread:
        thread.run_once()
    with store.read() as session:
        found = session.scalars(select(Alert).order_by(Alert.starts_at)).all()
    assert [(it.labels, it.known_by, it.end_known_by) for it in found] == [
        (labels, "told", "history"),
        (labels, "history", "history"),
    ]
    assert [it.ends_at and round(it.ends_at.timestamp() - begun) for it in found] == [60, 310]


def test_what_ended_right_before_the_end_of_a_gap_is_found_later(store: Store) -> None:
    """Its last samples were so young that it might have gone on, and nobody looked again."""
    now = time.time()
    coverage = PollCoverage(store, timedelta(minutes=1))
    for at in (now - 600, now - 130):
        coverage.extend([], datetime.fromtimestamp(at, UTC))
    with history(store, coverage, fired=((now - 140, now - 131), (now - 100, now - 90))) as thread:
        thread.run_once()
        assert evidence(store) == []
        thread.run_once()
    assert len(evidence(store)) == 1
