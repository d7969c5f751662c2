"""What is unusual, as the exporter tells it of values that a real Prometheus holds."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from exporter.anomaly.series import SeriesStatus
from exporter.collectors.anomalies import METRICS
from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.prometheus.series import SeriesName
from exporter.sources.prometheus.source import PrometheusSource
from tests.exporter.anomaly.made_up_series import Floats, daily, level
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, watching
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.waiting import eventually

PERIOD = 60
DAYS = 3


class Past(NamedTuple):
    """A Prometheus with three days of series, and the last whole period of which all have a value."""

    url: str
    now: int


def times_until(now: int) -> Floats:
    """The periods of three days up to this one, and those that have passed since."""
    times: Floats = np.arange(now - DAYS * 86_400, now + 3 * PERIOD, PERIOD, dtype=float)
    return times[: np.searchsorted(times, time.time())]


def courses(times: Floats, now: int) -> dict[str, Floats]:
    """What Prometheus holds, by labels."""
    quiet, spike, drop, away = (level(times, seed=seed) for seed in range(4))
    spike[times >= now - 2 * PERIOD] *= 5
    drop[times >= now - PERIOD] = 0
    away[times > now - 1800] = np.nan
    new = np.where(times > now - 7200, 1.0, np.nan)
    return {
        'signal="module_requests",module="search"': daily(times),
        'signal="pool_use"': quiet,
        'signal="module_response_time",module="search"': spike,
        'signal="cache_hit_ratio"': drop,
        'signal="click_through"': away,
        'signal="worker_queue_length",queue_name="default"': new,
    }


def filled(folder: Path, times: Floats, series: Mapping[str, Floats]) -> None:
    """Write the past of ops:watched into a folder, as blocks of Prometheus."""
    text = folder / "past.txt"
    with text.open("w") as lines:
        for labels, values in series.items():
            pairs = zip(times.tolist(), values.tolist(), strict=True)
            lines.writelines(
                f"ops:watched{{{labels}}} {value!r} {at:.0f}\n" for at, value in pairs if np.isfinite(value)
            )
        lines.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics", str(text)]
    subprocess.run([*command, str(folder / "data")], check=True, capture_output=True)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """A Prometheus with three days of these series."""
    folder = tmp_path_factory.mktemp("past")
    (folder / "data").mkdir()
    # long enough ago that the tests end before the next two periods; taken here, since collection is long ago
    now = int((time.time() - 90) // PERIOD * PERIOD)
    times = times_until(now)
    filled(folder, times, courses(times, now))
    with started(PrometheusServer(folder, {"scrape_configs": []})) as server:
        yield Past(server.url, now)


def page_of(url: str, **settings: float) -> Page:
    """The page once the past is read."""
    with watching(anomalies={"prometheus_url": url, **settings}) as exporter:
        found = eventually(lambda: learnt(exporter.page("anomalies")), within=30)
    assert found is not None
    return found


def learnt(page: Page) -> Page | None:
    """The page, if it says anything about series."""
    return page if page.series("ops_anomaly_state") else None


@pytest.fixture(scope="module")
def seen(past: Past) -> Page:
    """What the exporter shows of them."""
    return page_of(past.url)


def state(page: Page, signal: str) -> str | None:
    """The state in force of a signal."""
    return page.state("ops_anomaly_state", "state", signal=signal)


def test_the_past_is_known_at_the_start(seen: Page) -> None:
    assert seen.value("ops_collector_success", collector="anomalies") == 1
    assert state(seen, "module_requests") == "normal"
    assert state(seen, "pool_use") == "normal"
    found = [
        seen.value(f"ops_anomaly_{name}", signal="pool_use") or 0 for name in ("lower", "value", "upper")
    ]
    assert found == sorted(found)
    assert 0.1 < found[0] < found[2] < 0.3
    assert seen.value("ops_anomaly_direction", signal="pool_use") == 0


def test_everything_described_is_shown(seen: Page) -> None:
    assert {it.name for it in METRICS} <= seen.names()


def test_what_jumps_and_what_drops_is_unusual(seen: Page) -> None:
    assert state(seen, "module_response_time") == "anomalous"
    assert seen.value("ops_anomaly_direction", signal="module_response_time", module="search") == 1
    value = seen.value("ops_anomaly_value", signal="module_response_time") or 0
    assert value > 0.5
    assert state(seen, "cache_hit_ratio") == "anomalous"
    assert seen.value("ops_anomaly_direction", signal="cache_hit_ratio") == -1
    assert seen.value("ops_anomaly_value", signal="cache_hit_ratio") == 0


def test_what_is_new_is_being_learnt_and_has_no_band(seen: Page) -> None:
    assert state(seen, "worker_queue_length") == "learning"
    assert seen.value("ops_anomaly_value", signal="worker_queue_length", part="default") == 1
    for name in ("lower", "upper", "score"):
        assert seen.series(f"ops_anomaly_{name}", signal="worker_queue_length") == []


def test_what_says_nothing_any_more_is_not_shown(seen: Page) -> None:
    assert seen.series("ops_anomaly_value", signal="click_through") == []
    assert seen.value("ops_anomaly_watched_series") == 5


def test_a_bounded_number_is_watched_the_living_first_and_the_whole_before_its_parts(past: Past) -> None:
    # one of the six ended half an hour ago
    assert page_of(past.url, series=5).value("ops_anomaly_left_out_series") == 0
    page = page_of(past.url, series=4)
    assert page.value("ops_anomaly_watched_series") == 4
    assert page.series("ops_anomaly_value", signal="worker_queue_length") == []
    assert page.value("ops_anomaly_left_out_series") == 1


def test_a_prometheus_that_is_away_costs_these_families_alone() -> None:
    with watching(anomalies={"prometheus_url": "http://127.0.0.1:9"}) as exporter:
        page = exporter.page("anomalies", "api.up")
    assert page.value("ops_collector_success", collector="anomalies") == 0
    assert not page.names() & {it.name for it in METRICS}
    assert page.series("ops_backend_up")


def test_without_an_address_nothing_is_said() -> None:
    with watching() as exporter:
        page = exporter.page("anomalies")
    assert "anomal" not in page.text


@pytest.mark.parametrize(
    "body", ["[]", '{"status": "error"}', '{"status": "success", "data": {"result": [{"values": [3]}]}}']
)
def test_an_answer_of_another_shape_is_a_failure(body: str, backend: BackendDouble) -> None:
    backend.says("/api/v1/query_range", body)
    with watching(anomalies={"prometheus_url": backend.url}) as exporter:
        page = exporter.page("anomalies")
    assert page.value("ops_collector_success", collector="anomalies") == 0
    assert not page.names() & {it.name for it in METRICS}


def test_a_restart_forgets_nothing(past: Past) -> None:
    moments = [past.now - 40 * PERIOD + 7.0 + step for step in range(0, 35 * PERIOD, PERIOD)]
    # it misses some rounds in between, as when Prometheus is away
    rounds = [*moments[:10], *moments[25:], past.now + 7.0]
    stayed = asyncio.run(looks(past.url, rounds))
    restarted = asyncio.run(looks(past.url, rounds[-1:]))
    assert len(stayed) == 5
    for key, view in stayed.items():
        assert restarted[key].state == view.state
        assert np.allclose(restarted[key][:3], view[:3], rtol=1e-9, equal_nan=True)


async def looks(url: str, moments: Sequence[float]) -> dict[SeriesName, SeriesStatus]:
    """How the series are after a look at each of these moments."""
    now = [0.0]
    source = PrometheusSource(AnomalySettings(prometheus_url=url), LimitSettings(), clock=lambda: now[0])
    for now[0] in moments:
        await source.signals.refresh()
    found = await source.signals.get()
    await source.close()
    return dict(found.statuses)
