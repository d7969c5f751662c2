"""Alerts: what fires, what fired, how noisy it was, what is unusual, which levels are in force."""

from collections.abc import Sequence

from grafana import levels, links, mappings, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import anomalies
from grafana.dashboards.freshness import data_and_alerts_of
from grafana.grafana_json import Panel, Variable
from grafana.graphs import fixed, graph, stacked, timeline
from grafana.grid import Section, closed, section, top
from grafana.palette import ORANGE, PURPLE, RED, SEVERITIES, override
from grafana.panels import PanelOptions
from grafana.queries import alerts
from grafana.sizes import Size
from grafana.steps import shown_from_one
from grafana.strips import count, states
from grafana.tables import AGE, Column, table
from grafana.texts import alert_list

CALM = "✔ nothing fired in this time"
NOTHING_GRAVE = "✔ no warning and nothing critical fired in this time"
SILENT = "no Alertmanager is scraped"
# levels of different units need tables of their own, since a column has one unit
UNITS = {
    "Levels: ratios": ("ratio",),
    "Levels: durations": ("seconds",),
    "Levels: counts": ("count",),
    "Levels: rates and states": ("state", "per_second", "bytes"),
}
WAS = {
    "Now": "Firing",
    "Data and alerts": "Exporter",
    "Firing and pending alerts": "Alerts",
    "Summaries": "In words",
    "Alert history": "Alerts over time",
    "Alert noise": "Noise",
    "Signal and usual band: $signal $part": "$signal",
    "Anomalies over time": "Unusual over time",
    "Wrong self-reports over time": "Wrong reports over time",
    "Levels: ratios": "Levels in force",
    "Notifications per minute": "Notices a minute",
}


def board() -> Dashboard:
    """From what fires now to the levels in force."""
    return Dashboard(
        "alerts",
        "Alerts",
        "What fires and what fired, how noisy was it, and which levels are in force?",
        (
            top(now(), data_and_alerts_of(alerts.REAL, ("anomalies", "self_reports")), firing(), summaries()),
            section("Alert history", history(), noise()),
            anomalies.section_of_anomalies(),
            section("Self-reports", wrong_reports()),
            section("Levels in force", *(levels_of(title, units) for title, units in UNITS.items())),
            delivery(),
        ),
        (signal(), part()),
        "now-6h",
        was=WAS,
    )


def signal() -> Variable:
    """The signal whose course is shown."""
    return variables.one_of_label("signal", "ops:watched", "signal", "Signal", "pool_use")


def part() -> Variable:
    """The part of it, where it has parts: a module, a queue, a task."""
    watched = 'ops_anomaly_value{job="$job",signal="$signal"}'
    return variables.one_of_label("part", watched, "part", "Part of it", "")


def now() -> Panel:
    """How many fire, are about to, and are wrong, unusual or overridden."""
    wrong = "Reports of the backend that do not agree with what is observed."
    warned = "Warnings that fire and are not critical as well."
    told = "Infos that fire and are not graver as well. They are only recorded."
    pending = "Alerts whose condition holds, but not yet for long enough."
    changed = "Signals with a level in force that is not the file's."
    return states(
        "Now",
        Size(18, 4),
        count("Critical", alerts.firing("critical"), "Critical alerts that fire.", shown_from_one(RED)),
        count("Warning", alerts.firing("warning"), warned, shown_from_one(ORANGE)),
        count("Info", alerts.firing("info"), told, shown_from_one(SEVERITIES["info"])),
        count("Pending", alerts.pending(), pending),
        count("Wrong reports", alerts.wrong(), wrong, shown_from_one(PURPLE)),
        *anomalies.cells(),
        count(
            "Levels set", alerts.count_of_overridden(), changed, link=links.page("/preferences", "Levels …")
        ),
    )


