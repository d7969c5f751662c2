"""The rule files, group by group: a visible list of what is evaluated, and how often."""

from prometheus import meta, recording, signals, slo
from prometheus.rule import Group
from prometheus.thresholds import Thresholds
from prometheus.write import rendered


def files(thresholds: Thresholds) -> dict[str, str]:
    """The content of every rule file under its name."""
    return {name: rendered(groups) for name, groups in groups_by_file(thresholds).items()}


def groups_by_file(thresholds: Thresholds) -> dict[str, list[Group]]:
    """The groups of each file; intervals are those measured to page within a second."""
    return {
        "thresholds.yml": [Group("thresholds", [*signals.levels(thresholds)], "1s")],
        "fast.yml": [Group("fast", [*signals.alerts(thresholds, "fast")], "100ms")],
        "recording.yml": [
            Group("recording", [*recording.rules()], "15s"),
            Group("signals", [*signals.values(thresholds)], "15s"),
            Group("trends", [*signals.trends()], "1m"),
        ],
        "slow.yml": [Group("slow", [*signals.alerts(thresholds, "slow")], "15s")],
        "slo.yml": [
            Group("slo-rates", [*slo.rates(thresholds)], "30s"),
            Group("slo-budgets", [*slo.budgets(thresholds)], "2m"),
            Group("slo", [*slo.alerts(thresholds)], "30s"),
        ],
        "meta.yml": [Group("meta", [*meta.alerts()], "15s")],
    }
