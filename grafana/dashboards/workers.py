"""Workers and queues: who works, what waits and for how long, what fails and why."""

from grafana import annotations, levels, links, mappings, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import by_worker
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel, Variable
from grafana.graphs import graph, stacked
from grafana.grid import Section, closed, section, top
from grafana.panels import PanelOptions
from grafana.queries import workers
from grafana.queries.series import level as level_of
from grafana.sizes import Size
from grafana.steps import bad_from_one, marked_from_one
from grafana.strips import Cell, count, duration, level, numbers, signal, states, word
from grafana.tables import AGE, Column, table

OFF = "no broker is asked: set CELERY_BROKER_URL"
QUIET = "no task ended in this time"
QUEUES = ("urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion", "celery")
JUDGED = (
    "broker_up",
    "workers_up",
    "worker_up",
    "workers_stalled",
    "worker_queue_length",
    "queue_oldest_message",
    "queue_unconsumed",
    "task_failure_ratio",
)
THIRD, HALF = Size(8, 9), Size(5, 7)
WAITING_IN_ALL = "Messages that wait in all queues together; the level judges each queue."
WAS = {
    "Status": "Broker",
    "Last hour": "Waiting",
    "Data and alerts": "Alerts on this",
    "Workers": "Workers by heartbeat",
    "Messages waiting": "Messages that wait",
    "Age of oldest message": "Oldest message",
    "Queue wait p95": "Wait for a worker, P95",
    "Tasks by outcome": "Outcomes",
    "Task duration p95": "Running time, P95",
    "Tasks in this range": "Tasks",
    "Failures by exception": "Why they fail",
    "Held messages": "Held by workers",
    "Sources": "Events",
}


def board() -> Dashboard:
    """From who works down to single exceptions."""
    return Dashboard(
        "workers",
        "Workers",
        "Who works, what waits and for how long, what fails and why?",
        (
            top(status(), last_hour(), data_and_alerts("workers", "workers"), queue_table(), worker_table()),
            queues(),
            tasks(),
            by_worker.section(),
            sources(),
        ),
        (queue(),),
        marks=annotations.of_signals(levels.signals_of("workers")),
        was=WAS,
    )


def queue() -> Variable:
    """Which queues."""
    return variables.of_label("queue_name", 'celery_queue_length{job="$job"}', "queue_name", "Queue")


def status() -> Panel:
    """Who works."""
    broker = "Whether the Celery broker answered our own PING."
    reported = (
        "Workers as the backend last reported; it is asked when workers come or go. "
        "Another number than are up: the report is wrong."
    )
    unconsumed = "Queues that hold messages which no worker takes: a task is routed wrongly."
    return states(
        "Status",
        Size(9, 4),
        word("Broker", workers.broker(), broker, mappings.good_if("up", "down")),
        count("Workers up", workers.up(), "Celery workers whose heartbeat is recent."),
        count("Reported", workers.reported(), reported),
        count("Unconsumed", workers.unconsumed(), unconsumed, bad_from_one()),
    )


def last_hour() -> Panel:
    """What waits and fails."""
    judged = (
        "How grave these, the broker and the workers are, by the levels in force; "
        "few: too little happens to judge what passes a level."
    )
    failed = "Share of the runs of all tasks that fail; the level judges each task."
    return numbers(
        "Last hour",
        Size(9, 4),
        signal("Waiting", "worker_queue_length", workers.waiting_in_all(), about=WAITING_IN_ALL),
        signal("Oldest", "queue_oldest_message", workers.oldest_of_all()),
        signal("Failure ratio", "task_failure_ratio", workers.failure_ratio(), about=failed),
        level(level_of(*JUDGED, wholes={"task_failure_ratio": workers.failure_ratio()}), judged),
    )


def queue_table() -> Panel:
    """Each queue with what waits and who takes it."""
    about = (
        "Messages over all priorities of a queue. Unconsumed: messages wait, and no worker takes them. "
        "Level: length and age by the levels in force."
    )
    columns = [
        Column("queue_name", "Queue"),
        Column("A", "Waiting", 95, "short", sort="greatest first"),
        Column("B", "Oldest", 80, "s"),
        Column("F", "Level", 90, words=mappings.levels(good=mappings.TEXT)),
        Column("C", "Consumers", 90, "short"),
        Column("D", "Processes", 90, "short"),
        Column("E", "Unconsumed", 90, words=mappings.unless_bad("yes", "no")),
    ]
    metrics = (
        "celery_queue_length", "ops_queue_oldest_message_age_seconds", "celery_active_consumer_count",
        "celery_active_process_count", "ops_queue_unconsumed",
    )  # fmt: skip
    asked = [*map(workers.queue, metrics), workers.queue_levels()]
    return table("Queues", Size(13, 9), PanelOptions(about, OFF), asked, columns)


