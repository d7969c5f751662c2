"""Service level objectives: error ratios by window, burn-rate alerts, and what is left of the budget.

Source: the multi-window, multi-burn-rate method of chapter 5 of Google's Site Reliability Workbook.
"""

from collections.abc import Iterator

from prometheus.links import Story
from prometheus.rule import Alert, Recording
from prometheus.thresholds import Burn, Slo, Thresholds

PERIOD = "30d"


def rates(thresholds: Thresholds) -> Iterator[Recording]:
    """Good and all events a second: what every window is summed from, so that a month stays cheap."""
    for name, slo in thresholds.slos.items():
        yield Recording("slo:good:rate1m", slo.good, {"slo": name})
        yield Recording("slo:total:rate1m", slo.total, {"slo": name})


def budgets(thresholds: Thresholds) -> Iterator[Recording]:
    """The error ratio over each window, the objective, and the share of the budget that is left."""
    for window in windows(thresholds):
        good, total = (f"sum_over_time(slo:{kind}:rate1m[{window}])" for kind in ("good", "total"))
        # a window in which nothing happened has no ratio: 0 of 0 is not a broken promise
        yield Recording(f"slo:error_ratio:{window}", f"clamp_min(1 - {good} / ({total} > 0), 0)")
    for name, slo in thresholds.slos.items():
        yield Recording("slo:objective:ratio", f"vector({slo.objective:g})", {"slo": name})
    yield Recording(
        "slo:error_budget_left:ratio", f"1 - slo:error_ratio:{PERIOD} / (1 - slo:objective:ratio)"
    )


def windows(thresholds: Thresholds) -> list[str]:
    """Every window that a burn rate looks at, and the whole period."""
    named = {window for burn in thresholds.burns for window in (burn.short, burn.long)}
    return [*sorted(named, key=seconds), PERIOD]


def seconds(duration: str) -> int:
    """A duration of whole minutes, hours or days in seconds."""
    return int(duration[:-1]) * {"m": 60, "h": 3600, "d": 86400}[duration[-1]]


def alerts(thresholds: Thresholds) -> Iterator[Alert]:
    """One alert for each speed at which each budget may burn."""
    for name, slo in thresholds.slos.items():
        for burn in thresholds.burns:
            yield alert(name, slo, burn)


def alert(name: str, slo: Slo, burn: Burn) -> Alert:
    """The budget burns `factor` times too fast: over the long window, and still over the short one."""
    level = f"{burn.factor * (1 - slo.objective):.6g}"
    long, short = (f'slo:error_ratio:{window}{{slo="{name}"}}' for window in (burn.long, burn.short))
    alert_name = f"{''.join(word.capitalize() for word in name.split('_'))}BudgetBurns"
    bad = f"{{{{ $value | humanizePercentage }}}} of the events of the last {burn.long} were bad"
    story = Story(
        alert=alert_name,
        summary=f"The error budget of {name.replace('_', ' ')} burns {burn.factor:g} times too fast",
        description=f"{slo.meaning} {bad}; the objective allows {1 - slo.objective:.2%} over {PERIOD}.",
        dashboard=slo.dashboard,
    )
    return Alert(
        alert=alert_name,
        expr=f"{long} > {level} and {short} > {level}",
        severity=burn.severity,
        lane="slow",
        hold=burn.hold,
        keep="1m",
        labels={"window": burn.long},
        annotations=story.annotations(),
    )
