"""Ingestion and sparse embeddings: what waits, what was done, who does it, what can be searched."""

from grafana import links
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.dashboards.ingestion_service import (
    done_by_service,
    embedding_run,
    service,
    workers_of_service,
)
from grafana.grafana_json import Panel
from grafana.old_grid import Band, pile, row, wide
from grafana.old_panels import (
    Says,
    bars,
    history,
    judged,
    stacked,
    stat,
    status_says,
    text,
    timeseries,
    words,
)
from grafana.old_tables import Column, table
from grafana.palette import BLUE, GREEN, GREY, ORANGE, RED, any_is_bad, status_mappings
from grafana.palette import words as words_of
from grafana.queries import ingestion
from grafana.queries.series import levels_of

OFF = "no ingestion queue is asked: set INGESTION_REDIS_URL"
NO_JOB = "no job ended in this time"
NO_RESOURCES = "no table of resources is read: set DATABASE_URL"
SAYS = words_of(
    {
        "0": ("idle", GREEN),
        "1": ("training", BLUE),
        "2": ("▲ error", ORANGE),
        "3": ("✖ offline", RED),
        "4": ("? unknown", GREY),
    }
)


def board() -> Dashboard:
    """From the queue to what can be searched."""
    return Dashboard(
        "ingestion",
        "Ingestion and sparse embeddings",
        "What waits, what was done and how long did it take, who does it, and what can be searched?",
        (
            freshness.fresh("ingestion", "ingestion", "sparse_embeddings"),
            now(),
            queues(),
            workers(),
            embeddings(),
            service(),
            workers_of_service(),
            embedding_run(),
            done_by_service(),
        ),
    )


def now() -> Band:
    """The present state in numbers."""
    up = Says(
        "Whether the Redis with the ingestion queue answered our own PING.",
        OFF,
        "none",
        more=freshness.works(),
    )
    given_up = judged("ingestion_dead_letters", "Jobs that were given up; someone has to look at them.", OFF)
    failed = judged("ingestion_failures", "Share of the jobs of half an hour that failed.", NO_JOB)
    covered = judged("sparse_coverage", "Share of the resources that sparse vectors can find.", NO_RESOURCES)
    newest = Says("Since the newest sparse embedding was made.", "none was ever made", "s")
    pages = " · ".join(
        f"[**{title}**](${{service}}{path})"
        for title, path in (("Ingest", "/ingest"), ("Jobs", "/jobs"), ("Embeddings", "/embeddings"))
    )
    about = "Pages of the service. A link only opens a page; nothing happens before you press a button there."
    return row(
        "Now",
        words("Queue server", ingestion.up(), says=up),
        stat("Waiting", ingestion.waiting(), says=judged("ingestion_queue", "Jobs that wait, of ten.", OFF)),
        stat("Given up", ingestion.dead_letters(), says=given_up, graph=False),
        stat("Failed", ingestion.failure_ratio(), says=failed),
        stat("Covered", ingestion.coverage(), says=covered),
        stat("Newest embedding", ingestion.last_generation(), says=newest, graph=False),
        wide(text("Do", pages, about), 5),
        height=4,
    )


def queues() -> Band:
    """What waits, what was done."""
    length = "Jobs that wait, against the levels in force; at ten new ones are refused."
    done = "Jobs an hour by how they ended."
    took = "Half and 95 % of the jobs seen to end took no longer; beside them, what the backend remembers."
    state = "Jobs in the backend's own table of jobs, by state."
    oldest = "How long the oldest waiting item of each queue has waited; nothing while none waits."
    lines = levels_of("ingestion_queue", ("warning", "critical"))
    untracked = "the backend keeps no table of jobs"
    took_by = (ingestion.duration(0.5), ingestion.duration(0.95), ingestion.remembered_duration())
    panels = (
        timeseries("Jobs that wait", ingestion.waiting(), *lines, says=Says(length, OFF)),
        timeseries("Oldest job", ingestion.waiting_since(), says=Says(oldest, "✔ nothing waits", "s")),
        stacked("Jobs by state", ingestion.tracked(), says=Says(state, untracked)),
        stacked("Jobs ended", ingestion.ended(), says=Says(done, NO_JOB)),
        timeseries("Time of a job", *took_by, says=Says(took, NO_JOB, "s")),
        remembered(),
    )
    return row("What waits, what was done?", *(wide(panel, 8) for panel in panels), height=7)


