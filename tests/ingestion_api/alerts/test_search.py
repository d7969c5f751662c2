"""Search incidents on both databases: filters, orders, pages, counts, files, and what nobody should send."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingestion_api.alerts.export import PIECE
from ingestion_api.store import Store
from tests.ingestion_api.alerts.test_webhook import notice, send

ALERTS = "/api/v1/alerts"


@pytest.fixture
def client(start: Callable[..., TestClient], database_url: str, store: Store) -> TestClient:
    """A service on each kind of database."""
    return start(database_url=database_url)


def alert(name: str, minute: int, end: int | None = None, summary: str = "", **labels: str) -> dict[str, Any]:
    """An alert that began in this minute after five, and ended in that one."""
    status = "firing" if end is None else "resolved"
    begun = notice(status, name.encode().hex(), f"2026-11-23T05:{minute:02}:00Z", alertname=name, **labels)
    ends = {} if end is None else {"endsAt": f"2026-11-23T05:{end:02}:00Z"}
    return {**begun, **ends, "annotations": {"summary": summary, "description": "Look at the queue."}}


SOME = (
    alert("QueueLong", 10, None, "105 tasks wait in default.", module="workers", queue_name="default"),
    alert("ApiErrorsHigh", 20, 50, "7.7 % of requests fail.", severity="critical", module="search"),
    alert("ApiErrorsLow", 30, 31, "100 % sure_thing", severity="info", module="search", signal="api"),
    alert("Odd", 40, None, "Über\\alles", severity="page", queue_name="default"),
)


def names(client: TestClient, query: str) -> list[str]:
    """The names of the incidents that a query finds."""
    answer = client.get(f"{ALERTS}?{query}")
    assert answer.status_code == 200, answer.text
    return [it["name"] for it in answer.json()["alerts"]]


FOUND = {
    "": "Odd ApiErrorsLow ApiErrorsHigh QueueLong",
    "order=gravest": "QueueLong Odd ApiErrorsHigh ApiErrorsLow",
    "order=longest": "QueueLong ApiErrorsHigh Odd ApiErrorsLow",
    "status=firing": "Odd QueueLong",
    "severity=critical": "ApiErrorsHigh",
    "severity=info&severity=other": "Odd ApiErrorsLow",
    "module=search&order=gravest": "ApiErrorsHigh ApiErrorsLow",
    "module=search&module=workers&status=firing": "QueueLong",
    "module=nothing": "",
    "signal=api": "ApiErrorsLow",
    "label=queue_name=default": "Odd QueueLong",
    "label=queue_name=default&label=queue_name=other&label=module=workers": "QueueLong",
    "label=queue_name=": "",
    "label=alertname=Odd": "Odd",
    "acknowledged=true": "QueueLong",
    "acknowledged=false&status=firing": "Odd",
    "text=apierrors": "ApiErrorsLow ApiErrorsHigh",
    "text=QUEUE wait": "QueueLong",
    "text=default": "Odd QueueLong",
    "text=106 tasks": "QueueLong",
    "text=queue_name%3Ddefault": "Odd QueueLong",
    "text=sure%25thing": "",
    "text=sure_thing": "ApiErrorsLow",
    "text=sureXthing": "",
    "text=%C3%BCber\\": "Odd",
    "text=nowhere": "",
    "since=2026-11-23T05:45:00Z": "Odd ApiErrorsHigh QueueLong",
    "until=2026-11-23T06:25:00%2B01:00": "ApiErrorsHigh QueueLong",
    "until=2026-11-23T06:25:00+01:00": "ApiErrorsHigh QueueLong",
    "since=2026-11-23T05:31:30Z&until=2026-11-23T05:35:00Z&severity=critical": "ApiErrorsHigh",
}


def test_each_filter_finds_what_it_says(client: TestClient) -> None:
    send(client, *SOME)
    number = client.get(ALERTS, params={"label": "alertname=QueueLong"}).json()["alerts"][0]["id"]
    assert client.post(f"{ALERTS}/{number}/acknowledge").status_code == 200
    found = {query: " ".join(names(client, query)) for query in FOUND}
    # what is acknowledged comes after all else that fires
    assert found == {**FOUND, "order=gravest": "Odd QueueLong ApiErrorsHigh ApiErrorsLow"}
    counts = client.get(f"{ALERTS}/counts", params={"label": "queue_name=default"}).json()
    assert counts == {
        "total": 2,
        "by_status": {"firing": 2, "resolved": 0},
        "by_severity": {"critical": 0, "warning": 1, "info": 0, "other": 1},
        "by_module": {"workers": 1, "": 1},
        "firing_acknowledged": 1,
        "search_is_partial": False,
    }


def test_what_an_alert_says_now_is_found(client: TestClient) -> None:
    """Its earlier text is not, and its severity may have risen."""
    send(client, alert("Grows", 10, None, "a little"))
    send(client, alert("Grows", 10, None, "a lot", severity="critical"))
    assert names(client, "text=lot&severity=critical") == ["Grows"]
    assert names(client, "text=little") == []


@pytest.mark.parametrize("order", ["newest", "gravest", "longest"])
def test_pages_hold_each_incident_once_and_in_order(client: TestClient, order: str) -> None:
    """Many begin at the same moment, and many last as long."""
    severities = ("critical", "warning", "info")
    send(
        client,
        *(
            alert(f"A{n}", 10 + n % 3, None if n % 2 else 20 + n % 4, severity=severities[n % 3])
            for n in range(60)
        ),
    )
    whole = names(client, f"order={order}&limit=500")
    assert sorted(whole) == sorted(f"A{n}" for n in range(60))
    seen, query = [], f"order={order}&limit=7"
    while query:
        page = client.get(f"{ALERTS}?{query}").json()
        seen += [it["name"] for it in page["alerts"]]
        query = page["next_cursor"] and f"order={order}&limit=7&before={page['next_cursor']}"
    assert seen == whole


def test_all_of_a_filter_are_taken_home(client: TestClient) -> None:
    """In more than one piece; a spreadsheet runs nothing of it."""
    many = 2 * PIECE + 3
    send(client, *(alert(f"A{n}", n % 60, None, "=1+1") for n in range(many)), *SOME)
    answer = client.get(f"{ALERTS}.csv", params={"text": "=1+1"})
    assert answer.headers["content-disposition"] == 'attachment; filename="alerts.csv"'
    rows = [*csv.DictReader(io.StringIO(answer.text))]
    assert sorted(row["name"] for row in rows) == sorted(f"A{n}" for n in range(many))
    assert {row["summary"] for row in rows} == {"'=1+1"}
    assert rows[0]["labels"] == f"alertname={rows[0]['name']}; severity=warning"
    taken = client.get(f"{ALERTS}.json", params={"module": "search"}).json()
    assert taken["alerts"] == client.get(ALERTS, params={"module": "search"}).json()["alerts"]
    assert client.get(f"{ALERTS}.json", params={"module": "nothing"}).json() == {"alerts": []}
    assert client.get(f"{ALERTS}.csv", params={"module": "nothing"}).text.count("\n") == 1


HOSTILE = {
    "severity=grave": "severity",
    "severity=": "severity",
    "status=sleeping": "status",
    "module=a%00b": "module",
    "label=novalue": "label",
    "label=%00=a": "label",
    "label=a%0A=a": "label",
    f"text={'x' * 10_000}": "text",
    "text=a%00b": "text",
    "text=a b c d e f g h i": "text",
    "since=2026-11-23T06:00:00": "since",
    "since=5": "since",
    "since=2026-11-23T06:00:00%2B25:00": "since",
    "since=0001-01-01T00:00:00%2B01:00": "since",
    "until=yesterday": "until",
    "since=2026-11-24T00:00:00Z&until=2026-11-23T00:00:00Z": "since",
    "acknowledged=perhaps": "acknowledged",
    "order=strangest": "order",
    "limit=0": "limit",
    "limit=501": "limit",
    "before=5": "before",
    f"before=newest~1~{'9' * 30}": "before",
    f"before=newest~{'9' * 60}~1": "before",
    "before=gravest~1~1~1": "before",
    "before=gravest~99~1~1&order=gravest": "before",
    "before=longest~1~nan~1&order=longest": "before",
    "before=longest~1~1e999~1&order=longest": "before",
    "before=newest~1~1%00": "before",
    "&".join(f"module={n}" for n in range(21)): "module",
    "state=firing": "state",
    "queue_name=default": "queue_name",
}


def test_what_is_wrong_is_named(start: Callable[..., TestClient]) -> None:
    client = start()
    for query, name in HOSTILE.items():
        for path in (ALERTS, f"{ALERTS}/counts", f"{ALERTS}.csv", f"{ALERTS}.json"):
            if path != ALERTS and name in ("order", "limit", "before"):
                continue
            answer = client.get(f"{path}?{query}")
            assert answer.status_code in (400, 422), query
            assert answer.json()["detail"].split()[0].partition(".")[0] == name, answer.text


def test_a_cursor_out_of_time_ends_the_list(client: TestClient) -> None:
    """It is well-formed, so it is no error."""
    send(client, *SOME)
    for cursor, order in (("newest~-60000000000000000~1", "newest"), ("longest~1~-1e300~5", "longest")):
        assert names(client, f"order={order}&before={cursor}") == []
