"""The bound by which shares are judged: known values, and the bench that computes it by itself."""

import pytest

from benchmarks.paging.significant import SignificanceWatch
from exporter.settings_backend import JudgementSettings
from exporter.status import is_significant, lower_bound
from prometheus.significance import Significance

JUDGE = Significance()


@pytest.mark.parametrize(
    ("bad", "every", "least"),
    [(100, 1000, 0.0800), (6, 26, 0.0962), (60, 780, 0.0575), (5, 10, 0.0), (2, 26, 0.0)],
    ids=lambda it: f"{it:g}",
)
def test_the_bench_and_the_exporter_compute_the_same_bound(bad: int, every: int, least: float) -> None:
    watch = SignificanceWatch(JUDGE)
    watch.begin(0.05)
    for number in range(every):
        watch.note(number / every, number >= every - bad)
    assert watch.proven_share() == pytest.approx(least, abs=0.0001)
    assert (
        (watch.passed(0.05) is not None)
        == (least > 0.05)
        == is_significant(bad, every, 0.05, JudgementSettings())
    )
    if least:
        assert lower_bound(bad, every, JUDGE.confidence) == pytest.approx(watch.proven_share())


def test_the_moment_is_that_of_the_response_that_proves_it() -> None:
    watch = SignificanceWatch(JUDGE)
    for number in range(20):
        watch.note(number, False)
    watch.begin(0.05)
    for number in range(20, 30):
        watch.note(number, True)
    assert (watch.first, watch.passed(0.05)) == (20, 25)
    # the first ten seconds are forgotten
    watch.note(60, True)
    assert watch.proven_share() == 0