def worker_table() -> Panel:
    """Each worker with its heartbeat and its load."""
    about = "Workers by their heartbeats. Down: silent for 15 s; after half an hour a worker is forgotten."
    columns = [
        Column("hostname", "Worker"),
        Column("A", "State", 75, words=mappings.unless_good("up", "down")),
        Column("B", "Heartbeat", 130, AGE),
        Column("C", "Running", 75, "short"),
        Column("D", "Pool", 60, "short"),
        Column("E", "Stalled", 75, words=mappings.unless_bad("yes", "no")),
    ]
    asked = (
        workers.worker("celery_worker_up"),
        workers.heartbeats(),
        workers.worker("celery_worker_tasks_active"),
        workers.worker("ops_worker_pool_processes"),
        workers.worker("ops_worker_stalled"),
    )
    return table("Workers", Size(11, 9), PanelOptions(about, "✖ no worker was ever heard of"), asked, columns)


def queues() -> Section:
    """What waits, and for how long."""
    length = "Messages that wait, over all priorities, against the levels in force."
    age = "Age of the oldest message of each queue. Rising evenly: no worker takes it, or all are frozen."
    wait = "95 % of the tasks that started had waited no longer."
    waiting = PanelOptions(length, OFF, signal="worker_queue_length")
    oldest = PanelOptions(age, OFF, signal="queue_oldest_message")
    waited = PanelOptions(wait, "no task started in this time", signal="queue_wait")
    return section(
        "Queues",
        graph("Messages waiting", THIRD, waiting, workers.waiting(), names=QUEUES),
        graph("Age of oldest message", THIRD, oldest, workers.oldest(), names=QUEUES),
        graph("Queue wait p95", THIRD, waited, workers.wait(), names=QUEUES),
    )


def tasks() -> Section:
    """What becomes of tasks, task by task."""
    kinds = workers.OUTCOMES
    ends = PanelOptions("Tasks a second by how they ended.", QUIET, "ops")
    ratio = "Share of the tasks that fail, against the levels in force."
    runs = "95 % of the runs of a task take no longer; the five slowest tasks of the range."
    return section(
        "Tasks",
        stacked(
            "Tasks by outcome", THIRD, ends, *map(workers.outcome, kinds), failures=("failed", "rejected")
        ),
        graph(
            "Failure ratio", THIRD, PanelOptions(ratio, QUIET, signal="task_failure_ratio"),
            workers.failure_ratio(),
        ),
        graph("Task duration p95", THIRD, PanelOptions(runs, QUIET, "s"), workers.slowest_tasks()),
        task_table(),
        failure_table(),
    )  # fmt: skip


def task_table() -> Panel:
    """Each task."""
    columns = [
        Column("task", "Task"),
        Column("A", "Succeeded", 90, "short", decimals=0),
        Column("B", "Failed", 80, "short", "0", 0, steps=marked_from_one(), sort="greatest first"),
        Column("C", "Retried", 75, "short", "0", 0),
        Column("D", "p95", 90, "s"),
    ]
    asked = (*map(workers.task_rows, ("succeeded", "failed", "retried")), workers.task_percentiles())
    options = PanelOptions("Every task over the chosen range, the worst first.", QUIET)
    return table("Tasks in this range", Size(13, 9), options, asked, columns)


def failure_table() -> Panel:
    """Each class of exception."""
    about = "Failures over the chosen range by task and class of exception."
    columns = [
        Column("exception", "Exception", 135),
        Column("task", "Task"),
        Column("queue_name", "Queue", 118),
        Column("Value", "Failed", 80, "short", decimals=0, sort="greatest first"),
    ]
    options = PanelOptions(about, "✔ no task failed in this time")
    return table("Failures by exception", Size(11, 9), options, [workers.failures()], columns)


def sources() -> Section:
    """Where these numbers come from."""
    stream = "Whether the workers' events arrive. If not, nothing that counts tasks is shown."
    last = "Since any task's last event. Long at a busy hour: events are switched off."
    word_of = "The backend's own word on its workers; it counts tasks that fail as done."
    lost = "Events a second that were missed or not understood, and subscriptions that the broker cut."
    held = "Messages that workers hold: running, reserved, or waiting for their time. Never moving: frozen."
    witness = "Stored results by what became of the task: a second witness beside the events."
    more = links.board("stack", "Event stream")
    return closed(
        "Event stream and self-report",
        states(
            "Sources",
            Size(9, 7),
            word("Event stream", workers.stream(), stream, mappings.good_if("arrives", "is lost"), more),
            duration("Last task event", workers.last_event(), last),
            Cell("Reported status", workers.reported_state(), word_of, words=mappings.status()),
        ),
        graph(
            "Events lost", HALF, PanelOptions(lost, OFF, "eps"),
            *map(workers.lost, ("missed", "undecodable")), workers.cuts(),
        ),
        graph("Held messages", HALF, PanelOptions(held, OFF), workers.held()),
        graph(
            "Stored results", HALF, PanelOptions(witness, "no result backend is asked"), workers.results(),
            names=("SUCCESS", "FAILURE", "RETRY", "REVOKED", "PENDING", "STARTED"),
        ),
        *by_worker.evidence(),
    )  # fmt: skip
