"""What watching will cost, told before it does."""

from exporter.check.finding import PollCost, ReportSection
from exporter.check.report import cost_rows

PAGE = PollCost("backend /metrics", a_minute=120, operations=1, seconds=0.005)
SLOW = PollCost("backend /events", a_minute=2, operations=1, seconds=0.9)


def told(*polls: PollCost) -> str:
    """The sentence on a backend that is polled so, of whose time 2 % are ours."""
    return cost_rows([ReportSection("backend", "", (), polls)], 0.02)[0][1]


def test_what_fits_into_the_budget_is_a_count_and_a_share() -> None:
    assert told(PAGE) == "120 requests that take 0.6 s (1.0% of its time); most: /metrics 0.6 s"


def test_what_does_not_fit_comes_more_seldom_and_says_so() -> None:
    text = "4.0% of its time, which is too much: the slow ones come more seldom until 2% hold"
    assert text in told(PAGE, SLOW)
