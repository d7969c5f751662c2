"""Generate the sparse vectors that are missing, or those of named resources."""

from typing import Any

from celery import Task, shared_task

from ingestion_api.dispatch.celery_app import EMBEDDINGS, TASKS
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import Press, embed
from ingestion_api.encoder import DeviceChoice, model_named
from ingestion_api.jobs.claim import Claim
from ingestion_api.jobs.watch import Watch
from ingestion_api.resources.table import ResourceTable
from ingestion_api.tasks.perform import perform
from ingestion_api.worker.bench import Bench, open_bench


@shared_task(bind=True, name=TASKS[EMBEDDINGS])
def generate(self: "Task[Any, Any]", job_id: int) -> None:
    """Do the generation with this id."""
    perform(open_bench(), job_id, str(self.request.hostname), generate_vectors)


def generate_vectors(bench: Bench, claim: Claim, watch: Watch) -> None:
    """Make the vectors the job asks for, going on where an earlier attempt stopped."""
    parameters = claim.job.parameters
    resources = bench.resources.table()
    press = press_for(bench, claim, resources, int(parameters["batch_size"]))
    ids = parameters["resource_ids"]
    keys = [resources.key(key) for key in ids] if ids is not None else None
    # a job of the release before knows no other models
    outdated = model_named(press.encoder) if parameters.get("outdated") else None
    scope = Scope(keys, renew=bool(parameters["rebuild"]) or keys is not None, outdated=outdated)
    embed(press, scope, watch)
    watch.progress.stage = "done"


def press_for(bench: Bench, claim: Claim, resources: ResourceTable, batch_size: int) -> Press:
    """What this job makes its vectors with."""
    settings = bench.settings
    return Press(
        store=bench.store,
        resources=resources,
        clock=bench.clock,
        encoder=settings.encoder,
        job_id=claim.job.id,
        batch_size=batch_size,
        most_terms=settings.corpus_terms,
        device=DeviceChoice(settings.encoder_device, settings.encoder_precision, settings.encoder_memory),
    )
