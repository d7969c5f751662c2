"""An Alertmanager that says what cannot be ends no incident; one with another clock is silenced as well."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ingestion_api.alerts.alertmanager_api import AlertmanagerApi, SilenceText
from ingestion_api.errors import Unavailable
from tests.ingestion_api.alerts.test_webhook import notice

Json = dict[str, Any]


class Bell(BaseHTTPRequestHandler):
    """Lists these alerts, by a clock that is ahead, and keeps what it is sent."""

    listed: object = []
    ahead = timedelta(0)
    silences: list[Json]

    def do_GET(self) -> None:
        """Respond."""
        started = (datetime.now(UTC) + self.ahead - timedelta(days=1)).replace(microsecond=0, second=0)
        self._respond({"uptime": started.isoformat()} if self.path.endswith("status") else self.listed)

    def do_POST(self) -> None:
        """Take a silence."""
        self.silences.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._respond({"silenceID": "a-b"})

    def _respond(self, body: object) -> None:
        self.send_response_only(200)
        self.send_header("Date", format_datetime(datetime.now(UTC) + self.ahead, usegmt=True))
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def lying(**lies: Any) -> Iterator[AlertmanagerApi]:
    """The API of an Alertmanager that says this."""
    handler = type("Handler", (Bell,), lies)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with closing(AlertmanagerApi(f"http://127.0.0.1:{server.server_port}")) as api:
            yield api
        server.shutdown()


@pytest.mark.parametrize("listed", [{}, "", {"alerts": []}, None, 0, [{}], [[]]])
def test_what_is_no_list_of_alerts_is_not_believed(listed: object) -> None:
    """An empty object was read as no alerts, and all that fired was ended."""
    with lying(listed=listed) as api, pytest.raises(Unavailable, match="is not what its API documents"):
        api.state()


def test_an_alert_that_cannot_be_read_is_known() -> None:
    good, bad = notice() | {"status": {}}, notice(fingerprint="b2") | {"status": {}, "startsAt": "yesterday"}
    with lying(listed=[bad, good]) as api:
        state = api.state()
    assert [it.notice.fingerprint for it in state.alerts] == ["a1"]
    assert state.unread == {"b2"}


@pytest.mark.parametrize("minutes", [6, -6])
def test_a_silence_ends_by_the_clock_of_alertmanager(minutes: int) -> None:
    """One that is six minutes ahead took the end of a silence for the past, and refused it."""
    ahead, silences = timedelta(minutes=minutes), list[Json]()
    with lying(ahead=ahead, silences=silences) as api:
        api.state()
        until = datetime.now(UTC) + timedelta(minutes=5)
        api.set_silence({"a": "b"}, SilenceText("eva", ""), until, None)
    end = datetime.fromisoformat(silences[0]["endsAt"])
    assert abs(end - until - ahead) < timedelta(seconds=5)
