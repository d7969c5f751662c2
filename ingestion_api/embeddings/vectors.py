"""Make the sparse vectors of a scope."""

from dataclasses import dataclass, field

from ingestion_api.clock import Clock
from ingestion_api.embeddings import corpus, versions
from ingestion_api.embeddings.coverage import coverage
from ingestion_api.embeddings.measuring import Measure
from ingestion_api.embeddings.scope import Scope
from ingestion_api.encoder import DeviceChoice, SparseEncoder, Vector, encoder_named, model_named
from ingestion_api.jobs.watch import Watch
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store
from ingestion_api.store.tables import EncoderVersion

MOST_TERMS = 5_000_000


@dataclass(frozen=True)
class Press:
    """What vectors are made with, for one job."""

    store: Store
    resources: ResourceTable
    clock: Clock
    encoder: str
    job_id: int
    batch_size: int
    most_terms: int = MOST_TERMS
    device: DeviceChoice = field(default_factory=DeviceChoice)


def embed(press: Press, scope: Scope, watch: Watch) -> None:
    """Give every resource of the scope its vector; each batch is committed before the next is begun."""
    version, measure = _version(press, scope, watch)
    encoder = encoder_named(press.encoder, versions.size_of(version), press.device)
    progress = watch.progress
    progress.embeddings_generated = progress.embeddings_generated or 0
    waiting = scope.count(press.resources, version.created_at)
    progress.embeddings_total = progress.embeddings_generated + waiting
    for ids in scope.waiting(press.resources, version.created_at, press.batch_size):
        watch.pause()
        texts = rows.texts(press.resources, ids)
        if measure is not None:
            # what came after the measuring is counted before it has its vector
            measure.count(ids)
            measure.flush()
        _one_batch(press, encoder, texts)
        progress.embeddings_generated += len(ids)
        watch.save()
    if scope.outdated is not None or _is_anew(scope):
        corpus.drop_old(press.store, {encoder.name, *coverage(press.resources).by_model})


def as_json(vector: Vector) -> str:
    """A vector as the backend stores it: {token id: weight}."""
    return "{" + ",".join(f'"{token}":{weight}' for token, weight in vector.items()) + "}"


def _one_batch(press: Press, encoder: SparseEncoder, texts: list[rows.Text]) -> None:
    vectors = encoder.encode([text.text for text in texts])
    stored = [(text.id, as_json(vector)) for text, vector in zip(texts, vectors, strict=True)]
    rows.put_vectors(press.resources, stored, encoder.name, press.clock())


def _version(press: Press, scope: Scope, watch: Watch) -> tuple[EncoderVersion, Measure | None]:
    """The version of this job, and what counts texts for it; only BM25 makes use of counts."""
    model = model_named(press.encoder)
    with press.store.read() as session:
        made = versions.of_job(session, press.job_id)
    if press.encoder != "bm25":
        return made or versions.keep(press.store, press.job_id, model, None, press.clock()), None
    corpus_id = _corpus(press, model, anew=_is_anew(scope) and made is None)
    measure = Measure(press.store, press.resources, corpus_id, press.most_terms)
    if made is None:
        _measure(press, scope, watch, measure)
        made = versions.keep(press.store, press.job_id, model, corpus_id, press.clock())
    return made, measure


def _is_anew(scope: Scope) -> bool:
    return scope.renew and scope.ids is None


def _corpus(press: Press, model: str, *, anew: bool) -> int:
    if anew:
        return corpus.open_anew(press.store, model, press.job_id, press.clock())
    return corpus.open_current(press.store, model, press.clock())


def _measure(press: Press, scope: Scope, watch: Watch, measure: Measure) -> None:
    watch.progress.stage = "measuring"
    for ids in scope.waiting(press.resources, press.clock(), press.batch_size):
        watch.pause()
        measure.count(ids)
    measure.flush()
    watch.progress.stage = "embedding"
