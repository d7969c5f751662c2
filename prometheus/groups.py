"""The rule groups of each file, and how often Prometheus evaluates them."""

from prometheus import (
    meta_alerts,
    module_status,
    panel_rules,
    recording,
    request_rules,
    root_causes,
    signal_rules,
    slo,
    threshold_rules,
)
from prometheus.earlier_names import earlier_names
from prometheus.freshness import longest_window, recovering_rule, unread_rule
from prometheus.rule_file import AlertRule, RecordingRule, RuleGroup, render
from prometheus.share_rules import fast_share_rules, held_share_rules, share_of
from prometheus.signal_rules import NamedSignal
from prometheus.thresholds import Thresholds

# the interval of the fast scrape, so that each sample is evaluated once
FAST_INTERVAL = "250ms"


def rule_files(thresholds: Thresholds, jobs: list[str]) -> dict[str, str]:
    """The content of every rule file by its name, with these jobs of other exporters switched on."""
    groups = {**groups_by_file(thresholds), **earlier_names(jobs)}
    return {name: render(its) for name, its in groups.items()}


def groups_by_file(thresholds: Thresholds) -> dict[str, list[RuleGroup]]:
    """The groups of each file; benchmarks/README.md measures these intervals."""
    every = list(thresholds.signals.items())
    return {
        "thresholds.yml": [
            RuleGroup("levels", [*threshold_rules.file_levels(thresholds)], "5s"),
            RuleGroup("thresholds", [*threshold_rules.levels_in_force()], "2s"),
        ],
        "fast.yml": fast_groups([it for it in every if it[1].lane == "fast"]),
        "recording.yml": [
            RuleGroup("recording", [*recording.recording_rules()], "15s"),
            RuleGroup("watched", [*recording.anomaly_input_rules(thresholds)], "15s"),
            RuleGroup("present", [*panel_rules.present_rules()], "15s"),
            RuleGroup("panels", [*panel_rules.minute_rules()], "1m"),
            RuleGroup("unusual", [*panel_rules.unusual_rules()], "2m"),
            RuleGroup("trends", [*signal_rules.trend_rules()], "1m"),
            RuleGroup("inhibited", [*root_causes.hides_rules()], "15s"),
        ],
        **{f"slow-{name}.yml": [slow_group(name, its)] for name, its in signals_by_dashboard(every).items()},
        "slow-module.yml": [module_group(thresholds)],
        "slo.yml": slo_groups(thresholds),
        "meta.yml": [
            RuleGroup("meta", [*meta_alerts.meta_alerts()], "15s"),
            # a root cause fires for two seconds at least
            RuleGroup("fast-root-causes", [root_causes.inhibitor("fast").rule()], "1s"),
            RuleGroup("slow-root-causes", [root_causes.inhibitor("slow").rule()], "1s"),
        ],
    }


def fast_groups(signals: list[NamedSignal]) -> list[RuleGroup]:
    """The fast alerts: those of the newest sample, and those of a window, whose value is recorded first.

    What only keeps an alert is recorded once a second, which costs a quarter. A warning is evaluated with its
    critical alert: if it ended later, it would be told as new for a moment.
    """
    newest = [it for it in signals if not it[1].has_range]
    windows = [it for it in signals if it[1].has_range]
    counted = max((longest_window(share_of(it).total) for _, it in windows), default=0)
    begins = [recovering_rule(counted), *fast_share_rules(dict(windows))] if windows else []
    held = [unread_rule(counted), *held_share_rules(dict(windows))] if windows else []
    return [
        RuleGroup("fast", [*signal_rules.alert_rules(newest)], FAST_INTERVAL),
        RuleGroup("fast-requests", [*begins, *signal_rules.alert_rules(windows)], FAST_INTERVAL),
        RuleGroup("fast-1s", held, "1s"),
    ]


def slo_groups(thresholds: Thresholds) -> list[RuleGroup]:
    """The SLOs with their burn alerts, and their long windows, which are evaluated less often."""
    short = [*slo.rate_rules(thresholds), *slo.short_window_rules(thresholds)]
    return [
        RuleGroup("slo", [*short, *slo.burn_alerts(thresholds)], "30s"),
        RuleGroup("slo-budgets", [*slo.long_window_rules(thresholds)], "2m"),
    ]


def slow_group(name: str, its: list[NamedSignal]) -> RuleGroup:
    """The values and severities of all signals of a dashboard, and its slow alerts."""
    return RuleGroup(f"slow-{name}", rules_of(its), "15s")


def module_group(thresholds: Thresholds) -> RuleGroup:
    """Everything that decides the status of a module, evaluated together so that nothing contradicts it."""
    its = [it for it in thresholds.signals.items() if has_module(it)]
    shown = recording.fresh_rules(request_rules.request_rules())
    statuses = recording.fresh_rules(module_status.status_rules(thresholds))
    return RuleGroup("slow-module", [*shown, *rules_of(its), *statuses], "15s")


def rules_of(its: list[NamedSignal]) -> list[RecordingRule | AlertRule]:
    """The values, severities and slow alerts of these signals."""
    alerts = signal_rules.alert_rules(it for it in its if it[1].lane == "slow")
    severities = (rule for name, signal in its for rule in threshold_rules.severity_rules(name, signal))
    return [*signal_rules.value_rules(its), *severities, *alerts]


def has_module(named: NamedSignal) -> bool:
    """Whether the signal has a label `module`."""
    return "module" in named[1].by


def signals_by_dashboard(every: list[NamedSignal]) -> dict[str, list[NamedSignal]]:
    """The signals of each dashboard, in the order of the file, without those by module."""
    found: dict[str, list[NamedSignal]] = {}
    for name, signal in every:
        if not has_module((name, signal)):
            found.setdefault(signal.dashboard, []).append((name, signal))
    return found
