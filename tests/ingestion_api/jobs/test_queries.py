"""Pages of ended jobs: newest first, nothing twice, nothing left out."""

from datetime import timedelta

import pytest

from ingestion_api.errors import BadRequest
from ingestion_api.jobs.queries import duration_seconds, ended_jobs, newest_jobs
from ingestion_api.store import Store
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.jobs.example_jobs import ended_job, waiting_job


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
