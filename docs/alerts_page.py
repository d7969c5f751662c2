"""docs/alerts.md: a table of all signals, and a runbook for each alert."""

from collections.abc import Iterable, Iterator

from docs.alert_list import AlertSummary, alert_summaries, level_text
from docs.markdown import code, table
from docs.runbook_files import Runbook, load_runbooks
from prometheus.thresholds import SEVERITIES, Signal, Thresholds, load

HEAD = """# Alerts

Written by `make docs` from `prometheus/thresholds.yml` and `docs/runbooks/`; not to be edited. To change a
level, edit `thresholds.yml` and run `make rules`, or set it on the preferences page where a range is given.
Critical alerts page, warnings are told, info is recorded. The fast lane pages within a second; the slow lane
is evaluated every 15 s. Only samples of the newest scrapes count: nothing left over from before a restart
raises an alert, and none begins once its cause has ended. Alerts link to `/user/alerts.html` of Prometheus,
where `make run` has the runbooks.

## Signals

"""
COLUMNS = (
    "Signal",
    "Alert",
    "Meaning",
    "Fires when",
    *(s.capitalize() for s in SEVERITIES),
    "For",
    "Lane",
    "May be set to",
)


def alerts_page() -> str:
    """The whole page."""
    thresholds = load()
    written = load_runbooks()
    return "".join(
        (
            HEAD,
            table(COLUMNS, signal_rows(thresholds)),
            "\n# Runbooks\n",
            *(section(alert, written[alert.name]) for alert in alert_summaries(thresholds)),
        )
    )


def signal_rows(thresholds: Thresholds) -> Iterator[tuple[str, ...]]:
    """One row a signal."""
    for name, signal in thresholds.signals.items():
        levels = signal.levels.given()
        yield (
            code(name),
            f"[{signal.alert}](#{signal.alert.lower()})",
            signal.meaning,
            signal.direction,
            *(level_text(levels[severity], signal) if severity in levels else "" for severity in SEVERITIES),
            "" if signal.hold == "0s" else signal.hold,
            signal.lane,
            bounds(signal),
        )


def bounds(signal: Signal) -> str:
    """Between which levels the preferences page may choose."""
    if signal.range is None:
        return ""
    least, greatest = signal.range
    return f"{level_text(least, signal)} to {level_text(greatest, signal)}"


def section(alert: AlertSummary, runbook: Runbook) -> str:
    """The runbook of one alert."""
    looks = (f"{code(look.query or look.run)}: {look.see}" for look in runbook.confirm)
    return "\n".join(
        (
            f"\n## {alert.name}\n",
            f"{runbook.means}\n",
            f"*{' and '.join(alert.severities)}.* {alert.when}\n",
            "To confirm:\n", bullets(looks),
            "Likely causes here:\n", bullets(runbook.causes),
            "What to do:\n", bullets(runbook.act),
            f"Dashboard `watchroom-{alert.dashboard}`; the service's page that acts is `{alert.page}`.\n",
        )
    )  # fmt: skip


def bullets(sentences: Iterable[str]) -> str:
    """A list."""
    return "".join(f"- {sentence}\n" for sentence in sentences)
