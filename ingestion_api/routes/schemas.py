"""The schemas of the responses, with examples; the contract's fields first."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from ingestion_api.jobs.queries import EventRow, age_seconds, duration_seconds
from ingestion_api.routes.examples import (
    DISPATCHED,
    HISTORY,
    JOB_LIST,
    ONE_JOB,
    PAST_JOB,
    QUEUE,
    STEP,
    with_example,
)
from ingestion_api.store.tables import Job
from ingestion_api.store.tables.base import MAX_ID

DESCRIPTIONS = {
    400: "What was asked makes no sense.",
    401: "The token is missing or wrong.",
    403: "The token is right, but its role does not suffice.",
    404: "There is no such thing.",
    409: "It cannot be done in the present state.",
    413: "The body is too large.",
    422: "A value is wrong, missing or not known.",
    429: "The queue is full, or too many wrong tokens came from this address.",
    503: "The database, the broker or the cache does not answer.",
}
Responses = dict[int | str, dict[str, Any]]
# the contract's moments are UTC without a zone
NaiveUtcDatetime = Annotated[
    datetime, PlainSerializer(lambda moment: moment.astimezone(UTC).replace(tzinfo=None).isoformat(), str)
]
State = Literal["pending", "processing", "complete", "failed", "skipped", "cancelled"]
JobId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[17])]
_SAME = (
    "kind", "repo_url", "stage", "files_total", "files_processed", "embeddings_total",
    "embeddings_generated", "submitted_at", "started_at", "ended_at", "attempts", "worker", "retry_of",
    "error", "reason",
)  # fmt: skip


class ErrorOut(BaseModel):
    """An error, in one sentence."""

    detail: str = Field(examples=["A bearer token is missing; send Authorization: Bearer <token>."])


def error_responses(*statuses: int) -> Responses:
    """The errors a route may answer, all of one shape; where a token is needed, its role is too."""
    found = sorted({*statuses, 403} if 401 in statuses else statuses)
    return {status: {"model": ErrorOut, "description": DESCRIPTIONS[status]} for status in found}


class ApiResponse(BaseModel):
    """What all answers share: no field that is not described."""

    model_config = ConfigDict(extra="forbid")


class DispatchedOut(ApiResponse):
    """The job that answers a request to ingest."""

    model_config = with_example(DISPATCHED)

    status: Literal["dispatched"] = "dispatched"
    job_id: JobId
    queue_position: int = Field(description="1 is next; 0 is already running.")
    target: str
    queue_size: int
    max_queue_size: int
    message: str


class EndedJobOut(ApiResponse):
    """A job that has ended."""

    model_config = with_example(PAST_JOB)

    job_id: JobId
    repo_url: str
    status: Literal["complete", "failed", "skipped", "cancelled"]
    duration_seconds: float | None
    files_processed: int | None
    embeddings_generated: int | None
    timestamp: NaiveUtcDatetime = Field(description="When it ended, in UTC without zone.")
    error: str | None
    reason: str | None
    age_seconds: float | None = Field(description="From being accepted to the end.")

    @classmethod
    def of(cls, job: Job) -> "EndedJobOut":
        """The answer for a row."""
        return cls.model_validate(
            {
                "job_id": job.id,
                "repo_url": job.repo_url or "",
                "status": job.state,
                "duration_seconds": duration_seconds(job),
                "files_processed": job.files_processed,
                "embeddings_generated": job.embeddings_generated,
                "timestamp": job.ended_at,
                "error": job.error,
                "reason": job.reason,
                "age_seconds": age_seconds(job),
            }
        )


class History(ApiResponse):
    """Ended jobs, newest first."""

    model_config = with_example(HISTORY)

    jobs: list[EndedJobOut]
    next_cursor: str | None = Field(default=None, description="Ask again with it for the next page.")


class JobEventOut(ApiResponse):
    """A step in the life of a job."""

    model_config = with_example(STEP)

    at: datetime
    state: State
    worker: str | None
    note: str | None


class JobOut(ApiResponse):
    """Everything about one job."""

    model_config = with_example(ONE_JOB)

    job_id: JobId
    kind: Literal["ingestion", "embeddings"]
    repo_url: str | None
    status: State
    queue_position: int
    stage: str | None
    files_total: int | None
    files_processed: int | None
    embeddings_total: int | None
    embeddings_generated: int | None
    submitted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    attempts: int
    worker: str | None
    retry_of: int | None
    cancel_requested: bool
    error: str | None
    reason: str | None
    steps: list[JobEventOut]

    @classmethod
    def of(cls, job: Job, position: int, events: Iterable[EventRow]) -> "JobOut":
        """The response for a row, its position in the queue and its events."""
        same = {name: getattr(job, name) for name in _SAME}
        return cls.model_validate(
            {
                **same,
                "job_id": job.id,
                "status": job.state,
                "queue_position": position,
                "duration_seconds": duration_seconds(job),
                "cancel_requested": job.cancel_requested_at is not None,
                "steps": [
                    {"at": at, "state": state, "worker": worker, "note": note}
                    for _, at, state, worker, note in events
                ],
            }
        )


class JobList(ApiResponse):
    """Jobs in any state, newest first."""

    model_config = with_example(JOB_LIST)

    jobs: list[JobOut]
    next_cursor: str | None = None


class QueueCounts(ApiResponse):
    """The number of ingestion jobs in each state."""

    model_config = with_example(QUEUE)

    pending: int
    processing: int
    completed: int
    failed: int
    skipped: int
    cancelled: int
    max_queue_size: int
