"""Ask for a generation of sparse vectors, and look at the state of all vectors."""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.embeddings.coverage import Coverage, read_coverage
from ingestion_api.embeddings.scope import Scope
from ingestion_api.encoder import model_name
from ingestion_api.jobs import generate
from ingestion_api.jobs.generate import GenerationParameters
from ingestion_api.jobs.queue import EMBEDDINGS
from ingestion_api.jobs.states import ACTIVE, COMPLETE, ENDED
from ingestion_api.service import Service
from ingestion_api.store.tables import Job

DEFAULT_TEXTS_PER_SECOND = 500.0  # texts a second, until a generation of this installation tells better


@dataclass(frozen=True)
class GenerationResult:
    """The job that answers, and how long it will take by the speed of the last one."""

    job: Job
    resources: int
    estimated_minutes: int


@dataclass(frozen=True)
class EmbeddingStatus:
    """The active generation, the last one that ended well, the last one at all, and the coverage."""

    active: Job | None
    remaining_seconds: float | None
    last_success: Job | None
    last: Job | None
    coverage: Coverage


def request_generation(service: Service, wanted: GenerationParameters, actor: Actor) -> GenerationResult:
    """Queue a generation; Conflict while another one is active, Unavailable when the broker is away."""
    service.broker.check()
    resources = service.resources.table()
    ids = [resources.key(key) for key in wanted.resource_ids] if wanted.resource_ids is not None else None
    model = model_name(service.settings.encoder) if wanted.outdated else None
    total = Scope(ids, renew=wanted.rebuild or ids is not None, outdated=model).count(resources)
    job = generate.accept_generation(service.store, wanted, total, actor, service.clock())
    service.outbox.wake()
    with service.store.read() as session:
        speed = _texts_per_second(session)
    return GenerationResult(job, total, max(1, math.ceil(total / speed / 60)))


def embedding_status(service: Service) -> EmbeddingStatus:
    """The state of all vectors now."""
    with service.store.read() as session:
        active = session.scalar(select(Job).where(Job.kind == EMBEDDINGS, Job.state.in_(ACTIVE)))
        last_success = _latest_job(session, (COMPLETE,))
        last = _latest_job(session, ENDED)
    remaining = remaining_seconds(active, service.clock()) if active else None
    # counting reads the whole table, and pages ask again every few seconds
    covered = service.coverage.get(lambda: read_coverage(service.resources.table()))
    return EmbeddingStatus(active, remaining, last_success, last, covered)


def remaining_seconds(job: Job, now: datetime) -> float | None:
    """How long a running job will still take by its speed so far; None while that is unknown."""
    done, total = job.embeddings_generated, job.embeddings_total
    if not done or not total or job.started_at is None:
        return None
    elapsed = (now - job.started_at).total_seconds()
    return max(0.0, (total - done) * elapsed / done)


def _latest_job(session: Session, states: tuple[str, ...]) -> Job | None:
    query = select(Job).where(Job.kind == EMBEDDINGS, Job.state.in_(states))
    return session.scalar(query.order_by(Job.ended_at.desc(), Job.id.desc()).limit(1))


def _texts_per_second(session: Session) -> float:
    last = _latest_job(session, (COMPLETE,))
    if last is None or not last.embeddings_generated or last.ended_at is None or last.started_at is None:
        return DEFAULT_TEXTS_PER_SECOND
    return last.embeddings_generated / max((last.ended_at - last.started_at).total_seconds(), 0.1)