def firing() -> Panel:
    """Each alert that fires or is about to."""
    about = (
        "Alerts that fire or are about to, each once, and what they are about. Recorded: an info that fires; "
        "it notifies nobody. Click a name for its incident."
    )
    incident = links.page("/incidents", "Incident …", {"alertname": links.cell("alertname")})
    acknowledge = links.page("/alerts", "Acknowledge …", {"alertname": links.cell("alertname")})
    columns = [
        Column("A", "Severity", 115, words=mappings.severity(), sort="greatest first"),
        Column("alertname", "Alert", 205, links=(incident, acknowledge)),
        Column("about", "About", empty=""),
        Column("alertstate", "State", 95, words=mappings.alert_states()),
        Column("C", "Hides", 65, empty=""),
        Column("B", "Since", 140, AGE, ""),
    ]
    asked = (alerts.firing_and_pending(), alerts.true_since(), alerts.hides())
    options = PanelOptions(about, "✔ nothing fires")
    return table("Firing and pending alerts", Size(16, 9), options, asked, columns)


def summaries() -> Panel:
    """The same in the words of the rules."""
    about = (
        "Warnings and critical alerts as the rules describe them, with links to runbook, dashboard, action."
    )
    return alert_list("Summaries", Size(8, 9), about)


def history() -> Panel:
    """What fired, when."""
    about = "When each alert fired, and how grave it was; the fourteen that fired longest."
    options = PanelOptions(about, CALM)
    return timeline("Alert history", Size(14, 9), options, alerts.lanes(), words=mappings.severity())


def noise() -> Panel:
    """How often each alert fired, and for how long."""
    about = (
        "Warnings and critical alerts of the range: how often each became true, and for how long it fired. "
        "Often and briefly: raise its hold."
    )
    report = links.page("/noise", "Noise report …")
    columns = [
        Column("alertname", "Alert", links=(report,)),
        Column("severity", "Severity", 110, words=mappings.severity()),
        Column("A", "Times", 80, "short", decimals=0, sort="greatest first"),
        Column("B", "Fired for", 95, "s", "0 s", 0),
    ]
    asked = (alerts.became_true(), alerts.fired_for())
    return table("Alert noise", Size(10, 9), PanelOptions(about, NOTHING_GRAVE), asked, columns)


def wrong_reports() -> Panel:
    """Which reports of the backend were wrong, and when."""
    about = "Which reports of the backend were wrong, and when."
    options = PanelOptions(about, "✔ every report agreed with what was observed")
    words = mappings.words({"1": ("✖ wrong", PURPLE)})
    return timeline("Wrong self-reports over time", Size(24, 8), options, alerts.wrong_course(), words=words)


def levels_of(title: str, units: Sequence[str]) -> Panel:
    """The signals of these units with their levels in force."""
    unit = levels.UNITS[units[0]] if len(units) == 1 else "short"
    signals = [name for name, it in levels.thresholds().signals.items() if it.unit in units]
    change = links.page("/preferences", "Change its levels …", {"signal": links.cell("signal")})
    columns = [
        Column("signal", "Signal", links=(change,), sort="least first"),
        Column("A", "Now", 75, unit),
        Column("B", "Info", 60, unit),
        Column("C", "Warning", 70, unit),
        Column("D", "Critical", 75, unit),
        Column("E", "Level", 90, words=mappings.levels(good=mappings.TEXT)),
        Column("F", "From", 65, words=mappings.words({"0": ("file", mappings.TEXT), "1": ("✎ set", PURPLE)})),
    ]
    about = (
        "Signals beside their levels in force. No value: nothing is measured, or too little happens. "
        "Click one to change it."
    )
    options = PanelOptions(about, "no rules are loaded")
    return table(title, Size(12, 9), options, alerts.in_force(signals), columns)


def delivery() -> Section:
    """How many alerts there were, and whether they were sent."""
    number = PanelOptions("Warnings and critical alerts that fire, by severity.", NOTHING_GRAVE)
    sent = "Notifications a minute by how they were sent; failed ones need a look at the receiver."
    severity = stacked(
        "Alerts by severity", Size(12, 8), number, alerts.noisiest(), names=("warning", "critical")
    )
    severity.overrides += [
        override("byName", name, {"color": fixed(SEVERITIES[name])}) for name in ("warning", "critical")
    ]
    return closed(
        "Volume and delivery",
        severity,
        graph(
            "Notifications per minute", Size(12, 8), PanelOptions(sent, SILENT), alerts.notifications(),
            alerts.undelivered(),
        ),
    )  # fmt: skip
