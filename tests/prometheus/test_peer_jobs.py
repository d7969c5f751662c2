"""With the jobs of other exporters switched on, rules and dashboards show what they show without."""

import math
import re
import subprocess
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.dashboards import history, series
from benchmarks.dashboards.prometheus_client import Range, dashboards, defaults, filled, targets
from benchmarks.dashboards.synthetic_series import Series
from exporter.collectors import postgresql_fields
from exporter.collectors.fastapi import INSTRUMENTATOR, PROCESS
from exporter.collectors.peers import PREFIXES
from prometheus.config_file import ConfigFileError
from prometheus.earlier_names import earlier_names
from prometheus.peer_jobs import accept_peer_jobs, load_jobs, with_jobs
from tests.prometheus.rule_files import FOLDER, rules
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

PEERS = ("celery-exporter", "fastapi", "postgres", "redis")
BACKEND_PAGE = ("http_request", "http_response", "process_")
SCRAPE, MINUTES = 15, 7
CONFIGURATION = (FOLDER / "prometheus.yml").read_text()
Answer = dict[frozenset[tuple[str, str]], float]


def switched(it: Series) -> Series:
    """The series where all jobs are switched on."""
    job = next((job for job, prefix in PREFIXES.items() if it.name.startswith(prefix)), "")
    if it.labels.get("job") == "backend" and it.name.startswith(BACKEND_PAGE):
        job = "fastapi"
    return replace(it, labels={**it.labels, "job": job}) if job else it


def queries() -> list[str]:
    """What the dashboards ask, and what the rules evaluate."""
    end = Range(MINUTES * 60, 0.0)
    asked = [
        filled(it.expr, {**defaults(board), **end.macros()})
        for name, board in dashboards().items()
        for it in targets(name, board)
    ]
    return [*dict.fromkeys([*asked, *(str(it.expr) for it in rules())])]


def answer(server: PrometheusServer, query: str, at: int) -> Answer:
    """The value by labels, without the job."""
    found = server.get("/api/v1/query", query=query, time=str(at))["data"]["result"]
    return {
        frozenset((name, text) for name, text in it["metric"].items() if name != "job"): float(it["value"][1])
        for it in found
    }


def is_alike(query: str, one: Answer, other: Answer) -> bool:
    """Whether both have the same series with the same values; among equal ones `topk` may choose any."""
    if "topk(" in query:
        return len(one) == len(other)
    return one.keys() == other.keys() and all(
        math.isclose(value, other[key], rel_tol=1e-9) or math.isnan(value) for key, value in one.items()
    )


def test_dashboards_and_rules_say_the_same_with_the_jobs_switched_on(tmp_path: Path) -> None:
    asked = queries()
    usual = [it for it in series.read(asked) if not it.name.startswith("fast:")]
    end = int(time.time()) // SCRAPE * SCRAPE
    moments = range(end - MINUTES * 60, end + 1, SCRAPE)
    with ExitStack() as servers:
        each = [
            servers.enter_context(holding(tmp_path / name, those, moments))
            for name, those in (("usual", usual), ("switched", [switched(it) for it in usual]))
        ]
        found = {it: [answer(server, it, end) for server in each] for it in asked}
        assert [job(it) for it in each[1].query("redis_up")] == ["redis"]
    assert [(query, its) for query, its in found.items() if not is_alike(query, *its)] == []
    either = re.compile(rf'job=~"[^"]*\|({"|".join(PEERS)})"')
    assert sum(bool(its[0]) for query, its in found.items() if either.search(query)) > 100


def job(found: dict[str, Any]) -> str:
    """The job of a series."""
    return str(found["metric"]["job"])


def holding(folder: Path, those: list[Series], moments: range) -> AbstractContextManager[PrometheusServer]:
    """A Prometheus that holds these series."""
    (folder / "data").mkdir(parents=True)
    history.write(folder / "data", those, moments)
    return started(PrometheusServer(folder, {"scrape_configs": []}))


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
    [dropped] = jobs["backend"]["metric_relabel_configs"]
    assert dropped["action"] == "drop"
    of_backend = {it.name for it in (*INSTRUMENTATOR, *PROCESS)}
    assert [name for name in of_backend if not re.fullmatch(dropped["regex"], name)] == []
    assert with_jobs(written, load_jobs()) == CONFIGURATION


def test_earlier_names_are_recorded_where_the_job_is_switched_on() -> None:
    found = [it for groups in earlier_names(["postgres"]).values() for group in groups for it in group.rules]
    counts = {**postgresql_fields.BGWRITER, **postgresql_fields.BGWRITER_DETAILS}.values()
    assert {it.expr for it in found} == {f'{it.name}{{job="postgres"}}' for it in counts}
    assert not earlier_names(["redis"])


def test_prometheus_accepts_the_configuration_with_the_jobs_switched_on(tmp_path: Path) -> None:
    (tmp_path / "prometheus.yml").write_text(with_jobs(CONFIGURATION, [*PEERS]))
    command = ("promtool", "check", "config", "--syntax-only", "prometheus.yml")
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


NONE = {"celery-exporter": False, "fastapi": False, "postgres": False, "redis": False}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (NONE | {"redis": "perhaps"}, "redis is 'perhaps'"),
        (NONE | {"mysql": True}, "mysql is True"),
        (None, "the file is None"),
    ],
)
def test_a_wrong_list_of_jobs_is_refused(tmp_path: Path, content: object, told: str) -> None:
    file = tmp_path / "jobs.yml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigFileError) as refused:
        load_jobs(file)
    assert str(refused.value) == (
        f"jobs.yml: {told}; expected celery-exporter, fastapi, postgres, redis, redis-broker, "
        "each true or false"
    )


def test_the_jobs_that_are_switched_on_are_named(tmp_path: Path) -> None:
    file = tmp_path / "jobs.yml"
    file.write_text(yaml.safe_dump(NONE | {"redis-broker": True, "celery-exporter": True}))
    assert load_jobs(file) == ["celery-exporter", "redis-broker"]
    file.write_text(yaml.safe_dump(NONE))
    assert load_jobs(file) == []
