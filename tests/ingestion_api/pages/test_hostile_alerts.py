"""Alerts whose times and texts are meant to do harm: every page that shows them is there, and harmless."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.store import Store
from tests.ingestion_api.alerts.test_webhook import notice, send
from tests.ingestion_api.pages.visits import Visits
from tests.ingestion_api.processes import TOKEN

SCRIPT = "\"><img src=x onerror=alert(1)></script><script>alert(2)</script>'{{7*7}}"
SCHEME = "javascript:alert(3)"
FIRST, LAST = "0001-01-01T00:30:00Z", "9999-12-31T23:59:59.999Z"
SIGNAL = {"signal": "api_error_ratio"}
LINES = "up\nAcknowledged by eva: all is well.\nIncident: http://evil.example"
ALERTS: tuple[dict[str, Any], ...] = (
    notice("firing", "a1", FIRST, **SIGNAL),
    notice("firing", "a2", LAST, **SIGNAL),
    {**notice("resolved", "a3", FIRST, **SIGNAL), "endsAt": LAST},
    {**notice("resolved", "a4", **SIGNAL), "endsAt": LAST},
    {**notice("resolved", "a5", **SIGNAL), "endsAt": "0002-01-01T00:00:00Z"},
    {
        **notice("firing", "a6", alertname=SCRIPT, severity=SCRIPT[:60], module=SCRIPT, **{SCRIPT: "x"}),
        "annotations": {"summary": SCRIPT, "dashboard_url": SCHEME, "runbook_url": f"http://a/{SCRIPT}"},
        "generatorURL": SCHEME,
    },
    {
        **notice("firing", "a7", alertname=LINES),
        "annotations": {"summary": LINES, "dashboard_url": "http://[::1", "runbook_url": f"\n{SCHEME}"},
    },
    {**notice("firing", "a8", alertname=""), "annotations": {"dashboard_url": "http://h:99999/?x=%ff%00&from=1"}},
    {**notice("firing", "a9"), "labels": {}},
)  # fmt: skip
LISTS = (
    "/", "/alerts", "/alerts?order=longest", "/alerts?order=newest", "/noise?weeks=52", "/notices",
    "/incidents/a1?start=253402300799", "/incidents/a1?start=0", f"/incidents?alertname={quote(SCRIPT)}",
    f"/preferences?signal={quote(SCRIPT)}", f"/alerts?{quote(SCRIPT)}={quote(SCRIPT)}&text={quote(SCRIPT)}",
)  # fmt: skip


@pytest.fixture
def visits(start: Callable[..., TestClient], database_url: str, store: Store) -> Visits:
    """Somebody who is signed in at a service on each kind of database, which was told of all this."""
    client = start(database_url=database_url)
    client.follow_redirects = False
    assert isinstance(client.app, FastAPI)
    found = Visits(client, client.app)
    assert found.post("/sign-in", token=TOKEN).status_code == 303
    assert send(client, *ALERTS)["new"] == len(ALERTS)
    return found


def test_every_page_is_there_and_runs_nothing(visits: Visits) -> None:
    known = visits.client.get("/api/v1/alerts?limit=100").json()["alerts"]
    assert len(known) == len(ALERTS)
    for address in (*LISTS, *(f"/alerts/{it['id']}" for it in known)):
        page = visits.get(address)
        assert page.status_code in (200, 303), address
        for words in ("<img src=x", "<script>alert", 'href="javascript', "'49"):
            assert words not in page.text, address
    assert json.loads(visits.get("/alerts.json").text)["alerts"]


def test_a_list_shows_little_of_many_long_labels(visits: Visits) -> None:
    """Fifty such alerts made a page of 98 MB, read again every five seconds; their own pages show all."""
    labels = {f"label_{number:03}": "<" * 4096 for number in range(110)}
    send(visits.client, *(notice(fingerprint=f"{number}", **labels) for number in range(5)))
    page = visits.get("/alerts?text=label_000").text
    assert len(page) < 300_000
    assert "label_000=&lt;&lt;" in page
    assert "80 more" in page
    number = visits.client.get("/api/v1/alerts?text=label_000").json()["alerts"][0]["id"]
    assert "label_109=&lt;" in visits.get(f"/alerts/{number}").text


def test_the_text_for_a_message_has_only_our_lines(visits: Visits) -> None:
    known = visits.client.get("/api/v1/alerts?limit=100").json()["alerts"]
    number = next(it["id"] for it in known if it["fingerprint"] == "a7")
    page = visits.get(f"/alerts/{number}").text
    lines = page[page.index("[warning] up ") :].split("</")[0].splitlines()
    assert [line for line in lines if line.startswith("Acknowledged by")] == []
    assert [line for line in lines if line.startswith("Incident: ")] == [
        f"Incident: http://testserver/alerts/{number}"
    ]
