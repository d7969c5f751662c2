"""The service's own jobs, as it counts them in its database."""

from grafana import links
from grafana.dashboards import fresh
from grafana.grid import Band, row, wide
from grafana.modern import Modern
from grafana.panels import Says, stacked, stat, timeseries, words
from grafana.queries import ingestion
from grafana.tables import Column, table

OFF = "Prometheus does not scrape the service"


def service() -> Band:
    """What the service has to do."""
    up = Says(
        "Whether Prometheus reaches the service.", OFF, "none", more=fresh.works("scraped", "not scraped")
    )
    wait = "Age of the job that waits longest; 0: none waits. Rising evenly: no worker takes jobs."
    jobs = "Jobs of the service that are not ended, by kind and state."
    who = "Workers of the service by type and by their last heartbeat."
    return row(
        "The service's jobs",
        wide(words("Service", ingestion.service_up(), says=up), 4),
        wide(stat("Longest wait", ingestion.service_oldest(), says=Says(wait, OFF, "s")), 4),
        stacked("Jobs in hand", ingestion.service_jobs(), says=Says(jobs, OFF)),
        stacked("Workers of the service", ingestion.service_workers(), says=Says(who, OFF)),
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


def ended() -> Modern:
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
