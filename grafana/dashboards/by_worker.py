"""Celery's workers one by one, the steps of tasks, stored results, and what the backend reports."""

from grafana import mappings
from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.grid import Section, closed
from grafana.panels import PanelOptions
from grafana.queries import by_worker
from grafana.sizes import Size
from grafana.steps import bad_from_one
from grafana.strips import count, duration, states, word
from grafana.tables import Column, table

THIRD, HALF = Size(8, 8), Size(12, 8)
OFF = "no broker is asked: set CELERY_BROKER_URL"
TOGETHER = "tasks are not told apart by worker: set OPS_CELERY__TASK_HOSTS"
UNINSPECTED = "no worker has replied to an inspection"


def section() -> Section:
    """Each worker, and who takes which queue."""
    running = "Tasks that run in each worker, by its heartbeats."
    use = "Share of a worker's processes that run a task. 100 % while messages wait: more workers are needed."
    prefetch = "Messages that a worker takes ahead at most."
    consumers = "Workers that report to consume each queue, as they reply to an inspection."
    well = "Tasks a second that ended well, by worker."
    bad = "Tasks a second that failed, by worker: one that fails alone has a fault of its own."
    load = by_worker.worker("celery_worker_tasks_active")
    limits = by_worker.worker("ops_worker_prefetch_messages")
    return closed(
        "By worker",
        graph("Running tasks", THIRD, PanelOptions(running, OFF), load),
        graph("Pool in use", THIRD, PanelOptions(use, UNINSPECTED, "percentunit"), by_worker.use()),
        graph("Prefetch limit", THIRD, PanelOptions(prefetch, UNINSPECTED), limits),
        graph("Workers by queue", THIRD, PanelOptions(consumers, UNINSPECTED), by_worker.queue_workers()),
        graph("Succeeded by worker", THIRD, PanelOptions(well, TOGETHER, "ops"), by_worker.ended()),
        graph("Failed by worker", THIRD, PanelOptions(bad, TOGETHER, "ops"), by_worker.failed()),
    )  # fmt: skip


def evidence() -> tuple[Panel, ...]:
    """Steps, held messages, results: lines of the closed section of sources."""
    steps = "Tasks a second by step. Sent stays 0 where clients send no events."
    said = (
        "Tasks as the backend last reported them: running, waiting for their time, and processes of all "
        "workers. It is asked on change only."
    )
    accepted = (
        "Tasks that workers have accepted since their start, as the backend last reported; "
        "it is asked on change only."
    )
    return (
        held(),
        stored(),
        graph("Tasks by step", THIRD, PanelOptions(steps, OFF, "ops"), *map(by_worker.step, STEPS)),
        graph(
            "Reported tasks", THIRD, PanelOptions(said, REPORTLESS), *map(by_worker.reported, REPORTED),
            by_worker.reported_processes(),
        ),
        graph(
            "Accepted tasks", THIRD, PanelOptions(accepted, REPORTLESS), by_worker.reported_accepted(),
        ),
        failed_results(),
    )  # fmt: skip


STEPS, REPORTED = ("sent", "received", "started"), ("active", "scheduled")
REPORTLESS = "the backend has not reported on its workers"


def held() -> Panel:
    """Whether what workers hold moves."""
    oldest = "Since a worker took the oldest message that it has not acknowledged."
    still = "Since the messages that workers hold last changed."
    stalled = "Workers that hold tasks and start none, although a process is free."
    unnamed = "Queues beyond the limit, which are summed as `other`."
    return states(
        "Held",
        Size(12, 4),
        duration("Oldest held", by_worker.held_for(), oldest),
        duration("Unchanged for", by_worker.still_for(), still),
        count("Stalled", by_worker.stalled(), stalled, bad_from_one()),
        count("More queues", by_worker.unnamed(), unnamed),
    )


def stored() -> Panel:
    """How much of the results is known."""
    words = mappings.words({"1": ("yes", mappings.TEXT), "0": ("no", mappings.TEXT)})
    return states(
        "Results",
        Size(12, 4),
        count("Stored", by_worker.results("stored"), "Results in the result backend."),
        count("Read", by_worker.results("read"), "Results that were read, a sample where there are many."),
        word("Complete", by_worker.complete(), "Whether the last scan reached the end.", words),
    )


def failed_results() -> Panel:
    """Failures among the stored results."""
    columns = [
        Column("exception", "Exception", 200),
        Column("task", "Task"),
        Column("Value", "Results", 90, "short", sort="greatest first"),
    ]
    about = "Stored results of failed tasks. The task is known where results are stored extended."
    options = PanelOptions(about, "✔ no stored result is a failure")
    return table("Failed results", Size(24, 7), options, [by_worker.failed_results()], columns)
