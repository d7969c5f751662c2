"""The backtest finds what the rules fired: a drawn hour, judged by promtool, served by a real Prometheus."""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ingestion_api.backtest.backtest import Backtests, SeverityCount
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.signals import SignalFile
from prometheus.groups import fast_groups, slow_group
from prometheus.rule_file import RuleGroup, render
from prometheus.threshold_rules import file_levels, levels_in_force
from prometheus.thresholds import FILE, load
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

HOUR, STEP = 3600, 15
GOT = re.compile(r"time: ([\dhms.]+),\n.*exp: .*\n\s*got: (.*)")
SAMPLE = re.compile(r"(\{[^}]*\}) ([\d.E+-]+)")
NAME = re.compile(r'__name__="([^"]+)",? ?')
UNITS = {"h": 3600, "m": 60, "s": 1}
# the queue is too long for 1 s, 40 s, 10 min; the database is slow for too short, long enough, and with a gap
QUEUE = "0x100 120x1 0x200 70x39 0x500 120x600 0x250 70 0x106"
DATABASE = "0.01x20 0.5x2 0.01x20 0.5x20 0.01 0.5x10 0.01x30 0.5x8 _x4 0.5x9 0.01x114"
# ten requests a second: all fail for 3 s, one in five for two minutes, then one in fifty, which is chance
REQUESTS = "0+10x600"
ERRORS = "0x60 10+10x2 30x119 32+2x119 " + " ".join(f"{270 + at}x49" for at in range(6))
FAST, SLOW, SHARE = "worker_queue_length", "database_latency", "api_error_ratio"


@dataclass(frozen=True)
class Sample:
    """One sample that promtool found: seconds after the begin of the hour, the series, its value."""

    at: int
    series: str
    value: float


def drawn_hour(
    folder: Path, name: str, inputs: Mapping[str, str], expressions: Sequence[str], length: int
) -> list[Sample]:
    """What the rules of a signal record and fire: each expression every 15 s of the hour."""
    thresholds = load(FILE)
    it = (name, thresholds.signals[name])
    fast = it[1].lane == "fast"
    groups = [
        RuleGroup("levels", [*file_levels(thresholds), *levels_in_force()], "15s"),
        slow_group("x", [it]),
    ]
    (folder / "rules.yml").write_text(
        render([*groups[:1], *(fast_groups([it]) if fast else []), *groups[1:]])
    )
    interval = "1s" if fast else "15s"
    tests = [
        {"expr": expression, "eval_time": f"{at}s", "exp_samples": [{"labels": "none", "value": 0}]}
        for at in range(0, length + 1, STEP)
        for expression in expressions
    ]
    drawn = [{"series": series, "values": values} for series, values in inputs.items()]
    body = {"interval": interval, "input_series": drawn}
    file = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": interval,
        "tests": [{**body, "promql_expr_test": tests}],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(file))
    command = ["promtool", "test", "rules", str(folder / "test.yml")]
    report = subprocess.run(command, capture_output=True, text=True, check=False, timeout=400)
    return [*samples(report.stdout + report.stderr)]


def samples(report: str) -> Iterator[Sample]:
    """What promtool got, where it expected something else."""
    for moment, got in GOT.findall(report):
        parts = re.findall(r"([\d.]+)([hms])", moment)
        at = sum(float(number) * UNITS[unit] for number, unit in parts)
        for labels, value in SAMPLE.findall(got):
            name = NAME.search(labels)
            yield Sample(
                int(at), f"{name[1] if name else ''}{NAME.sub('', labels).replace(', ', ',')}", float(value)
            )


