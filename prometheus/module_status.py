"""The status of each module as a number: the worst of the exporter's observation and of its signals."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus.freshness import has_run, longest_window, recorded_now, while_sampled
from prometheus.request_rules import (
    MODULE_BUCKETS,
    MODULE_ERRORS,
    MODULE_RATE,
    MODULE_RATIO,
    MODULE_SLOWER,
    MODULE_SLOWER_RATIO,
    MODULE_TIME,
)
from prometheus.rule_file import RecordingRule
from prometheus.share_rules import LASTING, STILL_LASTING, bad_events, events, share_of, signal_series
from prometheus.significance import exceeded_bound, lesser
from prometheus.threshold_rules import CODES, JUDGED, SEVERITY, TOO_FEW_EVENTS, level_series, severity_code
from prometheus.thresholds import Signal, Thresholds

MODULE_STATUS, OBSERVED_STATUS = "ops:module:status", "module:ops_module_status:code"
EXPORTER_STATUS = "ops_module_status"
STATUS = "ops:status:code"  # the worst of all modules and components
# when it was last healthy, in Unix seconds, by the series of the status
LAST_HEALTHY = {MODULE_STATUS: "ops:module:last_healthy", STATUS: "ops:status:last_healthy"}
DAY = 86_400
# each module with its status as a label, so that panels choose by it
STATUS_LABEL = "ops:module:status_label"
# further states that panels show as a number: what is recorded, and the label of the series
SHOWN_CODES = {
    "module:ops_module_reported_status:code": "module",
    "module:ops_module_observed_status:code": "module",
    "component:ops_component_reported_status:code": "component",
}
# healthy is 0; unknown is worse than healthy and better than degraded
STATUS_CODES = {"unknown": 1, "degraded": 2, "down": 3}
WINDOW, MINUTE = 300, 60  # seconds of requests that are judged here
FEW_REQUESTS = 20  # fewer are not judged, unless enough of them failed
# of the last five minutes the part whose minutes must be bad: a burst of some seconds does not last
LASTING_PART = 0.75
# the share of bad requests in five minutes, as far as it is proven and goes on
SHARE = "ops:signal:share"
# monitoring systems request its routes, some of which fail or block by design
NOT_JUDGED = 'module!="monitoring"'


@dataclass(frozen=True)
class ModuleSignal:
    """Numbers of five minutes that are judged by the levels of the fast signal of the same subject."""

    judged_as: str
    value: str  # as panels show it
    bad: str  # requests a second, and of these the bad ones; by window
    every: str
    ratio: str
    keys: str
    # the counts of the window of the fast signal: bad requests, and all
    bad_increase: str
    increase: str

    def now(self, series: str, window: str) -> str:
        """A recorded series of this window, of judged modules."""
        name, _, matcher = (series % window).partition("{")
        matchers = f"{matcher.rstrip('}')},{NOT_JUDGED}" if matcher else NOT_JUDGED
        return recorded_now(f"{name}{{{matchers}}}")


MODULE_SIGNALS = {
    "module_error_ratio": ModuleSignal(
        "api_error_ratio",
        MODULE_RATIO % "5m",
        MODULE_ERRORS,
        MODULE_RATE,
        MODULE_RATIO,
        "module",
        "module:ops_http_request_errors:increase%ds",
        "module:ops_http_requests:increase%ds",
    ),
    "module_response_time": ModuleSignal(
        "api_response_time",
        MODULE_TIME % ("p95", "5m"),
        MODULE_SLOWER,
        f'{MODULE_BUCKETS}{{le="+Inf"}}',
        MODULE_SLOWER_RATIO,
        "module, le",
        "module_le:ops_http_requests_slower:increase%ds",
        "module:ops_http_request_duration_seconds_count:increase%ds",
    ),
}


def status_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The severity of each module's five-minute numbers, then the statuses."""
    for name, it in MODULE_SIGNALS.items():
        signal = thresholds.signals[it.judged_as]
        share = share_of(signal)
        yield from share_rules(name, it, signal)
        yield RecordingRule(JUDGED, judged_value(name, it, share.limit), {"signal": name})
        measured = recorded_now(signal_series(JUDGED, name))
        yield RecordingRule(SEVERITY, severity_code(name, signal, measured, it.judged_as), {"signal": name})
        yield RecordingRule(TOO_FEW_EVENTS, too_few(name, it, signal), {"signal": name})
    yield RecordingRule(OBSERVED_STATUS, status_code(EXPORTER_STATUS, "module"))
    yield RecordingRule(MODULE_STATUS, status_expr(thresholds))
    yield RecordingRule(STATUS_LABEL, f'count_values by (module) ("code", {recorded_now(MODULE_STATUS)})')
    yield RecordingRule(
        "component:ops_component_status:code", status_code("ops_component_status", "component")
    )
    for record, label in SHOWN_CODES.items():
        yield RecordingRule(record, status_code(record.split(":")[1], label))
    components = recorded_now("component:ops_component_status:code")
    yield RecordingRule(STATUS, f"max({recorded_now(MODULE_STATUS)} or {components})")
    for status, name in LAST_HEALTHY.items():
        yield RecordingRule(name, last_healthy(status, name))


