"""The shares of the fast lane have one bound in common, which needs one judgement for all."""

import pytest

from prometheus.groups import groups_by_file
from prometheus.significance import Significance
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
