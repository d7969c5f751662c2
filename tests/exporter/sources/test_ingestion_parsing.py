"""Jobs, queue items, workers and health reports of the ingestion, read from texts of others."""

import json
from typing import Any

import pytest

from exporter.errors import InvalidResponse
from exporter.sources.http_response import HttpResponse
from exporter.sources.ingestion.history import JobHistoryCounter
from exporter.sources.ingestion.models import EdgeWorker, IngestionHealth, IngestionJob
from exporter.sources.ingestion.parsing import (
    MAX_LENGTH,
    oldest_queued_at,
    parse_edge_worker,
    parse_health,
    parse_job,
    parse_json_object,
    parse_number,
)
from exporter.sources.ingestion.source import MAX_BYTES, WINDOW, is_too_large, listed_jobs
from exporter.sources.json_object import JsonObject


def job(**fields: Any) -> IngestionJob:
    """The job with these fields."""
    return parse_job(JsonObject(fields, "a history"))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", "queued"), ("Dispatched", "running"), ("success", "complete"), ("error", "failed"),
        ("expired", "skipped"), ("lost", "other"), (5, "other"), (None, "other"),
    ],
)  # fmt: skip
def test_each_word_for_a_state_is_known(word: object, state: str) -> None:
    assert job(status=word).state == job(state=word).state == state


def test_a_job_has_no_negative_numbers() -> None:
    assert job(duration_seconds=0, files_processed=-1, embeddings_generated=3) == IngestionJob(
        "other", seconds=0.0, files=None, embeddings=3.0
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"job_id": 7, "id": 8}, "7"),
        ({"job_id": "", "task_id": "a"}, "a"),
        ({"job_id": True, "id": 0}, "0"),
        ({"job_id": 1.5}, None),
        ({"id": "x" * 201}, "x" * 200),
    ],
)
def test_a_job_is_named_by_its_id(fields: dict[str, Any], name: str | None) -> None:
    assert job(**fields).name == name


def test_a_job_ended_at_the_first_of_its_times() -> None:
    assert job(finished_at="1970-01-01T00:00:05", timestamp=9).ended == 5.0
    assert job(completed_at="soon", timestamp=9).ended == 9.0


def test_the_oldest_item_counts_and_one_without_a_time_is_left_out() -> None:
    items = [json.dumps({"created_at": 30}), "x", json.dumps({"queued_at": 20, "timestamp": 10}), None]
    assert oldest_queued_at(items) == 20.0
    assert oldest_queued_at(["x"]) is None


@pytest.mark.parametrize(("spaces", "number"), [(0, 1.0), (1, None)])
def test_a_text_that_is_too_long_is_not_read(spaces: int, number: float | None) -> None:
    text = '{"a": 1}'.ljust(MAX_LENGTH + spaces)
    assert parse_json_object(text, "a text").number("a") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5.5", 5.5),
        (7, 7.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        (None, None),
        ("", None),
        ([], None),
    ],
)
def test_a_number_is_read_from_its_text(text: object, number: float | None) -> None:
    assert parse_number(text) == number


def test_a_worker_tells_of_itself_as_far_as_it_does() -> None:
    meta = JsonObject({"version": "2", "embedding_model": 5, "queue_drained_count": -1}, "meta")
    assert parse_edge_worker("", None, meta) == EdgeWorker(version="2")
    told = parse_edge_worker("Idle", "100.5", JsonObject({"queue_drained_count": 0}, "meta"))
    assert told == EdgeWorker(reported_state="Idle", last_seen=100.5, drained=0.0)
    assert parse_edge_worker(None, 5, None) == EdgeWorker(last_seen=5.0)


