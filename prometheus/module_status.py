"""The status of each module as a number: the worst of the exporter's observation and of its signals."""

from collections.abc import Iterator

from prometheus.fresh import just_recorded
from prometheus.requests import MODULE_ERRORS, MODULE_RATE, MODULE_RATIO, MODULE_TIME
from prometheus.rule import Recording
from prometheus.severity import CODES, JUDGED, SEVERITY, milder, severity
from prometheus.signal import Signal
from prometheus.signals import recorded
from prometheus.thresholds import Thresholds

STATUS, OBSERVED = "ops:module:status", "module:ops_module_status:code"
EXPORTER = "ops_module_status"
# healthy is 0; what is not known is worse than healthy, and better than known trouble
NUMBERS = {"unknown": 1, "degraded": 2, "down": 3}
WINDOW = 300  # seconds of requests that are judged here
# fewer are too few to judge a module by, unless as many failed as no chance explains
FEW_REQUESTS, FAILED = 20, 3
# what panels show of each module over five minutes, judged by the levels of the fast signal about the same
SHOWN = {
    "module_error_ratio": ("api_error_ratio", MODULE_RATIO % "5m", MODULE_RATIO % "1m"),
    "module_response_time": ("api_response_time", MODULE_TIME % ("p95", "5m"), MODULE_TIME % ("p95", "1m")),
}
# watchers request its routes, some of which fail or take long by design
NOT_JUDGED = '{module!="monitoring"}'


def rules(thresholds: Thresholds) -> Iterator[Recording]:
    """What is shown of each module with its severity, then the statuses."""
    for name, (judged_as, value, latest) in SHOWN.items():
        signal = thresholds.signals[judged_as]
        yield Recording(JUDGED, judged(name, signal, value, latest), {"signal": name})
        measured = just_recorded(recorded(JUDGED, name))
        yield Recording(SEVERITY, severity(name, signal, measured, judged_as), {"signal": name})
    yield Recording(OBSERVED, code(EXPORTER, "module"))
    yield Recording(STATUS, status(thresholds))
    yield Recording("component:ops_component_status:code", code("ops_component_status", "component"))
    components = just_recorded("component:ops_component_status:code")
    yield Recording("ops:status:code", f"max({just_recorded(STATUS)} or {components})")


def judged(name: str, signal: Signal, value: str, latest: str) -> str:
    """The value where it goes on and enough requests tell so; where few did, nothing."""
    now, before = (just_recorded(f"{it}{NOT_JUDGED}") for it in (latest, value))
    many = f"({just_recorded(MODULE_RATE % '5m')} * {WINDOW} >= {FEW_REQUESTS})"
    # rates are a little more than what was counted, never less
    failed = f"({just_recorded(MODULE_ERRORS % '5m')} * {WINDOW} > {FAILED - 0.5})"
    enough = failed if name == "module_error_ratio" else many
    return (
        f"({milder(before, now, signal)} and on (module) {enough}) or (0 * {before} and on (module) {many})"
    )


def status(thresholds: Thresholds) -> str:
    """The observation, or degraded where a signal warns; nothing where nothing is observed."""
    observed = just_recorded(OBSERVED)
    names = "|".join([*signals_of_modules(thresholds), *SHOWN])
    severities = just_recorded(f'{SEVERITY}{{signal=~"{names}"}}')
    warned = f"{NUMBERS['degraded']} * ({severities} >= {CODES['warning']}) ^ 0"
    return f"max by (module) ({observed} or {warned}) and on (module) {observed}"


def signals_of_modules(thresholds: Thresholds) -> Iterator[str]:
    """The signals that are told by module, but for those that are read from the exporter's observation."""
    for name, signal in thresholds.signals.items():
        if "module" in signal.by and EXPORTER not in signal.expression:
            yield name


def code(metric: str, label: str) -> str:
    """Of one series a status the number of the one that holds."""
    parts = (
        f'{number} * max by ({label}) ({metric}{{job="exporter",status="{status}"}})'
        for status, number in NUMBERS.items()
    )
    return " + ".join(parts)
