"""Alerts and anomalies: what fires, what fired, which levels are in force, what is unusual."""

from grafana import links, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.dashboards import unusual
from grafana.grafana_json import Panel, Variable
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, alert_list, history, stacked, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    SEVERITIES,
    any_is_bad,
    count_overrides,
    override,
    severity_mappings,
    trend,
)
from grafana.palette import words as words_of
from grafana.queries import alerts

SILENT = "Prometheus does not answer"
EVERY = '{alertname!="Watchdog"}'
CALM = "✔ nothing fired in this time"
SHADES = {"mappings": words_of({"1": ("i info", BLUE), "2": ("▲ warning", ORANGE), "3": ("✖ critical", RED)})}
STATES = {"mappings": words_of({"firing": ("✖ fires", RED), "pending": ("… about to", ORANGE)})}
OVERRIDDEN = {"mappings": words_of({"1": ("overridden", BLUE), "0": ("as in the file", GREY)})}


def board() -> Dashboard:
    """From what fires to what is unusual."""
    return Dashboard(
        "alerts",
        "Alerts and anomalies",
        "What fires, what fired and how often, which levels are in force, and what is unusual?",
        (now(), firing(), past(), reports(), unusual.bands(), in_force()),
        (signal(), part()),
        since="now-6h",
    )


def signal() -> Variable:
    """The signal whose course is shown."""
    return variables.one_of_label("signal", "ops:watched", "signal", "Signal", "pool_use")


def part() -> Variable:
    """The part of it, where it has parts: a module, a queue, a task."""
    watched = 'ops_anomaly_value{job="$job",signal="$signal"}'
    return variables.one_of_label("part", watched, "part", "Part of it", "")


def now() -> Band:
    """How many fire, and whether that can be trusted."""
    about = "Alerts that fire, by severity. Critical ones have paged someone."
    coloured = {"thresholds": any_is_bad(), "color": {"mode": "thresholds"}}
    says = Says(about, SILENT, "none", more=coloured)
    wait = Says("Alerts whose condition holds, but not yet for long enough.", SILENT, "none")
    wrong = Says(
        "Reports of the backend that do not agree with what is observed.",
        "nothing to compare",
        "none",
        more=coloured,
    )
    counted = words("Firing", alerts.firing("critical"), alerts.firing("warning"), says=says)
    counted.overrides = count_overrides({"critical": RED, "warning": ORANGE})
    sent = "Notices a minute by how they were sent; failed ones need a look at the receiver."
    return row(
        "Is this fresh, and what fires?",
        freshness.scraped(),
        counted,
        words("About to fire", alerts.pending(), says=wait),
        words("Wrong reports", alerts.wrong_reports(), says=wrong),
        unusual.number(),
        timeseries("Notices a minute", alerts.notifications(), alerts.undelivered(), says=Says(sent, SILENT)),
        height=4,
    )


def firing() -> Band:
    """Each alert that fires."""
    words_ = "The same as rules tell it, with summaries and links to runbook, dashboard and action."
    return row("What fires?", wide(listed(), 16), alert_list("In words", words_, EVERY), height=10)


def listed() -> Panel:
    """Alerts with what they are about and since when."""
    about = "Alerts that fire or are about to, and what they are about. Click a name to acknowledge it."
    acknowledge = links.page("/alerts", "Acknowledge …", {"alertname": links.cell("alertname")})
    module = links.board("module", "Open this module", {"module": links.cell("module")})
    columns = [
        Column("alertname", "Alert", links=(acknowledge,)),
        Column("A", "Severity", more=SHADES, width=110),
        Column("alertstate", "State", more=STATES, width=110),
        Column("B", "Since", "dateTimeFromNow", "", width=130),
        Column("module", "Module", empty="", links=(module,)),
        Column("queue_name", "Queue", empty=""),
        Column("name", "Task", empty=""),
        Column("worker", "Worker", empty=""),
        Column("model", "Model", empty=""),
        Column("subject", "Report on", empty=""),
    ]
    says = Says(about, "✔ nothing fires", "none")
    return table("Alerts", alerts.listed(), alerts.since(), says=says, columns=columns, sort="Severity")


def past() -> Band:
    """What fired, and how noisily."""
    course = "When each alert fired, and how severe it was."
    lanes = history("Alerts over time", alerts.history(), says=Says(course, CALM, "none", more=SHADES))
    return row("What fired?", wide(lanes, 14), noise(), height=9)


def noise() -> Panel:
    """How often each alert fired, and for how long."""
    about = (
        "Alerts over the chosen range: how often each became true, and for how long. "
        "Often and briefly: raise its hold."
    )
    columns = [
        Column("alertname", "Alert"),
        Column("severity", "Severity", more={"mappings": severity_mappings()}, width=110),
        Column("A", "Became true", "short", width=120),
        Column("B", "Fired for", "s", width=110),
    ]
    return table(
        "Noise",
        alerts.noise(),
        alerts.time_firing(),
        says=Says(about, CALM, "none"),
        columns=columns,
        sort="Became true",
    )


def reports() -> Band:
    """Reports of the backend that were wrong."""
    about = "Which reports of the backend were wrong, and when."
    wrong = {"mappings": words_of({"1": ("✖ wrong", RED)})}
    good = "✔ every report agreed with what was observed"
    number = "Alerts that fired, by severity."
    by_severity = stacked("Alerts by severity", alerts.noisiest(), says=Says(number, CALM))
    by_severity.overrides = [
        override("byName", name, {"color": {"mode": "fixed", "fixedColor": colour}})
        for name, colour in SEVERITIES.items()
    ]
    return row(
        "Which reports were wrong?",
        wide(
            history(
                "Wrong reports over time", alerts.wrong_course(), says=Says(about, good, "none", more=wrong)
            ),
            14,
        ),
        by_severity,
        height=7,
    )


def in_force() -> Band:
    """Every signal with its levels in force."""
    about = "Every signal beside its levels in force. Overridden: set on the service's page of preferences."
    change = links.page("/preferences", "Change its levels …", {"signal": links.cell("signal")})
    columns = [
        Column("signal", "Signal", links=(change,)),
        Column("A", "Now", "short", "says nothing"),
        Column("E", "In 1 h", empty="not known yet", more={"mappings": trend()}, width=120),
        Column("F", "In 1 day", empty="not known yet", more={"mappings": trend()}, width=120),
        Column("B", "Info", "short"),
        Column("C", "Warning", "short"),
        Column("D", "Critical", "short"),
        Column("G", "Level", more=OVERRIDDEN),
    ]
    asked = (
        alerts.value(),
        *map(alerts.level, ("info", "warning", "critical")),
        *map(alerts.trend, ("1h", "1d")),
        alerts.overridden(),
    )
    panel = table(
        "Levels in force",
        *asked,
        says=Says(about, SILENT, "none"),
        columns=columns,
        sort="Signal",
        rising=True,
    )
    return row("Which levels are in force?", panel, height=12)
