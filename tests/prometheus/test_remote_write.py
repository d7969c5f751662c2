"""The documented remote_write: two replicas write one series into VictoriaMetrics, which has the history."""

import re
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.dashboards import series
from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults, filled, targets
from benchmarks.dashboards.quiet import QUIET
from benchmarks.dashboards.synthetic_series import Series
from stack.settings import ROOT
from tests.prometheus.metrics_pages import serving
from tests.servers.fixtures import StartPrometheus, started
from tests.servers.ports import free_port
from tests.servers.processes import Server
from tests.servers.waiting import eventually

BINARY = shutil.which("victoria-metrics")
pytestmark = pytest.mark.skipif(BINARY is None, reason="victoria-metrics is not installed (apt install it)")
WEEK, STEP = 7 * 86_400, 1_200


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """VictoriaMetrics as docs/operations.md starts it, with the interval of these tests and without delay."""
    folder, port = tmp_path_factory.mktemp("victoria"), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        str(BINARY),
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=13",
        "-dedup.minScrapeInterval=1s",
        "-search.latencyOffset=0s",
        "-search.disableCache",
    ]
    with started(Server(command, folder / "victoria.log", ready=lambda: get(f"{url}/health"))):
        yield Prometheus(url)


def get(url: str, **query: str) -> str:
    """The body of a response."""
    address = f"{url}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - always http, of our own server
        return str(answer.read().decode())


def documented(url: str) -> list[dict[str, Any]]:
    """The block remote_write of docs/operations.md, at this address."""
    [block] = re.findall(
        r"```yaml\n(remote_write:.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL
    )
    [config] = yaml.safe_load(block)["remote_write"]
    # the first samples at once, not after five seconds
    return [{**config, "url": f"{url}/api/v1/write", "queue_config": {"batch_send_deadline": "500ms"}}]


def replica(name: str, store: Prometheus, address: str, rules: Path) -> dict[str, Any]:
    """The configuration of one replica."""
    jobs = [
        {"job_name": it, "static_configs": [{"targets": [address]}]} for it in ("exporter", "exporter-fast")
    ]
    labels = {"replica": name, "service_url": "http://127.0.0.1:8090"}
    return {
        "global": {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
            "external_labels": labels,
        },
        "rule_files": [str(rules)],
        "remote_write": documented(store.url),
        "scrape_configs": jobs,
    }


def test_two_replicas_write_one_series(
    prometheus: StartPrometheus, store: Prometheus, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: a, rules: [{record: 'ops:twice', expr: 'sum(ops_backend_up) * 2'}]}]")
    began = time.time()
    page: dict[str, Callable[[], str]] = {
        "/metrics": lambda: f"ops_backend_up 1\nrising_total {time.time() - began}\n"
    }
    with serving(free_port(), page) as address:
        first, second = (prometheus(replica(it, store, address, rules)) for it in ("a", "b"))
        # both write, or there is nothing to deduplicate
        eventually(lambda: sent(first.url) > 40 and sent(second.url) > 40, within=60)
        eventually(
            lambda: value(store, 'count_over_time(ops_backend_up{job="exporter"}[1h])') > 10, within=20
        )
        found = now(store, '{__name__=~"ops.+|rising_total"}')
        assert sorted((it["metric"]["__name__"], it["metric"].get("job")) for it in found) == [
            ("ops:twice", None),
            ("ops_backend_up", "exporter"),
            ("rising_total", "exporter"),
        ]
        assert not any({"replica", "service_url"} & it["metric"].keys() for it in found)
        assert 5 <= value(store, 'count_over_time(ops_backend_up{job="exporter"}[10s])') <= 11
        assert value(store, "rate(rising_total[10s])") == pytest.approx(1, rel=0.2)
        first.stop()
        stopped = time.time()
        eventually(lambda: value(store, "timestamp(ops_backend_up)") > stopped + 1, within=20)
        assert second.query("ops:twice")


def sent(url: str) -> float:
    """The samples that a Prometheus has written remotely."""
    line = re.search(
        r"^prometheus_remote_storage_samples_total\{.*\} (\S+)$", get(f"{url}/metrics"), re.MULTILINE
    )
    return float(line[1]) if line else 0.0


def now(store: Prometheus, query: str) -> list[Any]:
    """The present series of a query."""
    return store.get("query", query=query)


def value(store: Prometheus, query: str) -> float:
    """The value of the one series of a query. Raises IndexError where there is none."""
    return float(now(store, query)[0]["value"][1])


def test_the_panels_of_a_week_are_answered_by_the_store(store: Prometheus) -> None:
    board = dashboards()["cache"]
    asked = [
        it
        for it in targets("cache", board)
        if not it.instant and not it.hour and it.name not in QUIET and not it.panel.startswith("annotation")
    ]
    shown = Range(WEEK, float(int(time.time()) // STEP * STEP))
    fill(store, [it.expr for it in asked], shown)
    assert len(asked) > 10
    for it in asked:
        answers = store.course(filled(it.expr, {**defaults(board), **shown.macros()}), shown)
        points = max((len(each["values"]) for each in answers), default=0)
        assert points > 400, it.name  # of 505, one every twenty minutes


def fill(store: Prometheus, exprs: list[str], shown: Range) -> None:
    """Write a week of what these queries read: the two scrapes before each point that is drawn."""
    moments = [int(shown.end) - back - age for back in range(0, WEEK + STEP, STEP) for age in (10, 25)]
    lines = (line for it in series.read(exprs) for line in history(it, moments))
    request = urllib.request.Request(  # noqa: S310 - always http, of our own server
        f"{store.url}/api/v1/import/prometheus", data="\n".join(lines).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        assert answer.status == 204
    # what was written is found a second or more later, and not all of it at once
    get(f"{store.url}/internal/force_flush")


def history(it: Series, moments: list[int]) -> Iterator[str]:
    """The samples of one series at these times."""
    head = f"{it.name}{{{','.join(f'{name}={chr(34)}{text}{chr(34)}' for name, text in it.labels.items())}}}"
    return (f"{head} {it.at(moment)} {moment * 1000}" for moment in moments if it.there(moment))
