"""Make the sparse vectors of a scope."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ingestion_api.clock import Clock
from ingestion_api.embeddings import versions
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.versions import Change
from ingestion_api.encoder import CorpusStatistics, SparseEncoder, Vector, encoder_named, measure
from ingestion_api.jobs.watch import Watch
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store
from ingestion_api.store.tables import EncoderVersion


@dataclass(frozen=True)
class Press:
    """What vectors are made with, for one job."""

    store: Store
    resources: ResourceTable
    clock: Clock
    encoder: str
    job_id: int
    batch_size: int


def embed(press: Press, scope: Scope, gone: CorpusStatistics, watch: Watch) -> None:
    """Give every resource of the scope its vector; each batch is committed before the next is begun."""
    version = _version(press, scope, gone, watch)
    encoder = encoder_named(press.encoder, versions.statistics_of(version))
    progress = watch.progress
    progress.embeddings_generated = progress.embeddings_generated or 0
    progress.embeddings_total = progress.embeddings_generated + sum(
        len(batch) for batch in scope.waiting(press.resources, version.created_at, 5_000)
    )
    for ids in scope.waiting(press.resources, version.created_at, press.batch_size):
        watch.pause()
        _one_batch(press, encoder, rows.texts(press.resources, ids))
        progress.embeddings_generated += len(ids)
        watch.save()


def _one_batch(press: Press, encoder: SparseEncoder, texts: list[rows.Text]) -> None:
    vectors = encoder.encode([text.text for text in texts])
    stored = [(text.id, as_json(vector)) for text, vector in zip(texts, vectors, strict=True)]
    rows.put_vectors(press.resources, stored, encoder.name, press.clock())


def _version(press: Press, scope: Scope, gone: CorpusStatistics, watch: Watch) -> EncoderVersion:
    with press.store.read() as session:
        made = versions.of_job(session, press.job_id)
    if made is not None:
        return made
    anew = scope.renew and scope.ids is None
    name = encoder_named(press.encoder).name
    added = _measured(press, scope, watch, anew=anew) if press.encoder == "bm25" else CorpusStatistics()
    return versions.keep(press.store, press.job_id, name, Change(added, gone, anew=anew), press.clock())


def _measured(press: Press, scope: Scope, watch: Watch, *, anew: bool) -> CorpusStatistics:
    # a text that has a vector was counted when it got it
    uncounted = Scope(scope.ids, renew=anew)
    watch.progress.stage = "measuring"
    total = measure(_texts(press, uncounted, watch))
    watch.progress.stage = "embedding"
    return total


def _texts(press: Press, scope: Scope, watch: Watch) -> Iterator[str]:
    for ids in scope.waiting(press.resources, press.clock(), press.batch_size):
        watch.pause()
        yield from (text.text for text in rows.texts(press.resources, ids))


def as_json(vector: Vector) -> str:
    """A vector as the backend stores it: {token id: weight}."""
    return json.dumps({str(token): weight for token, weight in vector.items()}, separators=(",", ":"))
