"""What the backend reports of its parts and modules: words, to be held against what is seen."""

from collections import Counter
from dataclasses import dataclass, field

from exporter.sources.json_object import JsonObject
from exporter.status import UNKNOWN, parse_status

MAX_WORKERS = 200


@dataclass(frozen=True)
class HealthReport:
    """The answer of /health as statuses."""

    status: str
    components: dict[str, str]
    workers: float | None  # how many it found

    def component(self, name: str) -> str:
        """The status it gives this component, `unknown` where it says nothing of it."""
        return self.components.get(name, UNKNOWN)


def parse_health(answer: JsonObject) -> HealthReport:
    """The answer of /health."""
    parts = answer.part("components")
    names = list(parts.keys())[:50]
    return HealthReport(
        status=parse_status(answer.text("status")),
        components={name: parse_status(parts.text(name, "status")) for name in names},
        workers=parts.number("celery", "worker_count"),
    )


def parse_module_health(answer: JsonObject) -> str:
    """The status that /health/module/NAME gives the module."""
    return parse_status(answer.text("health", "status"))


@dataclass(frozen=True)
class WorkersReport:
    """The answer of /workers/status: `count` is None where it could not ask them."""

    status: str
    count: float | None
    active: float | None
    scheduled: float | None = None
    accepted: dict[str, float] = field(default_factory=dict)  # by task, whatever became of it
    processes: dict[str, float | None] = field(default_factory=dict)  # by worker


def parse_workers(answer: JsonObject) -> WorkersReport:
    """The answer of /workers/status."""
    stats = answer.part("workers", "stats")
    nodes = {node: stats.part(node) for node in sorted(stats.keys())[:MAX_WORKERS]}
    accepted: Counter[str] = Counter()
    for node in nodes.values():
        accepted.update({task: int(count) for task, count in node.numbers("total").items()})
    return WorkersReport(
        status=parse_status(answer.text("status")),
        count=answer.number("workers", "worker_count"),
        active=answer.number("workers", "total_active_tasks"),
        scheduled=answer.number("workers", "total_scheduled_tasks"),
        accepted={task: float(count) for task, count in accepted.items()},
        processes={name: node.number("pool", "max-concurrency") for name, node in nodes.items()},
    )
