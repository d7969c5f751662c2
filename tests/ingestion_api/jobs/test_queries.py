"""Pages of ended jobs: newest first, nothing twice, nothing left out."""

from base64 import b64encode
from contextlib import nullcontext
from datetime import timedelta

import pytest

from ingestion_api.errors import BadRequest
from ingestion_api.jobs.cancel import cancel_job
from ingestion_api.jobs.lease import Progress, claim_job, finish_job
from ingestion_api.jobs.queries import (
    age_seconds,
    duration_seconds,
    ended_jobs,
    newest_jobs,
    queue_position,
)
from ingestion_api.jobs.states import Transition
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from ingestion_api.store.tables.base import MAX_ID
from tests.ingestion_api.conftest import KEEPER, MORNING
from tests.ingestion_api.jobs.example_jobs import LEASE, ended_job, row, running_job, waiting_job


def test_cursors_lead_through_all_jobs_even_those_of_one_moment(store: Store) -> None:
    """Seven jobs, four of which ended together, in pages of three."""
    ids = [
        ended_job(store, "complete", f"lamp-{n}", MORNING + timedelta(seconds=max(0, n - 3)))
        for n in range(7)
    ]
    seen: list[int] = []
    cursor = None
    for _ in range(3):
        with store.read() as session:
            page = ended_jobs(session, 3, cursor)
        seen += [job.id for job in page.jobs]
        cursor = page.next_cursor
    assert (seen, cursor) == (ids[::-1], None)


@pytest.mark.parametrize("cursor", ["", "x", "!!", "MTIz", "YS5i", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ=="])
def test_a_cursor_that_is_not_ours_is_refused(store: Store, cursor: str) -> None:
    """An empty one is none."""
    with store.read() as session:
        if not cursor:
            assert ended_jobs(session, 3, cursor).jobs == []
            return
        with pytest.raises(BadRequest, match="cursor is invalid"):
            ended_jobs(session, 3, cursor)


def test_a_job_that_never_ran_has_no_duration(store: Store) -> None:
    """It is listed among the newest, with no end."""
    waiting_job(store)
    with store.read() as session:
        job = newest_jobs(session, 1).jobs[0]
    assert duration_seconds(job) is None


def test_a_page_begins_after_the_last_job_by_its_end_and_not_by_its_order(store: Store) -> None:
    """The first job ended last, a day after it was accepted."""
    claims = [running_job(store, f"lamp-{number}") for number in range(3)]
    ends = [MORNING + timedelta(days=1, microseconds=after) for after in (3, 2, 1)]
    for claim, at in zip(claims, ends, strict=True):
        with store.write() as session:
            assert finish_job(session, claim, Transition(claim.job.id, "complete", at), Progress())
    with store.read() as session:
        first = ended_jobs(session, 1)
        second = ended_jobs(session, 1, first.next_cursor)
        last = ended_jobs(session, 1, second.next_cursor)
    found = [job.id for page in (first, second, last) for job in page.jobs]
    assert (found, last.next_cursor) == ([claim.job.id for claim in claims], None)


@pytest.mark.parametrize(("job_id", "is_ours"), [(0, False), (1, True), (MAX_ID, True), (MAX_ID + 1, False)])
def test_a_cursor_names_a_job_that_may_exist(store: Store, job_id: int, is_ours: bool) -> None:
    """A number beyond would be an error of the database."""
    cursor = b64encode(f"1795413600000000.{job_id}".encode()).decode()
    expected = nullcontext() if is_ours else pytest.raises(BadRequest, match="cursor is invalid")
    with store.read() as session, expected:
        assert ended_jobs(session, 3, cursor).jobs == []


def test_the_newest_jobs_come_in_pages_with_a_cursor_while_there_are_more(store: Store) -> None:
    """A full page that is the last one has none."""
    ids = [waiting_job(store, f"lamp-{number}") for number in range(4)]
    with store.read() as session:
        first = newest_jobs(session, 2)
        last = newest_jobs(session, 2, int(first.next_cursor or 0))
    assert [[job.id for job in page.jobs] for page in (first, last)] == [ids[:1:-1], ids[1::-1]]
    assert (first.next_cursor, last.next_cursor) == (str(ids[2]), None)


def test_places_count_those_that_wait_before(store: Store) -> None:
    """Who does not wait is at place 0, and is told the length of the line as well."""
    claim = running_job(store)
    ids = [waiting_job(store, f"lamp-{number}") for number in range(3)]
    with store.read() as session:
        found = [queue_position(session, session.get_one(Job, job_id)) for job_id in (claim.job.id, *ids)]
    assert [(it.position, it.waiting) for it in found] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_times_are_told_of_what_began_and_ended(store: Store) -> None:
    """A job that was cancelled while it waited has an age, but no duration."""
    running, cancelled = running_job(store), waiting_job(store, "horn")
    cancel_job(store, cancelled, KEEPER, MORNING + timedelta(seconds=7))
    done = claim_job(store, waiting_job(store, "mist"), "hands", MORNING + timedelta(seconds=2), LEASE)
    assert done is not None
    with store.write() as session:
        end = Transition(done.job.id, "complete", MORNING + timedelta(seconds=5))
        assert finish_job(session, done, end, Progress())
    jobs = [row(store, job_id) for job_id in (running.job.id, cancelled, done.job.id)]
    assert [(duration_seconds(job), age_seconds(job)) for job in jobs] == [
        (None, None),
        (None, 7.0),
        (3.0, 5.0),
    ]
