"""Workers and queues: who works, what waits and for how long, what fails and why."""

from grafana import levels, variables
from grafana.dashboards import freshness
from grafana.old_grid import Band, row, wide
from grafana.grafana_json import Panel, Variable
from grafana.old_panels import Says, judged, stacked, stat, status_says, timeseries, words
from grafana.queries import workers
from grafana.queries.series import levels_of
from grafana.dashboard import Dashboard
from grafana.old_tables import Column, table

OFF = "no broker is asked: set CELERY_BROKER_URL"
QUIET = "no task ended in this time"
# counts over a range, which Prometheus extrapolates
WHOLE = {"decimals": 0}
QUEUES = ("urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion", "celery")


def board() -> Dashboard:
    """From who works down to single exceptions."""
    return Dashboard(
        "workers",
        "Workers",
        "Who works, what waits and for how long, what fails and why?",
        (freshness.fresh("workers", "workers"), now(), queues(), waits(), outcomes(), tasks(), failures()),
        (queue(),),
    )


def queue() -> Variable:
    """Which queues."""
    return variables.of_label("queue_name", 'celery_queue_length{job="$job"}', "queue_name", "Queue")


def now() -> Band:
    """The present state in numbers."""
    broker = Says("Whether the Celery broker answered our own PING.", OFF, "none", more=freshness.works())
    stream = "Whether the workers' events arrive. If not, nothing below that counts tasks is shown."
    up = "Workers by heartbeat, beside the number that the backend reports; trust the heartbeat."
    oldest = judged("queue_oldest_message", "How long the oldest message has waited.", OFF)
    many = judged("worker_queue_length", "Messages that wait in all queues.", OFF)
    alone = "Queues that hold messages which no worker takes: a task is routed wrongly."
    failed = judged("task_failure_ratio", "Share of the tasks that fail.", QUIET)
    return row(
        "Now",
        words("Broker", workers.broker(), says=broker),
        words(
            "Events", workers.stream(), says=Says(stream, OFF, "none", more=freshness.works("arrive", "are lost"))
        ),
        wide(
            stat(
                "Workers", workers.up(), workers.reported(), says=judged("workers_up", up, OFF), graph=False
            ),
            5,
        ),
        stat(
            "Waiting",
            workers.waiting_in_all(),
            says=many,
        ),
        stat("Longest wait", workers.oldest_of_all(), says=oldest),
        stat(
            "Unconsumed queues",
            workers.unconsumed(),
            says=judged("queue_unconsumed", alone, OFF),
            graph=False,
        ),
        stat("Failed", workers.failure_ratio(), says=failed),
        height=4,
    )


def queues() -> Band:
    """Queues and workers, one by one."""
    return row("Queue by queue, worker by worker", wide(queue_table(), 13), worker_table(), height=9)


def queue_table() -> Panel:
    """Each queue with what waits and who takes it."""
    about = "Messages over all priorities of a queue. Waiting without workers: nobody will take them."
    columns = [
        Column("queue_name", "Queue"),
        Column("A", "Waiting", "short", more=levels.colours("worker_queue_length")),
        Column("B", "Oldest", "s", more=levels.colours("queue_oldest_message")),
        Column("C", "Workers", "short", "not asked"),
        Column("D", "Processes", "short", "not asked"),
        Column("E", "Taken", more=freshness.trouble("no worker takes it", "yes")),
    ]
    metrics = (
        "celery_queue_length", "ops_queue_oldest_message_age_seconds", "celery_active_consumer_count",
        "celery_active_process_count", "ops_queue_unconsumed",
    )  # fmt: skip
    return table(
        "Queues", *map(workers.queue, metrics), says=Says(about, OFF, "none"), columns=columns, sort="Waiting"
    )


def worker_table() -> Panel:
    """Each worker with its heartbeat and its load."""
    about = "Workers by their heartbeats. Down: silent for 15 s; after ten minutes a worker is forgotten."
    columns = [
        Column("hostname", "Worker"),
        Column("A", "State", more=freshness.works("up", "down"), width=90),
        Column("B", "Heard", "dateTimeFromNow"),
        Column("C", "Running", "short", width=90),
        Column("D", "Pool", "short", "not asked", width=80),
    ]
    asked = (
        workers.worker("celery_worker_up"),
        workers.heartbeats(),
        workers.worker("celery_worker_tasks_active"),
        workers.worker("ops_worker_pool_processes"),
    )
    return table(
        "Workers by heartbeat",
        *asked,
        says=Says(about, "✖ no worker was ever heard of", "none"),
        columns=columns,
    )


