"""Make the sparse vectors of a scope, with one encoder version for each job."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingestion_api.clock import Clock
from ingestion_api.embeddings import corpus
from ingestion_api.embeddings.counting import CorpusCounter
from ingestion_api.embeddings.coverage import read_coverage
from ingestion_api.embeddings.scope import Scope
from ingestion_api.encoder import (
    CorpusStatistics,
    DeviceSettings,
    SparseEncoder,
    Vector,
    make_encoder,
    model_name,
)
from ingestion_api.jobs.lease import JobControl
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import EncoderVersion

MAX_VERSIONS = 100  # versions
MAX_TERMS = 5_000_000


def version_of_job(session: Session, job_id: int) -> EncoderVersion | None:
    """The version that this job made before it was interrupted."""
    return session.scalar(select(EncoderVersion).where(EncoderVersion.job_id == job_id))


def corpus_size(version: EncoderVersion) -> CorpusStatistics:
    """The size of the corpus, which is all that encoding a text needs."""
    return CorpusStatistics(version.documents, version.tokens)


def create_version(
    store: Store, job_id: int, name: str, corpus_id: int | None, now: datetime
) -> EncoderVersion:
    """Create the version of a job, or return the one of a resumed job; its corpus becomes the current one."""
    with store.write() as session:
        take_advisory_lock(session, "encoder versions")
        existing = version_of_job(session, job_id)
        if existing is not None:
            return existing
        size = corpus.activate(session, corpus_id) if corpus_id is not None else CorpusStatistics()
        version = EncoderVersion(
            name=name, job_id=job_id, documents=size.documents, tokens=size.tokens, created_at=now
        )
        session.add(version)
        session.flush()
        session.execute(delete(EncoderVersion).where(EncoderVersion.id <= version.id - MAX_VERSIONS))
        return version


@dataclass(frozen=True)
class EncodingContext:
    """What one job needs to encode texts."""

    store: Store
    resources: ResourceTable
    clock: Clock
    encoder: str
    job_id: int
    batch_size: int
    max_terms: int = MAX_TERMS
    device: DeviceSettings = field(default_factory=DeviceSettings)


def embed_resources(context: EncodingContext, scope: Scope, control: JobControl) -> None:
    """Make the vector of every resource in the scope; each batch is committed before the next starts."""
    version, counter = _encoder_version(context, scope, control)
    encoder = make_encoder(context.encoder, corpus_size(version), context.device)
    progress = control.progress
    progress.embeddings_generated = progress.embeddings_generated or 0
    waiting = scope.count(context.resources, version.created_at)
    progress.embeddings_total = progress.embeddings_generated + waiting
    for ids in scope.pending_batches(context.resources, version.created_at, context.batch_size):
        control.checkpoint()
        texts = rows.read_texts(context.resources, ids)
        if counter is not None:
            # texts that came after the counting are counted before they are encoded
            counter.count(ids)
            counter.flush()
        _embed_batch(context, encoder, texts)
        progress.embeddings_generated += len(ids)
        control.save()
    if scope.outdated is not None or _is_full_rebuild(scope):
        corpus.delete_replaced(context.store, {encoder.name, *read_coverage(context.resources).by_model})


def vector_json(vector: Vector) -> str:
    """A vector as the backend stores it: {token id: weight}."""
    return "{" + ",".join(f'"{token}":{weight}' for token, weight in vector.items()) + "}"


def _embed_batch(context: EncodingContext, encoder: SparseEncoder, texts: list[rows.ResourceText]) -> None:
    vectors = encoder.encode([text.text for text in texts])
    stored = [(text.id, vector_json(vector)) for text, vector in zip(texts, vectors, strict=True)]
    rows.store_vectors(context.resources, stored, encoder.name, context.clock())


def _encoder_version(
    context: EncodingContext, scope: Scope, control: JobControl
) -> tuple[EncoderVersion, CorpusCounter | None]:
    """The version of this job, and its counter of texts; only BM25 needs counts."""
    model = model_name(context.encoder)
    with context.store.read() as session:
        version = version_of_job(session, context.job_id)
    if context.encoder != "bm25":
        return version or create_version(context.store, context.job_id, model, None, context.clock()), None
    corpus_id = _open_corpus(context, model, rebuild=_is_full_rebuild(scope) and version is None)
    counter = CorpusCounter(context.store, context.resources, corpus_id, context.max_terms)
    if version is None:
        _count_corpus(context, scope, control, counter)
        version = create_version(context.store, context.job_id, model, corpus_id, context.clock())
    return version, counter


def _is_full_rebuild(scope: Scope) -> bool:
    return scope.renew and scope.ids is None


def _open_corpus(context: EncodingContext, model: str, *, rebuild: bool) -> int:
    if rebuild:
        return corpus.open_new(context.store, model, context.job_id, context.clock())
    return corpus.open_current(context.store, model, context.clock())


def _count_corpus(
    context: EncodingContext, scope: Scope, control: JobControl, counter: CorpusCounter
) -> None:
    control.progress.stage = "measuring"
    for ids in scope.pending_batches(context.resources, context.clock(), context.batch_size):
        control.checkpoint()
        counter.count(ids)
    counter.flush()
    control.progress.stage = "embedding"
