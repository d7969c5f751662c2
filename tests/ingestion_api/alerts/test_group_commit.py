"""Calls of the webhook that come at once share a transaction, and none costs another."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from sqlalchemy import event, func, select

from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.group_commit import GroupCommit
from ingestion_api.alerts.store import Delivery, UpsertCounts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Alert
from tests.ingestion_api.alerts.test_webhook import notice
from tests.ingestion_api.conftest import MORNING
from tests.servers.waiting import eventually

CALLS = 40


def delivery(number: int, **more: Any) -> Delivery:
    """A call with one alert of its own."""
    return Delivery(read_alerts([notice(fingerprint=f"{number:016x}", **more)]).alerts, "watchroom", MORNING)


def write_all(store: Store, calls: Sequence[Delivery]) -> list[UpsertCounts | Exception]:
    """What each call is answered when all come while another transaction is written."""
    writer = GroupCommit(store, IncidentFeed())

    def write(call: Delivery) -> UpsertCounts | Exception:
        try:
            return writer.write(call)
        except ValueError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        with store.write() as session:
            take_advisory_lock(session, "alerts")
            answers = [pool.submit(write, call) for call in calls]
            # the first one leads a group of its own, and waits for the lock
            eventually(lambda: len(writer) == len(calls) - 1, within=10)
        return [answer.result() for answer in answers]


def count(store: Store) -> int:
    """How many incidents are stored."""
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Alert)) or 0


def test_calls_that_come_at_once_are_written_together(store: Store) -> None:
    commits: list[object] = []
    event.listen(store.engine, "commit", commits.append)
    assert write_all(store, [delivery(number) for number in range(CALLS)]) == [UpsertCounts(1, 0)] * CALLS
    # the lock of this test, the first call, and all others
    assert len(commits) == 3
    assert count(store) == CALLS
    assert write_all(store, [delivery(7)]) == [UpsertCounts(new=0, known=1)]


def test_a_call_that_cannot_be_written_costs_no_other(store: Store) -> None:
    calls = [delivery(number) for number in range(CALLS)]
    calls[20] = replace(calls[20], alerts=[UNREADABLE])
    answers = write_all(store, calls)
    assert [number for number, it in enumerate(answers) if isinstance(it, Exception)] == [20]
    assert count(store) == len(calls) - 1


class Unreadable:
    """An alert whose reading fails."""

    def __getattr__(self, name: str) -> object:
        raise ValueError(f"no {name}")


UNREADABLE: Any = Unreadable()
