"""Orders are taken in: once for each repository, up to the limit, the same for the same key."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from ingestion_api.errors import BadRequest, Conflict, NotFound, TooManyRequests, Unprocessable
from ingestion_api.jobs.lease import claim_job
from ingestion_api.jobs.queries import job_events
from ingestion_api.jobs.submit import (
    IngestionRequest,
    SubmissionPolicy,
    SubmitResult,
    accept_job,
    check_repository_url,
    retry_request,
)
from ingestion_api.repository import UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import AuditRow, IdempotencyKey, Job
from tests.ingestion_api.conftest import KEEPER, MORNING, service_behind
from tests.ingestion_api.jobs.example_jobs import ended_job, waiting_job

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


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_that_failed_or_was_cancelled_is_asked_for_again(store: Store, state: str) -> None:
    """The new one names the old one, in its row and in the audit log."""
    old = ended_job(store, state)
    result = accept_job(store, retry_request(store, old, UrlRules(), KEEPER), TEN, MORNING)
    assert (result.new, result.job.retry_of, result.job.repository) == (
        True,
        old,
        "https://git.example/keeper/lamp",
    )
    with store.read() as session:
        details = session.scalars(select(AuditRow.details).order_by(AuditRow.id.desc())).first()
    assert details == {"job_id": result.job.id, "retry_of": old}


@pytest.mark.parametrize("state", ["pending", "processing", "complete"])
def test_a_job_that_did_not_fail_is_not_asked_for_again(store: Store, state: str) -> None:
    """The refusal says how it stands."""
    job_id = ended_job(store, state) if state == "complete" else waiting_job(store)
    if state == "processing":
        assert claim_job(store, job_id, "hands", MORNING, LEASE) is not None
    with pytest.raises(Conflict, match=f"Job {job_id} is {state}; expected an ingestion that failed"):
        retry_request(store, job_id, UrlRules(), KEEPER)


def test_what_has_no_repository_is_not_asked_for_again(store: Store) -> None:
    """Nor what never was."""
    job_id = ended_job(store, "failed")
    with store.write() as session:
        session.get_one(Job, job_id).repo_url = None
    with pytest.raises(Conflict, match=f"Job {job_id} is failed; expected an ingestion"):
        retry_request(store, job_id, UrlRules(), KEEPER)
    with pytest.raises(NotFound, match="There is no job 99"):
        retry_request(store, 99, UrlRules(), KEEPER)


def test_a_key_is_kept_from_its_first_use(store: Store) -> None:
    """Also where the repository waits already; without a key nothing is kept."""
    first = accept_job(store, order("lamp"), TEN, MORNING)
    later = MORNING + timedelta(minutes=1)
    for at in (MORNING, later):
        assert accept_job(store, order("lamp", "k-1"), TEN, at).job.id == first.job.id
    with store.read() as session:
        keys = session.scalars(select(IdempotencyKey)).all()
    assert [(key.key, key.job_id, key.created_at) for key in keys] == [("k-1", first.job.id, MORNING)]


@pytest.mark.parametrize("dispatch", ["celery", "edge"])
def test_a_pushed_job_is_published_and_another_is_due(store: Store, dispatch: str) -> None:
    """What was pushed needs no message; its story begins with being accepted."""
    pushed: list[Job] = []
    policy = SubmissionPolicy(10, dispatch, pushed.append if dispatch == "edge" else None)
    job = accept_job(store, order("lamp"), policy, MORNING).job
    assert (job.dispatch, job.published_at) == (dispatch, MORNING if pushed else None)
    assert [it.id for it in pushed] == [job.id] * (dispatch == "edge")
    with store.read() as session:
        assert [(event.state, event.note) for event in job_events(session, job.id)] == [
            ("pending", "accepted")
        ]


@pytest.mark.parametrize("host", ["140.82.121.4", "git.example"])
def test_a_host_is_accepted_that_leads_outside_or_that_nobody_knows(client: TestClient, host: str) -> None:
    """A name server may be away; the worker looks again."""
    url = f"https://{host}/keeper/lamp"
    assert str(check_repository_url(service_behind(client), url)) == url


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost"])
def test_a_host_that_leads_inside_is_refused(client: TestClient, host: str) -> None:
    """By its number or by its name."""
    with pytest.raises(BadRequest, match=r"This repository is not ingested: .*not a public address"):
        check_repository_url(service_behind(client), f"https://{host}/keeper/lamp")


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
