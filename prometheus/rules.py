"""The rule files, group by group: a visible list of what is evaluated, and how often."""

from prometheus import (
    inhibited,
    levels,
    meta,
    module_status,
    recording,
    recovery,
    requests,
    severity,
    signals,
    slo,
    watched,
)  # fmt: skip
from prometheus.rule import Alert, Group, Recording
from prometheus.signals import Named
from prometheus.thresholds import Thresholds
from prometheus.write import rendered

# as often as the fast scrape: what it brings is judged once
FAST = "250ms"


def files(thresholds: Thresholds) -> dict[str, str]:
    """The content of every rule file under its name."""
    return {name: rendered(groups) for name, groups in groups_by_file(thresholds).items()}


def groups_by_file(thresholds: Thresholds) -> dict[str, list[Group]]:
    """The groups of each file; intervals are those measured to page within a second."""
    every = list(thresholds.signals.items())
    newest = [it for it in every if it[1].lane == "fast" and not it[1].over_time]
    windows = [it for it in every if it[1].lane == "fast" and it[1].over_time]
    return {
        "thresholds.yml": [
            Group("levels", [*levels.said(thresholds)], "5s"),
            Group("thresholds", [*levels.in_force()], "1s"),
        ],
        "fast.yml": [
            Group("fast", [*signals.alerts(newest)], FAST),
            Group(
                "fast-requests",
                [recovery.rule(), *signals.fast_values(windows), *signals.alerts(windows)],
                FAST,
            ),
        ],
        "recording.yml": [
            Group("recording", [*recording.rules()], "15s"),
            Group("watched", [*watched.rules(thresholds)], "15s"),
            Group("trends", [*signals.trends()], "1m"),
            Group("inhibited", [inhibited.rule()], "15s"),
        ],
        **{f"slow-{name}.yml": [slow(name, its)] for name, its in by_dashboard(every).items()},
        "slow-module.yml": [modules(thresholds)],
        "slo.yml": [
            Group("slo", [*slo.rates(thresholds), *slo.near(thresholds), *slo.alerts(thresholds)], "30s"),
            Group("slo-budgets", [*slo.far(thresholds)], "2m"),
        ],
        "meta.yml": [Group("meta", [*meta.alerts()], "15s")],
    }


def slow(name: str, its: list[Named]) -> Group:
    """Values and severities of all signals of a dashboard, and the alerts of those that can wait."""
    return Group(f"slow-{name}", judged(its), "15s")


def modules(thresholds: Thresholds) -> Group:
    """All that the status of a module follows from, at one moment, so that nothing contradicts it."""
    its = [it for it in thresholds.signals.items() if of_modules(it)]
    shown = recording.while_scraped(requests.rules())
    statuses = recording.while_scraped(module_status.rules(thresholds))
    return Group("slow-module", [*shown, *judged(its), *statuses], "15s")


def judged(its: list[Named]) -> list[Recording | Alert]:
    """Values, severities and slow alerts of these signals."""
    alerts = signals.alerts(it for it in its if it[1].lane == "slow")
    severities = (rule for name, signal in its for rule in severity.rules(name, signal))
    return [*signals.values(its), *severities, *alerts]


def of_modules(named: Named) -> bool:
    """Whether the signal is told by module."""
    return "module" in named[1].by


def by_dashboard(every: list[Named]) -> dict[str, list[Named]]:
    """The signals of each dashboard, in the order of the file, but for those that are told by module."""
    found: dict[str, list[Named]] = {}
    for name, signal in every:
        if not of_modules((name, signal)):
            found.setdefault(signal.dashboard, []).append((name, signal))
    return found
