"""Remove the resources whose files are gone from the repository; a mass of them only at a second look."""

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from ingestion_api.embeddings.measuring import uncount_texts
from ingestion_api.jobs.watch import JobControl, batches
from ingestion_api.resources import rows
from ingestion_api.resources.shelf import ResourceTarget
from ingestion_api.store.tables import IngestedFile

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
