"""The versions of the encoder: what one job makes its vectors with, also after an interruption."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingestion_api.embeddings import corpus
from ingestion_api.encoder import CorpusStatistics
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import EncoderVersion

MAX_VERSIONS = 100  # versions


def version_of_job(session: Session, job_id: int) -> EncoderVersion | None:
    """The version that this job made before it was interrupted."""
    return session.scalar(select(EncoderVersion).where(EncoderVersion.job_id == job_id))


def latest_version(session: Session) -> EncoderVersion | None:
    """The newest version."""
    return session.scalar(select(EncoderVersion).order_by(EncoderVersion.id.desc()).limit(1))


def corpus_size(version: EncoderVersion) -> CorpusStatistics:
    """How many texts there were and how long, which is all that texts are encoded with."""
    return CorpusStatistics(version.documents, version.tokens)


def create_version(
    store: Store, job_id: int, name: str, corpus_id: int | None, now: datetime
) -> EncoderVersion:
    """Make the next version for a job, the one it has already when it is resumed; its corpus is in force."""
    with store.write() as session:
        take_advisory_lock(session, "encoder versions")
        made = version_of_job(session, job_id)
        if made is not None:
            return made
        size = corpus.activate(session, corpus_id) if corpus_id is not None else CorpusStatistics()
        version = EncoderVersion(
            name=name, job_id=job_id, documents=size.documents, tokens=size.tokens, created_at=now
        )
        session.add(version)
        session.flush()
        session.execute(delete(EncoderVersion).where(EncoderVersion.id <= version.id - MAX_VERSIONS))
        return version
