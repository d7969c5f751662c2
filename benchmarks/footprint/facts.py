"""The fact that makes an alert true, or the one that shows that it is false."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.footprint.observations import Observations

# Seconds before its begin that an alert may speak of, and in which nobody got a response where all is down.
LOOK_BACK = 75.0
SILENCE = 5.0
SLOW_MS = 500.0
SHARE = 0.05
MISSING = {
    "DatabaseDown": "PostgreSQL", "RedisDown": "Redis", "BrokerDown": "Redis", "IngestionStoreDown": "Redis",
    "NoWorker": "worker", "WorkerDown": "worker", "EdgeWorkerSilent": "edge",
}  # fmt: skip
NO_RESPONSE = ("BackendDown", "BackendWedged")
FAILURES = ("ModuleDown", "ModuleDegraded", "ApiErrorsHigh", "ApiAvailabilityBudgetBurns")
SLOWNESS = ("ApiSlow", "ApiLatencyBudgetBurns")
# The module whose route the users ask; of all others only the exporter itself could tell.
USED = "resources"
LIES = "the backend lies: the fault lying is in force"


@dataclass(frozen=True)
class Fired:
    """An alert that fired, and from when to when (monotonic seconds)."""

    labels: Mapping[str, str]
    begin: float
    end: float

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]


def is_true_alert(alert: Fired, truth: Observations, in_force: list[str]) -> tuple[bool, str]:
    """Whether it is true, and the fact."""
    begin = alert.begin - LOOK_BACK
    if alert.name in MISSING:
        missing = truth.missing(begin, alert.end)
        return MISSING[
            alert.name
        ] in missing, f"missing at any look: {', '.join(sorted(missing)) or 'nothing'}"
    if alert.name == "SelfReportDisagrees" and "lying" in in_force:
        return True, LIES
    return _confirmed_by_users(alert, truth)


def _confirmed_by_users(alert: Fired, truth: Observations) -> tuple[bool, str]:
    users = truth.users(alert.begin - LOOK_BACK, alert.end)
    count, bad = max(len(users.visits), 1), users.failed() + users.timed_out()
    met = f"users: {bad} of {len(users.visits)} failed, P95 {users.quantile(0.95):.0f} ms"
    dead = truth.users(alert.begin - SILENCE, alert.end)
    if alert.name in (*NO_RESPONSE, *FAILURES) and dead.failed() + dead.timed_out() == len(dead.visits) > 0:
        return True, f"no user gets a response; {met}"
    if alert.name in (*FAILURES, *SLOWNESS) and alert.labels.get("module", USED) != USED:
        return False, f"nobody but the exporter asks {alert.labels['module']}; {met}"
    if alert.name in FAILURES:
        return bad / count > SHARE, met
    if alert.name in SLOWNESS:
        return users.quantile(0.95) > SLOW_MS, met
    return False, f"no fault of this kind is in force; {met}"