def remembered() -> Panel:
    """What the backend remembers of finished jobs."""
    about = "The newest finished jobs that the backend remembers, a hundred at most."
    # the backend has words of its own for how jobs end, which the page would refuse
    jobs = links.page("/jobs", "The service's jobs")
    columns = [
        Column("state", "Ended as", links=(jobs,)),
        Column("A", "Jobs", "short"),
        Column("B", "Newest", "dateTimeFromNow", "none"),
    ]
    says = Says(about, "the backend remembers no job", "none")
    return table(
        "Job history", ingestion.last_number(), ingestion.last_job(), says=says, columns=columns, sort="Jobs"
    )


def workers() -> Band:
    """Who does it."""
    silent = (
        "How long each worker has been silent, against the levels in force. Its status may go on saying Idle."
    )
    lines = levels_of("edge_worker_heartbeat", ("warning", "critical"))
    course = status_says("What was observed of each worker over time.", "no worker was ever heard of")
    said = status_says(
        "Ingestion and what it needs, as the backend's own route says.", "the route does not answer"
    )
    return row(
        "Who does it?",
        wide(worker_table(), 9),
        history("Workers over time", ingestion.worker_course(), says=course),
        timeseries(
            "Silence of workers", ingestion.silence(), *lines, says=Says(silent, "never heard of", "s")
        ),
        wide(words("Backend says", ingestion.reported(), says=said), 3),
    )


def worker_table() -> Panel:
    """Each worker as observed and as it says."""
    about = "Cloud and edge workers: observed by heartbeat, beside what each last wrote of itself."
    page = links.page("/workers", "Workers' page")
    columns = [
        Column("worker", "Worker", links=(page,)),
        Column("A", "Observed", more={"mappings": status_mappings()}),
        Column("B", "Says", more={"mappings": SAYS}),
        Column("C", "Heard", "dateTimeFromNow", "never"),
        Column("D", "Done", "short", "not told"),
    ]
    asked = (
        ingestion.worker_states(),
        ingestion.worker_reported(),
        ingestion.heartbeats(),
        ingestion.drained(),
    )
    return table("Workers", *asked, says=Says(about, "no worker was ever heard of", "none"), columns=columns)


def embeddings() -> Band:
    """What can be searched."""
    have = "Resources with a sparse embedding, without one, and with an empty one."
    share = "Share of the resources with a sparse embedding: a run in progress shows as a slope."
    lines = levels_of("sparse_coverage", ("info", "warning"))
    made = "Files read and embeddings made an hour by the jobs seen to end."
    dense = Says("Resources without a dense embedding.", NO_RESOURCES)
    states = Says("Resources by the state of their ingestion.", NO_RESOURCES)
    side = pile(
        (stat("Without dense embedding", ingestion.dense_missing(), says=dense, graph=False), 3),
        (bars("Resources", ingestion.resources(), says=states), 5),
        width=4,
    )
    kinds = map(ingestion.sparse, ("with", "without", "empty"))
    return row(
        "What can be searched?",
        timeseries("Coverage", ingestion.coverage(), *lines, says=Says(share, NO_RESOURCES, "percentunit")),
        stacked("Resources by sparse embedding", *kinds, says=Says(have, NO_RESOURCES)),
        timeseries("Made", *map(ingestion.made, ("files", "embeddings")), says=Says(made, NO_JOB)),
        wide(vectors(), 6),
        side,
    )


def vectors() -> Panel:
    """Vectors by the model whose name they carry."""
    about = "Resources by the model stored beside their vector. Suspect: the named model cannot have made it."
    again = links.page("/embeddings", "Make them anew …")
    columns = [
        Column("model", "Named model", links=(again,)),
        Column("A", "Resources", "short"),
        Column("B", "Suspect", "short", more={"thresholds": any_is_bad()}),
        Column("C", "Of sampled", "short"),
    ]
    asked = map(ingestion.by_model, ("model_resources", "suspect", "sampled"))
    return table("Vectors by model", *asked, says=Says(about, "no sparse embedding", "none"), columns=columns)
