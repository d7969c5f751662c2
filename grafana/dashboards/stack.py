"""Exporter and stack: who watches the watchman."""

from grafana import variables
from grafana.dashboard import Dashboard
from grafana.dashboards import footprint
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, history, stat, timeseries, words
from grafana.old_tables import Column, table
from grafana.queries import stack

SILENT = "Prometheus scrapes nothing of this kind"
OFF = "no broker is asked: set CELERY_BROKER_URL"
WORKS = freshness.works("read", "fails")


def board() -> Dashboard:
    """From the alert that always fires down to memory."""
    return Dashboard(
        "stack",
        "Exporter and stack",
        "Can all the other dashboards be trusted: is everything scraped, read, evaluated and delivered?",
        (now(), scrapes(), collectors(), footprint.band(), rules(), events(), costs()),
        # shown here only, so that it can be changed; every link hands it on
        (variables.service(hide=0),),
    )


def now() -> Band:
    """The present state in words."""
    dog = "The alert that always fires. If it does not, none of the others can be relied on."
    share = "Share of all targets that are scraped."
    files = "Whether Prometheus and Alertmanager run with the files that they were last given."
    lost = "Evaluations a minute that failed: an alert may be missing."
    gone = "Alerts a minute that never reached Alertmanager."
    return row(
        "Is this fresh, and does alerting work?",
        freshness.scraped(),
        words(
            "Watchdog",
            stack.watchdog(),
            says=Says(dog, "✖ alerting does not work", "none", more=freshness.works("fires", "silent")),
        ),
        stat("Scraped", stack.targets_up(), says=Says(share, SILENT, "percentunit"), graph=False),
        words(
            "Configuration",
            stack.reloaded(),
            says=Says(files, SILENT, "none", more=freshness.works("in force", "refused")),
        ),
        stat("Failed rules", stack.rule_failures(), says=Says(lost, SILENT)),
        stat("Dropped alerts", stack.dropped(), says=Says(gone, SILENT)),
        height=4,
    )


def scrapes() -> Band:
    """Target by target."""
    took = "Time that a scrape takes, by job. The exporter's own budget is 1.5 s."
    return row(
        "Is everything scraped?",
        wide(targets(), 14),
        timeseries("Time of a scrape", stack.scrape_course(), says=Says(took, SILENT, "s")),
    )


def targets() -> Panel:
    """Each target."""
    about = "Everything that Prometheus scrapes. One that is down: nothing it measures is known."
    columns = [
        Column("job", "Job"),
        Column("instance", "Instance"),
        Column("A", "State", more=freshness.works("scraped", "down"), width=120),
        Column("B", "Took", "s", width=100),
        Column("C", "Samples", "short", width=100),
    ]
    facts = map(stack.scrape_rows, ("scrape_duration_seconds", "scrape_samples_scraped"))
    says = Says(about, SILENT, "none")
    return table("Targets", stack.targets(), *facts, says=says, columns=columns, sort="State", rising=True)


def collectors() -> Band:
    """Collector by collector."""
    course = "Which collectors could be read, and when. A gap: nobody scraped."
    slow = "Time of the five slowest collectors in a scrape."
    return row(
        "Is everything read?",
        wide(collector_table(), 8),
        history(
            "Collectors over time", stack.collector_course(), says=Says(course, SILENT, "none", more=WORKS)
        ),
        wide(timeseries("Slowest collectors", stack.slowest(), says=Says(slow, SILENT, "s")), 7),
        height=12,
    )


def collector_table() -> Panel:
    """Each collector."""
    about = "Each collector of the exporter. One that fails: the exporter's log gives the reason."
    columns = [
        Column("collector", "Collector"),
        Column("A", "State", more=WORKS, width=90),
        Column("B", "Took", "s", width=90),
        Column("C", "Oldest answer", "s", width=120),
    ]
    asked = (stack.collectors(), stack.collector_durations(), stack.collector_ages())
    says = Says(about, freshness.NO_SCRAPE, "none")
    return table("Each collector", *asked, says=says, columns=columns, sort="State", rising=True)


def rules() -> Band:
    """Rules."""
    took = "Time that each group of rules takes. Near its interval: alerts come late."
    late = "Evaluations a minute that failed, and that were left out for want of time."
    return row(
        "Are rules evaluated?",
        timeseries("Time of rules", stack.rule_durations(), says=Says(took, SILENT, "s")),
        timeseries(
            "Failed and missed", stack.rule_failures(), stack.rule_lateness(), says=Says(late, SILENT)
        ),
        height=7,
    )


def events() -> Band:
    """The stream of worker events."""
    kinds = "Worker events a second that were read, missed or not understood."
    wait = "Bytes of worker events that arrived and wait to be read. Rising: the exporter is too slow."
    cut = "Whether the workers' events reach the exporter."
    asked = map(stack.events, ("seen", "missed", "undecodable"))
    return row(
        "Do events arrive?",
        wide(
            words(
                "Stream",
                stack.stream(),
                says=Says(cut, OFF, "none", more=freshness.works("connected", "cut")),
            ),
            4,
        ),
        timeseries("Events read", *asked, says=Says(kinds, OFF, "eps")),
        timeseries("Events waiting", stack.backlog(), says=Says(wait, OFF, "bytes")),
        height=6,
    )


def costs() -> Band:
    """What the watching costs."""
    memory = "Resident memory of the watching itself."
    cores = "Cores that the watching itself keeps busy."
    kept = "Samples a second that Prometheus keeps."
    held = "Series that Prometheus holds. Rising for days: a label that is not bounded."
    return row(
        "What does the watching cost?",
        timeseries("Memory", stack.memory(), says=Says(memory, SILENT, "bytes")),
        timeseries("Processor", stack.processor(), says=Says(cores, SILENT)),
        timeseries("Samples", stack.samples(), says=Says(kept, SILENT)),
        timeseries("Series", stack.series(), says=Says(held, SILENT)),
        timeseries(
            "Requests to the service", stack.service_requests(), says=Says("By status.", SILENT, "reqps")
        ),
        height=7,
    )