def waits() -> Band:
    """What waits, and for how long."""
    length = "Messages that wait, over all priorities, against the levels in force."
    age = "Age of the oldest message of each queue. Rising evenly: no worker takes it, or all are frozen."
    wait = "95 % of the tasks that started had waited no longer."
    held = "Messages that workers hold: running, reserved, or waiting for their time. Never moving: frozen."
    pair = ("warning", "critical")
    waiting = (workers.waiting(), *levels_of("worker_queue_length", pair))
    oldest = (workers.oldest(), *levels_of("queue_oldest_message", pair))
    waited = (workers.wait(), *levels_of("queue_wait", pair))
    no_start = "no task started in this time"
    return row(
        "What waits, and for how long?",
        timeseries("Messages that wait", *waiting, says=Says(length, OFF), names=QUEUES),
        timeseries("Oldest message", *oldest, says=Says(age, OFF, "s"), names=QUEUES),
        timeseries("Wait for a worker, P95", *waited, says=Says(wait, no_start, "s"), names=QUEUES),
        timeseries("Held by workers", workers.held(), says=Says(held, OFF)),
    )


def outcomes() -> Band:
    """What becomes of tasks."""
    ends = "Tasks a second by how they ended."
    ratio = "Share of the tasks that fail, against the levels in force."
    runs = "95 % of the runs of a task take no longer; the seven slowest tasks."
    witness = "Stored results by what became of the task: a second witness beside the events."
    lines = levels_of("task_failure_ratio", ("warning", "critical"))
    kinds = workers.OUTCOMES
    return row(
        "What becomes of tasks?",
        stacked("Outcomes", *map(workers.outcome, kinds), says=Says(ends, QUIET, "ops")),
        timeseries("Failure ratio", workers.failure_ratio(), *lines, says=Says(ratio, QUIET, "percentunit")),
        timeseries("Running time, P95", workers.runtime(), says=Says(runs, QUIET, "s")),
        timeseries("Stored results", workers.results(), says=Says(witness, "no result backend is asked")),
    )


def tasks() -> Band:
    """Task by task."""
    about = "Every task over the chosen range. Sort by failed to find the worst."
    columns = [
        Column("name", "Task"),
        Column("A", "Succeeded", "short", more=WHOLE, width=100),
        Column("B", "Failed", "short", more=WHOLE, width=80),
        Column("C", "Retried", "short", more=WHOLE, width=80),
        Column("D", "P95", "s", width=90),
    ]
    asked = (*map(workers.task, ("succeeded", "failed", "retried")), workers.task_runtime())
    return row(
        "Task by task",
        table("Tasks", *asked, says=Says(about, QUIET, "none"), columns=columns, sort="Failed"),
        wide(exceptions(), 10),
        height=9,
    )


def exceptions() -> Panel:
    """Failures by their exceptions."""
    about = "Failures over the chosen range by task and class of exception."
    columns = [
        Column("exception", "Exception"),
        Column("name", "Task"),
        Column("queue_name", "Queue", width=120),
        Column("A", "Failed", "short", more=WHOLE, width=80),
    ]
    return table(
        "Why they fail",
        workers.exceptions(),
        says=Says(about, "✔ no task failed", "none"),
        columns=columns,
        sort="Failed",
    )


def failures() -> Band:
    """What the counting misses, and what the backend says."""
    lost = "Events a second that were missed or not understood; what they tell is not counted."
    said = status_says(
        "The backend's own word on its workers; it counts tasks that fail as done.", "not asked yet"
    )
    last = Says(
        "Since any task's last event. Long at a busy hour: events are switched off.", "no event yet", "s"
    )
    return row(
        "How sure is this?",
        timeseries("Events lost", *map(workers.lost, ("missed", "undecodable")), says=Says(lost, OFF, "eps")),
        words("Backend says of its workers", workers.reported_state(), says=said),
        stat("Last event", workers.last_event(), says=last, graph=False),
        height=5,
    )
