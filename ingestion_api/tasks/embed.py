"""Generate the sparse vectors that are missing, or those of named resources."""

from typing import Any

from celery import Task, shared_task

from ingestion_api.dispatch.celery_app import EMBEDDINGS, TASKS
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import EncodingContext, embed_resources
from ingestion_api.encoder import DeviceSettings, model_name
from ingestion_api.jobs.claim import ClaimedJob
from ingestion_api.jobs.watch import JobControl
from ingestion_api.resources.table import ResourceTable
from ingestion_api.tasks.perform import run_job
from ingestion_api.worker.bench import WorkerContext, worker_context


@shared_task(bind=True, name=TASKS[EMBEDDINGS])
def generate_embeddings(self: "Task[Any, Any]", job_id: int) -> None:
    """Do the generation with this id."""
    run_job(worker_context(), job_id, str(self.request.hostname), generate_vectors)


def generate_vectors(bench: WorkerContext, claim: ClaimedJob, watch: JobControl) -> None:
    """Make the vectors the job asks for, going on where an earlier attempt stopped."""
    parameters = claim.job.parameters
    resources = bench.resources.table()
    press = make_encoding_context(bench, claim, resources, int(parameters["batch_size"]))
    ids = parameters["resource_ids"]
    keys = [resources.key(key) for key in ids] if ids is not None else None
    # a job of the release before knows no other models
    outdated = model_name(press.encoder) if parameters.get("outdated") else None
    scope = Scope(keys, renew=bool(parameters["rebuild"]) or keys is not None, outdated=outdated)
    embed_resources(press, scope, watch)
    watch.progress.stage = "done"


def make_encoding_context(
    bench: WorkerContext, claim: ClaimedJob, resources: ResourceTable, batch_size: int
) -> EncodingContext:
    """What this job makes its vectors with."""
    settings = bench.settings
    return EncodingContext(
        store=bench.store,
        resources=resources,
        clock=bench.clock,
        encoder=settings.encoder,
        job_id=claim.job.id,
        batch_size=batch_size,
        most_terms=settings.corpus_terms,
        device=DeviceSettings(settings.encoder_device, settings.encoder_precision, settings.encoder_memory),
    )
