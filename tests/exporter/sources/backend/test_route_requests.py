"""Requests by route, over all processes: labels are bounded, and what is no count is passed over."""

from typing import Any

import pytest

from exporter.errors import InvalidResponse
from exporter.metrics import HistogramData
from exporter.settings import Settings
from exporter.sources.backend.processes import RECENT_SECONDS
from exporter.sources.backend.route_requests import RouteRequests, RouteRequestsTracker

START = "process_start_time_seconds {}"
BOOKS = 'http_requests_total{{handler="/books",method="GET",status="200"}} {}'
OPEN = "http_requests_inprogress {}"


class Reading:
    """A tracker with a clock that a test moves."""

    def __init__(self, **limits: Any) -> None:
        self.now = 0.0
        self._tracker = RouteRequestsTracker(Settings.model_validate({"limits": limits}), lambda: self.now)

    def read(self, *lines: str, server: str = "") -> RouteRequests:
        """The requests as of a page with these lines."""
        return self._tracker.update("\n".join(("# TYPE x counter", *lines)), server)


def total(requests: RouteRequests) -> float:
    """All requests that are counted."""
    return sum(count for _, count in requests.counts("http_requests_total"))


def test_processes_that_say_who_they_are_or_when_they_started_are_summed() -> None:
    reading = Reading()
    reading.read(BOOKS.format(5), OPEN.format(2), server="a")
    requests = reading.read(BOOKS.format(7), OPEN.format(1), server="b")
    assert (total(requests), requests.in_progress) == (12, {(): 3})
    reading.now = RECENT_SECONDS + 1
    requests = reading.read(BOOKS.format(7), OPEN.format(1), server="b")
    assert (total(requests), requests.in_progress) == (12, {(): 1})
    reading.read(BOOKS.format(7), START.format(1000))
    assert total(reading.read(BOOKS.format(8), START.format(1001))) == 27


@pytest.mark.parametrize(
    "line",
    [
        'http_requests_total{handler="/books" 9',
        BOOKS.format("many"),
        BOOKS.format(-1),
        'http_requests_created{handler="/books"} 9',
        'http_requests_total_created{handler="/books"} 9',
        'http_request_duration_seconds_bucket{handler="/books",le="wide"} 9',
        "process_start_time_seconds_of_others 9",
    ],
)
def test_a_line_that_is_no_count_is_passed_over(line: str) -> None:
    requests = Reading().read(BOOKS.format(5), line)
    assert [*requests.counters.values()] == [5]
    assert requests.in_progress == {}


@pytest.mark.parametrize("text", ["", "<html>"])
def test_what_is_no_page_of_metrics_is_refused(text: str) -> None:
    with pytest.raises(InvalidResponse, match="is no page of metrics"):
        RouteRequestsTracker(Settings()).update(text)


def test_a_page_without_any_request_is_one() -> None:
    assert total(Reading().read()) == 0
    assert total(RouteRequestsTracker(Settings()).update(BOOKS.format(3))) == 3


def test_routes_beyond_those_with_a_name_are_others() -> None:
    lines = [f'http_requests_total{{handler="/{n}",method="GET"}} {n}' for n in range(5)]
    counts = Reading(routes=2).read(*lines).counts("http_requests_total")
    found = {labels["handler"]: count for labels, count in counts}
    assert found == {"/0": 0, "/1": 1, "other": 9}


def test_a_histogram_has_its_buckets_in_order() -> None:
    name, labels = "http_request_duration_seconds", 'handler="/books"'
    requests = Reading().read(
        f'{name}_bucket{{{labels},le="+Inf"}} 4',
        f'{name}_bucket{{{labels},le="0.5"}} 3',
        f"{name}_sum{{{labels}}} 2.5",
        f"{name}_count{{{labels}}} 4",
        "http_response_size_bytes_count 7",
    )
    ((found, data),) = requests.histograms(name)
    assert (found, data) == ({"handler": "/books"}, HistogramData({0.5: 3, float("inf"): 4}, 2.5, 4))
    assert [*data.buckets] == [0.5, float("inf")]
    assert [*requests.histograms("http_response_size_bytes")] == [({}, HistogramData({}, 0.0, 7))]
