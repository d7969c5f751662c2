"""A calm day raises no alert, and the formulas by which it is judged are those of the rules."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calm.check import check_windows
from benchmarks.calm.rules import HISTORY, firings, judged
from benchmarks.calm_week import draw_week
from prometheus.significance import Significance
from prometheus.thresholds import load

JUDGE = Significance()


def test_promtool_agrees_on_drawn_windows(tmp_path: Path) -> None:
    passing, wrong = check_windows(load(), 40, tmp_path)
    assert wrong == ""
    assert 10 < passing < 30


def test_a_calm_day_raises_no_alert() -> None:
    day = draw_week(load(), rate=2, days=1, seed=2)
    assert day.requests > 100_000
    assert day.failed > 500
    assert day.alerts == {"warning": 0, "critical": 0}
    assert day.burns == {"warning": 0, "critical": 0}
    # what the former rules would have paged
    assert day.before["critical"] > 100


@pytest.mark.parametrize(
    ("rate", "share"), [(100, 0.1), (2.6, 0.0769)], ids=["much at once", "rare and lasting"]
)
def test_a_real_breach_is_one_alert(rate: float, share: float) -> None:
    rng = np.random.default_rng(3)
    total = rng.poisson(rate / 4, 2 * HISTORY)
    bad = rng.binomial(total, np.where(np.arange(total.size) < HISTORY, 0, share))
    shares = judged(np.cumsum(bad).astype(float), np.cumsum(total).astype(float), JUDGE)
    assert firings(shares, 0.05) == 1
