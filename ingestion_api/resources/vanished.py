"""Remove the resources whose files are gone from the repository; a mass of them only at a second look."""

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from ingestion_api.embeddings.measuring import forget
from ingestion_api.jobs.watch import Watch, in_batches
from ingestion_api.resources import rows
from ingestion_api.resources.shelf import Shelf
from ingestion_api.store.tables import IngestedFile

BATCH = 100
MANY = 20


def forget_vanished(shelf: Shelf, known: set[str], seen: set[str], watch: Watch) -> None:
    """Remove what is known and was not seen; the corpus forgets the texts that go.

    To be called only when the newest tree was read whole. When more than half of more than `MANY` files are
    gone, those that no earlier job missed stay: they are marked, and the next job that does not find them
    either removes them. The job's warnings tell of them.
    """
    vanished, missed = known - seen, _missed(shelf)
    withheld: set[str] = set()
    if len(known) > MANY and len(vanished) * 2 > len(known):
        # a second attempt of the same job is no second look
        withheld = {key for key in vanished if missed.get(key, shelf.job_id) == shelf.job_id}
    _mark(shelf, missed.keys() & seen, None, watch)
    _mark(shelf, withheld - missed.keys(), shelf.job_id, watch)
    if withheld:
        watch.warnings.append(
            f"{len(vanished)} of {len(known)} files are gone at once; {len(withheld)} resources stay "
            "until another job does not find these files either"
        )
    _remove(shelf, vanished - withheld, watch)


def _missed(shelf: Shelf) -> dict[str, int]:
    """The files that a job missed, with that job."""
    query = select(IngestedFile.resource_id, IngestedFile.missed_by).where(
        IngestedFile.repository == shelf.url.identity, IngestedFile.missed_by.is_not(None)
    )
    with shelf.store.read() as session:
        return {key: job for key, job in session.execute(query) if job is not None}


def _mark(shelf: Shelf, ids: Iterable[str], missed_by: int | None, watch: Watch) -> None:
    for batch in in_batches(sorted(ids), BATCH):
        watch.pause()
        statement = update(IngestedFile).where(IngestedFile.resource_id.in_(batch))
        with shelf.store.write() as session:
            session.execute(statement.values(missed_by=missed_by))


def _remove(shelf: Shelf, ids: Iterable[str], watch: Watch) -> None:
    for batch in in_batches(sorted(ids), BATCH):
        watch.pause()
        keys = [shelf.resources.key(key) for key in batch]
        forget(shelf.store, shelf.model, shelf.resources, keys)
        if rows.remove(shelf.resources, keys):
            with shelf.store.write() as session:
                session.execute(delete(IngestedFile).where(IngestedFile.resource_id.in_(batch)))
