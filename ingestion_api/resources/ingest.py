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

BATCH_SIZE = 100
MASS_REMOVAL = 20
BATCH_CHARACTERS = 4_000_000  # of one batch, unless a single text has more
PROSE_SUFFIXES = frozenset(("", "md", "markdown", "rst", "txt", "adoc", "org", "tex"))


@dataclass(frozen=True)
class ResourceTarget:
    """Where files of a repository go: the stores, the repository, its job, the model of its vectors."""

    store: Store
    resources: ResourceTable
    url: RepositoryUrl
    clock: Clock
    job_id: int
    model: str

    def resource_id(self, path: str) -> str:
        """The same id for the same file of a repository, whatever its URL's spelling."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url.identity}#{path}"))


def delete_vanished(
    target: ResourceTarget, known: set[str], found_ids: set[str], control: JobControl
) -> None:
    """Delete the known files that were not found, and their texts from the corpus.

    Call it only after the whole tree was read. When more than half of more than `MASS_REMOVAL` files are
    missing, those that no earlier job missed stay: they are marked, and the next job that does not find them
    either deletes them. The job's warnings report them.
    """
    vanished, missed = known - found_ids, _missed_files(target)
    kept: set[str] = set()
    if len(known) > MASS_REMOVAL and len(vanished) * 2 > len(known):
        # a second attempt of the same job does not confirm the first
        kept = {key for key in vanished if missed.get(key, target.job_id) == target.job_id}
    _mark_missed(target, missed.keys() & found_ids, None, control)
    _mark_missed(target, kept - missed.keys(), target.job_id, control)
    if kept:
        control.warnings.append(
            f"{len(vanished)} of {len(known)} files are gone at once; {len(kept)} resources stay "
            "until another job does not find these files either"
        )
    _delete(target, vanished - kept, control)


def _missed_files(target: ResourceTarget) -> dict[str, int]:
    """The missed files, each with the first job that missed it."""
    query = select(IngestedFile.resource_id, IngestedFile.missed_by).where(
        IngestedFile.repository == target.url.identity, IngestedFile.missed_by.is_not(None)
    )
    with target.store.read() as session:
        return {key: job for key, job in session.execute(query) if job is not None}


def _mark_missed(
    target: ResourceTarget, ids: Iterable[str], missed_by: int | None, control: JobControl
) -> None:
    for batch in batches(sorted(ids), BATCH_SIZE):
        control.checkpoint()
        statement = update(IngestedFile).where(IngestedFile.resource_id.in_(batch))
        with target.store.write() as session:
            session.execute(statement.values(missed_by=missed_by))


def _delete(target: ResourceTarget, ids: Iterable[str], control: JobControl) -> None:
    for batch in batches(sorted(ids), BATCH_SIZE):
        control.checkpoint()
        keys = [target.resources.key(key) for key in batch]
        uncount_texts(target.store, target.model, target.resources, keys)
        if rows.delete_rows(target.resources, keys):
            with target.store.write() as session:
                session.execute(delete(IngestedFile).where(IngestedFile.resource_id.in_(batch)))


@dataclass
class IngestResult:
    """The ids of a repository's resources, those that the database refused, and the counts of files."""

    ids: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tally: ReadCounts = field(default_factory=ReadCounts)


def ingest_files(target: ResourceTarget, snapshot: Snapshot, control: JobControl) -> IngestResult:
    """Synchronize the resources of a repository with its files, in batches that are each committed.

    Nothing is deleted unless every file was read. RepositoryEmpty when there is no commit although files were
    ingested before; Unprocessable when the database refuses every file.
    """
    progress = control.progress
    progress.files_total, progress.files_processed = len(snapshot.entries), 0
    digests = _known_digests(target)
    if snapshot.commit is None and digests:
        raise RepositoryEmpty(
            f"the repository is empty, it has no commit any more; its {len(digests)} resources stay"
        )
    result = IngestResult()
    files = read_text_files(snapshot, result.tally)
    for batch in sized_batches(files, BATCH_SIZE, lambda file: len(file.text), BATCH_CHARACTERS):
        control.checkpoint()
        _write_accepted(target, batch, digests, result)
        progress.files_processed += len(batch)
    # binary files do not count any more
    progress.files_total = progress.files_processed
    control.checkpoint()
    control.notes += [*result.tally.notes(), *_skipped_notes(snapshot.left_out)]
    _report_refused(result, control)
    found_ids = {str(key) for key in result.ids} | set(result.refused)
    delete_vanished(target, set(digests), found_ids, control)
    return result


def _write_accepted(
    target: ResourceTarget, batch: Sequence[TextFile], digests: dict[str, str], result: IngestResult
) -> None:
    """Write a batch; when the database refuses a file, halve the batch until only that file is skipped."""
    ids = [target.resource_id(file.path) for file in batch]
    try:
        _write_changed(target, batch, digests)
    except DBAPIError as error:
        if not rows.is_row_rejected(error):
            raise
        if len(batch) == 1:
            result.refused += ids
            return
        for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
            _write_accepted(target, half, digests, result)
        return
    result.ids += map(target.resources.key, ids)


def _report_refused(result: IngestResult, control: JobControl) -> None:
    if result.refused and not result.ids:
        raise Unprocessable("The database of resources refuses every file of the repository.")
    if result.refused:
        control.warnings.append(f"the database of resources refuses {len(result.refused)} files")


def _skipped_notes(counts: Counter[str]) -> list[str]:
    return [f"left out: {count} {reason}" for reason, count in sorted(counts.items())]


def _known_digests(target: ResourceTarget) -> dict[str, str]:
    """The digests of the files that were ingested before, by resource id."""
    query = select(IngestedFile).where(IngestedFile.repository == target.url.identity)
    with target.store.read() as session:
        return {file.resource_id: file.digest for file in session.scalars(query)}


def _write_changed(target: ResourceTarget, batch: Sequence[TextFile], digests: dict[str, str]) -> None:
    """Write the new and changed files, and remove the replaced texts from the corpus."""
    by_id = {target.resource_id(file.path): file for file in batch}
    existing = {str(key) for key in rows.existing_ids(target.resources, map(target.resources.key, by_id))}
    changed = {
        key: file for key, file in by_id.items() if key not in existing or digests.get(key) != _digest(file)
    }
    if not changed:
        return
    uncount_texts(target.store, target.model, target.resources, map(target.resources.key, changed))
    now = target.clock()
    rows.upsert(target.resources, [_resource_row(target, key, file) for key, file in changed.items()], now)
    with target.store.write() as session:
        for key, file in changed.items():
            session.merge(
                IngestedFile(
                    resource_id=key,
                    repository=target.url.identity,
                    path=file.path,
                    digest=_digest(file),
                    ingested_at=now,
                )
            )


def _resource_row(target: ResourceTarget, key: str, file: TextFile) -> dict[str, Any]:
    suffix = PurePosixPath(file.path).suffix.lstrip(".").lower()
    return {
        "id": target.resources.key(key),
        "title": file.path,
        "description": file.text,
        "source": str(target.url),
        "identifier": f"{target.url.identity}#{file.path}",
        "type": "code" if suffix not in PROSE_SUFFIXES else "text",
        "format": suffix[:64] or "txt",
        "ingestion_status": "completed",
    }


def _digest(file: TextFile) -> str:
    return hashlib.sha256(file.text.encode()).hexdigest()
