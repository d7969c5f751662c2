"""Orders are taken in: once for each repository, up to the limit, the same for the same key."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ingestion_api.errors import TooManyRequests, Unprocessable
from ingestion_api.jobs.lease import claim_job
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, SubmitResult, accept_job
from ingestion_api.repository import UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import AuditRow, Job
from tests.ingestion_api.conftest import KEEPER, MORNING

TEN = SubmissionPolicy(limit=10, dispatch="celery")
LEASE = timedelta(seconds=15)


def order(name: str, key: str | None = None) -> IngestionRequest:
    """An order for a repository of this name."""
    return IngestionRequest(check_url(f"https://git.example/keeper/{name}", UrlRules()), KEEPER, key)


def test_jobs_stand_in_line_in_the_order_they_came(store: Store) -> None:
    """Each answer names its place and the length of the line."""
    places = [
        accept_job(store, order(name), TEN, MORNING).queue_position for name in ("lamp", "horn", "mist")
    ]
    assert [(place.position, place.waiting) for place in places] == [(1, 1), (2, 2), (3, 3)]


def test_a_full_queue_takes_no_more(store: Store) -> None:
    """The refusal says how full it is; nothing is stored of it."""
    for number in range(10):
        accept_job(store, order(f"lamp-{number}"), TEN, MORNING)
    with pytest.raises(TooManyRequests, match="10 of 10 jobs wait"):
        accept_job(store, order("one-more"), TEN, MORNING)
    assert count(store) == 10


def test_a_repository_that_waits_is_not_queued_twice_however_it_is_spelled(store: Store) -> None:
    """With and without .git it is the same repository."""
    first = accept_job(store, order("lamp"), TEN, MORNING)
    again = accept_job(store, order("lamp.git/"), TEN, MORNING)
    assert (again.job.id, again.new) == (first.job.id, False)


def test_a_running_repository_is_not_queued_again(store: Store) -> None:
    """Its job is given, at place 0."""
    first = accept_job(store, order("lamp"), TEN, MORNING)
    assert claim_job(store, first.job.id, "hands", MORNING, LEASE) is not None
    again = accept_job(store, order("lamp"), TEN, MORNING)
    assert (again.job.id, again.queue_position.position) == (first.job.id, 0)


def test_a_full_queue_still_gives_the_job_that_waits(store: Store) -> None:
    """Asking again is not asking for more."""
    one = replace(TEN, limit=1)
    first = accept_job(store, order("lamp"), one, MORNING)
    assert accept_job(store, order("lamp"), one, MORNING).job.id == first.job.id


def test_a_key_gives_the_same_job_even_when_it_has_ended(store: Store) -> None:
    """So a client that lost the answer may ask again."""
    first = accept_job(store, order("lamp", "k-1"), TEN, MORNING)
    with store.write() as session:
        session.get_one(Job, first.job.id).state = "complete"
    again = accept_job(store, order("lamp", "k-1"), TEN, MORNING)
    assert (again.job.id, again.new) == (first.job.id, False)


def test_a_key_of_another_request_is_refused(store: Store) -> None:
    """A key names one request."""
    accept_job(store, order("lamp", "k-1"), TEN, MORNING)
    with pytest.raises(Unprocessable, match="Idempotency-Key was used for another request"):
        accept_job(store, order("horn", "k-1"), TEN, MORNING)


def test_only_an_accepted_order_leaves_an_audit_row(store: Store) -> None:
    """Repeating it changes nothing."""
    for _ in range(2):
        accept_job(store, order("lamp"), TEN, MORNING)
    with store.read() as session:
        rows = session.scalars(select(AuditRow)).all()
    assert [(row.actor, row.action, row.subject) for row in rows] == [
        ("keeper", "ingest", "https://git.example/keeper/lamp")
    ]


def test_what_the_push_refuses_is_not_stored(store: Store) -> None:
    """The edge worker's queue may be full although ours is not."""

    def refuse(_job: Job) -> None:
        raise TooManyRequests("The edge worker's queue is full.", 30)

    with pytest.raises(TooManyRequests):
        accept_job(store, order("lamp"), SubmissionPolicy(10, "edge", refuse), MORNING)
    assert count(store) == 0


def test_fifty_clients_at_once_never_overfill_the_queue(store: Store) -> None:
    """Fifty threads, fifty repositories, ten places."""
    answers = at_once(store, [order(f"lamp-{number}") for number in range(50)])
    assert len([answer for answer in answers if answer is not None]) == 10
    assert count(store) == 10


def test_fifty_clients_at_once_get_one_job_for_one_repository(store: Store) -> None:
    """Fifty threads, one repository."""
    answers = [answer for answer in at_once(store, [order("lamp")] * 50) if answer is not None]
    assert len(answers) == 50
    assert [answer.new for answer in answers].count(True) == 1
    assert {answer.job.id for answer in answers} == {answers[0].job.id}


def at_once(store: Store, orders: list[IngestionRequest]) -> list[SubmitResult | None]:
    """The answers to orders that come together; None for a full queue."""

    def ask(wanted: IngestionRequest) -> SubmitResult | None:
        try:
            return accept_job(store, wanted, TEN, MORNING)
        except TooManyRequests:
            return None

    with ThreadPoolExecutor(max_workers=len(orders)) as threads:
        return list(threads.map(ask, orders))


def count(store: Store) -> int:
    """How many jobs there are."""
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0
