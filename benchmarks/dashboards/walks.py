"""The way from the overview to the cause and to the action, for each fault of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

CARDS, PARTS, FIRING = "Modules by status", "Dependencies", "Firing alerts"
UNWELL = r"(▲ degraded|✖ down).*"
DOWN = "✖ down.*"


@dataclass(frozen=True)
class Look:
    """A panel where a cell of this row and column says this; patterns that match the whole."""

    panel: str
    row: str
    text: str
    column: str = ".*"


@dataclass(frozen=True)
class Click:
    """A link of a panel: of the cell whose row matches, by the beginning of its title."""

    panel: str
    row: str
    title: str


@dataclass(frozen=True)
class Walk:
    """What the overview says, the clicks to the cause and what stands there, the clicks to the action.

    All clicks begin at the overview. `offers` is what the page of the action holds; `seconds` is how long it
    may take until all of it holds.
    """

    seen: tuple[Look, ...]
    cause: tuple[Click, ...]
    told: tuple[Look, ...]
    action: tuple[Click, ...]
    offers: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    seconds: float = 180.0


def fires(alert: str, about: str = ".*", symbol: str = "✖|▲") -> Look:
    """An alert in the list of those that fire."""
    return Look(FIRING, f"{alert}( {about})?", symbol, "Sev")


def acknowledge(alert: str) -> tuple[Click, ...]:
    """To the page that acknowledges an alert."""
    return (Click(FIRING, f"{alert}.*", "Acknowledge"),)


def of_part(part: str, alert: str, told: tuple[Look, ...], status: str = UNWELL, action: str = "") -> Walk:
    """A part of the backend is unwell: its card leads to its dashboard, an alert or a text to the action."""
    seen = (Look(PARTS, part, status), fires(alert))
    clicks = (Click("Actions", "", action),) if action else acknowledge(alert)
    return Walk(seen, (Click(PARTS, part, "Open"),), told, clicks, action or alert)


def of_module(alert: str, told: Look, parameters: Mapping[str, object] | None = None) -> Walk:
    """A module is unwell: its card leads to its dashboard."""
    seen = (
        Look("Overall status", "Status", UNWELL),
        Look(CARDS, "search", UNWELL),
        fires(alert, "search", "✖"),
    )
    words = (Look("$module", "Status", UNWELL), told)
    return Walk(seen, (Click(CARDS, "search", "Open"),), words, acknowledge(alert), alert, parameters or {})


CRITICAL = Look("Last hour", "Level", "✖ critical")
REDIS = of_part("cache", "RedisDown", (Look("Status", "Observed", "✖ down"),), DOWN)
DISAGREES = Walk(
    (Look("Self-reports", "wrong", r"[1-9]\d*"), fires("SelfReportDisagrees")),
    (Click("Self-reports", "wrong", "Which reports"),),
    (Look("Firing and pending alerts", "SelfReportDisagrees.*", "· firing", "State"),),
    acknowledge("SelfReportDisagrees"),
    "SelfReportDisagrees",
)
WALKS: dict[str, Walk] = {
    "slow-module": of_module("ApiSlow", CRITICAL),
    # most of its requests, so that few visitors are enough to tell it from chance
    "errors-in-module": of_module("ApiErrorsHigh", CRITICAL, {"share": 0.9}),
    "pool-exhausted": Walk(
        (Look("Resources, last hour", "DB pool used", "100 %"), fires("DatabasePoolFull", symbol="✖")),
        (Click("Resources, last hour", "DB pool used", "More"),),
        (Look("Last hour", "Pool used", "100 %"), CRITICAL),
        acknowledge("DatabasePoolFull"),
        "DatabasePoolFull",
    ),
    "database-stopped": of_part("database", "DatabaseDown", (Look("Status", "Observed", "✖ down"),), DOWN),
    "redis-stopped": REDIS,
    "redis-frozen": REDIS,
    "worker-killed": of_part("workers", "NoWorker", (Look("Status", "Workers up", "0"),), DOWN),
    "worker-pool-frozen": of_part(
        "workers", "WorkerStalled", (Look("Workers", ".*", "✖ yes", "Stalled"),), DOWN
    ),
    "queue-flood": of_part(
        "workers", "WorkerQueueLong", (Look("Queues", "default", "✖ critical", "Level"),)
    ),
    "unrouted-tasks": Walk(
        (fires("QueueWithoutConsumer", "celery"),),
        (Click("Resources, last hour", "Tasks waiting", "More"),),
        (Look("Queues", "celery", "✖ yes", "Unconsumed"),),
        acknowledge("QueueWithoutConsumer"),
        "QueueWithoutConsumer",
    ),
    "failing-tasks": Walk(
        (fires("TasksFail"),),
        (Click("Resources, last hour", "Tasks waiting", "More"),),
        (Look("Last hour", "Failure ratio", r"[1-9].*%"),),
        acknowledge("TasksFail"),
        "TasksFail",
    ),
    "model-corrupt": of_part("models", "ModelBroken", (Look("All models", ".*", "✖ failed", "Checked"),)),
    # its alert comes after two minutes, its status after the five of the exporter's heartbeat_timeout
    "edge-worker-killed": replace(
        of_part(
            "ingestion", "EdgeWorkerSilent", (Look("Workers", ".*", DOWN, "Observed"),), action="Workers"
        ),
        seconds=400.0,
    ),
    "stale-sparse-embeddings": of_part(
        "sparse", "SparseEmbeddingsSuspect", (Look("Vectors by model", ".*bge-m3.*", ".*"),),
        action="Sparse embeddings",
    ),
    "lying": DISAGREES,
    "server-frozen": of_part("api", "BackendDown", (Look("Status", "Backend", "✖ down"),), DOWN),
}  # fmt: skip
# faults that nothing may be seen of: the exporter is made to bear them
UNSEEN = {
    "blocking-health": "the two routes that block are requested on change alone",
    "closed-connections": "the exporter opens another connection",
    "lying-pharos": "only /health says so, which is requested on change alone",
    "ingestion-missing": "a backend without these routes is no broken one",
    "ingestion-not-configured": "a backend without an ingestion is no broken one",
    "database-role-without-rights": "it makes a role to point an exporter at",
    "redis-user-without-rights": "it makes a user to point an exporter at",
    "foreign-worker": "the worker of another application is told apart, by its name in the settings",
    "history-at-submission": "only the entry at the end of a job counts",
    "local-times": "the zone is found out",
}
