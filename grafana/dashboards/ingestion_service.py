"""The service: its jobs as it counts them, its workers and embedding runs as seen from outside."""

from grafana import links
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, stacked, stat, status_says, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import GREEN, GREY, ORANGE, RED, status_mappings
from grafana.palette import words as words_of
from grafana.queries import ingestion
from grafana.queries import service as seen

OFF = "Prometheus does not scrape the service"
NOT_ASKED = "the exporter does not ask the service: set SERVICE_URL"
NO_RUN = "no run is active"
LAST_RUN = words_of(
    {
        "0": ("✔ complete", GREEN),
        "1": ("✖ failed", RED),
        "2": ("skipped", GREY),
        "3": ("▲ cancelled", ORANGE),
        "4": ("? unknown", GREY),
    }
)


def service() -> Band:
    """What the service has to do."""
    up = Says(
        "Whether Prometheus reaches the service.", OFF, "none", more=freshness.works("scraped", "not scraped")
    )
    wait = "Age of the job that waits longest; 0: none waits. Rising evenly: no worker takes jobs."
    jobs = "Jobs of the service that are not ended, by kind and state."
    needs = status_says("The service and what it needs, as its health route tells the exporter.", NOT_ASKED)
    return row(
        "The service's jobs",
        wide(words("Service", ingestion.service_up(), says=up), 4),
        wide(stat("Longest wait", ingestion.service_oldest(), says=Says(wait, OFF, "s")), 4),
        stacked("Jobs in hand", ingestion.service_jobs(), says=Says(jobs, OFF)),
        words("Service says", seen.health(), says=needs),
        height=6,
    )


def workers_of_service() -> Band:
    """Who does its jobs, and whether they live."""
    about = (
        "Workers of the service. Observed: by the age of the heartbeat on the exporter's clock; where the "
        "service says otherwise, one of the two clocks or the service is wrong."
    )
    page = links.page("/workers", "Workers' page")
    columns = [
        Column("worker", "Worker", links=(page,)),
        Column("A", "Observed", more={"mappings": status_mappings()}),
        Column("B", "Service says", more={"mappings": status_mappings()}),
        Column("C", "Heard", "dateTimeFromNow", "never"),
        Column("D", "Jobs in hand", "short"),
        Column("kind", "Kind"),
        Column("gpu", "GPU"),
    ]
    asked = (
        seen.worker_seen(),
        seen.worker_said(),
        seen.worker_heard(),
        seen.worker_jobs(),
        seen.worker_facts(),
    )
    says = Says(about, f"no worker was ever heard of, or {NOT_ASKED}", "none")
    return row(
        "The service's workers",
        table("Workers of the service", *asked, says=says, columns=columns, sort="Observed"),
        height=6,
    )


def embedding_run() -> Band:
    """How far the service's generation of sparse embeddings is."""
    progress = Says("Share of the active generation that is done; it only rises.", NO_RUN, "percentunit")
    left = Says("Time that the active generation still needs, by the speed of it so far.", NO_RUN, "s")
    ended = Says("How the newest generation ended.", "none ever ended", "none", more={"mappings": LAST_RUN})
    since = Says("Since a generation last ended complete.", "none ever did", "s")
    took = Says("How long that generation took.", "none ever did", "s")
    table_of = Says("Resources in the table that the service writes to.", NOT_ASKED)
    return row(
        "The service's embedding runs",
        timeseries("Progress of the run", seen.run_progress(), says=progress),
        wide(stat("Time left", seen.run_remaining(), says=left), 3),
        wide(words("Last run", seen.last_run(), says=ended), 3),
        wide(stat("Last success", seen.last_success(), says=since, graph=False), 3),
        wide(stat("It took", seen.last_duration(), says=took, graph=False), 3),
        stacked("Resources of the service", *map(seen.counted, ("with", "without")), says=table_of),
        height=6,
    )


def done_by_service() -> Band:
    """What the service has done."""
    took = "95 % of the jobs of a kind took no longer, from their last start to their end."
    none = "no job of the service ended in this time"
    return row(
        "What the service has done",
        ended(),
        timeseries(
            "Time of a job of the service, P95", ingestion.service_duration(), says=Says(took, none, "s")
        ),
        height=7,
    )


def ended() -> Panel:
    """Jobs that ended, by kind and state."""
    about = "Jobs of the service that ended: over the chosen range, and in all."
    jobs = links.page("/jobs", "These jobs", {"state": links.cell("state")})
    columns = [
        Column("kind", "Kind"),
        Column("state", "Ended as", links=(jobs,)),
        Column("A", "In this range", "short", more={"decimals": 0}),
        Column("B", "In all", "short"),
    ]
    asked = (ingestion.service_ended(), ingestion.service_all())
    return table("Jobs of the service", *asked, says=Says(about, OFF, "none"), columns=columns, sort="In all")
