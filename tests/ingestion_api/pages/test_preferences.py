"""The page of levels, and the buttons on alerts: what is in them, what a form may do, what is refused."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select

from ingestion_api.pages.formatting import format_value
from ingestion_api.store.tables import Alert, AuditRow, Preference
from tests.ingestion_api.pages.test_alerts import put, shown
from tests.ingestion_api.pages.visits import Visits

SIGNAL = "/preferences/worker_queue_length"


@pytest.fixture(autouse=True)
def _nothing_kept(operator: Visits) -> Iterator[None]:
    yield
    with operator.app.state.service.store.write() as session:
        for table in (Alert, AuditRow, Preference):
            session.execute(delete(table))


def kept(operator: Visits) -> Preference | None:
    """What is set for the one signal of these tests."""
    with operator.app.state.service.store.read() as session:
        found: Preference | None = session.get(Preference, "worker_queue_length")
        return found


def fields(text: str) -> dict[str, str]:
    """What the form's fields hold."""
    return dict(re.findall(r'name="(warning|critical|reason)"[^>]* value="([^"]*)"', text))


def test_a_link_opens_the_form_filled_with_what_is_in_force(operator: Visits) -> None:
    assert fields(operator.get("/preferences").text) == {}
    before = fields(operator.get("/preferences?signal=worker_queue_length").text)
    assert before == {"warning": "50", "critical": "100", "reason": ""}
    response = operator.post(SIGNAL, warning="50", critical="80", reason="Import & export.", lasting="4")
    assert response.headers["location"] == "/preferences?notice=levels-set"
    text = operator.get("/preferences?signal=worker_queue_length").text
    assert fields(text) == {"warning": "50", "critical": "80", "reason": "Import &amp; export."}
    assert '<option value="keep" selected>' in text
    row = kept(operator)
    assert row
    assert row.levels == {"critical": 80}
    assert row.expires_at
    assert round((row.expires_at - row.set_at).total_seconds()) == 4 * 3600


def test_the_expiry_is_kept_or_taken_away(operator: Visits) -> None:
    operator.post(SIGNAL, critical="80", lasting="1")
    first = kept(operator)
    operator.post(SIGNAL, critical="90", lasting="keep")
    second = kept(operator)
    operator.post(SIGNAL, critical="90")
    third = kept(operator)
    assert first
    assert second
    assert third
    assert (second.expires_at, second.levels) == (first.expires_at, {"critical": 90})
    assert third.expires_at is None


def test_one_button_sets_back_to_the_file(operator: Visits) -> None:
    assert "Set back" not in operator.get("/preferences?signal=worker_queue_length").text
    operator.post(SIGNAL, critical="80")
    assert "Set back to the file" in operator.get("/preferences?signal=worker_queue_length").text
    assert operator.post(f"{SIGNAL}/set-back").headers["location"] == "/preferences?notice=levels-set-back"
    assert kept(operator) is None
    with operator.app.state.service.store.read() as session:
        done = [row.action for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]
    assert done == ["set_levels", "set_back_levels"]


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"critical": "many"}, 400, "Critical of worker_queue_length is &#39;many&#39;; expected a number."),
        ({"critical": "nan"}, 400, "Critical of worker_queue_length is nan; expected 1 to 1000000."),
        ({"critical": "0"}, 400, "Critical of worker_queue_length is 0; expected 1 to 1000000."),
        ({"critical": "40"}, 400, "Warning of worker_queue_length is 50, beyond its critical 40;"),
        ({}, 400, "No level of worker_queue_length is given; expected warning or critical."),
        ({"critical": "80", "lasting": "ever"}, 400, "expected one of the listed values."),
        ({"critical": "8" * 41}, 422, "not what was expected"),
    ],
)
def test_what_is_refused_is_told_with_the_form_as_it_was(
    operator: Visits, sent: dict[str, str], status: int, said: str
) -> None:
    response = operator.post(SIGNAL, **sent)
    assert response.status_code == status
    assert said in response.text
    assert kept(operator) is None
    if status == 400:
        assert fields(response.text)["critical"] == sent.get("critical", "")


def test_an_unknown_signal_is_told(operator: Visits) -> None:
    assert "There is no signal <code>lamp</code>" in operator.get("/preferences?signal=lamp").text
    response = operator.post("/preferences/lamp", critical="80")
    assert response.status_code == 404
    assert "There is no signal &#39;lamp&#39;; expected one of thresholds.yml." in response.text


def test_levels_of_a_signal_that_is_gone_can_be_forgotten(operator: Visits) -> None:
    operator.post(SIGNAL, critical="80")
    with operator.app.state.service.store.write() as session:
        row = session.get_one(Preference, "worker_queue_length")
        row.signal = "lamp"
    assert "signals that the file no longer names" in operator.get("/preferences").text
    assert operator.post("/preferences/lamp/set-back").status_code == 303
    assert "Without a signal" not in operator.get("/preferences").text


@pytest.mark.parametrize(
    ("level", "unit", "words"),
    [
        (0.07, "ratio", "7 %"),
        (0.0005, "ratio", "0.05 %"),
        (0.3, "seconds", "300 ms"),
        (90, "seconds", "90 s"),
        (300, "seconds", "5 min"),
        (129_600, "seconds", "36 h"),
        (1_000_000, "count", "1 000 000"),
        (0.5, "count", "0.5"),
        (0.2, "per_second", "0.2 / s"),
        (1_572_864, "bytes", "1.5 MiB"),
        (1, "state", "1"),
    ],
)
def test_a_level_is_said_in_its_unit(level: float, unit: str, words: str) -> None:
    assert " ".join(re.split(r"\s", format_value(level, unit))) == words


def test_what_somebody_takes_care_of_comes_last_and_says_who(operator: Visits) -> None:
    put(operator, "Heavy", severity="critical", signal="pool_use")
    put(operator, "Light")
    with operator.app.state.service.store.read() as session:
        number = session.scalar(select(Alert.id).where(Alert.name == "Heavy"))
    sent = {"note": "On <it>.", "back": "/alerts?state=firing"}
    response = operator.post(f"/alerts/{number}/acknowledge", **sent)
    assert response.headers["location"] == "/alerts?state=firing&notice=acknowledged"
    assert shown(operator, "/alerts") == ["Light", "Heavy"]
    text = operator.get("/alerts").text
    assert "Acknowledged by operator" in text
    assert "“On &lt;it&gt;.”" in text
    assert 'href="/preferences?signal=pool_use"' in text
    assert "Acknowledged by operator." in operator.get("/").text
    response = operator.post(f"/alerts/{number}/take-back", back="https://evil.example/")
    assert response.headers["location"] == "/?notice=taken-back"
    assert shown(operator, "/alerts") == ["Heavy", "Light"]


def test_acknowledging_what_is_over_says_so(operator: Visits) -> None:
    put(operator, "Over", ended=5)
    with operator.app.state.service.store.read() as session:
        number = session.scalar(select(Alert.id))
    response = operator.post(f"/alerts/{number}/acknowledge")
    assert response.status_code == 409
    assert "is over since 2026-11-23 12:05:00 UTC" in response.text
    assert f'href="/alerts/{number}"' in response.text
    assert "Take care of it" not in operator.get(f"/alerts/{number}").text
