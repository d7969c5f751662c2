"""One whole example of every answer; they belong together, as if taken from one morning."""

from typing import Any

from pydantic import ConfigDict

REPOSITORY = "https://github.com/octo/lighthouse"
Example = dict[str, Any]


def with_example(example: Example) -> ConfigDict:
    """The configuration of an answer with this example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


DISPATCHED: Example = {
    "status": "dispatched",
    "job_id": 17,
    "queue_position": 3,
    "target": "Cloud-Worker",
    "queue_size": 3,
    "max_queue_size": 10,
    "message": "Job 17 waits as number 3.",
}
PAST_JOB: Example = {
    "job_id": 16,
    "repo_url": REPOSITORY,
    "status": "complete",
    "duration_seconds": 12.5,
    "files_processed": 128,
    "embeddings_generated": 128,
    "timestamp": "2026-11-23T06:00:14.100000",
    "error": None,
    "reason": None,
    "age_seconds": 14.1,
}
HISTORY: Example = {"jobs": [PAST_JOB], "next_cursor": "MTc5NTQyNzIxNDEwMDAwMC4xNg=="}
STEP: Example = {"at": "2026-11-23T06:00:00Z", "state": "pending", "worker": None, "note": "accepted"}
ONE_JOB: Example = {
    "job_id": 17,
    "kind": "ingestion",
    "repo_url": REPOSITORY,
    "status": "processing",
    "queue_position": 0,
    "stage": "embedding",
    "files_total": 128,
    "files_processed": 128,
    "embeddings_total": 128,
    "embeddings_generated": 64,
    "submitted_at": "2026-11-23T06:00:00Z",
    "started_at": "2026-11-23T06:00:01.600000Z",
    "ended_at": None,
    "duration_seconds": None,
    "attempts": 1,
    "worker": "one@tower",
    "retry_of": None,
    "cancel_requested": False,
    "error": None,
    "reason": None,
    "steps": [
        STEP,
        {"at": "2026-11-23T06:00:01.600000Z", "state": "processing", "worker": "one@tower", "note": None},
    ],
}
JOB_LIST: Example = {"jobs": [ONE_JOB], "next_cursor": "17"}
QUEUE: Example = {
    "pending": 2,
    "processing": 1,
    "completed": 40,
    "failed": 3,
    "skipped": 0,
    "cancelled": 1,
    "max_queue_size": 10,
}
WORKER: Example = {
    "id": "one@tower",
    "type": "cloud",
    "host": "tower",
    "status": "online",
    "last_heartbeat": "2026-11-23T06:00:03Z",
    "gpu_available": True,
    "gpu": [{"name": "NVIDIA L4", "memory_bytes": 24_152_899_584, "driver": "550.90"}],
    "queues": ["embeddings", "ingestion"],
    "job_ids": [17],
}
WORKER_STATUS: Example = {
    "status": f"Training Graph on {REPOSITORY}",
    "active_workers": 1,
    "worker_health": "healthy",
    "workers": [WORKER],
}
HEALTH: Example = {
    "status": "healthy",
    "services": {"database": "healthy", "redis": "healthy", "disk": "healthy", "workers": "healthy"},
}
QUEUED: Example = {
    "status": "queued",
    "job_id": "18",
    "estimated_duration_minutes": 1,
    "resources_to_process": 40,
}
RUN: Example = {
    "job_id": 18,
    "status": "processing",
    "stage": "embedding",
    "started_at": "2026-11-23T06:00:05Z",
    "ended_at": None,
    "duration_seconds": None,
    "total": 40,
    "done": 16,
    "error": None,
}
EMBEDDINGS: Example = {
    "running": RUN,
    "progress": 0.4,
    "remaining_seconds": 3.0,
    "last_success": None,
    "last_run": None,
    "coverage": {"total": 240, "embedded": 200, "missing": 40, "by_model": {"bm25-english-v1": 200}},
}
CACHE: Example = {
    "keys": 1204,
    "memory_bytes": 2_400_000,
    "hits": 830,
    "misses": 170,
    "hit_ratio": 0.83,
    "evicted": 0,
    "expired": 12,
    "groups": {"embedding:": 900, "quality:": 304},
    "sampled": 1204,
}
CLEARED: Example = {
    "prefix": "embedding:",
    "dry_run": True,
    "keys": 900,
    "whole": True,
    "confirmation": "1795427800.5f0c6e",
}
ACKNOWLEDGEMENT: Example = {
    "by": "operator",
    "at": "2026-11-23T05:59:00Z",
    "note": "Starting a second worker.",
}
DISAGREEMENT: Example = {"subject": "workers", "reported": "healthy", "observed": "down"}
EVIDENCE: Example = {
    "state": "start",
    "value_at_start": 104.0,
    "level_at_start": 100.0,
    "worst_value": None,
    "worst_at": None,
    "disagreements": [DISAGREEMENT],
}
ALERT_EVENT: Example = {
    "at": "2026-11-23T05:58:01Z",
    "kind": "started",
    "actor": "",
    "note": "told",
}
SILENCE: Example = {
    "by": "anna",
    "note": "Starting a second worker.",
    "silence_id": "7d2cb1f0-0f8a-4b5c-9a6e-2f1f3f0b9c11",
    "ends_at": "2026-11-23T06:03:00Z",
    "ending": False,
    "problem": "",
}
ALERT: Example = {
    "id": 5,
    "fingerprint": "9f86d081884c7d65",
    "name": "QueueFull",
    "severity": "warning",
    "status": "firing",
    "starts_at": "2026-11-23T05:58:00Z",
    "ends_at": None,
    "labels": {"alertname": "QueueFull", "severity": "warning"},
    "annotations": {"summary": "Ten jobs wait."},
    "generator_url": "http://127.0.0.1:9090/graph",
    "first_received_at": "2026-11-23T05:58:01Z",
    "last_received_at": "2026-11-23T05:58:01Z",
    "notices": 1,
    "acknowledgement": ACKNOWLEDGEMENT,
    "known_by": "told",
    "end_known_by": None,
    "closed_by": None,
    "close_reason": None,
    "suppression": "",
    "was_silenced": False,
    "was_inhibited": False,
    "evidence": EVIDENCE,
}
ALERT_DETAIL: Example = {**ALERT, "events": [ALERT_EVENT], "silence": SILENCE}
LEVELS_SET: Example = {
    "levels": {"warning": 80},
    "set_by": "operator",
    "set_at": "2026-11-23T05:57:00Z",
    "reason": "A large import runs until noon.",
    "expires_at": "2026-11-23T12:00:00Z",
    "watched": True,
    "expired": False,
}
LEVELS: Example = {
    "signal": "worker_queue_length",
    "meaning": "Messages that wait in a queue, over all its priorities.",
    "unit": "count",
    "direction": "above",
    "range": {"least": 1, "greatest": 1_000_000},
    "file": {"warning": 50, "critical": 100},
    "in_force": {"warning": 80, "critical": 100},
    "preference": LEVELS_SET,
}
PREFERENCES: Example = {"signals": [LEVELS], "problem": None}
SET_LEVELS: Example = {
    "levels": {"warning": 80},
    "watched": True,
    "reason": "A large import runs until noon.",
    "expires_at": None,
}
_FIRED: Example = {
    "labels": {"queue_name": "default"},
    "start": "2026-11-22T23:10:00Z",
    "end": "2026-11-22T23:14:00Z",
}
_COUNTED: Example = {"severity": "warning", "level": 80, "times": 1, "seconds": 240.0, "firings": [_FIRED]}
BACKTEST: Example = {
    "signal": "worker_queue_length",
    "sentence": "With these levels the last 7 days would have warned once instead of 1.",
    "known_since": "2026-11-16T06:00:00Z",
    "until": "2026-11-23T06:00:00Z",
    "cut": None,
    "in_force": [_COUNTED],
    "wanted": [_COUNTED],
}
SET_BACK: Example = {"signal": "worker_queue_length", "removed": {"warning": 80}}
CHANGE: Example = {
    "id": 9,
    "at": "2026-11-23T06:00:00Z",
    "actor": "operator",
    "address": "127.0.0.1",
    "action": "ingest",
    "subject": REPOSITORY,
    "details": {"job_id": 17, "retry_of": None},
}
ALERTS: Example = {
    "alerts": [ALERT],
    "next_cursor": "newest~1795413480000000~5",
    "search_is_partial": False,
}
ALERT_COUNTS: Example = {
    "total": 41,
    "by_status": {"firing": 1, "resolved": 40},
    "by_severity": {"critical": 3, "warning": 38, "info": 0, "other": 0},
    "by_module": {"": 30, "resources": 11},
    "firing_acknowledged": 1,
    "search_is_partial": False,
}
RECEIVED: Example = {"new": 1, "known": 0, "refused": 0, "truncated": 0}
CHANGES: Example = {"changes": [CHANGE], "next_cursor": None}
NOISE: Example = {
    "week": "2026-11-16",
    "alert": "QueueFull",
    "severity": "warning",
    "times": 4,
    "minutes": 31.5,
    "acknowledged": 0,
    "shortest_seconds": 15.0,
    "flapping": 2,
}
NOISE_REPORT: Example = {"rows": [NOISE]}
