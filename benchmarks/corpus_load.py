"""What an ingestion of two files takes, by how many terms the corpus knows: `make bench-service`."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks.embedding_load import made_up_texts
from ingestion_api.access.bearer import Actor
from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.celery_worker.tasks import ingest_repository, run_job
from ingestion_api.embeddings import corpus
from ingestion_api.encoder import model_name
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, accept_job
from ingestion_api.repository import check_url
from ingestion_api.settings import Settings
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Corpus, Job
from tests.ingestion_api.git_server import GitServer, serving, write_repository

KNOWN = 5_000_000
ROUNDS = 9
FILL = {
    "sqlite": """
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :terms)
        INSERT INTO corpus_terms (corpus_id, token, documents)
        SELECT :corpus, n * (4294967296 / :terms), 1 + n % 7 FROM numbers WHERE true""",
    "postgresql": """
        INSERT INTO corpus_terms (corpus_id, token, documents)
        SELECT :corpus, n * (4294967296 / :terms), 1 + n % 7
        FROM generate_series(CAST(0 AS BIGINT), :terms - 1) AS n""",
}


def corpus_rows(name: str, url: str | None) -> list[tuple[str, ...]]:
    """Two rows: on an empty store, and on one that knows millions of terms."""
    with tempfile.TemporaryDirectory(prefix="watchroom-corpus-") as folder:
        address = url or f"sqlite:///{folder}/own.db"
        measured = []
        for terms in (0, KNOWN):
            if terms:
                fill(address, terms)
            measured.append((terms, *_in_process(address)))
        return [
            (name, f"{terms:,}", f"{1000 * seconds:.0f}", f"{memory / 2**20:.0f}")
            for terms, seconds, memory in measured
        ]


def fill(url: str, terms: int) -> None:
    """Let the corpus in force know this many terms, none of which the texts of the measurement have."""
    context = _worker_context(url, tempfile.gettempdir())
    migrate(context.store.engine)
    corpus_id = corpus.open_current(context.store, model_name("bm25"), context.clock())
    with context.store.write() as session:
        session.execute(
            text(FILL[context.store.engine.dialect.name] + " ON CONFLICT DO NOTHING"),
            {"corpus": corpus_id, "terms": terms},
        )
        session.execute(text("ANALYZE corpus_terms"))
        found = session.get_one(Corpus, corpus_id)
        number = "SELECT count(*) FROM corpus_terms WHERE corpus_id = :corpus"
        found.terms = session.scalar(text(number), {"corpus": corpus_id}) or 0
    context.close()


def small_job(url: str) -> tuple[float, int]:
    """The usual seconds of an ingestion of two texts, and the most memory that this process had."""
    texts = made_up_texts(2 * ROUNDS)
    with (
        tempfile.TemporaryDirectory(prefix="watchroom-corpus-") as folder,
        serving(GitServer(Path(folder))) as git,
    ):
        context = _worker_context(url, f"{folder}/run")
        migrate(context.store.engine)
        seconds = []
        for _ in range(ROUNDS):
            name = f"r{time.time_ns()}"
            write_repository(Path(folder) / name, {"a.md": f"{texts.pop()} {name}", "b.md": texts.pop()})
            seconds.append(_ingest(context, f"{git.origin}/{name}"))
        context.close()
    return sorted(seconds)[ROUNDS // 2], peak_memory()


def peak_memory() -> int:
    """The most bytes that this process had; getrusage counts those of its parent before the exec as well."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]  # the kernel always writes it


def _ingest(context: WorkerContext, address: str) -> float:
    order = IngestionRequest(check_url(address, context.rules), Actor("bench", "127.0.0.1"))
    job = accept_job(context.store, order, SubmissionPolicy(1_000, "celery"), context.clock()).job
    began = time.perf_counter()
    run_job(context, job.id, "bench", ingest_repository)
    took = time.perf_counter() - began
    with context.store.read() as session:
        ended = session.get_one(Job, job.id)
    if (ended.state, ended.embeddings_generated) != ("complete", 2):
        raise RuntimeError(f"job {job.id} is {ended.state} ({ended.error}); expected two embeddings")
    return took


def _in_process(url: str) -> tuple[float, int]:
    # a process of its own, whose memory is that of this job alone
    command = [sys.executable, "-m", "benchmarks.corpus_load"]
    told = subprocess.run(command, env={**os.environ, "CORPUS_URL": url}, capture_output=True, check=True)  # noqa: S603 - ourselves
    seconds, memory = json.loads(told.stdout)
    return float(seconds), int(memory)


def _worker_context(url: str, folder: str) -> WorkerContext:
    return make_context(Settings(run_dir=Path(folder), database_url=url, trusted_hosts=("127.0.0.1",)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(small_job(os.environ["CORPUS_URL"])))
