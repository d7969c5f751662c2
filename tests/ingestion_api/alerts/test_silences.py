"""A silence lasts as long as its incident, in a real Alertmanager, and no longer."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from ingestion_api.alerts.alertmanager_api import AlertmanagerApi, SilenceText
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.silences import SilenceKeeper, want_silence
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.clock import utc_now
from ingestion_api.errors import Unavailable
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert, AlertSilence, IncidentEvent
from tests.ingestion_api.alerts.test_webhook import notice
from tests.servers.fixtures import started
from tests.servers.prometheus_server import AlertmanagerServer

CONFIG = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


class Hands:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> Any:
        """The time it shows."""
        return self.now


@pytest.fixture(scope="module")
def bell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertmanagerServer]:
    """An Alertmanager that the tests share."""
    with started(AlertmanagerServer(tmp_path_factory.mktemp("bell"), CONFIG)) as server:
        yield server


@pytest.fixture
def api(bell: AlertmanagerServer) -> Iterator[AlertmanagerApi]:
    """Its API."""
    for it in active(bell):
        httpx2.delete(f"{bell.url}/api/v2/silence/{it['id']}").raise_for_status()
    api = AlertmanagerApi(bell.url)
    yield api
    api.close()


def active(bell: AlertmanagerServer) -> list[dict[str, Any]]:
    """The silences that are in force."""
    return [it for it in bell.get("/api/v2/silences") if it["status"]["state"] == "active"]


def tell(store: Store, status: str = "firing", severity: str = "warning") -> None:
    """Let Alertmanager tell of the alert."""
    alerts = read_alerts([notice(status, severity[:1].encode().hex(), severity=severity)]).alerts
    store_alerts(store, IncidentFeed(), Delivery(alerts, "", utc_now()))


def acknowledge(store: Store, *, silence: bool = True) -> None:
    """Take care of the warning, as the service does."""
    with store.write() as session:
        alert = session.scalars(select(Alert).where(Alert.severity == "warning")).one()
        alert.acknowledged_at, alert.acknowledged_by = utc_now(), "anna"
        alert.acknowledgement = "Rolling back."
        want_silence(session, alert, "anna", wanted=silence)


def kept(store: Store) -> list[tuple[bool, str]]:
    """Whether each silence is in Alertmanager, and its problem."""
    with store.read() as session:
        return [(it.silence_id is not None, it.problem) for it in session.scalars(select(AlertSilence))]


def events(store: Store) -> list[str]:
    """The events that are about silences and acknowledgements."""
    with store.read() as session:
        kinds = session.scalars(select(IncidentEvent.kind).order_by(IncidentEvent.id)).all()
    return [it for it in kinds if "silence" in it or "acknowledged" in it]


def test_a_silence_is_extended_while_it_fires_and_ends_with_it(
    store: Store, bell: AlertmanagerServer, api: AlertmanagerApi
) -> None:
    clock = Hands()
    keeper = SilenceKeeper(store, clock)
    tell(store)
    acknowledge(store, silence=False)
    keeper.keep(api)
    assert active(bell) == []
    acknowledge(store)
    keeper.keep(api)
    (first,) = active(bell)
    assert {it["name"]: it["value"] for it in first["matchers"]} == {
        "alertname": "QueueFull",
        "severity": "warning",
    }
    assert (first["createdBy"], first["comment"]) == ("anna (Watchroom)", "Rolling back.")
    clock.now += timedelta(minutes=3)
    keeper.keep(api)
    (second,) = active(bell)
    assert (second["id"], second["endsAt"] > first["endsAt"]) == (first["id"], True)
    tell(store, "resolved")
    keeper.keep(api)
    assert (active(bell), kept(store)) == ([], [])
    assert events(store) == ["silence set", "silence ended"]


def test_one_that_expired_is_set_again(store: Store, bell: AlertmanagerServer, api: AlertmanagerApi) -> None:
    clock = Hands()
    keeper = SilenceKeeper(store, clock)
    tell(store)
    acknowledge(store)
    keeper.keep(api)
    (first,) = active(bell)
    httpx2.delete(f"{bell.url}/api/v2/silence/{first['id']}").raise_for_status()
    clock.now += timedelta(minutes=3)
    keeper.keep(api)
    (second,) = active(bell)
    assert (second["id"] != first["id"], kept(store)) == (True, [(True, "")])


def test_undo_and_a_rise_in_severity_end_it(
    store: Store, bell: AlertmanagerServer, api: AlertmanagerApi
) -> None:
    """The graver alert is another of the same labels, which nobody has acknowledged."""
    keeper = SilenceKeeper(store, utc_now)
    tell(store)
    acknowledge(store)
    keeper.keep(api)
    acknowledge(store, silence=False)
    keeper.keep(api)
    assert (active(bell), kept(store)) == ([], [])
    acknowledge(store)
    keeper.keep(api)
    assert len(active(bell)) == 1
    tell(store, severity="critical")
    with store.read() as session:
        assert session.scalars(select(Alert.acknowledged_by)).all() == [None, None]
    keeper.keep(api)
    assert (active(bell), kept(store)) == ([], [])
    assert "unacknowledged" in events(store)


def test_an_alertmanager_that_is_away_is_told_and_tried_again(store: Store, api: AlertmanagerApi) -> None:
    keeper = SilenceKeeper(store, utc_now)
    tell(store)
    acknowledge(store)
    away = AlertmanagerApi("http://127.0.0.1:1")
    keeper.keep(away)
    away.close()
    assert kept(store) == [(False, "Alertmanager does not respond: ConnectError.")]
    keeper.keep(None)
    assert kept(store)[0][1].startswith("the address of Alertmanager is not known")
    keeper.keep(api)
    assert kept(store) == [(True, "")]


class LyingHandler(BaseHTTPRequestHandler):
    """Takes a silence and gives what is no id of one."""

    silence_id: object = ""

    def do_POST(self) -> None:
        """Respond."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"silenceID": self.silence_id}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("silence_id", ["", "../../-/quit", "a" * 65, "a\x00", None, ["a"]])
def test_what_is_no_id_of_a_silence_is_refused(silence_id: object) -> None:
    """It went into a path, and one that no column holds stopped the polls for good."""
    handler = type("Handler", (LyingHandler,), {"silence_id": silence_id})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        expected = pytest.raises(Unavailable, match="is not what its API documents")
        with closing(AlertmanagerApi(f"http://127.0.0.1:{server.server_port}")) as api, expected:
            api.set_silence({"a": "b"}, SilenceText("eva", ""), utc_now(), None)
        server.shutdown()
