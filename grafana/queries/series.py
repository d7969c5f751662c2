"""The pieces of which queries are made: selectors, rates, sums, states, levels."""

from collections.abc import Mapping, Sequence

from grafana.grafana_json import Query, query
from grafana.levels import thresholds
from prometheus.module_status import MODULE_SIGNALS
from prometheus.panel_rules import EVERY_SECONDS
from prometheus.threshold_rules import TOO_FEW, TOO_FEW_EVENTS, can_be_too_few

RATE = "$__rate_interval"
# what is recorded for panels has no job; it is the exporter's
INSTANCE = 'instance=~"$instance"'
OWN = f'job="$job",{INSTANCE}'
NOTHING: Mapping[str, Query] = {}
CHANGED = "sgn(round({change}, {step}))"


def own(metric: str, *matchers: str, **labels: str) -> str:
    """A metric of the chosen exporter, with matchers and with labels that have just this value."""
    equal = [f'{label}="{value}"' for label, value in labels.items()]
    return f"{metric}{{{','.join([OWN, *matchers, *equal])}}}"


def rate(metric: str, *matchers: str) -> str:
    """How fast a counter of the chosen exporter rises."""
    return f"rate({own(metric, *matchers)}[{RATE}])"


def increase(metric: str, *matchers: str, over: str = "$__range") -> str:
    """By how much a counter of the chosen exporter has risen."""
    return f"increase({own(metric, *matchers)}[{over}])"


def increase_to_end(metric: str) -> str:
    """By how much a counter has risen over the whole range, at each of its steps: it ranks series once."""
    return f"increase({own(metric)}[$__range] @ end())"


def recorded(name: str) -> str:
    """A recorded series of the chosen exporter."""
    return f"{name}{{{INSTANCE}}}"


def mean_rate(name: str, by: str = "") -> str:
    """A recorded rate: over each step all of its samples, so that nothing between two steps is lost."""
    return total(f"avg_over_time({name}[{RATE}])", *([by] if by else []))


def risen_most(name: str, by: str) -> str:
    """The sum of a recorded rate over the whole range, at each of its steps: it ranks series once."""
    return total(f"sum_over_time({name}[$__range] @ end())", by)


def counted_of(name: str, *by: str) -> str:
    """How often it happened over the range, from a recorded rate: each sample counts for its interval."""
    return total(f"{EVERY_SECONDS} * sum_over_time({name}[$__range])", *by)


def slowest(number: int, name: str, by: str) -> str:
    """Those of a recorded mean time that were the slowest of the whole range."""
    mean = most(f"avg_over_time({name}[{RATE}])", by)
    return leading(number, by, mean, most(f"avg_over_time({name}[$__range] @ end())", by))


def total(expr: str, *by: str) -> str:
    """The sum, by labels."""
    return f"sum by ({', '.join(by)}) ({expr})" if by else f"sum({expr})"


def most(expr: str, *by: str) -> str:
    """The greatest value, by labels; of two exporters that say the same, one."""
    return f"max by ({', '.join(by)}) ({expr})" if by else f"max({expr})"


def least(expr: str, *by: str) -> str:
    """The smallest value, by labels."""
    return f"min by ({', '.join(by)}) ({expr})" if by else f"min({expr})"


def leading(number: int, by: str, expr: str, over_range: str) -> str:
    """Those of `expr` that are the greatest of the whole range, chosen once for all of it.

    `over_range` ranks them: it looks at `[$__range] @ end()`.
    """
    return f"({expr}) and on ({by}) topk({number}, {over_range})"


def quantile(share: float, buckets: str, *by: str) -> str:
    """A quantile of a histogram's rate, by labels; silent where nothing was measured, which has no number."""
    return f"histogram_quantile({share:g}, {total(buckets, *by, 'le')}) >= 0"


def per(part: str, whole: str) -> str:
    """A ratio, silent where the whole is nothing."""
    return f"{part} / ({whole} > 0)"


