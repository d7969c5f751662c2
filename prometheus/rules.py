"""The rule files, group by group: a visible list of what is evaluated, and how often."""

from prometheus import levels, meta, recording, signals, slo
from prometheus.rule import Group
from prometheus.thresholds import Thresholds
from prometheus.write import rendered


def files(thresholds: Thresholds) -> dict[str, str]:
    """The content of every rule file under its name."""
    return {name: rendered(groups) for name, groups in groups_by_file(thresholds).items()}


def groups_by_file(thresholds: Thresholds) -> dict[str, list[Group]]:
    """The groups of each file; intervals are those measured to page within a second."""
    every = list(thresholds.signals.items())
    slow = [it for it in every if it[1].lane == "slow"]
    newest = [it for it in every if it[1].lane == "fast" and not it[1].over_time]
    windows = [it for it in every if it[1].lane == "fast" and it[1].over_time]
    return {
        "thresholds.yml": [
            Group("levels", [*levels.said(thresholds)], "5s"),
            Group("thresholds", [*levels.in_force()], "1s"),
        ],
        "fast.yml": [
            Group("fast", [*signals.alerts(newest)], "100ms"),
            # as often as there is a new scrape: looking back over a window costs too much to do it in between
            Group("fast-requests", [*signals.fast_values(windows), *signals.alerts(windows)], "250ms"),
        ],
        "recording.yml": [
            Group("recording", [*recording.rules()], "15s"),
            Group("trends", [*signals.trends()], "1m"),
        ],
        "slow.yml": [Group("slow", [*signals.values(every), *signals.alerts(slow)], "15s")],
        "slo.yml": [
            Group("slo", [*slo.rates(thresholds), *slo.near(thresholds), *slo.alerts(thresholds)], "30s"),
            Group("slo-budgets", [*slo.far(thresholds)], "2m"),
        ],
        "meta.yml": [Group("meta", [*meta.alerts()], "15s")],
    }
