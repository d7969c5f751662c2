"""What is not said because something graver, or its cause, is said already."""

from dataclasses import dataclass
from typing import Any

# the labels that tell one alert of a name from another
IDENTITY = ("alertname", "module", "queue_name", "queue", "name", "datname", "worker", "model", "subject")


@dataclass(frozen=True)
class Cause:
    """While this alert fires, those that it explains are held back."""

    alert: str
    explains: tuple[str, ...]

    def body(self) -> dict[str, Any]:
        """The rule as Alertmanager reads it."""
        return {
            "source_matchers": [f'alertname="{self.alert}"'],
            "target_matchers": [f'alertname=~"{"|".join(self.explains)}"'],
        }


API = ("ModuleDown", "ModuleDegraded", "ApiErrorsHigh", "ApiSlow")
CAUSES = (
    Cause("DatabaseDown", (*API, "DatabasePoolFull", "SlowQueries", "LongTransaction")),
    Cause(
        "BackendDown", (*API, "BackendWedged", "EventHandlersSlow", "EventHandlersFail", "DatabasePoolFull")
    ),
    Cause(
        "RedisDown",
        ("CacheHitRatioLow", "RedisMemoryHigh", "RedisEvicts", "BackendWedged", "EventHandlersSlow"),
    ),
    Cause("BrokerDown", ("NoWorker", "QueueStuck", "QueueWithoutConsumer", "TasksWait", "WorkerEventsLost")),
    Cause("NoWorker", ("QueueStuck", "QueueWithoutConsumer", "TasksWait", "WorkerQueueLong")),
)


def rules() -> list[dict[str, Any]]:
    """All of them: the graver level, the cause, and an exporter that sees nothing."""
    return [*graver(), *(cause.body() for cause in CAUSES), blind()]


def graver() -> list[dict[str, Any]]:
    """Critical hides warning and info of the same thing, warning hides info."""
    pairs = (("critical", "warning|info"), ("warning", "info"))
    return [
        {
            "source_matchers": [f'severity="{high}"'],
            "target_matchers": [f'severity=~"{low}"'],
            "equal": list(IDENTITY),
        }
        for high, low in pairs
    ]


def blind() -> dict[str, Any]:
    """Without the exporter, what was derived from it is not known."""
    return {
        "source_matchers": ['alertname="ExporterAbsent"'],
        "target_matchers": ['alertname!~"ExporterAbsent|Watchdog|AlertsNotDelivered|PagesNotDelivered"'],
    }
