"""Entries of pharos:history, at the end of a job and, on command, at its submission as well."""

import json

import redis

from demo.faults.local_time import told
from demo.faults.state import FaultFile
from demo.storage.engine import now

KEY = "pharos:history"
KEPT = 1000


def write_entry(queue: "redis.Redis", text: str) -> None:
    """Put an entry before all others."""
    queue.lpush(KEY, text)
    queue.ltrim(KEY, 0, KEPT - 1)


def note_submission(queue: "redis.Redis", faults: FaultFile, what: str, status: str = "pending") -> None:
    """Write that a job was submitted, while the fault history-at-submission is in force."""
    if "history-at-submission" in faults:
        entry = {"repo_url": what, "status": status, "timestamp": told(now(), faults)}
        write_entry(queue, json.dumps(entry))
