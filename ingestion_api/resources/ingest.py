"""Turn the text files of a repository into resources: add, update; what vanished is for `vanished`."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from ingestion_api.embeddings.measuring import uncount_texts
from ingestion_api.errors import Unprocessable
from ingestion_api.jobs.watch import JobControl, sized_batches
from ingestion_api.repository import ReadCounts, RepositoryEmpty, Snapshot, TextFile, read_text_files
from ingestion_api.resources import rows
from ingestion_api.resources.shelf import ResourceTarget
from ingestion_api.resources.vanished import delete_vanished
from ingestion_api.store.tables import IngestedFile

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
