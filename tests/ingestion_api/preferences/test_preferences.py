"""Levels that operators set: which may be, what is then in force, what is told of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from ingestion_api.store.tables import AuditRow
from tests.ingestion_api.conftest import HandClock, service_behind
from tests.ingestion_api.metrics.samples import samples

PREFERENCES = "/api/v1/preferences"
QUEUE = f"{PREFERENCES}/queue"
# as in prometheus/thresholds.yml, with what preferences do not read as well
FILE = """
signals:
  queue:
    alert: QueueLong
    meaning: Messages that wait.
    unit: count
    direction: above
    levels: {critical: 100, warning: 50}
    range: [1, 1000]
    expression: max(queue)
  hits:
    meaning: Share of reads that were answered from the cache.
    unit: ratio
    direction: below
    levels: {warning: 0.7, critical: 0.5}
    range: [0, 1]
  up:
    meaning: Whether it answers.
    unit: state
    direction: below
    levels: {critical: 1}
slos: {}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three signals."""
    path = tmp_path / "thresholds.yml"
    path.write_text(FILE)
    return path


@pytest.fixture
def client(start: Callable[..., TestClient], file: Path) -> TestClient:
    """A service that reads this file."""
    return start(thresholds_file=file)


def standing(client: TestClient, name: str = "queue") -> dict[str, Any]:
    """How a signal stands."""
    [found] = [it for it in client.get(PREFERENCES).json()["signals"] if it["signal"] == name]
    return dict(found)


def put(client: TestClient, name: str = "queue", reason: str = "", **levels: Any) -> Any:
    """Set levels; they must be taken."""
    answer = client.put(f"{PREFERENCES}/{name}", json={"levels": levels, "reason": reason})
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(client: TestClient) -> dict[tuple[str, ...], float]:
    """The levels on the page of metrics, by severity and signal."""
    return {key[1:]: it for key, it in samples(client).items() if key[0] == "ops_threshold_override"}


def changes(client: TestClient) -> list[tuple[str, str, dict[str, Any]]]:
    """What stands in the audit log."""
    with service_behind(client).store.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id))
        return [(row.action, row.subject, row.details) for row in rows]


def test_without_anything_set_the_files_levels_are_in_force(client: TestClient) -> None:
    found = client.get(PREFERENCES).json()
    assert found["problem"] is None
    assert [it["signal"] for it in found["signals"]] == ["queue", "hits", "up"]
    assert standing(client) == {
        "signal": "queue",
        "meaning": "Messages that wait.",
        "unit": "count",
        "direction": "above",
        "range": {"least": 1, "greatest": 1000},
        "file": {"warning": 50, "critical": 100},
        "in_force": {"warning": 50, "critical": 100},
        "preference": None,
    }
    assert standing(client, "up")["range"] is None
    assert shown(client) == {}


def test_a_level_is_set_shown_and_set_back(client: TestClient) -> None:
    answer = put(client, critical=80, reason="A large\u2003import.")
    assert answer == standing(client)
    assert answer["in_force"] == {"warning": 50, "critical": 80}
    assert answer["preference"] == {
        "levels": {"critical": 80},
        "set_by": "operator",
        "set_at": "2026-11-23T06:00:00Z",
        "reason": "A large import.",
        "expires_at": None,
        "watched": True,
        "expired": False,
    }
    assert shown(client) == {("critical", "queue"): 80}
    assert client.delete(QUEUE).json() == {"signal": "queue", "removed": {"critical": 80}}
    assert standing(client)["preference"] is None
    assert shown(client) == {}
    set_ = {"levels": {"critical": 80}, "before": {}, "reason": "A large import.", "until": None}
    assert changes(client) == [
        ("set_levels", "queue", set_),
        ("set_back_levels", "queue", {"before": {"critical": 80}}),
    ]
    assert client.delete(QUEUE).json() == {"signal": "queue", "removed": {}}
    assert len(changes(client)) == 2


def test_what_is_set_anew_replaces_what_was(client: TestClient) -> None:
    put(client, warning=60, critical=120)
    assert put(client, critical=110)["in_force"] == {"warning": 50, "critical": 110}
    assert shown(client) == {("critical", "queue"): 110}


def test_a_level_that_is_the_files_goes_on_following_the_file(client: TestClient, file: Path) -> None:
    assert put(client, warning=50, critical=110)["preference"]["levels"] == {"critical": 110}
    file.write_text(FILE.replace("warning: 50", "warning: 45.5"))
    assert standing(client)["in_force"] == {"warning": 45.5, "critical": 110}
    assert put(client, critical=100)["preference"] is None


def test_it_expires_by_itself(client: TestClient, clock: HandClock) -> None:
    body = {"levels": {"critical": 80}, "expires_at": "2026-11-23T10:00:00+02:00"}
    assert client.put(QUEUE, json=body).json()["preference"]["expires_at"] == "2026-11-23T08:00:00Z"
    clock.move(hours=2, seconds=-1)
    assert shown(client) == {("critical", "queue"): 80}
    clock.move(seconds=1)
    assert shown(client) == {}
    assert standing(client)["preference"]["expired"] is True
    assert standing(client)["in_force"]["critical"] == 100


OUT_OF_ORDER = "warning of queue is {}, beyond its critical {}; expected less than that."


@pytest.mark.parametrize(
    ("name", "levels", "said"),
    [
        ("queue", {}, "No level of queue is given; expected warning or critical."),
        ("queue", {"critical": 1001}, "critical of queue is 1001; expected 1 to 1000."),
        ("queue", {"warning": 0.5}, "warning of queue is 0.5; expected 1 to 1000."),
        ("queue", {"warning": 100}, OUT_OF_ORDER.format(100, 100)),
        ("queue", {"critical": 50}, OUT_OF_ORDER.format(50, 50)),
        ("hits", {"warning": 0.4}, "warning of hits is 0.4, beyond its critical 0.5; expected more"),
        ("queue", {"info": 10}, "queue has no level 'info'; expected warning or critical."),
        ("up", {"critical": 0}, "up has no range in thresholds.yml; its levels can only"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_and_changes_nothing(
    client: TestClient, name: str, levels: dict[str, float], said: str
) -> None:
    put(client, critical=90)
    answer = client.put(f"{PREFERENCES}/{name}", json={"levels": levels})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(said)
    assert shown(client) == {("critical", "queue"): 90}
    assert len(changes(client)) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"levels": {"critical": "80"}}, "levels.critical is '80'; expected a number."),
        ({"levels": {"critical": True}}, "levels.critical is True; expected a number."),
        ({"levels": {"critical": None}}, "levels.critical is None; expected a number."),
        ({"levels": {"panic": 80}}, "levels.panic"),
        ({"levels": {}, "watched": 0}, "watched is"),
        ({"levels": [80]}, "levels is wrong"),
        ({}, "levels is missing."),
        ({"levels": {"critical": 80}, "until": 1}, "until is not a known field."),
        ({"levels": {"critical": 80}, "reason": "a\nb"}, "reason is wrong"),
        ({"levels": {"critical": 80}, "reason": "x" * 501}, "reason is wrong"),
        ({"levels": {"critical": 80}, "expires_at": 5}, "expires_at is no text"),
        ({"levels": {"critical": 80}, "expires_at": "2026-11-24T00:00:00"}, "expires_at is wrong"),
    ],
)
def test_a_body_of_the_wrong_kind_is_422(client: TestClient, body: Any, said: str) -> None:
    answer = client.put(QUEUE, json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)
    assert changes(client) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_none_is_422(client: TestClient, number: str) -> None:
    json = {"Content-Type": "application/json"}
    answer = client.put(QUEUE, content=f'{{"levels": {{"critical": {number}}}}}', headers=json)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "moment", ["2026-11-23T06:00:00Z", "2036-12-31T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
def test_an_expiry_that_is_past_or_never_is_refused(client: TestClient, moment: str) -> None:
    answer = client.put(QUEUE, json={"levels": {"critical": 80}, "expires_at": moment})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"expires_at is {moment[:10]}")
    assert "expected a moment within the next ten years." in answer.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_unknown_signal_is_404(client: TestClient, method: str) -> None:
    answer = client.request(method, f"{PREFERENCES}/queu", json={"levels": {"critical": 80}})
    assert answer.status_code == 404
    assert answer.json() == {"detail": "There is no signal 'queu'; expected one of thresholds.yml."}
    assert client.request(method, f"{PREFERENCES}/A%20b", json={"levels": {}}).status_code == 422


def test_what_the_file_no_longer_allows_is_not_in_force(client: TestClient, file: Path) -> None:
    put(client, critical=800)
    file.write_text(FILE.replace("1000]", "500]"))
    assert standing(client)["in_force"] == {"warning": 50, "critical": 100}
    assert shown(client) == {("critical", "queue"): 800}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "which cannot be read: No such file or directory."),
        ("signals: [", "which is no YAML at line 1."),
        ("\0", "which is no YAML."),
        ("slos: {}", "signals is missing in it."),
        (FILE.replace("above", "beside"), "signals.queue.direction is 'beside' in it: input should be"),
    ],
)
def test_without_its_file_the_service_starts_and_says_so(
    start: Callable[..., TestClient], file: Path, text: str | None, said: str
) -> None:
    file.unlink() if text is None else file.write_text(text)
    client = start(thresholds_file=file)
    found = client.get(PREFERENCES).json()
    assert found["signals"] == []
    assert found["problem"].startswith(f"thresholds_file is {file}")
    assert said in found["problem"]
    answer = client.put(QUEUE, json={"levels": {"critical": 80}})
    assert answer.status_code == 503
    assert answer.json()["detail"] == f"The signals are not known: {found['problem']}"


def test_a_file_that_breaks_later_leaves_what_it_said_and_can_be_mended(
    client: TestClient, file: Path
) -> None:
    assert standing(client)
    file.write_text("signals: [")
    found = client.get(PREFERENCES).json()
    assert "no YAML" in found["problem"]
    assert len(found["signals"]) == 3
    assert put(client, critical=80)["in_force"]["critical"] == 80
    file.write_text(FILE + "\n")
    assert client.get(PREFERENCES).json()["problem"] is None


def test_the_page_of_levels_holds_nothing_else(client: TestClient) -> None:
    put(client, "hits", warning=0.75)
    lines = client.get("/metrics/levels").text.splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'ops_threshold_override{severity="warning",signal="hits"} 0.75'
    ]


def test_while_the_database_is_away_there_is_no_page_of_levels(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one would tell Prometheus that all were set back."""

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr("ingestion_api.metrics.level_overrides.active_overrides", away)
    assert client.get("/metrics/levels").status_code == 503
    assert client.get("/metrics").status_code == 200


def test_a_signal_without_a_range_can_be_left_unwatched_for_a_time(
    client: TestClient, clock: HandClock
) -> None:
    body = {"levels": {}, "watched": False, "expires_at": "2026-11-23T08:00:00Z"}
    assert client.put(f"{PREFERENCES}/up", json=body).json()["preference"]["watched"] is False
    unwatched = 'ops_signal_unwatched{signal="up"} 1.0'
    assert unwatched in client.get("/metrics/levels").text
    clock.move(hours=2)
    assert unwatched not in client.get("/metrics/levels").text
    assert client.delete(f"{PREFERENCES}/up").status_code == 200
    assert changes(client)[0][2]["watched"] is False


def test_without_a_prometheus_there_is_no_backtest_but_levels_can_be_set(client: TestClient) -> None:
    answer = client.post(f"{QUEUE}/backtest", json={"levels": {"critical": 80}})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "No backtest can be made: prometheus_url is not set."
    assert client.post(f"{QUEUE}/backtest", json={"levels": {"critical": 1001}}).status_code == 400
    assert put(client, critical=80)["in_force"]["critical"] == 80