def state(metric: str, *by: str, matchers: tuple[str, ...] = ()) -> str:
    """The state that holds, as the number of palette.STATUS_NUMBERS."""
    parts = (
        f"{weight} * {own(metric, *matchers, status=name)}"
        for weight, name in enumerate(("healthy", "unknown", "degraded", "down"))
    )
    return most(" or ".join(parts), *by)


def age(timestamp: str) -> str:
    """How long ago a Unix time was."""
    return f"time() - {timestamp}"


def moment(timestamp: str) -> str:
    """A Unix time in milliseconds, as Grafana's units of time want it."""
    return f"1000 * {timestamp}"


def severity(
    *signals: str, by: Sequence[str] = (), matchers: Sequence[str] = (), wholes: Mapping[str, Query] = NOTHING
) -> str:
    """How grave the gravest of these signals is by the levels in force: from 0, none, to 3, critical.

    TOO_FEW where none is grave, but one passes a level of which too little happens to judge it. Of a signal
    with parts, which are not shown, `wholes` has the number that is; it must pass the level as well.
    """
    named = ",".join([f'signal=~"{"|".join(signals)}"', *matchers])
    gravest = most(f"ops:signal:severity{{{named}}}", *by)
    told_apart = [*by, *(it.partition("=")[0] for it in matchers)]
    shown = [it for it in signals if is_shown(it, told_apart)]
    parts = ",".join([f'signal=~"{"|".join(shown)}"', *matchers])
    few = [most(f"{TOO_FEW_EVENTS}{{{parts}}}", *by)] if shown else []
    few += [too_few_of_whole(name, str(it.expr)) for name, it in wholes.items()]
    return f"({gravest} > 0 or {TOO_FEW} * ({' or '.join(few)}) or {gravest})" if few else gravest


def is_shown(name: str, by: Sequence[str]) -> bool:
    """Whether a signal can be too few, and its parts are told apart by these labels, if it has any."""
    if name in MODULE_SIGNALS:
        return "module" in by
    it = thresholds().signals.get(name)
    return it is not None and can_be_too_few(it) and ("signal" in by or set(it.by) <= set(by))


def too_few_of_whole(name: str, whole: str) -> str:
    """That a part of a signal is too few, where the number of all parts passes the mildest level."""
    judged_as = MODULE_SIGNALS[name].judged_as if name in MODULE_SIGNALS else name
    it = thresholds().signals[judged_as]
    sign, mildest = ">" if it.direction == "above" else "<", next(iter(it.levels.given()))
    passed = f'{sign} on () max(ops:threshold{{signal="{judged_as}",severity="{mildest}"}})'
    return f'(max({TOO_FEW_EVENTS}{{signal="{name}"}}) and on () (({whole}) {passed}))'


def level(*signals: str, wholes: Mapping[str, Query] = NOTHING) -> Query:
    """How grave the gravest of these signals is by the levels in force."""
    return query(severity(*signals, wholes=wholes), "level")


def short(expr: str, name: str, of: str) -> str:
    """The series with a label that holds the last part of a dotted name."""
    return f'label_replace({expr}, "{name}", "$1", "{of}", "(?:.*[.])?([^.]+)")'


def levels_of(signal: str, severities: tuple[str, ...]) -> list[Query]:
    """The levels in force of a signal, one series each, which panels draw as dashed lines."""
    return [
        query(f'max(ops:threshold{{signal="{signal}",severity="{severity}"}})', f"level {severity}")
        for severity in severities
    ]


def signal(name: str, legend: str) -> Query:
    """The value of a signal, as rules and alerts see it."""
    return query(f'max(ops:signal{{signal="{name}"}})', legend)


def change(name: str, past: str, step: str = "0.001") -> Query:
    """Whether a signal has risen (1), fallen (-1) or stayed (0) since `past`, in steps of `step`."""
    changed = f'max(ops:signal:change_{past}{{signal="{name}"}})'
    return query(CHANGED.format(change=changed, step=step), f"since {past}")
