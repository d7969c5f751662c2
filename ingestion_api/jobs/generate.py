"""Take in a generation of sparse embeddings; one at a time is active."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from ingestion_api.access.bearer import Actor
from ingestion_api.audit.record import record_change as audit
from ingestion_api.errors import Conflict
from ingestion_api.jobs.queue import EMBEDDINGS
from ingestion_api.jobs.states import ACTIVE, PENDING, Transition, record_event
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Job


@dataclass(frozen=True)
class GenerationParameters:
    """Which resources get a vector: those named, else those without one.

    `rebuild` means all, `outdated` those whose vector another model made than the one in use.
    """

    resource_ids: tuple[str, ...] | None
    batch_size: int
    rebuild: bool = False
    outdated: bool = False


def accept_generation(
    store: Store, wanted: GenerationParameters, total: int, actor: Actor, now: datetime
) -> Job:
    """The job for this generation, the active one if it is the same; Conflict when another is active."""
    parameters = asdict(wanted) | {"resource_ids": list(wanted.resource_ids) if wanted.resource_ids else None}
    with store.write() as session:
        take_advisory_lock(session, EMBEDDINGS)
        active = session.scalar(select(Job).where(Job.kind == EMBEDDINGS, Job.state.in_(ACTIVE)))
        if active is not None and active.parameters == parameters:
            return active
        if active is not None:
            raise Conflict(f"Generation {active.id} is still {active.state}; wait for it or cancel it.")
        job = Job(
            kind=EMBEDDINGS,
            parameters=parameters,
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
