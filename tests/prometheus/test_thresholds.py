"""Errors in thresholds.yml: one sentence with the key, its value and what was expected."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from prometheus.thresholds import FILE, Thresholds, ThresholdsError, load
from tests.prometheus.rule_files import read


@pytest.fixture(scope="module")
def whole() -> Any:
    """The content of the real file."""
    return read(FILE)


@pytest.fixture
def body(whole: Any) -> Any:
    """The content of the real file, reduced to two signals."""
    kept = ("worker_queue_length", "cache_hit_ratio")
    return deepcopy({**whole, "signals": {name: whole["signals"][name] for name in kept}})


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "thresholds.yml"
    file.write_text(text)
    with pytest.raises(ThresholdsError) as refused:
        load(file)
    return str(refused.value)


CHANGES: list[tuple[str, Any, str]] = [
    ("colour", "red", "signals.worker_queue_length.colour is not a key that is known here"),
    ("levels", {"warn": 5}, "signals.worker_queue_length.levels.warn is not a key that is known here"),
    ("levels", {}, "signals.worker_queue_length has no level; expected at least one of info, "),
    (
        "levels",
        {"warning": 100, "critical": 50},
        "signals.worker_queue_length has warning 100 beyond critical 50, but its direction is above",
    ),
    (
        "levels",
        {"critical": 0},
        "signals.worker_queue_length has critical 0, outside its range; expected 1 to 1e+06",
    ),
    ("levels", {"critical": float("nan")}, "signals.worker_queue_length.levels.critical is nan; "
     "expected a finite number"),
    (
        "direction",
        "up",
        "signals.worker_queue_length.direction is 'up'; expected 'above' or 'below'",
    ),
    (
        "unit",
        "apples",
        "signals.worker_queue_length.unit is 'apples'; "
        "expected 'ratio', 'seconds', 'count', 'bytes', 'state' or 'per_second'",
    ),
    ("alert", "queue long", "signals.worker_queue_length.alert is 'queue long'; "
     "expected to match pattern '^[A-Z][A-Za-z]+$'"),
    (
        "summary",
        "Queue {name} is long",
        "signals.worker_queue_length has the placeholder {name}; expected one of level, queue_name, value",
    ),
    ("hold", "5m", "signals.worker_queue_length has hold 5m in the fast lane; expected none"),
    ("hold", "soon", "signals.worker_queue_length.hold is 'soon'; expected to match pattern "),
    (
        "lane",
        "slow",
        'signals.worker_queue_length has lane slow, but an expression of the other lane; expected no fast: '
        'in it',
    ),
    (
        "expression",
        "max by (queue_name) (celery_queue_length)",
        'signals.worker_queue_length has lane fast, but an expression of the other lane; expected '
        'fast: in it',
    ),
    ("expression", "max(max_over_time(fast:ops_queue_sustained_length[5s]))",
     "signals.worker_queue_length has a range in the fast lane; expected a share, which is judged by its "
     "bound"),
    ("share", {"total": "a_total", "bad": "b_total", "limit": 0.05},
     "signals.worker_queue_length.share expected either bad, or within and limit"),
    ("dashboard", "queues", "signals.worker_queue_length.dashboard is 'queues'; expected 'overview', "),
    ("volume", {"expression": "rate(a[1m])"}, "signals.worker_queue_length.volume.at_least is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "told"), CHANGES, ids=[f"{key}-{at}" for at, (key, *_) in enumerate(CHANGES)]
)
def test_a_wrong_value_is_reported(tmp_path: Path, body: Any, key: str, value: Any, told: str) -> None:
    body["signals"]["worker_queue_length"][key] = value
    said = refusal(tmp_path, yaml.safe_dump(body, sort_keys=False))
    assert said.startswith(f"thresholds.yml: {told}"), said
    assert "\n" not in said


@pytest.mark.parametrize(
    "key", ["alert", "meaning", "unit", "direction", "single_event", "levels", "expression", "dashboard"]
)
def test_a_missing_field_is_reported(tmp_path: Path, body: Any, key: str) -> None:
    del body["signals"]["worker_queue_length"][key]
    assert (
        refusal(tmp_path, yaml.safe_dump(body, sort_keys=False))
        == f"thresholds.yml: signals.worker_queue_length.{key} is missing"
    )


def test_levels_below_must_fall_with_severity(tmp_path: Path, body: Any) -> None:
    body["signals"]["cache_hit_ratio"]["levels"] = {"info": 0.5, "warning": 0.7}
    said = "cache_hit_ratio has info 0.5 beyond warning 0.7, but its direction is below"
    assert refusal(tmp_path, yaml.safe_dump(body, sort_keys=False)) == f"thresholds.yml: signals.{said}"


def test_a_duplicate_alert_name_is_reported(tmp_path: Path, body: Any) -> None:
    body["signals"]["cache_hit_ratio"]["alert"] = "WorkerQueueLong"
    said = "cache_hit_ratio raises WorkerQueueLong, which worker_queue_length raises already"
    assert refusal(tmp_path, yaml.safe_dump(body, sort_keys=False)) == f"thresholds.yml: {said}"


def test_an_impossible_burn_rate_is_reported(tmp_path: Path, body: Any) -> None:
    body["slos"]["api_latency"]["objective"] = 0.9
    assert refusal(tmp_path, yaml.safe_dump(body, sort_keys=False)) == (
        "thresholds.yml: api_latency allows 10.00% of bad events, so nothing can burn 14.4 times too "
        "fast; expected a stricter objective or a smaller factor"
    )


def test_the_greatest_burn_rate_needs_less_than_all_events() -> None:
    """A quarter may be bad, so four times as many would be all."""
    body = load().model_dump()
    body["slos"]["api_latency"]["objective"] = 0.75
    body["burns"][0]["factor"] = 3.99
    assert Thresholds.model_validate(body | {"burns": body["burns"][:1]}).burns[0].factor == 3.99
    body["burns"][0]["factor"] = 4.0
    with pytest.raises(ValidationError, match=r"api_latency allows 25\.00% of bad events"):
        Thresholds.model_validate(body | {"burns": body["burns"][:1]})


@pytest.mark.parametrize("window", ["30s", "500ms", "1.5h"])
def test_a_window_of_a_burn_rate_is_of_whole_minutes(tmp_path: Path, body: Any, window: str) -> None:
    body["burns"][0]["short"] = window
    said = f"thresholds.yml: burns.0.short is '{window}'; expected to match pattern "
    assert refusal(tmp_path, yaml.safe_dump(body, sort_keys=False)).startswith(said)


@pytest.mark.parametrize(
    ("levels", "direction", "told"),
    [
        ({"info": 5, "warning": 5}, "above", "info 5 beyond warning 5, but its direction is above"),
        ({"info": 5, "critical": 5}, "below", "info 5 beyond critical 5, but its direction is below"),
        ({"info": 5, "warning": 6, "critical": 7}, "below", "info 5 beyond warning 6, "),
        ({"info": 5, "warning": 7, "critical": 6}, "above", "warning 7 beyond critical 6, "),
    ],
)
def test_each_level_is_beyond_the_milder_one(
    tmp_path: Path, body: Any, levels: dict[str, float], direction: str, told: str
) -> None:
    body["signals"]["worker_queue_length"] |= {"levels": levels, "direction": direction}
    assert f"signals.worker_queue_length has {told}" in refusal(tmp_path, yaml.safe_dump(body))


def test_a_share_of_bad_events_is_worse_above(tmp_path: Path, body: Any) -> None:
    body["signals"]["cache_hit_ratio"]["share"] = {"total": "a_total", "bad": "b_total"}
    said = "signals.cache_hit_ratio has direction below; expected above for a share of bad events"
    assert refusal(tmp_path, yaml.safe_dump(body)) == f"thresholds.yml: {said}"


def test_a_file_without_signals_is_refused(tmp_path: Path, body: Any) -> None:
    del body["signals"]
    assert refusal(tmp_path, yaml.safe_dump(body)) == "thresholds.yml: signals is missing"
    assert refusal(tmp_path, yaml.safe_dump({**body, "signals": []})).startswith(
        "thresholds.yml: signals is []; expected a valid dictionary"
    )


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "").startswith("thresholds.yml: the file is None; expected a valid dictionary")


def test_two_errors_are_two_sentences(tmp_path: Path, body: Any) -> None:
    del body["signals"]["worker_queue_length"]["unit"]
    body["signals"]["cache_hit_ratio"]["lane"] = "middle"
    assert refusal(tmp_path, yaml.safe_dump(body, sort_keys=False)).splitlines() == [
        "thresholds.yml: signals.worker_queue_length.unit is missing",
        "thresholds.yml: signals.cache_hit_ratio.lane is 'middle'; expected 'fast' or 'slow'",
    ]


@pytest.mark.parametrize(
    ("signal", "severity", "level"),
    [
        ("api_error_ratio", "critical", 0.05),
        ("api_response_time", "critical", 0.5),
        ("worker_queue_length", "critical", 100),
        ("cache_hit_ratio", "warning", 0.5),
        ("event_latency", "info", 0.001),
        ("pool_use", "warning", 0.75),
        ("pool_use", "critical", 0.9),
        ("edge_worker_heartbeat", "critical", 300),
    ],
)
def test_the_levels_of_the_product_are_in_the_file(signal: str, severity: str, level: float) -> None:
    assert load().signals[signal].levels.given()[severity] == level


@pytest.mark.parametrize(("level", "is_allowed"), [(0.99, False), (1, True), (1e6, True), (1e6 + 1, False)])
def test_a_level_out_of_range_is_refused(level: float, is_allowed: bool) -> None:
    told = "" if is_allowed else "outside its range; expected 1 to 1e+06"
    assert load().signals["worker_queue_length"].range_error(level) == told


def test_no_single_event_can_raise_what_is_judged_by_a_share() -> None:
    signals = load().signals
    judged = {name for name, it in signals.items() if it.share}
    assert {"api_error_ratio", "api_response_time", "task_failure_ratio", "queue_wait"} <= judged
    for name, it in signals.items():
        told = it.single_event.startswith("none; at least six")
        assert told == (name in judged), name


REFUSED = "a refused connection"  # of the backend, the database, Redis or the broker


def test_only_a_refused_server_pages_by_a_single_event() -> None:
    pages = {it.alert: it.single_event for it in load().signals.values() if it.levels.critical is not None}
    refused = {"BackendDown", "DatabaseDown", "RedisDown", "BrokerDown"}
    assert {alert for alert, event in pages.items() if event.startswith(REFUSED)} == refused
    assert {alert for alert, event in pages.items() if not event.startswith("none; ")} == refused
