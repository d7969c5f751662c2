"""Faults that hurt whoever watches, or whom a rude watcher hurts: what real backends of this kind do."""

from demo.faults.kind import Fault, Part
from demo.faults.parameters import (
    Closing,
    Deadlock,
    Frozen,
    Nothing,
    RedisRights,
    Retries,
    Role,
    Zone,
)

ALONE = (
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
        Deadlock,
    ),
    Fault(
        "closed-connections",
        "Each connection is closed after its response, though it was to be kept; some only when the next "
        "request has come, which is never answered.",
        "Connections are kept again.",
        Closing,
    ),
    Fault(
        "ingestion-store-refused",
        "The store of the ingestion routes refuses, and each request retries for seconds on the event loop.",
        "The routes reach their store at once.",
        Retries,
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
        Role,
    ),
    Fault(
        "redis-user-without-rights",
        "Redis gets a user without rights, for the exporter to be pointed at; the answer names a file with "
        "its addresses.",
        "The user is deleted and the file removed.",
        RedisRights,
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
        Frozen,
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
        Part("lying", Nothing()),
        Part("blocking-health", Nothing()),
        Part("pool-deadlock", Deadlock()),
        Part("closed-connections", Closing()),
        Part("ingestion-not-configured", Nothing()),
        Part("history-at-submission", Nothing()),
        Part("local-times", Zone()),
        Part("foreign-worker", Nothing()),
    ),
)
RUDE = (*ALONE, AS_SHIPPED)
