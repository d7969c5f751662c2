"""Our text is the text of the reference library, only sooner."""

import gzip
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from exporter.exposition import ExpositionWriter, encode_metrics, format_number
from exporter.metrics import Counter, Gauge, Histogram, HistogramData, Info, PlainCounter, StateGauge, Untyped


class Given(Collector):
    """Families in the form that the library wants."""

    def __init__(self, families: list[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self.families


def page(label: str, value: float) -> list[Metric]:
    """One family of each kind, with this label value and this value."""
    spread = HistogramData({0.1: 1, 2.5: 3, float("inf"): 4}, 7.5, 4)
    return [
        Gauge("ops_a", 'Help with a \\ and a "quote"\nand a second line.', ("who", "also")).single(
            value, label, "x"
        ),
        Counter("ops_b_total", "Counts.", ("who",)).single(abs(value), label),
        Info("ops_c_info", "Facts.", ("who",)).info(label),
        StateGauge("ops_d", "States.", ("who", "status")).state_family([(label, "down")]),
        Histogram("ops_e_seconds", "Sizes.", ("who",)).family([((label,), spread)]),
        Untyped("redis_f_count", "Whatever.").single(value),
    ]


def reference(families: list[Metric]) -> bytes:
    """What the library writes in OpenMetrics."""
    return bytes(openmetrics.generate_latest(Given(families)))  # type: ignore[no-untyped-call]


@given(label=st.text(max_size=20), value=st.floats(allow_nan=False, allow_infinity=False))
def test_every_byte_is_that_of_the_library(label: str, value: float) -> None:
    families = page(label, value)
    writer = ExpositionWriter()
    for _ in range(2):  # the second time from memory
        assert writer.prometheus(families) == generate_latest(Given(families))
        assert writer.openmetrics(families) == reference(families)


def test_memory_is_bounded() -> None:
    writer = ExpositionWriter(memory=10)
    gauge = Gauge("ops_a", "Values.", ("who",))
    for turn in range(100):
        text = writer.prometheus([gauge.family([(f"{turn}-{n}", 1.0) for n in range(5)])])
        assert f'ops_a{{who="{turn}-4"}} 1.0' in text.decode()
    assert len(writer._series) <= 15


def test_it_is_several_times_as_fast_as_the_library() -> None:
    families = [Gauge("ops_a", "Values.", ("who", "what")).family([(str(n), "x", 1.5) for n in range(5000)])]
    writer = ExpositionWriter()
    writer.prometheus(families)
    with untraced():
        both = [
            (spent(writer.prometheus, families), spent(generate_latest, Given(families))) for _ in range(9)
        ]
    ours, theirs = (min(times) for times in zip(*both, strict=True))
    assert ours * 3 < theirs


def spent(work: Callable[[Any], bytes], of: object) -> float:
    """Seconds of the processor that the work took."""
    began = time.process_time()
    work(of)
    return time.process_time() - began


@contextmanager
def untraced() -> Iterator[None]:
    """Nobody counts lines meanwhile: that is done for our code only, and slows it to a third."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def test_a_counter_keeps_an_established_name_without_total() -> None:
    families = [PlainCounter("redis_total_reads_processed", "Reads.").single(3)]
    writer = ExpositionWriter()
    text = b"# TYPE redis_total_reads_processed counter\nredis_total_reads_processed 3.0\n"
    assert writer.prometheus(families).endswith(text)
    unknown = b"# TYPE redis_total_reads_processed unknown\nredis_total_reads_processed 3.0\n# EOF\n"
    assert writer.openmetrics(families).endswith(unknown)


@pytest.mark.parametrize(
    ("accepts", "takes"),
    [
        ("gzip", True), ("GZIP", True), ("br, gzip;q=0.5", True), ("*", True), ("deflate;q=1, *;q=0.1", True),
        ("", False), ("br", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0.0", False),
        ("gzip;q=0.00, *", False), ("xgzip", False),
    ],
)  # fmt: skip
def test_who_takes_a_packed_page(accepts: str, takes: bool) -> None:
    encoded = encode_metrics(page("x", 1.0), "", accepts, ExpositionWriter())
    assert (encoded.headers.get("Content-Encoding") == "gzip") == takes
    assert encoded.headers["Vary"] == "Accept, Accept-Encoding"
    text = gzip.decompress(encoded.body) if takes else encoded.body
    assert text == ExpositionWriter().prometheus(page("x", 1.0))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (999_999.0, "999999.0"), (1e6, "1e+06"), (-1e6, "-1000000.0"), (-999_999.0, "-999999.0"),
        (inf, "+Inf"), (-inf, "-Inf"), (nan, "NaN"), (3, "3.0"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_the_library_writes_it(value: float, text: str) -> None:
    assert format_number(value) == text


def test_series_are_remembered_until_there_are_more_than_allowed() -> None:
    writer, gauge = ExpositionWriter(memory=2), Gauge("ops_a", "Values.", ("who",))
    kept = []
    for names in ("ab", "ab", "abc", "d"):
        writer.prometheus([gauge.family([(name, 1.0) for name in names])])
        kept.append(len(writer._series))
    assert kept == [2, 2, 3, 1]
