"""Inhibition rules: a firing alert suppresses its consequences and its milder severities."""

from dataclasses import dataclass
from typing import Any

# the labels that identify an alert of one name
IDENTITY = (
    "alertname", "module", "queue_name", "queue", "name", "datname", "worker", "hostname", "source", "model",
    "strategy", "subject", "reported", "observed", "job", "instance", "collector",
    "rule_group", "integration", "signal",
)  # fmt: skip


# the alert that fires for a while after a root cause as well, so that what it hid is not told after its end
INHIBITOR = "RootCauseInhibitor"


@dataclass(frozen=True)
class InhibitRule:
    """While the source alert fires, its targets are inhibited, where the labels of `equal` are the same."""

    source: str
    targets: tuple[str, ...]
    equal: tuple[str, ...] = ()

    def config(self) -> dict[str, Any]:
        """The rule in the format of Alertmanager."""
        return self._config([f'alertname="{self.source}"'], self.equal)

    def config_after(self) -> dict[str, Any]:
        """The rule for a while after the source alert has ended; the lane of a target decides how long."""
        return self._config([f'alertname="{INHIBITOR}"', f'cause="{self.source}"'], ("lane", *self.equal))

    def _config(self, source: list[str], equal: tuple[str, ...]) -> dict[str, Any]:
        labels = {"equal": list(equal)} if equal else {}
        targets = [f'alertname=~"{"|".join(self.targets)}"']
        return {"source_matchers": source, "target_matchers": targets, **labels}


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

# what goes on for a while after the end of its source: not of a warning, of which perhaps nobody was told
LATE_INHIBITIONS = tuple(it for it in CAUSE_INHIBITIONS if it.source != "EdgeWorkerSilent")


def inhibit_rules() -> list[dict[str, Any]]:
    """All inhibition rules: by what fires, and by causes that have just ended."""
    return [*present_inhibitions(), *(cause.config_after() for cause in LATE_INHIBITIONS)]


def present_inhibitions() -> list[dict[str, Any]]:
    """The rules by what fires: by severity, by cause, and by a missing exporter."""
    return [
        *severity_inhibitions(),
        *(cause.config() for cause in CAUSE_INHIBITIONS),
        *exporter_down_inhibitions(),
    ]


def severity_inhibitions() -> list[dict[str, Any]]:
    """Critical inhibits warning and info of the same alert, warning inhibits info."""
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
    """Without the exporter everything derived from it is unknown; alerts about delivery stay."""
    derived = (
        # alerts of signals have the label signal, alerts of SLOs the label window
        ['signal=~".+"', 'alertname!="OverrideIgnored"'],
        ['window=~".+"'],
        ['alertname=~"CollectorFailing|ScrapeTooSlow|FastLaneBlind"'],
        ['alertname="TargetDown"', 'job="exporter"'],
    )
    source = ['alertname="ExporterAbsent"']
    return [{"source_matchers": source, "target_matchers": target} for target in derived]
