"""The faults by name: what each does, its parameters, and how to lift it."""

from dataclasses import dataclass

from demo.faults.parameters import (
    ConnectionParameters,
    DeadlockParameters,
    ErrorParameters,
    FloodParameters,
    FrozenParameters,
    ModelParameters,
    NoParameters,
    RedisUserParameters,
    RetryParameters,
    RoleParameters,
    SlowParameters,
    UnroutedParameters,
    Zone,
)

# Pairs that cannot be in force together, since one needs what the other removes.
EXCLUSIVE_FAULTS = (
    ("redis-stopped", "redis-frozen"),
    ("worker-killed", "worker-pool-frozen"),
    ("ingestion-missing", "ingestion-not-configured"),
    ("ingestion-missing", "ingestion-store-refused"),
    ("ingestion-not-configured", "ingestion-store-refused"),
)


@dataclass(frozen=True)
class IncludedFault:
    """Another fault that comes with one, and its parameters there."""

    name: str
    parameters: NoParameters


@dataclass(frozen=True)
class Fault:
    """A fault that can be put in force."""

    name: str
    description: str
    recovery: str
    parameters: type[NoParameters] = NoParameters
    parts: tuple[IncludedFault, ...] = ()


REALISTIC_FAULTS = (
    Fault(
        "blocking-health",
        "/api/monitoring/health and /workers/status ask Celery on the event loop: the whole API stands still "
        "for 2 s and 3 s.",
        "They ask beside the event loop again.",
    ),
    Fault(
        "pool-deadlock",
        "Requests borrow a connection on the event loop and block it where none is left, which only the "
        "loop could give back: behind a pile of more requests than the pool lends the API is dead.",
        "Blocked requests go on at once.",
        DeadlockParameters,
    ),
    Fault(
        "closed-connections",
        "Each connection is closed after its response, though it was to be kept; some only when the next "
        "request has come, which is never answered.",
        "Connections are kept again.",
        ConnectionParameters,
    ),
    Fault(
        "ingestion-store-refused",
        "The store of the ingestion routes refuses, and each request retries for seconds on the event loop.",
        "The routes reach their store at once.",
        RetryParameters,
    ),
    Fault(
        "ingestion-not-configured",
        "The ingestion routes answer 503 'not configured', as without a store.",
        "They answer at once.",
    ),
    Fault("ingestion-missing", "There are no ingestion routes: 404.", "They are there at once."),
    Fault(
        "database-role-without-rights",
        "PostgreSQL gets a role without rights, for the exporter to be pointed at; the answer names a file "
        "with its address.",
        "The role is dropped and the file removed.",
        RoleParameters,
    ),
    Fault(
        "redis-user-without-rights",
        "Redis gets a user without rights, for the exporter to be pointed at; the answer names a file with "
        "its addresses.",
        "The user is deleted and the file removed.",
        RedisUserParameters,
    ),
    Fault(
        "foreign-worker",
        "A Celery worker of another application works on the broker's database.",
        "It is ended.",
    ),
    Fault(
        "server-frozen",
        "The API processes are stopped by SIGSTOP: they take connections and never answer.",
        "SIGCONT.",
        FrozenParameters,
    ),
    Fault(
        "history-at-submission",
        "pharos:history gets an entry when a job is submitted (status pending), and another at its end.",
        "Entries are written at the end only.",
    ),
    Fault(
        "local-times",
        "Times of the model file and of the ingestion's history are local ones, without a zone.",
        "They are UTC again.",
        Zone,
    ),
)
AS_SHIPPED = Fault(
    "as-shipped",
    "What the real backend does all day: blocking-health, pool-deadlock, closed-connections, "
    "ingestion-not-configured, history-at-submission, local-times, foreign-worker and lying.",
    "All of these are lifted.",
    parts=(
        IncludedFault("lying", NoParameters()),
        IncludedFault("blocking-health", NoParameters()),
        IncludedFault("pool-deadlock", DeadlockParameters()),
        IncludedFault("closed-connections", ConnectionParameters()),
        IncludedFault("ingestion-not-configured", NoParameters()),
        IncludedFault("history-at-submission", NoParameters()),
        IncludedFault("local-times", Zone()),
        IncludedFault("foreign-worker", NoParameters()),
    ),
)


BASIC_FAULTS = (
    Fault(
        "slow-module", "Every request to a module waits some seconds.", "Quick again at once.", SlowParameters
    ),
    Fault(
        "errors-in-module",
        "A share of a module's requests answers 500.",
        "They succeed at once.",
        ErrorParameters,
    ),
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
        FloodParameters,
    ),
    Fault(
        "unrouted-tasks",
        "Tasks without a route pile up in the queue celery, which no worker consumes.",
        "The queue celery is emptied.",
        UnroutedParameters,
    ),
    Fault("failing-tasks", "Every task raises.", "Tasks work again at once."),
    Fault(
        "model-corrupt",
        "A model's file is overwritten with garbage.",
        "The good file is put back.",
        ModelParameters,
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
REALISTIC_AND_COMBINED = (*REALISTIC_FAULTS, AS_SHIPPED)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in (*BASIC_FAULTS, *REALISTIC_AND_COMBINED)}
