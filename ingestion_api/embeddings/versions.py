"""The corpus statistics that vectors were made from, one row a version."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingestion_api.encoder import CorpusStatistics
from ingestion_api.store import Store
from ingestion_api.store.store import one_at_a_time
from ingestion_api.store.tables import EncoderVersion

KEPT = 5  # versions; the statistics of a large corpus take megabytes


def of_job(session: Session, job_id: int) -> EncoderVersion | None:
    """The version that this job made before it was interrupted."""
    return session.scalar(select(EncoderVersion).where(EncoderVersion.job_id == job_id))


def latest(session: Session) -> EncoderVersion | None:
    """The version in force."""
    return session.scalar(select(EncoderVersion).order_by(EncoderVersion.id.desc()).limit(1))


def statistics_of(version: EncoderVersion | None) -> CorpusStatistics:
    """What a version knows of the corpus; nothing when there is none."""
    return CorpusStatistics.from_json(version.statistics) if version else CorpusStatistics()


def keep(store: Store, job_id: int, name: str, change: "Change", now: datetime) -> EncoderVersion:
    """Make the next version for a job; the one it has already when it is resumed."""
    with store.write() as session:
        one_at_a_time(session, "encoder versions")
        made = of_job(session, job_id)
        if made is not None:
            return made
        statistics = change.applied_to(statistics_of(latest(session)))
        version = EncoderVersion(
            name=name,
            job_id=job_id,
            documents=statistics.documents,
            statistics=statistics.as_json(),
            created_at=now,
        )
        session.add(version)
        session.flush()
        session.execute(delete(EncoderVersion).where(EncoderVersion.id <= version.id - KEPT))
        return version


class Change:
    """What a job adds to the corpus and takes from it; `anew` forgets what was known before."""

    def __init__(self, added: CorpusStatistics, gone: CorpusStatistics, *, anew: bool = False) -> None:
        self._added = added
        self._gone = gone
        self._anew = anew

    def applied_to(self, known: CorpusStatistics) -> CorpusStatistics:
        """The corpus after the change."""
        base = CorpusStatistics() if self._anew else known
        return base.minus(self._gone).plus(self._added)
