"""A Prometheus that says what cannot be costs a page its drawing, never the page, and no other incident."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingestion_api.alerts.evidence import EvidenceReader
from ingestion_api.alerts.gap import Known, fill_gap
from ingestion_api.alerts.prometheus_history import HistoryReader
from ingestion_api.alerts.signal_timeline import PART
from ingestion_api.app import create_app
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.service import Service
from tests.ingestion_api.alerts.test_webhook import notice, send
from tests.ingestion_api.pages.conftest import few_signals
from tests.ingestion_api.pages.desk import TOKEN, desk_settings
from tests.ingestion_api.pages.visits import Visits
from tests.stack.stub_server import StubServer

SIGNAL = "api_error_ratio"
BEGUN = int(time.time()) - 600  # Unix seconds
START = datetime.fromtimestamp(BEGUN, UTC)
HUGE = 10**400


def answer(*values: Any, **labels: Any) -> str:
    """What Prometheus says: the value of the signal, and its levels, with these samples."""
    parts = ({PART: "value", "module": "search"}, {PART: "level", "severity": "critical"})
    result = [{"metric": {**each, **labels}, "values": [*values]} for each in parts]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


GOOD: tuple[tuple[int, str], ...] = tuple((BEGUN + 15 * at, "0.1") for at in range(8))
LIES = {
    "nested": "[" * 100_000,
    "huge number": answer([HUGE, "1"]),
    "no moment": answer([float("nan"), "1"]),
    "endless": answer([float("inf"), "1"], [float("-inf"), "1"]),
    "far": answer([1e300, "1"]),
    "year 9999": answer([253_402_300_799.9, "1"]),
    "before Christ": answer([-1e11, "1"]),
    "backwards": answer(*reversed(GOOD)),
    "three": answer([BEGUN, "1", "2"]),
    "not a number": answer(*([at, "NaN"] for at, _ in GOOD)),
    "infinite": answer(*([at, "+Inf"] for at, _ in GOOD)),
    "beyond": answer(*([at, "-1.7e308" if at % 2 else "1.7e308"] for at, _ in GOOD)),
    "at last infinite": answer(*([at, "NaN" if at % 2 else "1"] for at, _ in GOOD), [BEGUN + 200, "-Inf"]),
    "odd labels": answer(*GOOD, subject={"a": 1}, reported=None),
    "half characters": answer(*GOOD, subject="\ud800\x00", reported="\x00"),
    "no list": json.dumps({"data": {"result": {"a": 1}}}),
    "text": '"text"',
}  # fmt: skip


@dataclass(frozen=True)
class Lied:
    """A reader of a service whose Prometheus is a stub, and the number of an incident."""

    reader: Visits
    prometheus: StubServer
    alert: int

    def say(self, text: str) -> None:
        """Let Prometheus answer so, and forget what it said before."""
        self.prometheus.responses = {f"/api/v1/{name}": (200, text) for name in ("query", "query_range")}
        service: Service = self.reader.app.state.service
        assert service.timelines is not None
        service.timelines._rests_until = 0.0
        service.backtests._cached.clear()


@pytest.fixture(scope="module")
def lied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lied]:
    """One service for all lies."""
    folder: Path = tmp_path_factory.mktemp("lied")
    with StubServer() as prometheus:
        more = {"thresholds_file": few_signals(folder), "prometheus_url": SecretStr(prometheus.url)}
        app = create_app(desk_settings(folder, "redis://127.0.0.1:1", **more))
        object.__setattr__(app.state.service, "history", None)
        with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
            reader = Visits(client, app)
            assert reader.post("/sign-in", token=TOKEN).status_code == 303
            client.headers.update({"authorization": f"Bearer {TOKEN}"})
            send(client, notice(start=START.isoformat(), signal=SIGNAL, module="search"))
            alert = client.get("/api/v1/alerts").json()["alerts"][0]["id"]
            yield Lied(reader, prometheus, alert)


@pytest.mark.parametrize("text", LIES.values(), ids=LIES)
def test_a_lie_costs_the_drawing_alone(lied: Lied, text: str) -> None:
    lied.say(text)
    page = lied.reader.get(f"/alerts/{lied.alert}")
    assert (page.status_code, "Timeline" in page.text) == (200, True)
    assert "nan" not in page.text.lower().split('<svg class="course"')[-1].split("</svg>")[0]


@pytest.mark.parametrize("text", LIES.values(), ids=LIES)
def test_a_lie_costs_the_backtest_alone(lied: Lied, text: str) -> None:
    lied.say(text)
    page = lied.reader.post(f"/preferences/{SIGNAL}/backtest", warning="0.03")
    assert page.status_code == 200
    api = lied.reader.client.post(
        f"/api/v1/preferences/{SIGNAL}/backtest", json={"levels": {"warning": 0.03}}
    )
    assert api.status_code in (200, 503), api.text


@pytest.mark.parametrize("text", LIES.values(), ids=LIES)
def test_a_lie_costs_no_evidence_of_later_incidents(lied: Lied, text: str) -> None:
    """Whatever is said, it is read or it is Unavailable: what else is raised would come again for ever."""
    lied.say(text)
    api = PrometheusApi(lied.prometheus.url)
    service: Service = lied.reader.app.state.service
    with closing(api), suppress(Unavailable):
        for past in HistoryReader(api).read(BEGUN, BEGUN + 600):
            fill_gap(service.store, service.incidents, past, Known({}, {}, datetime.now(UTC)))


def test_an_end_to_come_holds_up_no_evidence(lied: Lied) -> None:
    """It was read until that end, which Prometheus refuses, and before all that began later."""
    late = {**notice("resolved", "ee", START.isoformat(), signal=SIGNAL), "endsAt": "9999-12-31T23:59:59Z"}
    send(lied.reader.client, late)
    lied.say(json.dumps({"data": {"result": []}}))
    lied.prometheus.requests.clear()
    service: Service = lied.reader.app.state.service
    with closing(PrometheusApi(lied.prometheus.url)) as api:
        EvidenceReader(service.store, api).read_some(service.signals.known().signals, datetime.now(UTC))
    ends = [float(parse_qs(urlsplit(it).query)["end"][0]) for it in lied.prometheus.requests]
    assert len(ends) == 2
    assert max(ends) < time.time()


def test_series_that_are_mostly_labels_end_a_backtest_early(
    lied: Lied, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only samples were counted, so that one backtest kept gigabytes of labels."""
    monkeypatch.setattr("ingestion_api.backtest.history.MAX_SAMPLES", 400)
    lied.say(answer([time.time() - 20, "0.1"], note="x" * 4_000))
    page = lied.reader.post(f"/preferences/{SIGNAL}/backtest", warning="0.03")
    assert "more than 400 samples, or as much in labels" in page.text
