"""The page of an incident: its values from a real Prometheus, its timeline, and what holds without."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingestion_api.access.bearer import Actor
from ingestion_api.alerts.acknowledge import acknowledge
from ingestion_api.alerts.evidence import EvidenceReader, value_at_start
from ingestion_api.alerts.signal_timeline import SignalTimeline
from ingestion_api.app import create_app
from ingestion_api.pages.incident_chart import make_chart
from ingestion_api.pages.incident_words import certainty
from ingestion_api.prometheus_api import PrometheusApi, SeriesSamples
from ingestion_api.service import Service
from ingestion_api.signals import SignalFile
from ingestion_api.store.tables import Alert
from prometheus.thresholds import FILE
from tests.ingestion_api.pages.conftest import few_signals
from tests.ingestion_api.pages.desk import TOKEN, desk_settings
from tests.ingestion_api.pages.recorded_incident import Recorded, record
from tests.ingestion_api.pages.visits import Visits
from tests.servers.fixtures import started

LABELS = {
    "alertname": "ApiErrorsHigh", "severity": "critical", "module": "search", "signal": "api_error_ratio",
    "lane": "fast",
}  # fmt: skip
ANNA = Actor("anna", "192.0.2.7")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A Prometheus with the history of an incident."""
    it = record(tmp_path_factory.mktemp("recorded"))
    with started(it.server):
        yield it


@pytest.fixture(scope="module")
def reader(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visits]:
    """Somebody who is signed in at a service that knows this Prometheus; nothing is read by itself."""
    folder = tmp_path_factory.mktemp("reader")
    more = {"thresholds_file": few_signals(folder), "prometheus_url": SecretStr(recorded.server.url)}
    app = create_app(desk_settings(folder, "redis://127.0.0.1:1", **more))
    service: Service = app.state.service
    # its thread would read the evidence before the tests do
    object.__setattr__(service, "history", None)
    with TestClient(app, follow_redirects=False) as client:
        visits = Visits(client, app)
        assert visits.post("/sign-in", token=TOKEN).status_code == 303
        yield visits


def put(reader: Visits, start: datetime, end: datetime | None, **more: str) -> int:
    """Write an incident; its number."""
    assert isinstance(reader.app, FastAPI)
    labels = LABELS | more
    fingerprint = "a1" if labels["severity"] == "critical" else "b2"
    if "alertname" in more:
        fingerprint = labels["severity"]
    alert = Alert(
        fingerprint=fingerprint, starts_at=start, ends_at=end,
        status="resolved" if end else "firing", name=labels["alertname"], severity=labels["severity"],
        labels=labels, generator_url="", receiver="", first_received_at=start, last_received_at=start,
        end_known_by="told" if end else None,
        annotations={
            "summary": "About 8 % of the requests to search fail",
            "description": "About 8 % of the requests to search fail; chance is ruled out.",
            "dashboard_url": "http://grafana.example/d/watchroom-api?var-module=search",
            "runbook_url": "http://docs.example/alerts.html#apierrorshigh",
        },
    )  # fmt: skip
    service: Service = reader.app.state.service
    with service.store.write() as session:
        session.add(alert)
        session.flush()
        return alert.id


def read_evidence(reader: Visits, recorded: Recorded) -> None:
    """Let the service read what Prometheus recorded."""
    service: Service = reader.app.state.service
    api = PrometheusApi(recorded.server.url)
    evidence = EvidenceReader(service.store, api)
    while evidence.read_some(service.signals.known().signals, datetime.now(UTC)):
        pass
    api.close()


def test_the_value_at_the_start_of_a_fast_alert_is_the_one_that_raised_it() -> None:
    signals = SignalFile(FILE).known().signals
    recorded = SignalTimeline(np.array([0.0, 15.0, 30.0]), np.array([0.0, 1.0, 0.9]), {})
    # the rules record every 15 s, and a fast alert fires between
    assert value_at_start(recorded, 0.0, signals["pool_use"]) == 1
    assert value_at_start(recorded, 0.0, signals["backend_files"]) == 0


def test_the_words_of_close_levels_do_not_cover_each_other(recorded: Recorded) -> None:
    start = recorded.start
    times = np.array([start.timestamp() + 15.0 * number for number in range(5)])
    close = {"critical": 1.0, "warning": 0.99}
    levels = {name: SeriesSamples({}, times, np.full(5, level)) for name, level in close.items()}
    alert = Alert(starts_at=start, ends_at=None, severity="critical")
    signal = SignalFile(FILE).known().signals["pool_use"]
    chart = make_chart(
        alert, signal, SignalTimeline(times, np.full(5, 0.5), levels), (start, start + timedelta(minutes=1))
    )
    assert chart
    critical, warning = [line.top for line in chart.lines if line.words]
    assert warning - critical >= 15


