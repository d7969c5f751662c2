"""The models: reported availability, verification, inferences and files."""

from collections.abc import Iterable, Sequence

from prometheus_client import Metric

from exporter.collector import Collector, Part
from exporter.errors import SourceError
from exporter.metrics import Counter, Gauge, StateGauge
from exporter.sources import Sources
from exporter.sources.backend.health import (
    FAILED,
    UNVERIFIED,
    VERIFIED,
    ModelReport,
    merge_model_reports,
)

AVAILABLE = Gauge(
    "ops_model_reported_available", "Whether the backend reports the model as available.", ("model",)
)
VERIFICATION = StateGauge(
    "ops_model_verified",
    "Result of the last inference check of the model: verified, failed, or unverified if none ran.",
    ("model", "verified"),
    states=(VERIFIED, UNVERIFIED, FAILED),
)
SECONDS = Gauge("ops_model_inference_seconds", "Duration of the model's last inference.", ("model",))
INFERENCES = Counter("ops_model_inferences_total", "Inferences of the model.", ("model",))
ERRORS = Counter("ops_model_errors_total", "Inferences of the model that failed.", ("model",))
LAST = Gauge(
    "ops_model_last_inference_timestamp_seconds", "Unix time of the model's last inference.", ("model",)
)
MEMORY = Gauge("ops_model_memory_bytes", "Memory of the loaded model.", ("model",))
SIZE = Gauge("ops_model_file_bytes", "Size of the model's file, rounded by the backend.", ("model",))
MODIFIED = Gauge(
    "ops_model_modified_timestamp_seconds",
    "Modification time of the model's file (Unix time).",
    ("model",),
)
STATES_METRICS = (AVAILABLE, VERIFICATION, SECONDS, INFERENCES, ERRORS, LAST, MEMORY, SIZE, MODIFIED)


async def read_states(sources: Sources) -> Iterable[Metric]:
    """Every model that either health route names. Raises SourceError when neither responds."""
    models = await read_models(sources)
    return (
        AVAILABLE.family((m.name, None if m.available is None else float(m.available)) for m in models),
        VERIFICATION.state_family((m.name, m.verification) for m in models),
        SECONDS.family((m.name, m.inference_seconds) for m in models),
        INFERENCES.family((m.name, m.inferences) for m in models),
        ERRORS.family((m.name, m.errors) for m in models),
        LAST.family((m.name, m.last_inference) for m in models),
        MEMORY.family((m.name, m.memory) for m in models),
        SIZE.family((m.name, m.size) for m in models),
        MODIFIED.family((m.name, m.modified) for m in models),
    )


async def read_models(sources: Sources) -> Sequence[ModelReport]:
    """The models of both routes, each once; a route that fails costs only what it alone knows."""
    found: dict[str, ModelReport] = {}
    try:
        found = {model.name: model for model in (await sources.backend.ml.get()).models}
    except SourceError:
        first = await sources.backend.models.get()
        return [first]
    try:
        first = await sources.backend.models.get()
    except SourceError:
        if not found:
            raise
        return list(found.values())
    checked = found.get(first.name)
    found[first.name] = first if checked is None else merge_model_reports(first, checked)
    return list(found.values())


STATUS = StateGauge(
    "ops_ml_health_reported_status",
    "Status in the body of /health/ml; unknown if it does not apply.",
    ("status",),
)
HTTP_STATUS = Gauge(
    "ops_ml_health_http_status", "HTTP status in the body of /health/ml, whose response is always 200."
)
ML_HEALTH_METRICS = (STATUS, HTTP_STATUS)


async def read_ml_health(sources: Sources) -> Iterable[Metric]:
    """The whole of /health/ml; its checks of single models are in the part `states`."""
    health = await sources.backend.ml.get()
    return STATUS.state_family([(health.status,)]), HTTP_STATUS.single(health.http_status)


MODELS = Collector(
    "models",
    "each model as reported and as verified, its inferences, its file",
    (
        Part("states", read_states, STATES_METRICS),
        Part("ml_health", read_ml_health, ML_HEALTH_METRICS),
    ),
)
