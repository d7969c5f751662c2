"""The rule files, group by group: a visible list of what is evaluated, and how often."""

from prometheus import levels, meta, recording, recovery, signals, slo, watched
from prometheus.rule import Group
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
        ],
        **{f"slow-{name}.yml": [slow(name, its)] for name, its in by_dashboard(every).items()},
        "slo.yml": [
            Group("slo", [*slo.rates(thresholds), *slo.near(thresholds), *slo.alerts(thresholds)], "30s"),
            Group("slo-budgets", [*slo.far(thresholds)], "2m"),
        ],
        "meta.yml": [Group("meta", [*meta.alerts()], "15s")],
    }


def slow(name: str, its: list[Named]) -> Group:
    """The values of all signals of a dashboard, and the alerts of those that can wait."""
    alerts = signals.alerts(it for it in its if it[1].lane == "slow")
    return Group(f"slow-{name}", [*signals.values(its), *alerts], "15s")


def by_dashboard(every: list[Named]) -> dict[str, list[Named]]:
    """The signals of each dashboard, in the order of the file."""
    found: dict[str, list[Named]] = {}
    for name, signal in every:
        found.setdefault(signal.dashboard, []).append((name, signal))
    return found
