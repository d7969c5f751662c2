"""Turn the text files of a checkout into resources: add, update, remove."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import delete, select

from ingestion_api.clock import Clock
from ingestion_api.encoder import CorpusStatistics, measure
from ingestion_api.jobs.watch import Watch, in_batches
from ingestion_api.repository import CloneLimits, RepositoryUrl, TextFile, candidates, text_files
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store
from ingestion_api.store.tables import IngestedFile

BATCH = 100


@dataclass
class Ingested:
    """The ids of a repository's resources, and what the corpus no longer holds."""

    ids: list[Any] = field(default_factory=list)
    gone: CorpusStatistics = field(default_factory=CorpusStatistics)


@dataclass(frozen=True)
class Shelf:
    """Where the files of one repository go."""

    store: Store
    resources: ResourceTable
    url: RepositoryUrl
    clock: Clock

    def resource_id(self, path: str) -> str:
        """The same for the same file of the same repository, however its URL is spelled."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url.identity}#{path}"))


def ingest_files(shelf: Shelf, checkout: Path, limits: CloneLimits, watch: Watch) -> Ingested:
    """Bring the resources of a repository in line with its files, in batches that are each committed."""
    progress = watch.progress
    progress.files_total, progress.files_processed = len(candidates(checkout, limits)), 0
    known = _known(shelf)
    ingested = Ingested()
    for batch in in_batches(text_files(checkout, limits), BATCH):
        watch.pause()
        ingested.gone = ingested.gone.plus(_write(shelf, batch, known))
        ingested.ids += [shelf.resources.key(shelf.resource_id(file.path)) for file in batch]
        progress.files_processed += len(batch)
    # what was binary is not to come any more
    progress.files_total = progress.files_processed
    ingested.gone = ingested.gone.plus(_remove_vanished(shelf, known, {str(key) for key in ingested.ids}))
    return ingested


def _known(shelf: Shelf) -> dict[str, str]:
    """The digests of the files that were ingested before, by resource id."""
    query = select(IngestedFile).where(IngestedFile.repository == shelf.url.identity)
    with shelf.store.read() as session:
        return {file.resource_id: file.digest for file in session.scalars(query)}


def _write(shelf: Shelf, batch: Sequence[TextFile], known: dict[str, str]) -> CorpusStatistics:
    """Write the files that are new or changed; return the statistics of the texts they replace."""
    by_id = {shelf.resource_id(file.path): file for file in batch}
    there = {str(key) for key in rows.present(shelf.resources, map(shelf.resources.key, by_id))}
    changed = {
        key: file for key, file in by_id.items() if key not in there or known.get(key) != _digest(file)
    }
    if not changed:
        return CorpusStatistics()
    replaced = _counted(shelf.resources, [shelf.resources.key(key) for key in changed if key in there])
    now = shelf.clock()
    rows.upsert(shelf.resources, [_row(shelf, key, file) for key, file in changed.items()], now)
    with shelf.store.write() as session:
        for key, file in changed.items():
            session.merge(
                IngestedFile(
                    resource_id=key,
                    repository=shelf.url.identity,
                    path=file.path,
                    digest=_digest(file),
                    ingested_at=now,
                )
            )
    return replaced


def _counted(resources: ResourceTable, keys: Sequence[Any]) -> CorpusStatistics:
    # only a text with a vector was counted into the corpus
    having = rows.embedded(resources, keys)
    return measure(text.text for text in rows.texts(resources, having))


def _row(shelf: Shelf, key: str, file: TextFile) -> dict[str, Any]:
    suffix = PurePosixPath(file.path).suffix.lstrip(".").lower()
    return {
        "id": shelf.resources.key(key),
        "title": file.path,
        "description": file.text,
        "source": str(shelf.url),
        "identifier": f"{shelf.url.identity}#{file.path}",
        "type": "code" if suffix not in PROSE else "text",
        "format": suffix[:64] or "txt",
        "ingestion_status": "completed",
    }


PROSE = frozenset(("", "md", "markdown", "rst", "txt", "adoc", "org", "tex"))


def _remove_vanished(shelf: Shelf, known: dict[str, str], seen: set[str]) -> CorpusStatistics:
    gone = CorpusStatistics()
    for batch in in_batches((key for key in known if key not in seen), BATCH):
        keys = [shelf.resources.key(key) for key in batch]
        counted = _counted(shelf.resources, keys)
        if rows.remove(shelf.resources, keys):
            gone = gone.plus(counted)
            with shelf.store.write() as session:
                session.execute(delete(IngestedFile).where(IngestedFile.resource_id.in_(batch)))
    return gone


def _digest(file: TextFile) -> str:
    return hashlib.sha256(file.text.encode()).hexdigest()
