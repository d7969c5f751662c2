"""How fast a worker turns texts into stored sparse vectors."""

import random
import time
from pathlib import Path

from sqlalchemy import text

from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import EncodingContext, embed_resources
from ingestion_api.encoder import make_encoder
from ingestion_api.jobs.lease import JobControl
from ingestion_api.resources import rows
from ingestion_api.settings import Settings
from ingestion_api.store.migrate import migrate

TEXTS = 5_000
WORDS = 200
BATCH = 100
SYLLABLES = (
    "ba",
    "der",
    "fal",
    "go",
    "hin",
    "ka",
    "lum",
    "mer",
    "no",
    "pra",
    "sto",
    "ti",
    "vel",
    "wan",
    "ze",
)


def embedding_row(folder: Path, name: str, url: str | None) -> tuple[str, ...]:
    """One row: store texts, then give each its vector in batches that are committed."""
    changes = {"database_url": url} if url else {}
    context = make_context(Settings(run_dir=folder, encoder="bm25", **changes))  # type: ignore[arg-type]
    migrate(context.store.engine)
    texts = made_up_texts()
    store(context, texts)
    began = time.perf_counter()
    resources = context.resources.table()
    encoding = EncodingContext(context.store, resources, context.clock, "bm25", job_id=1, batch_size=BATCH)
    embed_resources(encoding, Scope(), JobControl())
    whole = time.perf_counter() - began
    began = time.perf_counter()
    make_encoder("bm25").encode(texts)
    alone = time.perf_counter() - began
    with context.store.read() as session:
        made = session.scalar(text("SELECT count(*) FROM resources WHERE sparse_embedding IS NOT NULL"))
    context.close()
    if made != TEXTS:
        raise RuntimeError(f"{made} of {TEXTS} texts have a vector; expected all")
    return name, str(TEXTS), str(WORDS), f"{TEXTS / whole:.0f}", f"{TEXTS / alone:.0f}"


def made_up_texts(number: int = TEXTS) -> list[str]:
    """Texts of made-up words, a few of which are frequent, the same at every run."""
    chance = random.Random(7)  # noqa: S311 - to be the same each time, not to be secret
    words = ["".join(chance.choices(SYLLABLES, k=3)) + str(n % 97) for n in range(20_000)]
    weights = [1 / (rank + 1) for rank in range(len(words))]
    return [" ".join(chance.choices(words, weights, k=WORDS)) for _ in range(number)]


def store(context: WorkerContext, texts: list[str]) -> None:
    """Make a resource of each text."""
    made = [
        {"id": f"text-{n}", "title": f"Text {n}", "description": body, "ingestion_status": "completed"}
        for n, body in enumerate(texts)
    ]
    for start in range(0, len(made), BATCH):
        rows.upsert(context.resources.table(), made[start : start + BATCH], context.clock())
