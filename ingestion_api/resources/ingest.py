"""Turn the text files of a repository into resources: add, update, delete what vanished."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from ingestion_api.batching import batches, sized_batches
from ingestion_api.clock import Clock
from ingestion_api.embeddings.counting import uncount_texts
from ingestion_api.errors import Unprocessable
from ingestion_api.jobs.lease import JobControl
from ingestion_api.repository import (
    ReadCounts,
    RepositoryEmpty,
    RepositoryUrl,
    Snapshot,
    TextFile,
    read_text_files,
)
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store
from ingestion_api.store.tables import IngestedFile


@dataclass(frozen=True)
class ResourceTarget:
    """The stores, the repository, the job that reads it, and the model of its vectors."""

    store: Store
    resources: ResourceTable
    url: RepositoryUrl
    clock: Clock
    job_id: int
    model: str

    def resource_id(self, path: str) -> str:
        """The same for the same file of the same repository, however its URL is spelled."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url.identity}#{path}"))


BATCH_SIZE = 100
MASS_REMOVAL = 20


def delete_vanished(shelf: ResourceTarget, known: set[str], seen: set[str], watch: JobControl) -> None:
    """Remove what is known and was not seen; the corpus forgets the texts that go.

    To be called only when the newest tree was read whole. When more than half of more than `MANY` files are
    gone, those that no earlier job missed stay: they are marked, and the next job that does not find them
    either removes them. The job's warnings tell of them.
    """
    vanished, missed = known - seen, _missed_files(shelf)
    withheld: set[str] = set()
    if len(known) > MASS_REMOVAL and len(vanished) * 2 > len(known):
        # a second attempt of the same job is no second look
        withheld = {key for key in vanished if missed.get(key, shelf.job_id) == shelf.job_id}
    _mark_missed(shelf, missed.keys() & seen, None, watch)
    _mark_missed(shelf, withheld - missed.keys(), shelf.job_id, watch)
    if withheld:
        watch.warnings.append(
            f"{len(vanished)} of {len(known)} files are gone at once; {len(withheld)} resources stay "
            "until another job does not find these files either"
        )
    _delete(shelf, vanished - withheld, watch)


def _missed_files(shelf: ResourceTarget) -> dict[str, int]:
    """The files that a job missed, with that job."""
    query = select(IngestedFile.resource_id, IngestedFile.missed_by).where(
        IngestedFile.repository == shelf.url.identity, IngestedFile.missed_by.is_not(None)
    )
    with shelf.store.read() as session:
        return {key: job for key, job in session.execute(query) if job is not None}


def _mark_missed(shelf: ResourceTarget, ids: Iterable[str], missed_by: int | None, watch: JobControl) -> None:
    for batch in batches(sorted(ids), BATCH_SIZE):
        watch.pause()
        statement = update(IngestedFile).where(IngestedFile.resource_id.in_(batch))
        with shelf.store.write() as session:
            session.execute(statement.values(missed_by=missed_by))


def _delete(shelf: ResourceTarget, ids: Iterable[str], watch: JobControl) -> None:
    for batch in batches(sorted(ids), BATCH_SIZE):
        watch.pause()
        keys = [shelf.resources.key(key) for key in batch]
        uncount_texts(shelf.store, shelf.model, shelf.resources, keys)
        if rows.delete_rows(shelf.resources, keys):
            with shelf.store.write() as session:
                session.execute(delete(IngestedFile).where(IngestedFile.resource_id.in_(batch)))


BATCH_SIZE = 100
BATCH_CHARACTERS = 4_000_000  # of one batch, unless a single text has more


@dataclass
class IngestResult:
    """Ids of a repository's resources, those that the database refuses, how many files were read."""

    ids: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tally: ReadCounts = field(default_factory=ReadCounts)


