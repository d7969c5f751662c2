"""Sparse embeddings: coverage by model, vectors that the model cannot have made, the service's runs."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label, top_n
from exporter.collector import Collector, Part
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources
from exporter.sources.ingestion_service import END_STATES, EmbeddingRun

RESOURCES = Gauge(
    "ops_sparse_embeddings_resources",
    "Resources with a sparse embedding, without one, and with one that holds no term (empty).",
    ("state",),
)
BY_MODEL = Gauge(
    "ops_sparse_embeddings_model_resources",
    "Resources with a sparse embedding by the model name stored beside it, which may be wrong.",
    ("model",),
)
LAST_GENERATION = Gauge(
    "ops_sparse_embeddings_last_generation_timestamp_seconds", "Unix time of the newest sparse embedding."
)
COVERAGE_METRICS = (RESOURCES, BY_MODEL, LAST_GENERATION)


async def read_coverage(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the table resources has no sparse embeddings."""
    sparse = await sources.database.embedding_coverage.get()
    if sparse is None:
        return ()
    limits = sources.settings.limits
    return (
        RESOURCES.family(sparse.by_state.items()),
        BY_MODEL.family(top_n(sparse.by_model, limits.models, limits.label_length).items()),
        LAST_GENERATION.single(sparse.last),
    )


SAMPLED = Gauge(
    "ops_sparse_embeddings_sampled", "Newest vectors of the model that were looked at.", ("model",)
)
SUSPECT = Gauge(
    "ops_sparse_embeddings_suspect",
    "Those of them that the named model cannot have made: a salted fallback stores its name, too.",
    ("model",),
)
EVIDENCE = Gauge(
    "ops_sparse_embeddings_evidence",
    "Vectors by what speaks against them: token ids that the model does not have (impossible_ids), "
    "weights that are whole counts (whole_counts), equal texts with other terms (unlike_twins).",
    ("model", "evidence"),
)
EVIDENCE_METRICS = (SAMPLED, SUSPECT, EVIDENCE)


async def read_evidence(sources: Sources) -> Iterable[Metric]:
    """What a small sample of each model gives away."""
    found = await sources.database.embedding_audits.get()
    kinds = ("impossible_ids", "whole_counts", "unlike_twins")
    return (
        SAMPLED.family((sanitize_label(e.model), float(e.sampled)) for e in found),
        SUSPECT.family((sanitize_label(e.model), float(e.suspect)) for e in found),
        EVIDENCE.family(
            (sanitize_label(e.model), kind, float(getattr(e, kind))) for e in found for kind in kinds
        ),
    )


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
LAST_RUN_STATE = StateGauge(
    "ops_sparse_embeddings_last_run_state",
    "How the newest generation of the service that ended did so; none before the first.",
    ("state",),
    states=(*END_STATES, "unknown"),
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
NO_RUN = EmbeddingRun()


async def read_service(sources: Sources) -> Iterable[Metric]:
    """The service's route about its embeddings."""
    said = await sources.service.embeddings.get()
    run, last, success = said.running or NO_RUN, said.last_run, said.last_success or NO_RUN
    limits = sources.settings.limits
    return (
        RUN_ACTIVE.single(float(said.running is not None)),
        RUN_RESOURCES.single(run.total),
        RUN_DONE.single(run.done),
        RUN_REMAINING.single(said.remaining if said.running else None),
        LAST_RUN_STATE.state_family([(run_state(last),)] if last else []),
        LAST_RUN_END.single(last.ended if last else None),
        LAST_SUCCESS.single(success.ended),
        LAST_SUCCESS_DURATION.single(run_seconds(success)),
        SERVICE_RESOURCES.family(said.resources.items()),
        SERVICE_BY_MODEL.family(top_n(said.by_model, limits.models, limits.label_length).items()),
    )


def run_state(run: EmbeddingRun) -> str:
    """How the generation ended."""
    return run.state if run.state in END_STATES else "unknown"


def run_seconds(run: EmbeddingRun) -> float | None:
    """Seconds from its start to its end."""
    if run.started is None or run.ended is None or run.ended < run.started:
        return None
    return run.ended - run.started


SPARSE_EMBEDDINGS = Collector(
    "sparse_embeddings",
    "coverage by model, last generation, vectors that the named model cannot have made",
    (
        Part("coverage", read_coverage, COVERAGE_METRICS),
        Part("evidence", read_evidence, EVIDENCE_METRICS),
        Part("service", read_service, SERVICE_METRICS),
    ),
)
