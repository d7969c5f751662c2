"""Makes the demo whole before anything starts: tables, data, models; `python -m demo.storage.prepare`."""

import logging
from pathlib import Path
from zipfile import BadZipFile

from sqlalchemy import Connection, Engine, func, select

from demo import models, sparse_encoders
from demo.logs import short_error, start_logging
from demo.models import train_classifier, train_factors
from demo.settings import Settings, read_settings
from demo.storage.engine import now, open_single
from demo.storage.seed import seed
from demo.storage.tables import metadata, resources, user_interactions, users

log = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Create what is missing and mend what a broken-off fault left behind."""
    engine = open_single(settings.database_address)
    metadata.create_all(engine)
    with engine.begin() as db:
        if not db.scalar(select(func.count()).select_from(users)):
            seed(db)
        write_stable_vectors(db)
    repair_models(engine, settings.models)


def write_stable_vectors(db: Connection) -> int:
    """Replace vectors that claim a model which never ran; the number of rows mended."""
    wrong = select(resources.c.id, resources.c.description).where(
        resources.c.sparse_embedding_model == sparse_encoders.CLAIMED
    )
    rows = db.execute(wrong).all()
    for row in rows:
        fresh = {
            "sparse_embedding": sparse_encoders.encode_bm25(row.description or ""),
            "sparse_embedding_model": sparse_encoders.BM25,
            "sparse_embedding_updated_at": now(),
        }
        db.execute(resources.update().where(resources.c.id == row.id).values(fresh))
    return len(rows)


def repair_models(engine: Engine, folder: Path) -> None:
    """Train each model whose file is missing or cannot be read."""
    try:
        models.load_factors(folder)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        log.info("training %s (%s)", models.NCF, short_error(error))
        train_recommendations(engine, folder)
    try:
        models.load_classifier(folder)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        log.info("training %s (%s)", models.CLASSIFIER, short_error(error))
        train_topics(engine, folder)


def train_recommendations(engine: Engine, folder: Path) -> None:
    """Train the recommendation model on the newest interactions."""
    table = user_interactions.c
    newest = select(table.user_id, table.resource_id, table.interaction_strength)
    with engine.connect() as db:
        rows = db.execute(newest.order_by(table.interaction_timestamp.desc()).limit(5000)).all()
    models.save_factors(folder, train_factors([(row[0], row[1], row[2]) for row in rows]))


def train_topics(engine: Engine, folder: Path) -> None:
    """Train the classifier on the resources whose topic is known."""
    labelled = select(resources.c.description, resources.c.classification_code).where(
        resources.c.classification_code.is_not(None), resources.c.description != ""
    )
    with engine.connect() as db:
        rows = db.execute(labelled.limit(1000)).all()
    models.save_classifier(folder, train_classifier([(row[0], row[1]) for row in rows]))


if __name__ == "__main__":
    chosen = read_settings()
    start_logging("prepare", chosen.log_level)
    chosen.home.mkdir(parents=True, exist_ok=True)
    prepare(chosen)
