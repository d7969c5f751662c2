"""The generation of sparse embeddings by our own service: how far the run is, how the last one ended."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import biggest
from exporter.metrics import Gauge, States
from exporter.sources import Sources
from exporter.sources.service.answers import ENDED, Run

RUN_ACTIVE = Gauge(
    "ops_sparse_embeddings_run_active", "Whether a generation of the service waits or runs now (0 or 1)."
)
RUN_RESOURCES = Gauge(
    "ops_sparse_embeddings_run_resources", "Resources that the active generation has to do; none without one."
)
RUN_DONE = Gauge("ops_sparse_embeddings_run_resources_done", "Resources that it has done so far.")
RUN_REMAINING = Gauge(
    "ops_sparse_embeddings_run_remaining_seconds", "Time that it still needs, as the service estimates it."
)
LAST_RUN_STATE = States(
    "ops_sparse_embeddings_last_run_state",
    "How the newest generation of the service that ended did so; none before the first.",
    ("state",),
    states=(*ENDED, "unknown"),
)
LAST_RUN_END = Gauge(
    "ops_sparse_embeddings_last_run_timestamp_seconds", "Unix time at which that generation ended."
)
LAST_SUCCESS = Gauge(
    "ops_sparse_embeddings_last_success_timestamp_seconds",
    "Unix time at which a generation of the service last ended complete.",
)
LAST_SUCCESS_DURATION = Gauge(
    "ops_sparse_embeddings_last_success_duration_seconds", "How long that one took."
)
SERVICE_RESOURCES = Gauge(
    "ops_sparse_embeddings_service_resources",
    "Resources with and without a sparse embedding, as the service counts them in the table it writes to.",
    ("state",),
)
SERVICE_BY_MODEL = Gauge(
    "ops_sparse_embeddings_service_model_resources",
    "Resources with a sparse embedding by the model that made it, as the service counts them.",
    ("model",),
)
SERVICE_METRICS = (
    RUN_ACTIVE,
    RUN_RESOURCES,
    RUN_DONE,
    RUN_REMAINING,
    LAST_RUN_STATE,
    LAST_RUN_END,
    LAST_SUCCESS,
    LAST_SUCCESS_DURATION,
    SERVICE_RESOURCES,
    SERVICE_BY_MODEL,
)
NO_RUN = Run()


async def read_service(sources: Sources) -> Iterable[Metric]:
    """The service's route about its embeddings."""
    said = await sources.service.embeddings.answer()
    run, last, success = said.running or NO_RUN, said.last_run, said.last_success or NO_RUN
    limits = sources.settings.limits
    return (
        RUN_ACTIVE.one(float(said.running is not None)),
        RUN_RESOURCES.one(run.total),
        RUN_DONE.one(run.done),
        RUN_REMAINING.one(said.remaining if said.running else None),
        LAST_RUN_STATE.of_states([(run_state(last),)] if last else []),
        LAST_RUN_END.one(last.ended if last else None),
        LAST_SUCCESS.one(success.ended),
        LAST_SUCCESS_DURATION.one(run_seconds(success)),
        SERVICE_RESOURCES.of(said.resources.items()),
        SERVICE_BY_MODEL.of(biggest(said.by_model, limits.models, limits.label_length).items()),
    )


def run_state(run: Run) -> str:
    """How the generation ended."""
    return run.state if run.state in ENDED else "unknown"


def run_seconds(run: Run) -> float | None:
    """Seconds from its start to its end."""
    if run.started is None or run.ended is None or run.ended < run.started:
        return None
    return run.ended - run.started
