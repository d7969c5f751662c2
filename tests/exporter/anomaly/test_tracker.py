"""The detector on labelled series of others, where they are at hand."""

from pathlib import Path

import pytest

from benchmarks.anomaly import Scores, score_series

DATA = Path(__file__).parents[4] / "shared" / "anomaly"


@pytest.fixture(scope="module")
def marks() -> Scores:
    """What the scorers say."""
    if not DATA.is_dir():
        pytest.skip(f"needs labelled series and their scorers in {DATA}")
    return score_series(DATA)


def test_the_benchmark_of_streaming_detectors(marks: Scores) -> None:
    assert marks.nab["standard"] >= 64
    assert marks.nab["reward_low_FP_rate"] >= 60


def test_events_of_real_services(marks: Scores) -> None:
    assert marks.f1 >= 0.65
    assert marks.false_a_day <= 0.15
