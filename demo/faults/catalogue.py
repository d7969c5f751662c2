"""The faults by name: what each does, its parameters, and how it is lifted."""

from demo.faults.kind import Fault
from demo.faults.parameters import Errors, Flood, Model, Slow, Unrouted
from demo.faults.rude import RUDE

KINDS = (
    Fault("slow-module", "Every request to a module waits some seconds.", "Quick again at once.", Slow),
    Fault("errors-in-module", "A share of a module's requests answers 500.", "They succeed at once.", Errors),
    Fault("pool-exhausted", "All 15 connections of the pool are lent out and kept.", "They are given back."),
    Fault(
        "database-stopped",
        "SQLite: another process holds an exclusive lock, so every access fails with 'database is locked'. "
        "PostgreSQL started by the demo: the server is stopped.",
        "The lock is released, or the server started.",
    ),
    Fault("redis-stopped", "The demo's Redis is ended.", "It starts again with its data."),
    Fault("redis-frozen", "Redis is stopped by SIGSTOP: it takes connections and never answers.", "SIGCONT."),
    Fault(
        "worker-killed", "The Celery worker and its pool are killed by SIGKILL.", "The worker starts again."
    ),
    Fault(
        "worker-pool-frozen",
        "The worker's pool children are stopped by SIGSTOP; the worker itself answers on.",
        "SIGCONT.",
    ),
    Fault(
        "queue-flood",
        "Hundreds of messages wait in one queue, each of which occupies a worker.",
        "What is left of the flood drains within seconds.",
        Flood,
    ),
    Fault(
        "unrouted-tasks",
        "Tasks without a route pile up in the queue celery, which no worker consumes.",
        "The queue celery is emptied.",
        Unrouted,
    ),
    Fault("failing-tasks", "Every task raises.", "Tasks work again at once."),
    Fault(
        "model-corrupt", "A model's file is overwritten with garbage.", "The good file is put back.", Model
    ),
    Fault(
        "edge-worker-killed",
        "The ingestion worker is killed by SIGKILL; worker_status keeps its last word.",
        "The worker starts again.",
    ),
    Fault(
        "stale-sparse-embeddings",
        "Sparse vectors are written with a hash salted per process, beside the name BAAI/bge-m3.",
        "They are computed anew with the real encoder.",
    ),
    Fault(
        "lying",
        "The backend reports on itself exactly as the truth table says (rows 1-14 and 16).",
        "Reports are honest again.",
    ),
    Fault(
        "lying-pharos",
        "/health says 'degraded: Redis unavailable' while Redis works (row 15).",
        "Reports are honest again.",
    ),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*KINDS, *RUDE)}
# Faults that make no sense together, for the one needs what the other takes away.
APART = (
    ("redis-stopped", "redis-frozen"),
    ("worker-killed", "worker-pool-frozen"),
    ("ingestion-missing", "ingestion-not-configured"),
    ("ingestion-missing", "ingestion-store-refused"),
    ("ingestion-not-configured", "ingestion-store-refused"),
)
