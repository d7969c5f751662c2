"""With the jobs of other exporters switched on, rules and dashboards show what they show without."""

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
import yaml

from benchmarks.dashboards import series
from benchmarks.dashboards.prometheus_client import dashboards, defaults, filled, targets
from exporter.collectors.peers import PREFIXES
from prometheus.config_file import ConfigFileError
from prometheus.peer_jobs import accept_peer_jobs, load_jobs, with_jobs
from tests.prometheus.metrics_pages import configuration, serving
from tests.prometheus.rule_files import FILES, FOLDER
from tests.servers.fixtures import StartPrometheus
from tests.servers.ports import free_port
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.waiting import eventually

BOARDS = ("overview", "cache", "postgresql", "workers", "api")
MACROS = {"__rate_interval": "8s", "__interval": "1s", "__range": "8s"}
# windows of which two servers hold all after seconds
LONG = re.compile(r"\[(?:\d\d+s|\d+[mhd](?!s))(:?)")
EVERYTHING = [*series.exported(), *series.watched()]
BACKEND = [
    it
    for it in series.around()
    if it.labels.get("job") == "backend" and it.name.startswith(("http_", "process_"))
]
PEERS = ("celery-exporter", "fastapi", "postgres", "redis")
BEGAN = time.time()
Answer = dict[frozenset[tuple[str, str]], float]
CONFIGURATION = (FOLDER / "prometheus.yml").read_text()


def page(wanted: Iterable[series.Series]) -> str:
    """These series as a page; counters rise steadily, so that their rates are the same to all who scrape."""
    lines = []
    for it in wanted:
        pairs = [f'{name}="{value}"' for name, value in it.labels.items() if name not in ("job", "instance")]
        value = it.size * (1 + time.time() - BEGAN) if it.course == "rising" else it.size
        lines.append(f"{it.name}{{{','.join(pairs)}}} {value}\n")
    return "".join(lines)


def pages() -> Mapping[str, Callable[[], str]]:
    """The exporter's page with everything, the same without what the other jobs have, and theirs."""
    theirs = tuple(PREFIXES.values())
    excluded = "&".join(f"exclude[]={job}" for job in PREFIXES)
    return {
        "/metrics": lambda: page(EVERYTHING),
        "/metrics?collect[]=fastapi": lambda: page(BACKEND),
        f"/metrics?{excluded}": lambda: page(it for it in EVERYTHING if not it.name.startswith(theirs)),
        **{f"/metrics?collect[]={job}": page_of(prefix) for job, prefix in PREFIXES.items()},
    }


def page_of(prefix: str) -> Callable[[], str]:
    """The page of a job."""
    return lambda: page(it for it in EVERYTHING if it.name.startswith(prefix))


def quick_rules(folder: Path) -> str:
    """The checked-in rules, evaluated every second over short windows."""
    for file in FILES:
        groups = yaml.safe_load(LONG.sub(r"[8s\1", file.read_text()))["groups"]
        text = yaml.safe_dump({"groups": [{**group, "interval": "1s"} for group in groups]})
        (folder / file.name).write_text(text)
    return str(folder / "*.yml")


def queries() -> set[str]:
    """What these dashboards ask."""
    return {
        LONG.sub(r"[8s\1", filled(it.expr, {**defaults(board), **MACROS}))
        for name, board in dashboards().items()
        if name in BOARDS
        for it in targets(name, board)
        if "ALERTS" not in it.expr  # alerts begin when each server has held them for long enough
    }


def answer(server: PrometheusServer, query: str, at: float) -> Answer:
    """The value by labels, without the job."""
    found = server.get("/api/v1/query", query=query, time=f"{at:.3f}")["data"]["result"]
    return {
        frozenset((k, v) for k, v in it["metric"].items() if k != "job"): float(it["value"][1])
        for it in found
    }


def is_alike(query: str, one: Answer, other: Answer) -> bool:
    """Whether both have the same series with values much less apart than a lost or a double one would be."""
    if "topk(" in query:  # among equal ones either may be chosen
        return len(one) == len(other)
    return one.keys() == other.keys() and all(
        math.isclose(value, other[key], rel_tol=0.3, abs_tol=1e-6) or math.isnan(value)
        for key, value in one.items()
    )


def test_dashboards_show_the_same_with_the_jobs_switched_on(
    prometheus: StartPrometheus, tmp_path: Path
) -> None:
    rules = quick_rules(tmp_path)
    backend_page = {"/metrics": lambda: page(BACKEND)}
    with serving(free_port(), pages()) as address, serving(free_port(), backend_page) as backend:
        servers = []
        for peers in ((), PEERS):
            jobs = {**dict.fromkeys(("exporter", *peers), address), "backend": backend}
            wanted = configuration(jobs, "1s", peers)
            servers.append(prometheus({**wanted, "rule_files": [rules]}))
        full = 'count_over_time(ops:signal{signal="redis_evictions"}[8s]) >= 7'
        eventually(lambda: all(it.query(full) for it in servers), within=60)
        # a severity follows its alert, which each server begins when it has held for long enough
        eventually(lambda: differing(servers) == [], within=40)
        answered = [
            it
            for it in queries()
            if re.search('job=~"(exporter|backend)', it) and answer(servers[1], it, time.time())
        ]
    assert len(answered) > 30


def differing(servers: list[PrometheusServer]) -> list[str]:
    """The queries to which they answer differently."""
    at = time.time() - 1
    return [it for it in queries() if not is_alike(it, *(answer(server, it, at) for server in servers))]


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ('redis_up{job="exporter"}', 'redis_up{job=~"exporter|redis"}'),
        ('pg_up{datname="a",job="$job"}[5m]', 'pg_up{datname="a",job=~"$job|postgres"}[5m]'),
        ('celery_worker_up{job="exporter"}', 'celery_worker_up{job=~"exporter|celery-exporter"}'),
        ('http_requests_total{job="backend"}', 'http_requests_total{job=~"backend|fastapi"}'),
        ('ops_ingestion_redis_up{job="exporter"}', 'ops_ingestion_redis_up{job="exporter"}'),
        ('process_open_fds{job="exporter"}', 'process_open_fds{job="exporter"}'),
        ("fast:redis_up", "fast:redis_up"),
    ],
)
def test_selectors_find_the_names_of_other_exporters_under_either_job(expression: str, accepted: str) -> None:
    assert accept_peer_jobs(expression) == accepted


def test_jobs_are_switched_on_and_off_again() -> None:
    written = with_jobs(CONFIGURATION, ["fastapi", "redis", "redis-broker"])
    jobs = {it["job_name"]: it for it in yaml.safe_load(written)["scrape_configs"]}
    assert jobs["exporter"]["params"] == {"exclude[]": ["redis"]}
    assert [jobs[name]["params"] for name in ("fastapi", "redis")] == [
        {"collect[]": ["fastapi"]},
        {"collect[]": ["redis"]},
    ]
    assert jobs["redis-broker"]["params"] == {"collect[]": ["broker_redis"]}
    assert jobs["redis-broker"]["relabel_configs"] == [{"target_label": "instance", "replacement": "broker"}]
    assert jobs["backend"]["metric_relabel_configs"][0]["action"] == "drop"
    assert with_jobs(written, load_jobs()) == CONFIGURATION


def test_a_wrong_list_of_jobs_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "jobs.yml"
    file.write_text((FOLDER / "jobs.yml").read_text().replace("redis: false", "redis: perhaps"))
    with pytest.raises(
        ConfigFileError,
        match=r"jobs.yml: redis is 'perhaps'; expected .*, postgres, redis, redis-broker, each true or false",
    ):
        load_jobs(file)