def test_the_page_tells_what_since_when_how_grave_and_how_sure(reader: Visits, recorded: Recorded) -> None:
    earlier = put(reader, recorded.start - timedelta(days=2), recorded.end - timedelta(days=2))
    milder = put(reader, recorded.start - timedelta(seconds=30), recorded.end, severity="warning")
    number = put(reader, recorded.start, recorded.end)
    read_evidence(reader, recorded)
    text = reader.get(f"/alerts/{number}").text
    service: Service = reader.app.state.service
    with service.store.read() as session:
        alert = session.get_one(Alert, number)
        old = session.get_one(Alert, earlier)
    assert (alert.value_at_start, alert.level_at_start, alert.worst_value) == (0.08, 0.05, 0.3)
    assert alert.disagreements == {"search": ["healthy", "down"]}
    assert alert.worst_at
    assert timedelta(minutes=3) < alert.worst_at - recorded.start < timedelta(minutes=6)
    assert (old.evidence, old.value_at_start) == ("none", None)
    for words in (
        "The value was 8\N{NO-BREAK SPACE}% at the start, at worst 30\N{NO-BREAK SPACE}%, the level 5",
        "The backend reported search as healthy; observed: down.",
        "chance is ruled out with 99 %",
        "The worst value is 30\N{NO-BREAK SPACE}%; levels: critical 5\N{NO-BREAK SPACE}%, then 6",
        "then 6\N{NO-BREAK SPACE}%, warning 2",
        "search: reported healthy, observed down",
        f"/alerts/{earlier}",
        f"/alerts/{milder}",
        "No longer warning",
        "[critical] ApiErrorsHigh: About 8 % of the requests to search fail",
        f"Incident: http://testserver/alerts/{number}",
    ):
        assert words in text, words
    assert len(re.findall(r'<polyline class="value"', text)) == 1
    start = int(recorded.start.timestamp()) - 900
    assert f"from={start}000&amp;to={int(recorded.end.timestamp()) + 900}000" in text
    assert "<polyline" not in reader.get(f"/alerts/{number}", **{"hx-request": "true"}).text
    rows = re.findall(r"<tr><th scope=\"row\">[^<]+</th><td>([\d.]+)", text)
    assert "30" in rows


def test_events_are_told_in_order_with_who_did_what(reader: Visits) -> None:
    number = put(reader, datetime.now(UTC) - timedelta(minutes=9), None, module="graph")
    acknowledge(reader.app.state.service, number, "Rolled back.", ANNA, silence=True)
    text = reader.get(f"/alerts/{number}").text
    began, taken = text.index("Began to fire as critical"), text.index("Acknowledged by anna: “Rolled back.”")
    assert began < taken
    assert "the address of Alertmanager is not known" in text or "It is being silenced" in text
    assert re.search(r'name="silence" value="true" checked', text)


def test_a_message_leads_to_its_incident_by_fingerprint_and_start(reader: Visits) -> None:
    now = datetime.now(UTC)
    old = put(reader, now - timedelta(days=3), now - timedelta(days=3) + timedelta(hours=1), severity="info")
    new = put(reader, now - timedelta(days=1), now - timedelta(hours=23), severity="info")
    start = int((now - timedelta(days=3)).timestamp())
    assert reader.get(f"/incidents/b2?start={start}").headers["location"] == f"/alerts/{old}"
    assert f"/alerts/{new}" == reader.get(f"/incidents/b2?start={start + 2 * 86_400}").headers["location"]
    assert reader.get("/incidents/ffff").status_code == 404


def test_a_dashboard_leads_to_what_fires_by_its_name(reader: Visits) -> None:
    """Where several fire, to their list."""
    number = put(reader, datetime.now(UTC), None, alertname="Lonely", severity="warning")
    assert reader.get("/incidents?alertname=Lonely").headers["location"] == f"/alerts/{number}"
    put(reader, datetime.now(UTC), None, alertname="Lonely", severity="info")
    assert reader.get("/incidents?alertname=Lonely").headers["location"] == "/alerts?alertname=Lonely"


def test_without_prometheus_the_page_says_so_and_shows_the_rest(operator: Visits, tmp_path: Path) -> None:
    number = put(operator, datetime.now(UTC) - timedelta(minutes=9), None)
    assert "SERVICE_PROMETHEUS_URL is not set" in operator.get(f"/alerts/{number}").text
    away = {"prometheus_url": SecretStr("http://127.0.0.1:1"), "thresholds_file": few_signals(tmp_path)}
    app = create_app(desk_settings(tmp_path, "redis://127.0.0.1:1", **away))
    with TestClient(app, follow_redirects=False) as client:
        visits = Visits(client, app)
        visits.post("/sign-in", token=TOKEN)
        number = put(visits, datetime.now(UTC) - timedelta(minutes=9), None)
        answer = visits.get(f"/alerts/{number}")
    assert answer.status_code == 200
    assert "The values cannot be shown: Prometheus does not respond" in answer.text
    assert "Began to fire as critical" in answer.text


def test_how_sure_a_page_is_follows_the_file(tmp_path: Path) -> None:
    file = tmp_path / "thresholds.yml"
    file.write_text(
        FILE.read_text().replace("{confidence: 0.99, failures: 6}", "{confidence: 0.999, failures: 9}")
    )
    signals = SignalFile(file).known().signals
    alert = Alert(known_by="told", annotations={})
    sentence = "At least 9 failed or were slow, and chance is ruled out with 99.9 %."
    assert sentence in certainty(alert, signals["api_error_ratio"])
    assert not any("chance" in it for it in certainty(alert, signals["pool_use"]))
