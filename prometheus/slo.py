"""Service level objectives: error ratios by window, burn-rate alerts and the remaining error budget.

Source: the multi-window, multi-burn-rate method of chapter 5 of Google's Site Reliability Workbook.
"""

import re
from collections.abc import Iterable, Iterator

from prometheus import request_rules
from prometheus.annotations import AlertAnnotations
from prometheus.freshness import recorded_now, while_scraped
from prometheus.rule_file import AlertRule, RecordingRule
from prometheus.thresholds import BurnRate, Slo, Thresholds, one_line

PERIOD = "30d"
SINGLE_EVENT = "none; at least six events must be bad, and chance must be ruled out"
INTERVAL = 30  # seconds between two recorded rates
LATEST = "slo:error_ratio:rate1m"
# series that request_rules.py records in the group of the SLOs
USER_SERIES = re.compile(r"\busers(?:_le)?:[\w:]+(?:\{[^}]*\})?")
LONGEST_SHORT_WINDOW = (
    6 * 3600
)  # windows up to this many seconds are looked at as often as the rates are recorded


def rate_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """Good and total events per second; every window sums these, so that 30 days stay cheap."""
    yield from request_rules.last_minute_rules()
    for name, slo in thresholds.slos.items():
        yield RecordingRule("slo:good:rate1m", event_rate(slo.good), {"slo": name})
        yield RecordingRule("slo:total:rate1m", event_rate(slo.total), {"slo": name})
    yield RecordingRule(LATEST, "1 - slo:good:rate1m / (slo:total:rate1m > 0)")


def event_rate(expression: str) -> str:
    """The rate of events; users' requests come from the recorded series."""
    of_now = USER_SERIES.sub(lambda it: recorded_now(it[0]), one_line(expression))
    return while_scraped(of_now, "slow") if of_now == one_line(expression) else of_now


def short_window_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The objectives, and the error ratios over the short windows."""
    for name, slo in thresholds.slos.items():
        yield RecordingRule("slo:objective:ratio", f"vector({slo.objective:g})", {"slo": name})
    yield from window_rules(
        window for window in burn_windows(thresholds) if window_seconds(window) <= LONGEST_SHORT_WINDOW
    )
    yield from bound_rules(thresholds)


def bound_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """What is proven of the error ratios of long windows: chance alone must not burn a budget."""
    for window in dict.fromkeys(burn.long for burn in thresholds.burns):
        events = f"slo:events:{window}"
        bad = f"(slo:error_ratio:{window} * {events})"
        proven = thresholds.significance.lower(bad, events, "on (slo)")
        yield RecordingRule(f"slo:error_ratio_bound:{window}", proven)


def long_window_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The error ratios over days, and the remaining share of the error budget."""
    yield from window_rules(
        window for window in burn_windows(thresholds) if window_seconds(window) > LONGEST_SHORT_WINDOW
    )
    yield RecordingRule(
        "slo:error_budget_left:ratio", f"1 - slo:error_ratio:{PERIOD} / (1 - slo:objective:ratio)"
    )


def window_rules(chosen: Iterable[str]) -> Iterator[RecordingRule]:
    """Events and error ratio of these windows; no events are no errors."""
    for window in chosen:
        good, total = (f"sum_over_time(slo:{kind}:rate1m[{window}])" for kind in ("good", "total"))
        yield RecordingRule(f"slo:events:{window}", f"{total} * {INTERVAL}")
        yield RecordingRule(f"slo:error_ratio:{window}", f"clamp_min(1 - {good} / ({total} > 0), 0)")


def burn_windows(thresholds: Thresholds) -> list[str]:
    """Every window of the burn rates, and the SLO period."""
    named = {window for burn in thresholds.burns for window in (burn.short, burn.long)}
    return [*sorted(named, key=window_seconds), PERIOD]


def window_seconds(duration: str) -> int:
    """A duration of whole minutes, hours or days in seconds."""
    return int(duration[:-1]) * {"m": 60, "h": 3600, "d": 86400}[duration[-1]]


def burn_alerts(thresholds: Thresholds) -> Iterator[AlertRule]:
    """One alert per SLO and burn rate."""
    for name, slo in thresholds.slos.items():
        for burn in thresholds.burns:
            yield burn_alert(name, slo, burn)


def alert_name(name: str) -> str:
    """The name of this SLO's alerts."""
    return f"{''.join(word.capitalize() for word in name.split('_'))}BudgetBurns"


def burn_alert(name: str, slo: Slo, burn: BurnRate) -> AlertRule:
    """The alert of one burn rate: over the long window, over the short one, and in the last minute."""
    level = burn_level(slo, burn)
    long, short = (f'slo:error_ratio:{window}{{slo="{name}"}}' for window in (burn.long, burn.short))
    enough = enough_events(name, slo, burn)
    proven = f'slo:error_ratio_bound:{burn.long}{{slo="{name}"}} > {level}'
    latest = still_burning(name, burn, level)
    return AlertRule(
        alert=alert_name(name),
        expr=f"{long} > {level} and {short} > {level} and {enough} and {proven} and on (slo) ({latest})",
        severity=burn.severity,
        lane="slow",
        keep="1m",
        labels={"window": burn.long},
        annotations=annotations(name, slo, burn).annotations(),
    )


def burn_level(slo: Slo, burn: BurnRate) -> str:
    """The error ratio at which the budget burns so many times too fast."""
    return f"{burn.factor * (1 - slo.objective):.6g}"


def enough_events(name: str, slo: Slo, burn: BurnRate) -> str:
    """The events of the long window, where there are enough to judge."""
    return f'slo:events:{burn.long}{{slo="{name}"}} >= {slo.at_least}'


def still_burning(name: str, burn: BurnRate, level: str) -> str:
    """Whether the last minute burns as well and there is history to compare, or the alert fires already."""
    latest = recorded_now(f'{LATEST}{{slo="{name}"}}')
    past = f'slo:total:rate1m{{slo="{name}"}} offset {burn.short}'
    told = f'ALERTS{{alertname="{alert_name(name)}",window="{burn.long}",alertstate="firing"}}'
    return f"{latest} > {level} and on (slo) {past} or {told}"


def annotations(name: str, slo: Slo, burn: BurnRate) -> AlertAnnotations:
    """The texts and links of the alert."""
    bad = f"Of the last {burn.long} {{{{ $value | humanizePercentage }}}} were bad"
    return AlertAnnotations(
        alert=alert_name(name),
        summary=f"The error budget of {name.replace('_', ' ')} burns {burn.factor:g} times too fast",
        description=f"{slo.meaning} {bad}; the objective allows {100 * (1 - slo.objective):.4g}%.",
        dashboard=slo.dashboard,
    )
