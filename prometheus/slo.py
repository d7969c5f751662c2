"""Service level objectives: error ratios by window, burn-rate alerts, and what is left of the budget.

Source: the multi-window, multi-burn-rate method of chapter 5 of Google's Site Reliability Workbook.
"""

import re
from collections.abc import Iterable, Iterator

from prometheus import requests
from prometheus.fresh import judged, just_recorded
from prometheus.links import Story
from prometheus.rule import Alert, Recording
from prometheus.signal import one_line
from prometheus.thresholds import Burn, Slo, Thresholds

PERIOD = "30d"
INTERVAL = 30  # seconds between two recorded rates
LATEST = "slo:error_ratio:rate1m"
# what requests.py records of users in the group of the objectives
RECORDED = re.compile(r"\busers(?:_le)?:[\w:]+(?:\{[^}]*\})?")
NEAR = 6 * 3600  # windows up to this many seconds are looked at as often as the rates are recorded


def rates(thresholds: Thresholds) -> Iterator[Recording]:
    """Good and all events a second: what every window is summed from, so that a month stays cheap."""
    yield from requests.last_minute()
    for name, slo in thresholds.slos.items():
        yield Recording("slo:good:rate1m", events(slo.good), {"slo": name})
        yield Recording("slo:total:rate1m", events(slo.total), {"slo": name})
    yield Recording(LATEST, "1 - slo:good:rate1m / (slo:total:rate1m > 0)")


def events(expression: str) -> str:
    """Events a second, of requests from what was recorded a moment ago."""
    of_now = RECORDED.sub(lambda it: just_recorded(it[0]), one_line(expression))
    return judged(of_now, "slow") if of_now == one_line(expression) else of_now


def near(thresholds: Thresholds) -> Iterator[Recording]:
    """The objectives, and the error ratios over the windows in which a page is decided."""
    for name, slo in thresholds.slos.items():
        yield Recording("slo:objective:ratio", f"vector({slo.objective:g})", {"slo": name})
    yield from ratios(window for window in windows(thresholds) if seconds(window) <= NEAR)


def far(thresholds: Thresholds) -> Iterator[Recording]:
    """The error ratios over days, and the share of the budget that is left."""
    yield from ratios(window for window in windows(thresholds) if seconds(window) > NEAR)
    yield Recording(
        "slo:error_budget_left:ratio", f"1 - slo:error_ratio:{PERIOD} / (1 - slo:objective:ratio)"
    )


def ratios(chosen: Iterable[str]) -> Iterator[Recording]:
    """Events and error ratio of these windows; nothing of nothing is no broken promise."""
    for window in chosen:
        good, total = (f"sum_over_time(slo:{kind}:rate1m[{window}])" for kind in ("good", "total"))
        yield Recording(f"slo:events:{window}", f"{total} * {INTERVAL}")
        yield Recording(f"slo:error_ratio:{window}", f"clamp_min(1 - {good} / ({total} > 0), 0)")


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


def alert_name(name: str) -> str:
    """The name of the alerts of this objective."""
    return f"{''.join(word.capitalize() for word in name.split('_'))}BudgetBurns"


def alert(name: str, slo: Slo, burn: Burn) -> Alert:
    """The budget burns `factor` times too fast: over the long window, still over the short one, and on."""
    level = f"{burn.factor * (1 - slo.objective):.6g}"
    long, short = (f'slo:error_ratio:{window}{{slo="{name}"}}' for window in (burn.long, burn.short))
    enough = f'slo:events:{burn.long}{{slo="{name}"}} >= {slo.at_least}'
    latest = goes_on(name, burn, level)
    return Alert(
        alert=alert_name(name),
        expr=f"{long} > {level} and {short} > {level} and {enough} and on (slo) ({latest})",
        severity=burn.severity,
        lane="slow",
        keep="1m",
        labels={"window": burn.long},
        annotations=story(name, slo, burn).annotations(),
    )


def goes_on(name: str, burn: Burn, level: str) -> str:
    """That the last minute is bad as well, with a past to compare it with; or that it was told then."""
    latest = just_recorded(f'{LATEST}{{slo="{name}"}}')
    past = f'slo:total:rate1m{{slo="{name}"}} offset {burn.short}'
    told = f'ALERTS{{alertname="{alert_name(name)}",window="{burn.long}",alertstate="firing"}}'
    return f"{latest} > {level} and on (slo) {past} or {told}"


def story(name: str, slo: Slo, burn: Burn) -> Story:
    """What a person is told."""
    bad = f"Of the last {burn.long} {{{{ $value | humanizePercentage }}}} were bad"
    return Story(
        alert=alert_name(name),
        summary=f"The error budget of {name.replace('_', ' ')} burns {burn.factor:g} times too fast",
        description=f"{slo.meaning} {bad}; the objective allows {100 * (1 - slo.objective):.4g}%.",
        dashboard=slo.dashboard,
    )