def ingest_files(shelf: ResourceTarget, snapshot: Snapshot, watch: JobControl) -> IngestResult:
    """Bring the resources of a repository in line with its files, in batches that are each committed.

    Nothing is removed unless every file was read. RepositoryEmpty when there is no commit although files were
    ingested before; Unprocessable when the database refuses every file.
    """
    progress = watch.progress
    progress.files_total, progress.files_processed = len(snapshot.entries), 0
    known = _known_digests(shelf)
    if snapshot.commit is None and known:
        raise RepositoryEmpty(
            f"the repository is empty, it has no commit any more; its {len(known)} resources stay"
        )
    ingested = IngestResult()
    files = read_text_files(snapshot, ingested.tally)
    for batch in sized_batches(files, BATCH_SIZE, lambda file: len(file.text), BATCH_CHARACTERS):
        watch.pause()
        _write_accepted(shelf, batch, known, ingested)
        progress.files_processed += len(batch)
    # what was binary is not to come any more
    progress.files_total = progress.files_processed
    watch.pause()
    watch.notes += [*ingested.tally.notes(), *_skipped_notes(snapshot.left_out)]
    _report_refused(ingested, watch)
    seen = {str(key) for key in ingested.ids} | set(ingested.refused)
    delete_vanished(shelf, set(known), seen, watch)
    return ingested


def _write_accepted(
    shelf: ResourceTarget, batch: Sequence[TextFile], known: dict[str, str], ingested: IngestResult
) -> None:
    """Write a batch; where the database refuses a file of it, halve it until only that file is left out."""
    ids = [shelf.resource_id(file.path) for file in batch]
    try:
        _write_changed(shelf, batch, known)
    except DBAPIError as error:
        if not rows.is_row_rejected(error):
            raise
        if len(batch) == 1:
            ingested.refused += ids
            return
        for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
            _write_accepted(shelf, half, known, ingested)
        return
    ingested.ids += map(shelf.resources.key, ids)


def _report_refused(ingested: IngestResult, watch: JobControl) -> None:
    if ingested.refused and not ingested.ids:
        raise Unprocessable("The database of resources refuses every file of the repository.")
    if ingested.refused:
        watch.warnings.append(f"the database of resources refuses {len(ingested.refused)} files")


def _skipped_notes(counts: Counter[str]) -> list[str]:
    return [f"left out: {count} {reason}" for reason, count in sorted(counts.items())]


def _known_digests(shelf: ResourceTarget) -> dict[str, str]:
    """The digests of the files that were ingested before, by resource id."""
    query = select(IngestedFile).where(IngestedFile.repository == shelf.url.identity)
    with shelf.store.read() as session:
        return {file.resource_id: file.digest for file in session.scalars(query)}


def _write_changed(shelf: ResourceTarget, batch: Sequence[TextFile], known: dict[str, str]) -> None:
    """Write the files that are new or changed; the corpus forgets the texts that they replace."""
    by_id = {shelf.resource_id(file.path): file for file in batch}
    there = {str(key) for key in rows.existing_ids(shelf.resources, map(shelf.resources.key, by_id))}
    changed = {
        key: file for key, file in by_id.items() if key not in there or known.get(key) != _digest(file)
    }
    if not changed:
        return
    uncount_texts(shelf.store, shelf.model, shelf.resources, map(shelf.resources.key, changed))
    now = shelf.clock()
    rows.upsert(shelf.resources, [_resource_row(shelf, key, file) for key, file in changed.items()], now)
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


def _resource_row(shelf: ResourceTarget, key: str, file: TextFile) -> dict[str, Any]:
    suffix = PurePosixPath(file.path).suffix.lstrip(".").lower()
    return {
        "id": shelf.resources.key(key),
        "title": file.path,
        "description": file.text,
        "source": str(shelf.url),
        "identifier": f"{shelf.url.identity}#{file.path}",
        "type": "code" if suffix not in PROSE_SUFFIXES else "text",
        "format": suffix[:64] or "txt",
        "ingestion_status": "completed",
    }


PROSE_SUFFIXES = frozenset(("", "md", "markdown", "rst", "txt", "adoc", "org", "tex"))


def _digest(file: TextFile) -> str:
    return hashlib.sha256(file.text.encode()).hexdigest()
