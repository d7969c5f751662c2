"""The generation of sparse embeddings by our own service: how far the run is, how the last one ended."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import biggest
from exporter.metrics import Gauge, States
from exporter.sources import Sources
from exporter.sources.service.answers import ENDED, Run

RUNNING = Gauge(
    "ops_sparse_embeddings_run_active", "Whether a generation of the service waits or runs now (0 or 1)."
)
TOTAL = Gauge(
    "ops_sparse_embeddings_run_resources", "Resources that the active generation has to do; none without one."
)
DONE = Gauge("ops_sparse_embeddings_run_resources_done", "Resources that it has done so far.")
REMAINING = Gauge(
    "ops_sparse_embeddings_run_remaining_seconds", "Time that it still needs, as the service estimates it."
)
LAST = States(
    "ops_sparse_embeddings_last_run_state",
    "How the newest generation of the service that ended did so; none before the first.",
    ("state",),
    states=(*ENDED, "unknown"),
)
ENDED_AT = Gauge(
    "ops_sparse_embeddings_last_run_timestamp_seconds", "Unix time at which that generation ended."
)
SUCCESS = Gauge(
    "ops_sparse_embeddings_last_success_timestamp_seconds",
    "Unix time at which a generation of the service last ended complete.",
)
SECONDS = Gauge("ops_sparse_embeddings_last_success_duration_seconds", "How long that one took.")
RESOURCES = Gauge(
    "ops_sparse_embeddings_service_resources",
    "Resources with and without a sparse embedding, as the service counts them in the table it writes to.",
    ("state",),
)
BY_MODEL = Gauge(
    "ops_sparse_embeddings_service_model_resources",
    "Resources with a sparse embedding by the model that made it, as the service counts them.",
    ("model",),
)
METRICS = (RUNNING, TOTAL, DONE, REMAINING, LAST, ENDED_AT, SUCCESS, SECONDS, RESOURCES, BY_MODEL)
NONE = Run()


async def read(sources: Sources) -> Iterable[Metric]:
    """The service's route about its embeddings."""
    said = await sources.service.embeddings.answer()
    run, last, success = said.running or NONE, said.last_run, said.last_success or NONE
    limits = sources.settings.limits
    return (
        RUNNING.one(float(said.running is not None)),
        TOTAL.one(run.total),
        DONE.one(run.done),
        REMAINING.one(said.remaining if said.running else None),
        LAST.of_states([(outcome(last),)] if last else []),
        ENDED_AT.one(last.ended if last else None),
        SUCCESS.one(success.ended),
        SECONDS.one(took(success)),
        RESOURCES.of(said.resources.items()),
        BY_MODEL.of(biggest(said.by_model, limits.models, limits.label_length).items()),
    )


def outcome(run: Run) -> str:
    """How the generation ended."""
    return run.state if run.state in ENDED else "unknown"


def took(run: Run) -> float | None:
    """Seconds from its start to its end."""
    if run.started is None or run.ended is None or run.ended < run.started:
        return None
    return run.ended - run.started