@pytest.mark.parametrize(
    ("reported", "last_seen", "state", "status", "silent"),
    [
        ("Training Graph on x", 90.0, "training", "healthy", False),
        (" ERROR: why", 90.0, "error", "degraded", False),
        ("offline", 95.0, "offline", "down", False),
        ("idle", 89.9, "idle", "down", False),
        ("idle", None, "idle", "unknown", False),
        (None, 95.0, "unknown", "healthy", False),
        (None, None, "unknown", "unknown", True),
    ],
)
def test_a_worker_is_judged_by_its_heartbeat_and_its_word(
    reported: str | None, last_seen: float | None, state: str, status: str, silent: bool
) -> None:
    worker = EdgeWorker(reported_state=reported, last_seen=last_seen)
    assert (worker.state, worker.status(100.0, 10.0), worker.is_silent) == (state, status, silent)


@pytest.mark.parametrize(
    ("body", "status", "services"),
    [
        ({"status": "OK", "services": {"redis": "healthy"}}, "healthy", {"redis": "healthy"}),
        ([{"status": "unhealthy: why"}, 503], "down", {}),
        ({"status": "ok", "services": {"redis": "not configured"}}, "unknown", {}),
        (
            {"status": "degraded", "services": {"a": "not configured", "b": 5}},
            "degraded",
            {"b": "unknown"},
        ),
        ({}, "unknown", {}),
        ({"status": "not configured"}, "unknown", {}),
    ],
)
def test_a_report_of_health_is_in_our_words(body: Any, status: str, services: dict[str, str]) -> None:
    reply = HttpResponse(503, json.dumps(body).encode(), 0.1, "")
    assert parse_health(reply) == IngestionHealth(status, 503, services)


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"[7]"])
def test_what_is_no_report_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(InvalidResponse, match="backend ingestion health"):
        parse_health(HttpResponse(200, body, 0.1, ""))


def entry(name: object, status: str = "complete", **more: Any) -> str:
    """An entry of a history."""
    return json.dumps({"job_id": name, "status": status, **more})


def test_what_a_job_did_is_added_once() -> None:
    counter = JobHistoryCounter()
    first = entry(1, duration_seconds=50, files_processed=90, embeddings_generated=90)
    counter.update([first])
    second = entry(2, duration_seconds=5, files_processed=3, embeddings_generated=2)
    totals = counter.update([second, entry(3, "failed", duration_seconds=5.1), first]).totals
    again = counter.update([entry(2, seen=True), entry(4, "lost"), second]).totals
    assert (totals.ended["complete"], totals.ended["failed"], totals.ended["other"]) == (1, 1, 0)
    assert (totals.files, totals.embeddings) == (3.0, 2.0)
    assert totals.seconds.count == 2.0
    assert totals.seconds.total == pytest.approx(10.1)
    shown = {bound: count for bound, count in totals.seconds.buckets.items() if bound in (1, 5, 15, 3600)}
    assert shown == {1: 0.0, 5: 1.0, 15: 2.0, 3600: 2.0}
    assert (again.ended["complete"], again.ended["other"], again.files) == (1, 1, 3.0)


def test_equal_entries_without_a_name_are_as_many_jobs() -> None:
    counter = JobHistoryCounter()
    same = json.dumps({"status": "complete", "files_processed": 2})
    counter.update([same])
    history = counter.update([same, same, same])
    assert (history.totals.ended["complete"], history.totals.files, len(history.jobs)) == (2, 4.0, 3)


def test_a_job_of_which_much_was_heard_since_counts_anew() -> None:
    counter = JobHistoryCounter()
    counter.update([])
    counter.update([entry(0)])
    counter.update(entry(number) for number in range(1, 5001))
    assert counter.update([entry(1, seen=True)]).totals.ended["complete"] == 5001
    assert counter.update([entry(0)]).totals.ended["complete"] == 5002


@pytest.mark.parametrize(
    ("used", "large"), [(MAX_BYTES, False), (MAX_BYTES + 1, True), (None, False), ("9" * 9, False)]
)
def test_a_key_is_too_large_where_the_server_says_so(used: object, large: bool) -> None:
    assert is_too_large(used) is large


def test_a_list_of_jobs_is_read_up_to_a_bound() -> None:
    assert listed_jobs(JsonObject({"jobs": [*range(WINDOW + 1)]}, "jobs")) == [*range(100)]
    assert listed_jobs(JsonObject({"jobs": {"a": 1}}, "jobs")) == []
