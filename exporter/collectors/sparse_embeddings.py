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
    "Resources with a sparse embedding, without one, and with an empty one.",
    ("state",),
)
BY_MODEL = Gauge(
    "ops_sparse_embeddings_model_resources",
    "Resources with a sparse embedding by the stored model name, which may be wrong.",
    ("model",),
)
LAST_GENERATION = Gauge(
    "ops_sparse_embeddings_last_generation_timestamp_seconds", "Unix time of the newest sparse embedding."
)
COVERAGE_METRICS = (RESOURCES, BY_MODEL, LAST_GENERATION)


async def read_coverage(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing if the table resources has no sparse embeddings."""
    sparse = await sources.database.embedding_coverage.get()
    if sparse is None:
        return ()
    limits = sources.settings.limits
    return (
        RESOURCES.family(sparse.by_state.items()),
        BY_MODEL.family(top_n(sparse.by_model, limits.models, limits.label_length).items()),
        LAST_GENERATION.single(sparse.last),
    )


SAMPLED = Gauge("ops_sparse_embeddings_sampled", "Newest vectors of the model that were audited.", ("model",))
SUSPECT = Gauge(
    "ops_sparse_embeddings_suspect",
    "Audited vectors that the named model cannot have made: a salted fallback stores its name, too.",
    ("model",),
)
EVIDENCE = Gauge(
    "ops_sparse_embeddings_evidence",
    "Suspect vectors by evidence: token ids that the model does not have (impossible_ids), "
    "weights that are whole counts (whole_counts), equal texts with other terms (unlike_twins).",
    ("model", "evidence"),
)
EVIDENCE_METRICS = (SAMPLED, SUSPECT, EVIDENCE)


async def read_evidence(sources: Sources) -> Iterable[Metric]:
    """The audit of a small sample of each model."""
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
    "ops_sparse_embeddings_run_active", "Whether an embedding run of the service is queued or running."
)
RUN_RESOURCES = Gauge(
    "ops_sparse_embeddings_run_resources", "Resources of the active embedding run; absent without one."
)
RUN_DONE = Gauge(
    "ops_sparse_embeddings_run_resources_done", "Resources that the active embedding run has processed."
)
RUN_REMAINING = Gauge(
    "ops_sparse_embeddings_run_remaining_seconds",
    "Remaining time of the active embedding run, as the service estimates it.",
)
LAST_RUN_STATE = StateGauge(
    "ops_sparse_embeddings_last_run_state",
    "Final state of the latest finished embedding run. Absent before the first.",
    ("state",),
    states=(*END_STATES, "unknown"),
)
LAST_RUN_END = Gauge(
    "ops_sparse_embeddings_last_run_timestamp_seconds",
    "Unix time at which the latest finished embedding run ended.",
)
LAST_SUCCESS = Gauge(
    "ops_sparse_embeddings_last_success_timestamp_seconds",
    "Unix time at which the last complete embedding run of the service ended.",
)
LAST_SUCCESS_DURATION = Gauge(
    "ops_sparse_embeddings_last_success_duration_seconds", "Duration of the last complete embedding run."
)
SERVICE_RESOURCES = Gauge(
    "ops_sparse_embeddings_service_resources",
    "Resources with and without a sparse embedding, as the service counts them in its target table.",
    ("state",),
)
SERVICE_BY_MODEL = Gauge(
    "ops_sparse_embeddings_service_model_resources",
    "Resources with a sparse embedding by model, as the service counts them.",
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
    """The service's status of its embeddings."""
    status = await sources.service.embeddings.get()
    run, last, success = status.running or NO_RUN, status.last_run, status.last_success or NO_RUN
    limits = sources.settings.limits
    return (
        RUN_ACTIVE.single(float(status.running is not None)),
        RUN_RESOURCES.single(run.total),
        RUN_DONE.single(run.done),
        RUN_REMAINING.single(status.remaining if status.running else None),
        LAST_RUN_STATE.state_family([(run_state(last),)] if last else []),
        LAST_RUN_END.single(last.ended if last else None),
        LAST_SUCCESS.single(success.ended),
        LAST_SUCCESS_DURATION.single(run_seconds(success)),
        SERVICE_RESOURCES.family(status.resources.items()),
        SERVICE_BY_MODEL.family(top_n(status.by_model, limits.models, limits.label_length).items()),
    )


def run_state(run: EmbeddingRun) -> str:
    """The final state of the run."""
    return run.state if run.state in END_STATES else "unknown"


def run_seconds(run: EmbeddingRun) -> float | None:
    """Duration in seconds."""
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
