"""Notices: written with what they tell of, streamed to who may see them, caught up, kept in number."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from ingestion_api.access.bearer import Actor
from ingestion_api.alerts.acknowledge import acknowledge
from ingestion_api.alerts.feed import IncidentChange, IncidentFeed
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.notices import journal
from ingestion_api.notices.hub import MAX_CAUGHT_UP
from ingestion_api.notices.preferences import read_notice_preferences
from ingestion_api.store import Store
from tests.ingestion_api.pages.desk import TOKEN, Desk
from tests.ingestion_api.pages.notice_streams import STREAM, fire, open_stream, signed_in_client
from tests.ingestion_api.pages.visits import FORM_KEY
from tests.servers.waiting import eventually

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


@pytest.fixture
def person(desk: Desk) -> Iterator[httpx2.Client]:
    """A client that has signed in."""
    with signed_in_client(desk.url, TOKEN) as client:
        yield client


def changes(*numbers: int) -> list[IncidentChange]:
    return [IncidentChange(it, "started", NOW, f"Alert{it}", "critical", "x" * 900) for it in numbers]


def test_what_happens_to_an_incident_reaches_an_open_page(desk: Desk, person: httpx2.Client) -> None:
    with open_stream(person) as events:
        begin = next(events)
        assert (begin.name, begin.data["left_out"]) == ("begin", False)
        fire(desk.url, TOKEN, "WorkersGone")
        first = next(events)
        assert first.name == "notice"
        assert first.data["summary"] == "WorkersGone needs somebody."
        assert (first.data["kind"], first.data["severity"]) == ("started", "critical")
        acknowledge(desk.service, first.data["alert_id"], "", Actor("ana", "192.0.2.1"))
        fire(desk.url, TOKEN, "WorkersGone", status="resolved")
        kinds = [(it.data["kind"], int(it.id)) for it in (next(events), next(events))]
    assert kinds == [("acknowledged", int(first.id) + 1), ("ended", int(first.id) + 2)]


def test_what_another_process_commits_comes_too(desk: Desk, person: httpx2.Client) -> None:
    told = {"status": "firing", "fingerprint": "fa", "startsAt": "2026-11-29T09:00:00Z"}
    alerts = read_alerts([{**told, "labels": {"alertname": "Far"}}])
    with open_stream(person) as events:
        next(events)
        # nobody in this process hears of it
        store_alerts(desk.service.store, IncidentFeed(), Delivery(alerts.alerts, "", NOW))
        assert next(events).data["name"] == "Far"


def test_a_page_that_comes_back_misses_nothing_and_hears_nothing_twice(
    desk: Desk, person: httpx2.Client
) -> None:
    fire(desk.url, TOKEN, "One", "Two", "Three")
    with open_stream(person) as events:
        last = int(next(events).id)
    # the browser's own id is newer than the one in the address of the page
    for after, own in ((last - 2, None), (0, last - 2)):
        with open_stream(person, after, own) as events:
            assert int(next(events).id) == last - 2
            assert [next(events).data["name"] for _ in range(2)] == ["Two", "Three"]
    with open_stream(person, last) as events:
        next(events)
        fire(desk.url, TOKEN, "Four")
        assert next(events).data["name"] == "Four"
    # the id of another database
    with open_stream(person, last + 1_000_000) as events:
        assert int(next(events).id) == last + 1


def test_after_a_storm_only_the_newest_are_caught_up(desk: Desk, person: httpx2.Client) -> None:
    with desk.service.store.write() as session:
        journal.write_notices(session, changes(*range(1, MAX_CAUGHT_UP + 6)))
        first = journal.last_notice_id(session) - MAX_CAUGHT_UP - 4
    with open_stream(person, after=first - 1) as events:
        assert next(events).data["left_out"] is True
        names = [next(events).data["name"] for _ in range(MAX_CAUGHT_UP)]
    assert (names[0], names[-1]) == ("Alert6", f"Alert{MAX_CAUGHT_UP + 5}")


def test_only_the_newest_notices_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    for number in range(1, 6):
        with store.write() as session:
            journal.write_notices(session, changes(number))
    with store.read() as session:
        kept = journal.newest_notices(session, 10)
    assert [it.name for it in kept] == ["Alert5", "Alert4", "Alert3"]
    assert {len(it.summary) for it in kept} == {journal.MAX_SUMMARY}


def test_a_stranger_gets_no_stream(desk: Desk) -> None:
    answer = httpx2.get(desk.url + STREAM, timeout=10)
    assert answer.status_code == 401
    assert httpx2.get(f"{desk.url}/notices", timeout=10).status_code == 303


def test_a_stream_ends_with_its_session(
    desk: Desk, person: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion_api.pages.notices.HEARTBEAT", 0.1)
    with open_stream(person) as events:
        assert [next(events).name for _ in range(3)] == ["begin", "heartbeat", "heartbeat"]
        with httpx2.Client(base_url=desk.url, cookies=dict(person.cookies), timeout=10) as other:
            key = FORM_KEY.search(other.get("/notices").text)
            assert key
            other.post("/sign-out", data={"form_key": key[1]})
        assert {it.name for it in events} <= {"heartbeat"}
    eventually(lambda: len(desk.service.notices) == 0)


def test_the_page_lists_notices_and_sets_how_a_person_wants_to_hear_of_them(
    desk: Desk, person: httpx2.Client
) -> None:
    with desk.service.store.write() as session:
        journal.write_notices(session, changes(*range(1, 61)))
    text = person.get("/notices").text
    assert (text.count("Fires<p"), "Alert60" in text, "Alert10<" in text) == (50, True, False)
    older = text.partition('href="/notices?before=')[2].partition('"')[0]
    assert person.get(f"/notices?before={older}").text.count("Fires<p") == 10
    key = FORM_KEY.search(text)
    assert key
    form = {"form_key": key[1], "notify": ["critical", "warning"], "quiet_from": "22:00"}
    wrong = person.post("/notices/preferences", data=form)
    assert (wrong.status_code, "Quiet hours have one time; expected two, or none." in wrong.text) == (
        400,
        True,
    )
    form |= {"sound": ["critical"], "quiet_until": "06:30"}
    assert person.post("/notices/preferences", data=form).status_code == 303
    kept = read_notice_preferences(desk.service.store, "operator")
    assert (kept.notify, kept.sound, kept.quiet_until) == (("critical", "warning"), ("critical",), "06:30")
    with open_stream(person) as events:
        assert next(events).data["preferences"] == {
            "notify": ["critical", "warning"],
            "sound": ["critical"],
            "quiet_from": "22:00",
            "quiet_until": "06:30",
        }


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("notify", "loud", "Severity is &#39;loud&#39;; expected one of critical, warning, info."),
        ("quiet_from", "25:00", "Quiet hours have &#39;25:00&#39;; expected a time as 22:00."),
    ],
)
def test_a_wrong_preference_is_refused_with_its_value(
    person: httpx2.Client, field: str, value: str, said: str
) -> None:
    key = FORM_KEY.search(person.get("/notices").text)
    assert key
    answer = person.post("/notices/preferences", data={"form_key": key[1], field: value})
    assert (answer.status_code, said in answer.text) == (400, True)
