"""What is not said because something graver, or its cause, is said already."""

from dataclasses import dataclass
from typing import Any

# the labels that tell one alert of a name from another
IDENTITY = (
    "alertname", "module", "queue_name", "queue", "name", "datname", "worker", "hostname", "source", "model",
    "strategy", "subject", "reported", "observed", "job", "instance", "collector",
    "rule_group", "integration", "signal",
)  # fmt: skip


@dataclass(frozen=True)
class InhibitRule:
    """While this alert fires, those that it explains are held back, where `equal` of the same thing."""

    alert: str
    explains: tuple[str, ...]
    equal: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The rule as Alertmanager reads it."""
        equal = {"equal": list(self.equal)} if self.equal else {}
        return {
            "source_matchers": [f'alertname="{self.alert}"'],
            "target_matchers": [f'alertname=~"{"|".join(self.explains)}"'],
            **equal,
        }


REQUESTS = ("ApiErrorsHigh", "ApiSlow", "ModuleDegraded")
API = ("ModuleDown", *REQUESTS, "ApiAvailabilityBudgetBurns", "ApiLatencyBudgetBurns")
QUEUES = (
    "WorkerQueueLong", "QueueStuck", "QueueWithoutConsumer", "TasksWait", "MessagesHeld", "WorkerDown",
    "WorkerStalled",
)  # fmt: skip
INGESTION = ("IngestionQueueFull", "IngestionStuck")
CAUSE_INHIBITIONS = (
    InhibitRule("ModuleDown", REQUESTS, equal=("module",)),
    InhibitRule(
        "DatabaseDown",
        (
            *API, "DatabasePoolFull", "DatabaseSlow", "SlowQueries", "LongTransaction", "LocksWaitedFor",
            "DatabaseConnectionsHigh", "TasksFail",
        ),
    ),
    InhibitRule(
        "BackendDown",
        (
            *API, "BackendWedged", "EventHandlersSlow", "EventHandlersFail", "DatabasePoolFull",
            "BackendFilesHigh", "BackendProcessesMissing",
        ),
    ),
    InhibitRule(
        "RedisDown",
        (
            "CacheHitRatioLow", "RedisMemoryHigh", "RedisEvicts", "RedisClientsHigh", "RedisRefusesClients",
            "RedisNotSaved", "BackendWedged", "EventHandlersSlow", "ApiSlow", "ModuleDegraded",
        ),
    ),
    InhibitRule(
        "BrokerDown",
        (*QUEUES, "NoWorker", "WorkerEventsLost", "WorkerEventsMissed", "IngestionStoreDown"),
    ),
    InhibitRule("NoWorker", (*QUEUES, "WorkersBusy")),
    InhibitRule("WorkerStalled", ("MessagesHeld", "WorkersBusy")),
    InhibitRule("IngestionStoreDown", (*INGESTION, "EdgeWorkerSilent", "IngestionDeadLetters")),
    InhibitRule("EdgeWorkerSilent", INGESTION),
)  # fmt: skip


def inhibit_rules() -> list[dict[str, Any]]:
    """All of them: the graver level, the cause, and an exporter that sees nothing."""
    return [
        *severity_inhibitions(),
        *(cause.body() for cause in CAUSE_INHIBITIONS),
        *exporter_down_inhibitions(),
    ]


def severity_inhibitions() -> list[dict[str, Any]]:
    """Critical hides warning and info of the same thing, warning hides info."""
    pairs = (("critical", 'severity=~"warning|info"'), ("warning", 'severity="info"'))
    return [
        {
            "source_matchers": [f'severity="{high}"'],
            "target_matchers": [low],
            "equal": list(IDENTITY),
        }
        for high, low in pairs
    ]


def exporter_down_inhibitions() -> list[dict[str, Any]]:
    """Without the exporter, what was derived from it is not known; whether pages arrive still is."""
    derived = (
        # every alert about a signal carries its name, every one about a budget its window
        ['signal=~".+"', 'alertname!="OverrideIgnored"'],
        ['window=~".+"'],
        ['alertname=~"CollectorFailing|ScrapeTooSlow|FastLaneBlind"'],
        ['alertname="TargetDown"', 'job="exporter"'],
    )
    source = ['alertname="ExporterAbsent"']
    return [{"source_matchers": source, "target_matchers": target} for target in derived]
