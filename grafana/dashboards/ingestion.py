"""Ingestion and sparse embeddings: what waits, what was done, who does it, what can be searched."""

from grafana import annotations, levels, links, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards import ingestion_service
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, stacked, timeline
from grafana.grid import Section, closed, section, stack, top
from grafana.palette import GREY, ORANGE, RED
from grafana.panels import PanelOptions
from grafana.queries import ingestion
from grafana.sizes import Size
from grafana.steps import bad_from_one, marked_from_one
from grafana.strips import count, duration, level, numbers, signal, states, word
from grafana.tables import AGE, NOT_TOLD, Column, table
from grafana.texts import bars, text

OFF = "no ingestion queue is asked: INGESTION_REDIS_URL is not set"
NO_JOB = "no job ended in this time"
NO_RESOURCES = "no table of resources is read: DATABASE_URL is not set"
NO_WORKER = "no worker was ever heard of"
QUARTER = Size(6, 8)
ENDED = ("complete", "failed", "skipped")
REPORTED = {
    "0": ("· idle", mappings.TEXT),
    "1": ("… training", mappings.TEXT),
    "2": ("▲ error", ORANGE),
    "3": ("✖ offline", RED),
    "4": ("? unknown", GREY),
}
PAGES = (("Ingest", "/ingest"), ("Jobs", "/jobs"), ("Embeddings", "/embeddings"))
WAS = {
    "Status": "Queue server",
    "Last hour": "Waiting",
    "Data and alerts": "Alerts on this",
    "Jobs waiting": "Jobs that wait",
    "Age of oldest job": "Oldest job",
    "Jobs ended per hour": "Jobs ended",
    "Job duration": "Time of a job",
    "Sparse coverage": "Coverage",
    "Resources by vector": "Resources by sparse embedding",
    "Output per hour": "Made",
    "Dense vectors": "Without dense embedding",
    "Resource states": "Resources",
    "Actions": "Do",
    "Time since heartbeat": "Silence of workers",
    "Reported status": "Backend says",
    "Service": "Longest wait",
    "Reported status of the service": "Service says",
    "Service job duration p95": "Time of a job of the service, P95",
}


def board() -> Dashboard:
    """From the queue to what can be searched."""
    return Dashboard(
        "ingestion",
        "Ingestion and sparse embeddings",
        "What waits, what was done and how long did it take, who does it, and what can be searched?",
        (
            top(
                status(), last_hour(), data_and_alerts("ingestion", "ingestion", "sparse_embeddings"),
                *jobs(), remembered(), workers(), course(),
            ),
            embeddings(),
            evidence(),
            ingestion_service.jobs_and_runs(),
            ingestion_service.workers_and_finished(),
        ),
        marks=annotations.of_signals(levels.signals_of("ingestion")),
        was=WAS,
    )  # fmt: skip


def status() -> Panel:
    """The queue as it is."""
    up = "Whether the Redis with the ingestion queue answered our own PING."
    newest = "Since the newest sparse embedding was made."
    lost = "Jobs that were given up; someone has to look at them."
    return states(
        "Status",
        Size(9, 4),
        word("Queue server", ingestion.up(), up, mappings.good_if("up", "down")),
        count("Dead letters", ingestion.dead_letters(), lost, bad_from_one()),
        duration("Newest embedding", ingestion.last_generation(), newest),
    )


def last_hour() -> Panel:
    """What waits, fails and can be searched."""
    judged = (
        "How grave these, the queue server, dead letters and the edge worker are, by the levels in force; "
        "few: too little happens to judge what passes a level."
    )
    return numbers(
        "Last hour",
        Size(9, 4),
        signal("Jobs waiting", "ingestion_queue", ingestion.waiting_most()),
        signal("Failure ratio", "ingestion_failures", ingestion.failure_ratio()),
        signal("Sparse coverage", "sparse_coverage", ingestion.coverage()),
        level(ingestion.level(), judged),
    )


def jobs() -> tuple[Panel, ...]:
    """What waits, what was done."""
    length = "Jobs that wait, against the levels in force; at ten new ones are refused."
    oldest = "How long the oldest waiting item of each queue has waited; nothing while none waits."
    took = "Half and 95 % of the jobs seen to end took no longer; beside them, what the backend remembers."
    ended = PanelOptions("Jobs an hour by how they ended.", NO_JOB)
    waiting = PanelOptions(length, OFF, signal="ingestion_queue")
    took_by = (ingestion.duration(0.5), ingestion.duration(0.95), ingestion.remembered_duration())
    return (
        graph("Jobs waiting", QUARTER, waiting, ingestion.waiting()),
        graph(
            "Age of oldest job",
            QUARTER,
            PanelOptions(oldest, "✔ nothing waits", "s"),
            ingestion.waiting_since(),
        ),
        stacked("Jobs ended per hour", QUARTER, ended, ingestion.ended(), names=ENDED, failures=("failed",)),
        graph("Job duration", QUARTER, PanelOptions(took, NO_JOB, "s"), *took_by),
    )


