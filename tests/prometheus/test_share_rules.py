"""Shares: what they are made of, and that those of the fast lane have one judgement in common."""

from typing import Any

import pytest
from pydantic import ValidationError

from prometheus.groups import groups_by_file
from prometheus.share_rules import share_of
from prometheus.significance import Share, Significance
from prometheus.thresholds import Thresholds, load


def with_significance(name: str, significance: Significance) -> Thresholds:
    """The checked-in file, with another judgement of one share."""
    content = load()
    signal = content.signals[name]
    assert signal.share
    share = signal.share.model_copy(update={"significance": significance})
    signals = {**content.signals, name: signal.model_copy(update={"share": share})}
    return content.model_copy(update={"signals": signals})


def test_fast_shares_that_are_judged_differently_are_refused() -> None:
    changed = with_significance("api_response_time", Significance(failures=10))
    with pytest.raises(ValueError, match="api_error_ratio, api_response_time differ in by or significance"):
        groups_by_file(changed)


def test_a_slow_share_may_be_judged_differently() -> None:
    rules = groups_by_file(with_significance("queue_wait", Significance(failures=10)))["slow-workers.yml"]
    assert any(">= 9.5" in it.expr for group in rules for it in group.rules)


@pytest.mark.parametrize(
    "parts",
    [
        {"bad": "b_total", "within": "c_bucket", "limit": 0.05},
        {"bad": "b_total", "limit": 0.05},
        {"within": "c_bucket"},
        {"limit": 0.05},
        {},
    ],
)
def test_a_share_has_bad_events_or_buckets_with_a_limit(parts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected either bad, or within and limit"):
        Share(total="a_total", **parts)


@pytest.mark.parametrize("parts", [{"bad": "b_total"}, {"within": "c_bucket", "limit": 0.05}])
def test_every_share_is_judged_as_the_file_says_once(parts: dict[str, Any]) -> None:
    body = load().model_dump()
    body["signals"] = {"queue_length": body["signals"]["worker_queue_length"]}
    body["signals"]["queue_length"]["share"] = {"total": "a_total", **parts}
    judged = Thresholds.model_validate(body | {"significance": {"confidence": 0.9, "failures": 7}})
    assert share_of(judged.signals["queue_length"]).significance == Significance(confidence=0.9, failures=7)


def test_a_signal_without_a_share_has_no_rules_of_one() -> None:
    with pytest.raises(ValueError, match="WorkerQueueLong has no share; expected one"):
        share_of(load().signals["worker_queue_length"])


@pytest.mark.parametrize(("failures", "least"), [(1, 0.5), (6, 5.5), (10, 9.5)])
def test_a_count_that_reads_as_half_an_event_less_is_enough(failures: int, least: float) -> None:
    assert Significance(failures=failures).enough("bad") == f"bad >= {least:g}"
