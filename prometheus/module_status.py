"""The status of each module as a number: the worst of the exporter's observation and of its signals."""

from collections.abc import Iterator

from prometheus.freshness import recorded_now
from prometheus.request_rules import MODULE_ERRORS, MODULE_RATE, MODULE_RATIO, MODULE_TIME
from prometheus.rule_file import RecordingRule
from prometheus.signal_rules import signal_series
from prometheus.threshold_rules import CODES, JUDGED, SEVERITY, milder, severity_code
from prometheus.thresholds import Signal, Thresholds

MODULE_STATUS, OBSERVED_STATUS = "ops:module:status", "module:ops_module_status:code"
EXPORTER_STATUS = "ops_module_status"
# healthy is 0; unknown is worse than healthy and better than degraded
STATUS_CODES = {"unknown": 1, "degraded": 2, "down": 3}
WINDOW = 300  # seconds of requests that are judged here
# fewer requests than this are not judged, unless at least FAILED of them failed
FEW_REQUESTS, FAILED = 20, 3
# the five-minute numbers of panels, judged by the levels of the fast signal of the same subject
MODULE_SIGNALS = {
    "module_error_ratio": ("api_error_ratio", MODULE_RATIO % "5m", MODULE_RATIO % "1m"),
    "module_response_time": ("api_response_time", MODULE_TIME % ("p95", "5m"), MODULE_TIME % ("p95", "1m")),
}
# monitoring systems request its routes, some of which fail or block by design
NOT_JUDGED = '{module!="monitoring"}'


def status_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The severity of each module's five-minute numbers, then the statuses."""
    for name, (judged_as, value, latest) in MODULE_SIGNALS.items():
        signal = thresholds.signals[judged_as]
        yield RecordingRule(JUDGED, judged_value(name, signal, value, latest), {"signal": name})
        measured = recorded_now(signal_series(JUDGED, name))
        yield RecordingRule(SEVERITY, severity_code(name, signal, measured, judged_as), {"signal": name})
    yield RecordingRule(OBSERVED_STATUS, status_code(EXPORTER_STATUS, "module"))
    yield RecordingRule(MODULE_STATUS, status_expr(thresholds))
    yield RecordingRule(
        "component:ops_component_status:code", status_code("ops_component_status", "component")
    )
    components = recorded_now("component:ops_component_status:code")
    yield RecordingRule("ops:status:code", f"max({recorded_now(MODULE_STATUS)} or {components})")


def judged_value(name: str, signal: Signal, value: str, latest: str) -> str:
    """The value as far as it goes on; nothing where too few requests were made to judge."""
    now, before = (recorded_now(f"{it}{NOT_JUDGED}") for it in (latest, value))
    many = f"({recorded_now(MODULE_RATE % '5m')} * {WINDOW} >= {FEW_REQUESTS})"
    # rate() extrapolates: the count is never less than the number of failed requests
    failed = f"({recorded_now(MODULE_ERRORS % '5m')} * {WINDOW} > {FAILED - 0.5})"
    enough = failed if name == "module_error_ratio" else many
    return (
        f"({milder(before, now, signal)} and on (module) {enough}) or (0 * {before} and on (module) {many})"
    )


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
