"""Request a generation of sparse embeddings, and read the state of all of them."""

import math
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change as audit
from ingestion_api.embeddings.coverage import Coverage, read_coverage
from ingestion_api.embeddings.scope import Scope
from ingestion_api.encoder import model_name
from ingestion_api.errors import Conflict
from ingestion_api.jobs.states import ACTIVE, COMPLETE, EMBEDDINGS, ENDED, PENDING, Transition, record_event
from ingestion_api.service import Service
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Job

DEFAULT_TEXTS_PER_SECOND = 500.0  # until this installation has completed a generation


@dataclass(frozen=True)
class GenerationParameters:
    """Which resources get a vector: those named, else those without one.

    `rebuild` selects all, `outdated` those whose vector is of another model than the current one.
    """

    resource_ids: tuple[str, ...] | None
    batch_size: int
    rebuild: bool = False
    outdated: bool = False


def accept_generation(
    store: Store, parameters: GenerationParameters, total: int, actor: Actor, now: datetime
) -> Job:
    """Insert the job, or return the active one if it is the same; Conflict when another is active."""
    ids = list(parameters.resource_ids) if parameters.resource_ids else None
    stored = asdict(parameters) | {"resource_ids": ids}
    with store.write() as session:
        take_advisory_lock(session, EMBEDDINGS)
        active = active_generation(session)
        if active is not None and active.parameters == stored:
            return active
        if active is not None:
            raise Conflict(f"Generation {active.id} is still {active.state}; wait for it or cancel it.")
        job = Job(
            kind=EMBEDDINGS,
            parameters=stored,
            state=PENDING,
            dispatch="celery",
            actor=actor.name,
            submitted_at=now,
            embeddings_total=total,
        )
        session.add(job)
        session.flush()
        record_event(session, Transition(job.id, PENDING, now, note="accepted"))
        audit(session, actor, "generate_embeddings", f"{total} resources", now, job_id=job.id)
        return job


@dataclass(frozen=True)
class GenerationResult:
    """The job, and how long it will take at the speed of the last one."""

    job: Job
    resources: int
    estimated_minutes: int


@dataclass(frozen=True)
class EmbeddingStatus:
    """The active generation, the last completed one, the last one, and the coverage."""

    active: Job | None
    remaining_seconds: float | None
    last_success: Job | None
    last: Job | None
    coverage: Coverage


def request_generation(service: Service, parameters: GenerationParameters, actor: Actor) -> GenerationResult:
    """Queue a generation; Conflict while another one is active, Unavailable when the broker is away."""
    service.broker.check()
    resources = service.resources.table()
    resource_ids = parameters.resource_ids
    ids = [resources.key(key) for key in resource_ids] if resource_ids is not None else None
    model = model_name(service.settings.encoder) if parameters.outdated else None
    total = Scope(ids, renew=parameters.rebuild or ids is not None, outdated=model).count(resources)
    job = accept_generation(service.store, parameters, total, actor, service.clock())
    service.outbox.wake()
    with service.store.read() as session:
        speed = _texts_per_second(session)
    return GenerationResult(job, total, max(1, math.ceil(total / speed / 60)))


def embedding_status(service: Service) -> EmbeddingStatus:
    """The present state of all vectors."""
    with service.store.read() as session:
        active = active_generation(session)
        last_success = _latest_job(session, (COMPLETE,))
        last = _latest_job(session, ENDED)
    remaining = remaining_seconds(active, service.clock()) if active else None
    return EmbeddingStatus(active, remaining, last_success, last, embedding_coverage(service))


def embedding_coverage(service: Service) -> Coverage:
    """The coverage, which may be some seconds old where counting takes long."""
    # counting reads the whole table, and pages reload every few seconds
    return service.coverage.get(lambda: read_coverage(service.resources.table()))


def active_generation(session: Session) -> Job | None:
    """The generation that waits or runs."""
    return session.scalar(select(Job).where(Job.kind == EMBEDDINGS, Job.state.in_(ACTIVE)))


def remaining_seconds(job: Job, now: datetime) -> float | None:
    """The remaining time of a running job at its speed so far; None while unknown."""
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
