"""Jobs, their events, and the idempotency keys of their requests."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base

# as SQL text, since a database uses this partial index only for a query with the same literal condition
ACTIVE_INGESTION = text("kind = 'ingestion' AND state IN ('pending', 'processing')")


class Job(Base):
    """One accepted job."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "one_active_job_per_repository",
            "repository",
            unique=True,
            sqlite_where=ACTIVE_INGESTION,
            postgresql_where=ACTIVE_INGESTION,
        ),
        Index(
            "one_active_generation",
            "kind",
            unique=True,
            sqlite_where=text("kind = 'embeddings' AND state IN ('pending', 'processing')"),
            postgresql_where=text("kind = 'embeddings' AND state IN ('pending', 'processing')"),
        ),
        Index("jobs_by_state", "kind", "state", "id"),
        Index("jobs_by_end", "kind", "ended_at", "id"),
        Index("jobs_by_kind", "kind", "id"),
        Index("jobs_by_origin", "retry_of"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    repo_url: Mapped[str | None] = mapped_column(String(2048))
    repository: Mapped[str | None] = mapped_column(String(2048))  # the same for all of its URLs
    parameters: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    dispatch: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(100))
    retry_of: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"))

    submitted_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    publications: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    claim: Mapped[str | None] = mapped_column(String(36))
    worker: Mapped[str | None] = mapped_column(String(255))
    lease_until: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)

    stage: Mapped[str | None] = mapped_column(String(32))
    files_total: Mapped[int | None]
    files_processed: Mapped[int | None]
    embeddings_total: Mapped[int | None]
    embeddings_generated: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class JobEvent(Base):
    """One transition of a job; the index allows each job one end."""

    __tablename__ = "job_events"
    __table_args__ = (
        Index(
            "one_ending_per_job",
            "job_id",
            unique=True,
            sqlite_where=text("ending"),
            postgresql_where=text("ending"),
        ),
        Index("events_by_job", "job_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16))
    ending: Mapped[bool]
    worker: Mapped[str | None] = mapped_column(String(255))
    note: Mapped[str | None] = mapped_column(Text)


class IdempotencyKey(Base):
    """A client's key for one request, and the job that it created."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("keys_by_job", "job_id"),)

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    created_at: Mapped[datetime]
