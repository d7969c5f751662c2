"""What the backend reports of its parts, modules, workers and models."""

from collections import Counter
from dataclasses import dataclass, field, replace

from exporter.cardinality import LabelLimiter
from exporter.sources.json_object import JsonObject
from exporter.status import DOWN, HEALTHY, UNKNOWN, parse_status

MAX_WORKERS = 200


@dataclass(frozen=True)
class HealthReport:
    """The report of /health as statuses."""

    status: str
    components: dict[str, str]
    workers: float | None  # how many it found

    def component(self, name: str) -> str:
        """The status of this component, `unknown` if it is not reported."""
        return self.components.get(name, UNKNOWN)


def parse_health(report: JsonObject) -> HealthReport:
    """The report of /health."""
    parts = report.object("components")
    names = list(parts.keys())[:50]
    return HealthReport(
        status=parse_status(report.text("status")),
        components={name: parse_status(parts.text(name, "status")) for name in names},
        workers=parts.number("celery", "worker_count"),
    )


def parse_module_health(report: JsonObject) -> str:
    """The status that /health/module/NAME gives the module."""
    return parse_status(report.text("health", "status"))


@dataclass(frozen=True)
class WorkersReport:
    """The report of /workers/status: `count` is None if their inspection failed."""

    status: str
    count: float | None
    active: float | None
    scheduled: float | None = None
    accepted: dict[str, float] = field(default_factory=dict)  # by task, whatever became of it
    processes: dict[str, float | None] = field(default_factory=dict)  # by worker


def parse_workers(report: JsonObject) -> WorkersReport:
    """The report of /workers/status."""
    stats = report.object("workers", "stats")
    nodes = {node: stats.object(node) for node in sorted(stats.keys())[:MAX_WORKERS]}
    accepted: Counter[str] = Counter()
    for node in nodes.values():
        accepted.update({task: int(count) for task, count in node.numbers("total").items()})
    return WorkersReport(
        status=parse_status(report.text("status")),
        count=report.number("workers", "worker_count"),
        active=report.number("workers", "total_active_tasks"),
        scheduled=report.number("workers", "total_scheduled_tasks"),
        accepted={task: float(count) for task, count in accepted.items()},
        processes={name: node.number("pool", "max-concurrency") for name, node in nodes.items()},
    )


NCF_MODEL = "ncf_model"  # the model that /model-health and the component of /health speak of
CLASSIFIER = "ml_classification"  # the model of /health/ml if it names none
VERIFIED, UNVERIFIED, FAILED = "verified", "unverified", "failed"


@dataclass(frozen=True)
class ModelReport:
    """One model: times in Unix seconds, sizes in bytes; None is what the backend does not report."""

    name: str
    available: bool | None = None
    error: bool = False
    checked: bool = False  # an inference really ran
    inference_seconds: float | None = None
    inferences: float | None = None
    errors: float | None = None
    memory: float | None = None
    last_inference: float | None = None
    size: float | None = None
    modified: float | None = None

    @property
    def verification(self) -> str:
        """Whether a check proved that it works, proved that it does not, or never ran."""
        if self.error:
            return FAILED
        return VERIFIED if self.checked and self.available is not False else UNVERIFIED


@dataclass(frozen=True)
class MlHealthReport:
    """The report of /health/ml: its status, the HTTP status in its body, and a check of each model."""

    status: str
    http_status: float | None
    models: tuple[ModelReport, ...]
    is_applicable: bool  # a backend without these models reports "not_applicable"


def parse_model_health(report: JsonObject, zone: str | None = None) -> ModelReport:
    """The model of /model-health: a file that exists is `available` there, whether or not it loads.

    The time of the file is in the local time of the backend's host, unknown to us without its zone.
    """
    report = report.object("model")
    size = report.number("size_mb")
    return ModelReport(
        name=NCF_MODEL,
        available=report.boolean("available"),
        error=bool(report.text("error")),
        # in hundredths of a megabyte: what is rounded to nothing is small, and its size not known
        size=size * 1e6 if size else None,
        modified=report.local_timestamp(zone, "last_modified"),
    )


def parse_ml_health(report: JsonObject, labels: LabelLimiter) -> MlHealthReport:
    """The report of /health/ml, whose HTTP status is always 200."""
    status_word = report.text("status")
    http_status = report.number("http_status")
    status = DOWN if http_status is not None and http_status >= 500 else parse_status(status_word)
    checks = report.object("models")
    models = tuple(parse_model_check(labels.name(n), checks.object(n)) for n in checks.keys())  # noqa: SIM118  (no dict)
    applies = status_word != "not_applicable"
    if not models and applies:
        # an report that names no model is of a check that could not run, which proves nothing of the model
        models = (ModelReport(CLASSIFIER, available=status == HEALTHY),)
    return MlHealthReport(status if applies else UNKNOWN, http_status, models, applies)


def parse_model_check(name: str, report: JsonObject) -> ModelReport:
    """One model as its check in /health/ml found it."""
    seconds, last = report.number("inference_seconds"), report.timestamp("last_inference")
    milliseconds = report.number("inference_ms")
    if seconds is None and milliseconds is not None:
        seconds = milliseconds / 1000
    status = parse_status(report.text("status"))
    return ModelReport(
        name=name,
        available=report.boolean("available"),
        error=bool(report.text("error")) or status == DOWN,
        checked=status == HEALTHY and (seconds is not None or last is not None),
        inference_seconds=seconds,
        inferences=report.number("inferences"),
        errors=report.number("errors"),
        memory=report.number("memory_bytes"),
        last_inference=last,
    )


def merge_model_reports(file: ModelReport, checked: ModelReport) -> ModelReport:
    """One model of which /model-health knows the file and /health/ml the check."""
    return replace(
        checked,
        available=file.available if file.available is not None else checked.available,
        error=file.error or checked.error,
        size=file.size,
        modified=file.modified,
    )
