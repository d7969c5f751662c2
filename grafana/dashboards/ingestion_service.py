"""The service: its jobs as it counts them, its workers and embedding runs as seen from outside."""

from grafana import links, mappings
from grafana.grafana_json import Panel
from grafana.graphs import graph, stacked
from grafana.grid import Section, closed
from grafana.palette import GREEN, GREY, ORANGE, RED
from grafana.panels import PanelOptions
from grafana.queries import ingestion, service
from grafana.sizes import Size
from grafana.strips import duration, states, word
from grafana.tables import AGE, NOT_TOLD, Column, table

OFF = "Prometheus does not scrape the service"
NOT_ASKED = "the exporter does not ask the service: SERVICE_URL is not set"
NO_RUN = "no run is active"
THIRD = Size(8, 8)
LAST_RUN = {
    "0": ("✔ complete", GREEN),
    "1": ("✖ failed", RED),
    "2": ("? skipped", GREY),
    "3": ("▲ cancelled", ORANGE),
    "4": ("? unknown", GREY),
}


def jobs_and_runs() -> Section:
    """What the service has to do, and how far its generation of sparse embeddings is."""
    jobs = "Jobs of the service that are not ended, by kind and state."
    progress = "Share of the active generation that is done; it only rises."
    rows = "Resources in the table that the service writes to."
    columns = [Column("service", "Part"), Column("Value", "Reported", 120, words=mappings.status())]
    needs = "The service and what it needs, as its health route tells the exporter."
    parts, run = PanelOptions(needs, NOT_ASKED), PanelOptions(progress, NO_RUN, "percentunit")
    return closed(
        "Service: jobs and embedding runs",
        state(),
        table("Reported status of the service", Size(8, 6), parts, [service.parts()], columns),
        stacked("Jobs in hand", THIRD, PanelOptions(jobs, OFF), ingestion.service_jobs()),
        graph("Progress of the run", THIRD, run, service.run_progress()),
        stacked(
            "Resources of the service", THIRD, PanelOptions(rows, NOT_ASKED),
            *map(service.counted, ("with", "without")),
        ),
    )  # fmt: skip


def state() -> Panel:
    """The service as it is."""
    up = "Whether Prometheus reaches the service."
    wait = "Age of the job that waits longest; 0: none waits. Rising evenly: no worker takes jobs."
    left = "Time that the active generation still needs, by the speed of it so far."
    return states(
        "Service",
        Size(16, 6),
        word("Scrape", ingestion.service_up(), up, mappings.good_if("works", "fails")),
        duration("Oldest job", ingestion.service_oldest(), wait),
        duration("Time left", service.run_remaining(), left),
        word("Last run", service.last_run(), "How the newest generation ended.", mappings.words(LAST_RUN)),
        duration("Last success", service.last_success(), "Since a generation last ended complete."),
        duration("Duration", service.last_duration(), "How long that generation took."),
    )


def workers_and_finished() -> Section:
    """Who does the service's jobs, whether they live, and what was done."""
    took = "95 % of the jobs of a kind took no longer, from their last start to their end."
    none = "no job of the service ended in this time"
    return closed(
        "Service: workers and finished jobs",
        workers(),
        ended(),
        graph(
            "Service job duration p95",
            Size(24, 8),
            PanelOptions(took, none, "s"),
            ingestion.service_duration(),
        ),
    )


def workers() -> Panel:
    """Each worker of the service."""
    about = (
        "Workers of the service. Observed: by the age of the heartbeat on the exporter's clock; where the "
        "service reports otherwise, one of the two clocks or the service is wrong."
    )
    page = links.page("/workers", "Workers' page")
    columns = [
        Column("worker", "Worker", links=(page,)),
        Column("A", "Observed", 125, words=mappings.status(), sort="greatest first"),
        Column("B", "Reported", 110, words=mappings.status()),
        Column("C", "Heartbeat", 135, AGE, NOT_TOLD),
        Column("D", "Jobs", 60, "short"),
        Column("kind", "Kind", 70),
        Column("gpu", "GPU", 60),
    ]
    asked = (
        service.worker_seen(),
        service.worker_said(),
        service.worker_heard(),
        service.worker_jobs(),
        service.worker_facts(),
    )
    empty = f"no worker was ever heard of, or {NOT_ASKED}"
    return table("Workers of the service", Size(14, 7), PanelOptions(about, empty), asked, columns)


def ended() -> Panel:
    """Jobs that ended, by kind and state."""
    about = "Jobs of the service that ended: over the chosen range, and in all."
    page = links.page("/jobs", "These jobs", {"state": links.cell("state")})
    columns = [
        Column("kind", "Kind"),
        Column("state", "Ended as", 110, links=(page,)),
        Column("A", "In this range", 115, "short", decimals=0),
        Column("B", "In all", 85, "short", sort="greatest first"),
    ]
    asked = (ingestion.service_ended(), ingestion.service_all())
    return table("Jobs of the service", Size(10, 7), PanelOptions(about, OFF), asked, columns)
