"""What the receiver of events says of itself, with the clock of the test and no connection."""

import json
import socket
import time
from typing import Any

import pytest
from pydantic import SecretStr
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.event_receiver import EventReceiver, failure_reason
from exporter.sources.broker.event_stream import channel_pattern
from tests.exporter.worker_events import event, heartbeat, life, wrapped

URL = SecretStr("redis://127.0.0.1:1")


def receiver(**settings: Any) -> EventReceiver:
    """A receiver that was not started."""
    return EventReceiver(CelerySettings(**settings), URL, 0)


def listening(since: float, heard: float) -> EventReceiver:
    """A receiver whose subscription began and that last heard of its broker at these times."""
    it = receiver()
    it._mark_heard(heard)
    it._listening_since = since
    return it


@pytest.mark.parametrize(("now", "since"), [(103.0, 90.0), (103.1, None)])
def test_events_arrive_while_the_broker_is_not_silent_for_long(now: float, since: float | None) -> None:
    assert listening(90.0, 100.0).listening_since(now) == since


@pytest.mark.parametrize(("heard_again", "since"), [(103.0, 90.0), (103.1, 103.1)])
def test_a_long_silence_is_a_gap(heard_again: float, since: float) -> None:
    it = listening(90.0, 100.0)
    it._mark_heard(heard_again)
    assert it.listening_since(heard_again) == since


def test_before_a_subscription_no_events_arrive() -> None:
    it = receiver()
    assert it.listening_since(0.0) is None
    assert it.backlog == 0


def test_failures_count_within_their_window() -> None:
    it = receiver(failure_window=60.0)
    assert it.finished_and_failed(1.0) == (0, 0)
    for now, kind in ((10.0, "task-failed"), (20.0, "task-succeeded"), (30.0, "task-failed")):
        it._tick(now - 1)
        for one in life(ends=kind, exception="E()"):
            it.process(wrapped(one).encode(), now)
    assert it.finished_and_failed(31.0) == (3, 2)
    assert it.finished_and_failed(69.0) == (3, 2)
    assert it.finished_and_failed(70.0) == (2, 1)
    assert it.finished_and_failed(89.0) == (1, 1)


def test_a_window_of_failures_is_remembered_as_a_whole() -> None:
    it = receiver(failure_window=10.0)
    for second in range(31):
        it._tick(float(second))
        it.process(wrapped(life()[3]).encode(), second + 0.5)
    assert it.finished_and_failed(30.9) == (10, 0)


def test_what_arrives_is_counted_and_what_is_no_event_too() -> None:
    it = receiver()
    it.process(b"garbage", 1.0)
    it.process(wrapped([heartbeat(), {"no": "type"}, event("my-own")]).encode(), 1.0)
    it.process(json.dumps({"body": heartbeat()}).encode(), 1.0)
    assert (it.events_received, it.undecodable) == (4, 2)
    assert [*it.workers.all()] == ["one@here"]


def test_events_of_foreign_workers_are_counted_and_let_be() -> None:
    it = receiver(foreign_workers=("batch-*",))
    it.process(wrapped(heartbeat("batch-1@there")).encode(), 1.0)
    assert it.events_received == 1
    assert it.workers.all() == {}


def test_a_task_that_a_worker_knows_is_shown_at_0_once_it_is_told() -> None:
    it = receiver()
    it.known_tasks = frozenset({"b", "a"})
    it._tick(1.0)
    it._tick(2.0)
    assert [tally.name for tally in it.tasks.counters.all()] == ["a", "b"]


def test_a_cut_is_counted_where_events_arrived_before() -> None:
    it = receiver()
    it._record_disconnect(ConnectionResetError())
    assert (it.disconnects, it.failure_reason) == (0, "broker cannot be reached: ConnectionResetError")
    it._mark_heard(100.0)
    it._listening_since = 100.0
    it._record_disconnect(TimeoutError())
    assert (it.disconnects, it.failure_reason) == (1, "broker cannot be reached: TimeoutError")
    assert it.listening_since(100.0) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoPermissionError("this user has no permissions to access one of the channels"), "&CHANNEL"),
        (NoPermissionError("this user has no permissions to run the 'psubscribe' command"), "+psubscribe"),
        (AuthenticationError("secret"), "does not allow this user to connect|refused"),
        (ResponseError("ERR secret"), "refused the command: ERR"),
        (OSError("secret"), "cannot be reached: OSError"),
        (KeyError("secret"), "KeyError while the exporter read events"),
    ],
)
def test_the_reason_of_a_failure_is_one_sentence_without_secrets(error: Exception, words: str) -> None:
    reason = failure_reason(error)
    assert any(each in reason for each in words.split("|")), reason
    assert "secret" not in reason


def test_the_channel_is_that_of_the_database_and_nothing_else() -> None:
    assert channel_pattern(CelerySettings(key_prefix="a*"), 3) == "a\\*/3.celeryev*"


def test_a_broker_that_is_away_is_asked_again_later_and_later() -> None:
    times: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        url = SecretStr(f"redis://127.0.0.1:{server.getsockname()[1]}")
        it = EventReceiver(CelerySettings(), url, 0)
        it.start()
        for _ in range(3):
            server.accept()[0].close()
            times.append(time.monotonic())
        it.stop()
    first, second = times[1] - times[0], times[2] - times[1]
    assert first > 0.19
    assert 0.39 < second < 0.85
    assert it.disconnects == 0
