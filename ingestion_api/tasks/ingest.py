"""Ingest a repository: clone it, turn its text files into resources, give them sparse vectors."""

from dataclasses import replace
from typing import Any

from celery import Task, shared_task

from ingestion_api.dispatch.celery_app import INGESTION, TASKS
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import embed_resources
from ingestion_api.encoder import model_name
from ingestion_api.jobs.claim import ClaimedJob
from ingestion_api.jobs.watch import JobControl
from ingestion_api.repository import check_url, clone, sweep_scratch
from ingestion_api.resources.ingest import ingest_files
from ingestion_api.resources.shelf import ResourceTarget
from ingestion_api.tasks.embed import make_encoding_context
from ingestion_api.tasks.perform import run_job
from ingestion_api.worker.bench import WorkerContext, worker_context


@shared_task(bind=True, name=TASKS[INGESTION])
def ingest(self: "Task[Any, Any]", job_id: int) -> None:
    """Do the ingestion job with this id."""
    run_job(worker_context(), job_id, str(self.request.hostname), ingest_repository)


def ingest_repository(bench: WorkerContext, claim: ClaimedJob, watch: JobControl) -> None:
    """Clone, read, store, embed; raises RepositoryError and what the databases raise."""
    url = check_url(claim.job.repo_url or "", bench.rules)
    resources = bench.resources.table()
    watch.progress.stage = "cloning"
    sweep_scratch(bench.scratch)  # a process that was killed could not tidy up
    with clone(url, bench.rules, bench.limits, bench.scratch, watch.pause) as snapshot:
        watch.progress.stage = "reading"
        model = model_name(bench.settings.encoder)
        shelf = ResourceTarget(bench.store, resources, url, bench.clock, claim.job.id, model)
        # until the last row is written the limit on time holds
        ingested = ingest_files(shelf, snapshot, replace(watch, pause=snapshot.check))
    watch.progress.stage = "embedding"
    press = make_encoding_context(bench, claim, resources, bench.settings.batch_size)
    embed_resources(press, Scope(ingested.ids), watch)
    watch.progress.stage = "done"