def remembered() -> Panel:
    """What the backend remembers of finished jobs."""
    about = "The newest finished jobs that the backend remembers, a hundred at most."
    # the backend has words of its own for how jobs end, which the page would refuse
    page = links.page("/jobs", "The service's jobs")
    columns = [
        Column("state", "Ended as", links=(page,)),
        Column("A", "Jobs", 75, "short", sort="greatest first"),
        Column("B", "Newest", 135, AGE, ""),
    ]
    asked = (ingestion.last_number(), ingestion.last_job())
    return table(
        "Job history", Size(7, 8), PanelOptions(about, "the backend remembers no job"), asked, columns
    )


def workers() -> Panel:
    """Each worker as observed and as it reports."""
    about = (
        "The edge worker is observed by its heartbeat, where the backend tells it; cloud by the consumers "
        "of its queue, which have none. Reported is what each last wrote of itself."
    )
    page = links.page("/workers", "Workers' page")
    columns = [
        Column("worker", "Worker", links=(page,)),
        Column("A", "Observed", 105, words=mappings.status()),
        Column("B", "Reported", 100, words=mappings.words(REPORTED)),
        Column("C", "Heartbeat", 135, AGE, NOT_TOLD),
        Column("D", "Jobs", 60, "short"),
    ]
    asked = (
        ingestion.worker_states(), ingestion.worker_reported(), ingestion.heartbeats(), ingestion.drained(),
    )  # fmt: skip
    return table("Workers", Size(9, 8), PanelOptions(about, NO_WORKER), asked, columns)


def course() -> Panel:
    """Each worker over time."""
    options = PanelOptions("What was observed of each worker over time.", NO_WORKER)
    return timeline(
        "Workers over time", Size(8, 8), options, ingestion.worker_course(), words=mappings.status()
    )


def embeddings() -> Section:
    """What can be searched."""
    share = "Share of the resources with a sparse embedding: a run in progress shows as a slope."
    have = "Resources with a sparse embedding, without one, and with an empty one."
    made = "Files read and embeddings made an hour by the jobs seen to end."
    dense = "Resources without a dense embedding."
    covered = PanelOptions(share, NO_RESOURCES, signal="sparse_coverage")
    kinds = map(ingestion.sparse, ("with", "without", "empty"))
    of_jobs = map(ingestion.made, ("files", "embeddings"))
    ingested = PanelOptions("Resources by the state of their ingestion.", NO_RESOURCES)
    return section(
        "Sparse embeddings",
        graph("Sparse coverage", Size(4, 10), covered, ingestion.coverage()),
        stacked("Resources by vector", Size(5, 10), PanelOptions(have, NO_RESOURCES), *kinds, names=()),
        graph("Output per hour", Size(4, 10), PanelOptions(made, NO_JOB), *of_jobs),
        vectors(),
        stack(
            states("Dense vectors", Size(4, 3), count("missing", ingestion.dense_missing(), dense)),
            bars("Resource states", Size(4, 4), ingested, ingestion.resources()),
            actions(),
        ),
    )


def vectors() -> Panel:
    """Vectors by the model whose name they carry."""
    about = "Resources by the model stored beside their vector. Suspect: the named model cannot have made it."
    again = links.page("/embeddings", "Make them anew …")
    columns = [
        Column("model", "Model", links=(again,)),
        Column("A", "Resources", 80, "short"),
        Column("B", "Suspect", 65, "short", steps=marked_from_one()),
        Column("C", "Sampled", 70, "short"),
    ]
    asked = list(map(ingestion.by_model, ("model_resources", "suspect", "sampled")))
    return table("Vectors by model", Size(7, 10), PanelOptions(about, "no sparse embedding"), asked, columns)


def actions() -> Panel:
    """The pages that act on it."""
    pages = " · ".join(f"[**{title}**](${{service}}{path})" for title, path in PAGES)
    about = "Pages of the service. A link only opens a page; nothing happens before you press a button there."
    return text("Actions", Size(4, 3), about, pages)


def evidence() -> Section:
    """Heartbeats, what the backend reports, and its table of jobs, which most installations have not."""
    silent = "How long each worker has been silent, with the levels in force. Its status may go on as Idle."
    reported = "Ingestion and what it needs, as the backend's own route reports."
    state = "Jobs in the backend's own table of jobs, by state."
    silence = PanelOptions(silent, NO_WORKER, signal="edge_worker_heartbeat")
    parts = PanelOptions(reported, "the route does not answer")
    columns = [Column("service", "Part"), Column("Value", "Reported", 120, words=mappings.status())]
    return closed(
        "Heartbeats, self-report, job table",
        graph("Time since heartbeat", Size(9, 8), silence, ingestion.silence()),
        table("Reported status", Size(6, 8), parts, [ingestion.parts()], columns),
        stacked(
            "Jobs by state", Size(9, 8), PanelOptions(state, "the backend keeps no table of jobs"),
            ingestion.tracked(),
        ),
    )  # fmt: skip
