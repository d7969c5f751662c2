"""Exporter and stack: can all the other dashboards be trusted?"""

from grafana import annotations, levels, mappings, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import footprint
from grafana.dashboards.freshness import data_and_alerts_of
from grafana.grafana_json import Panel
from grafana.graphs import graph, timeline
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import stack
from grafana.queries.freshness import among
from grafana.sizes import Size
from grafana.steps import bad_from_one, too_old
from grafana.strips import Cell, count, states, word
from grafana.tables import Column, table
from prometheus.meta_alerts import META_ALERTS

SILENT = "Prometheus scrapes nothing of this kind"
OFF = "no broker is asked: set CELERY_BROKER_URL"
HALF = Size(12, 8)
READS = mappings.unless_good("reads", "fails")
WAS = {
    "Monitoring": "Watchdog",
    "Data and alerts": "Exporter",
    "Scrape duration": "Time of a scrape",
    "Collector duration, slowest": "Slowest collectors",
    "Rule group duration": "Time of rules",
    "Failed and missed evaluations": "Failed and missed",
    "Requests per minute": "Requests a minute",
    "CPU": "Processor",
    "HTTP requests": "Requests to the service",
}


def board() -> Dashboard:
    """From the alert that always fires down to memory."""
    return Dashboard(
        "stack",
        "Exporter and stack",
        "Can all the other dashboards be trusted: is everything scraped, read, evaluated and delivered?",
        (
            top(now(), data_and_alerts_of(own_alerts(), ())),
            scrapes(),
            collectors(),
            footprint.section_of_footprint(),
            rules(),
            events(),
            resources(),
        ),
        # shown here only, so that they can be changed; every link hands them on
        variables.visible_variables(),
        marks=annotations.of_matcher(own_alerts()),
        was=WAS,
    )


def own_alerts() -> str:
    """A matcher for the alerts that lead here; those about Watchroom itself judge no signal."""
    judged = [levels.signal(name).alert for name in levels.signals_of("stack")]
    return among("alertname", [*judged, *(it.alert for it in META_ALERTS if it.alert != "Watchdog")])


def now() -> Panel:
    """The present state in words."""
    dog = "The alert that always fires. If it does not, none of the others can be relied on."
    files = "Whether Prometheus and Alertmanager run with the files that they were last given."
    lost = "Evaluations of rules a minute that failed: an alert may be missing."
    gone = "Alerts a minute that never reached Alertmanager."
    cut = "Whether the workers' events reach the exporter."
    return states(
        "Monitoring",
        Size(18, 4),
        Cell(
            "Watchdog", stack.watchdog(), dog, words=mappings.good_if("fires", "silent"), unknown="✖ silent"
        ),
        count("Targets down", stack.targets_down(), "Targets that are not scraped.", bad_from_one()),
        word("Configuration", stack.reloaded(), files, mappings.good_if("in force", "refused")),
        count("Rule failures", stack.rule_failures(), lost, bad_from_one()),
        count("Dropped alerts", stack.dropped(), gone, bad_from_one()),
        word("Event stream", stack.stream(), cut, mappings.good_if("connected", "cut")),
    )


def scrapes() -> Section:
    """Target by target."""
    took = "Time that a scrape takes, by job. The exporter's own budget is 1.5 s."
    return section(
        "Targets",
        targets(),
        graph("Scrape duration", Size(10, 8), PanelOptions(took, SILENT, "s"), stack.scrape_course()),
    )


def targets() -> Panel:
    """Each target."""
    about = "Everything that Prometheus scrapes. One that is down: nothing it measures is known."
    columns = [
        Column("job", "Job", 150),
        Column("instance", "Instance"),
        Column("A", "State", 110, words=mappings.unless_good("scraped", "down"), sort="least first"),
        Column("B", "Duration", 100, "s"),
        Column("C", "Samples", 100, "short"),
    ]
    facts = map(stack.scrape_rows, ("scrape_duration_seconds", "scrape_samples_scraped"))
    return table("Targets", Size(14, 8), PanelOptions(about, SILENT), [stack.targets(), *facts], columns)


def collectors() -> Section:
    """Collector by collector."""
    course = "Which collectors could be read, and when. A gap: nobody scraped."
    slow = "Time of the five slowest collectors of the range in a scrape."
    words = mappings.good_if("reads", "fails")
    return section(
        "Collectors",
        collector_table(),
        timeline(
            "Collectors over time",
            Size(9, 15),
            PanelOptions(course, SILENT),
            stack.collector_course(),
            words=words,
        ),
        graph(
            "Collector duration, slowest",
            Size(7, 15),
            PanelOptions(slow, SILENT, "s"),
            stack.slowest_collectors(),
        ),
    )


def collector_table() -> Panel:
    """Each collector."""
    about = "Each collector of the exporter. One that fails: the exporter's log gives the reason."
    columns = [
        Column("collector", "Collector"),
        Column("A", "State", 80, words=READS, sort="least first"),
        Column("B", "Duration", 80, "s"),
        Column("C", "Oldest", 80, "s", decimals=0, steps=too_old(seldom=True)),
    ]
    asked = (stack.collectors(), stack.collector_durations(), stack.collector_ages())
    return table(
        "Each collector", Size(8, 15), PanelOptions(about, "the exporter is not scraped"), asked, columns
    )


def rules() -> Section:
    """Rules."""
    took = "Time that each group of rules takes. Near its interval: alerts come late."
    late = "Evaluations a minute that failed, and that were left out for want of time."
    return section(
        "Rules",
        graph("Rule group duration", HALF, PanelOptions(took, SILENT, "s"), stack.rule_durations()),
        graph(
            "Failed and missed evaluations", HALF, PanelOptions(late, SILENT), stack.rule_failures(),
            stack.rule_lateness(),
        ),
    )  # fmt: skip


def events() -> Section:
    """The stream of worker events."""
    kinds = "Worker events a second that were read, missed or not understood."
    wait = "Bytes of worker events that arrived and wait to be read. Rising: the exporter is too slow."
    asked = map(stack.events, ("seen", "missed", "undecodable"))
    return section(
        "Worker events",
        graph("Events read", HALF, PanelOptions(kinds, OFF, "eps"), *asked),
        graph("Events waiting", HALF, PanelOptions(wait, OFF, "bytes"), stack.backlog()),
    )


def resources() -> Section:
    """What the watching costs."""
    memory = "Resident memory of the monitoring itself."
    cores = "Cores that the monitoring itself keeps busy."
    kept = "Samples a second that Prometheus keeps."
    held = "Series that Prometheus holds. Rising for days: a label that is not bounded."
    size = Size(8, 8)
    return section(
        "Resources of the stack",
        graph("Memory", size, PanelOptions(memory, SILENT, "bytes"), stack.memory()),
        graph("CPU", size, PanelOptions(cores, SILENT), stack.processor()),
        graph(
            "HTTP requests", size, PanelOptions("Requests to the service by status.", SILENT, "reqps"),
            stack.service_requests(),
        ),
        graph("Samples", HALF, PanelOptions(kept, SILENT), stack.samples()),
        graph("Series", HALF, PanelOptions(held, SILENT), stack.series()),
    )  # fmt: skip