def last_healthy(status: str, name: str) -> str:
    """When the status was last 0, within a day; what is not healthy any more keeps what was recorded."""
    return f"(timestamp({recorded_now(status)} == 0) or last_over_time({name}[6h])) > time() - {DAY}"


def share_rules(name: str, it: ModuleSignal, fast: Signal) -> Iterator[RecordingRule]:
    """The proven share of five minutes, and what of it begins and keeps the alert of the fast signal.

    The counts of the last seconds are recorded, since they are compared five times.
    """
    on, judge = "on (module) group_left ()", share_of(fast).significance
    labels = {"signal": it.judged_as, "window": "long"}
    bad, every = (f"({WINDOW} * {it.now(series, '5m')})" for series in (it.bad, it.every))
    minute = it.now(it.ratio, "1m")
    yield RecordingRule(SHARE, lesser(judge.lower(bad, every, on), minute, it.keys), {"signal": name})
    minutes = f"quantile_over_time({1 - LASTING_PART:g}, {it.ratio % '1m'}[5m])"
    seconds = longest_window(share_of(fast).total)
    short_bad, short_every = recorded_now(it.bad_increase % seconds), recorded_now(it.increase % seconds)
    yield RecordingRule(it.increase % seconds, events(fast))
    yield RecordingRule(it.bad_increase % seconds, bad_events(fast, short_every))
    lasting = lesser(recorded_now(signal_series(SHARE, name)), minutes, it.keys)
    # an alert begins only while the last seconds go on like that
    lasting = lesser(lasting, f"({short_bad} / {on} ({short_every} > 0))", it.keys)
    yield RecordingRule(LASTING, while_sampled(if_long_known(lasting), WINDOW, "slow"), labels)
    bad, every = (f"({MINUTE} * {it.now(series, '1m')})" for series in (it.bad, it.every))
    still = lesser(it.now(it.ratio, "5m"), judge.upper(bad, every, on), it.keys)
    # what the last seconds rule out does not last any more
    still = lesser(still, judge.upper(short_bad, short_every, on), it.keys)
    # of few requests the bound stays high: then a minute without a bad one is the end
    still = f"{still} and on ({it.keys}) ({minute} > 0)"
    yield RecordingRule(STILL_LASTING, if_long_known(still), labels)


def if_long_known(expression: str) -> str:
    """The expression where the exporter, which counts the requests, has run for the whole window."""
    return f"{expression} and on () ({has_run('slow', WINDOW)})"


def judged_value(name: str, it: ModuleSignal, limit: float | None) -> str:
    """The proven value, or 0; nothing where too few requests were made to judge."""
    share = f"max by ({it.keys}) ({recorded_now(signal_series(SHARE, name))})"
    bad = exceeded_bound(share, it.now(it.every, "5m"), "module", limit) if limit else share
    many = f"({recorded_now(MODULE_RATE % '5m')} * {WINDOW} >= {FEW_REQUESTS})"
    shown = recorded_now(f"{it.value}{{{NOT_JUDGED}}}")
    return f"max by (module) ({bad}) or (0 * {shown} and on (module) {many})"


def too_few(name: str, it: ModuleSignal, fast: Signal) -> str:
    """1 where the number that panels show passes a level, and that is neither proven nor over.

    It is over where requests of the last minute were made, and do not pass the level.
    """
    passed = f"> on () group_left () {level_series(it.judged_as, next(iter(fast.levels.given())))}"
    shown = recorded_now(f"{it.value}{{{NOT_JUDGED}}}")
    minute, limit = f"max by ({it.keys}) ({it.now(it.ratio, '1m')})", share_of(fast).limit
    if limit:
        minute = exceeded_bound(minute, it.now(it.every, "1m"), "module", limit)
    over = f"{recorded_now(MODULE_RATE % '1m')} > 0 unless on (module) ({minute}) {passed}"
    proven = f"{recorded_now(signal_series(JUDGED, name))} {passed}"
    return f"({shown} {passed}) ^ 0 unless on (module) ({proven} or ({over}))"


def status_expr(thresholds: Thresholds) -> str:
    """The exporter's observation, or degraded where a signal warns; nothing without observation."""
    observed = recorded_now(OBSERVED_STATUS)
    names = "|".join([*module_signals(thresholds), *MODULE_SIGNALS])
    severities = recorded_now(f'{SEVERITY}{{signal=~"{names}"}}')
    warned = f"{STATUS_CODES['degraded']} * ({severities} >= {CODES['warning']}) ^ 0"
    return f"max by (module) ({observed} or {warned}) and on (module) {observed}"


def module_signals(thresholds: Thresholds) -> Iterator[str]:
    """The signals by module that do not read the exporter's observation."""
    for name, signal in thresholds.signals.items():
        if "module" in signal.by and EXPORTER_STATUS not in signal.expression:
            yield name


def status_code(metric: str, label: str) -> str:
    """The number of the current status, from one series per status."""
    parts = (
        f'{number} * max by ({label}) ({metric}{{job="exporter",status="{status}"}})'
        for status, number in STATUS_CODES.items()
    )
    return " + ".join(parts)