def serve(folder: Path, recorded: Sequence[Sample], begin: int) -> PrometheusServer:
    """A Prometheus that has recorded this hour."""
    lines = []
    for name in sorted({it.series.split("{")[0] for it in recorded}):
        lines.append(f"# TYPE {name} unknown\n")
        mine = [it for it in recorded if it.series.startswith(f"{name}{{")]
        mine.sort(key=lambda it: (it.series, it.at))
        lines += [f"{it.series} {it.value} {begin + it.at}\n" for it in mine]
    (folder / "hour.txt").write_text("".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "hour.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return PrometheusServer(folder, {"global": {}}, "--storage.tsdb.retention.time=30d")


def fired(found: Sequence[Sample], severity: str) -> list[tuple[int, int]]:
    """First and last 15 s in which the alert of this severity fired."""
    wanted = f'severity="{severity}"'
    at = {it.at for it in found if "alertname=" in it.series and wanted in it.series}
    starts = [moment for moment in sorted(at) if moment - STEP not in at]
    ends = [moment for moment in sorted(at) if moment + STEP not in at]
    return [*zip(starts, ends, strict=True)]


@pytest.mark.timeout(600)  # promtool takes minutes on a busy machine
@pytest.mark.parametrize(
    ("name", "inputs", "severities"),
    [
        (
            FAST,
            {'fast:ops_queue_sustained_length{queue_name="default"}': QUEUE},
            {"warning": 4, "critical": 2},
        ),
        (SLOW, {'ops_database_ping_seconds{job="exporter"}': DATABASE}, {"warning": 2}),
        (
            SHARE,
            {
                'fast:ops_http_requests_total{module="search"}': REQUESTS,
                'fast:ops_http_request_errors_total{module="search"}': ERRORS,
                "fast:ops_exporter_start_time_seconds": "-100x600",
            },
            {"warning": 2, "critical": 2},
        ),
    ],
    ids=[FAST, SLOW, SHARE],
)
def test_the_backtest_finds_what_the_rules_fired(
    tmp_path: Path, name: str, inputs: dict[str, str], severities: dict[str, int]
) -> None:
    lane = load(FILE).signals[name].lane
    firing = (
        f'count_over_time(ALERTS{{signal="{name}",alertstate="firing"}}[{"15s" if lane == "fast" else "1s"}])'
    )
    names = ("ops:signal:bound" if name == SHARE else "ops:signal", "ops:signal:worst", "ops:threshold:file")
    # as long as something happens: promtool evaluates each second of the fast lane
    length = {SHARE: 600, FAST: HOUR // 2, SLOW: HOUR}[name]
    recording = [f'{it}{{signal="{name}"}}' for it in names]
    found = drawn_hour(tmp_path, name, inputs, [*recording, firing], length)
    begin = int(time.time()) // STEP * STEP - 2 * HOUR
    recorded = [it for it in found if it.series.startswith("ops:")]
    signal = SignalFile(FILE).known().signals[name]
    with started(serve(tmp_path, recorded, begin)) as server:
        backtests = Backtests(PrometheusApi(server.url))
        levels = signal.given()
        milder = {severity: 1000 * level for severity, level in levels.items()}
        result = backtests.run(name, signal, (levels, milder), begin + length + 60)
        backtests.close()
    for count in result.in_force:
        rules = fired(found, count.severity)
        assert len(rules) == severities[count.severity] == count.times, (rules, count)
        assert_close(rules, count, begin)
    assert [it.times for it in result.wanted] == [0] * len(levels)
    assert result.known_since is not None
    # an hour, or ten minutes, and what was read to know since when there is a history
    words = f"With these levels the last {(result.until - result.known_since) / 60:.0f} minutes would have "
    assert result.sentence.startswith(words), result.sentence
    assert abs(result.known_since - begin) <= 2 * STEP


def assert_close(rules: Sequence[tuple[int, int]], count: SeverityCount, begin: int) -> None:
    """Every interval begins and ends within one step of what the rules did."""
    for (start, end), it in zip(rules, count.firings, strict=True):
        assert abs(it.start - begin - start) <= STEP, (start, it)
        assert abs(it.end - begin - end) <= STEP, (end, it)
