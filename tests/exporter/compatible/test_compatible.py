"""`python -m exporter.compatible` says what a dashboard or a rule file of others finds here.

The dashboards and rules beside this file were written for these tests. They ask for the names, labels and
jobs for which the public ones of celery-exporter, redis_exporter, postgres_exporter and FastAPI ask.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.compatible import in_time
from exporter.compatible.documents import Query, UnreadableFile, read_queries
from exporter.compatible.selectors import readings
from exporter.compatible.verdicts import ANSWERS, MISSING, SWITCH, Verdict, judge
from stack.settings import ROOT
from tests.servers.fixtures import StartPrometheus

FOLDER = Path(__file__).parent
DASHBOARDS = {"celery": 23, "redis": 22}


def verdicts(file: Path) -> list[Verdict]:
    """The verdict on each query of a file."""
    document = read_queries(file)
    return [judge(it, document.variables, document.recorded) for it in document.queries]


def verdict(expression: str) -> Verdict:
    """The verdict on one query."""
    return judge(Query("panel", "P", expression), {}, ())


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The command."""
    command = [sys.executable, "-m", "exporter.compatible", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(("name", "queries"), DASHBOARDS.items())
def test_dashboards_of_other_exporters_answer_as_they_are(name: str, queries: int) -> None:
    found = verdicts(FOLDER / f"{name}.json")
    assert [(it.query.expression, it.reasons) for it in found if it.status != ANSWERS] == []
    assert len(found) == queries


@pytest.mark.parametrize(
    ("name", "job", "queries", "answering"),
    # without the one of Loki
    [("fastapi", "fastapi", 11, 4), ("postgresql", "postgres", 49, 31)],
)
def test_some_dashboards_need_the_job_of_their_exporter_as_well(
    name: str, job: str, queries: int, answering: int
) -> None:
    found = verdicts(FOLDER / f"{name}.json")
    assert {it.status for it in found} == {ANSWERS, SWITCH}
    assert {reason for it in found for reason in it.reasons} == {f"job {job} in prometheus/jobs.yml"}
    assert (len(found), sum(it.status == ANSWERS for it in found)) == (queries, answering)


def test_rules_under_the_jobs_of_other_exporters_need_these_jobs() -> None:
    found = {it.query.place: it for it in verdicts(FOLDER / "rules.yml")}
    assert {name: it.status for name, it in found.items()} == {
        "RedisDown": SWITCH,
        "instance:redis_memory:ratio": SWITCH,
        "RedisFull": ANSWERS,
        "CeleryTaskFailures": SWITCH,
        "PostgresTooManyConnections": SWITCH,
    }
    assert found["CeleryTaskFailures"].reasons == ("job celery-exporter in prometheus/jobs.yml",)


@pytest.mark.parametrize(
    ("expression", "status", "reason"),
    [
        ("redis_up", ANSWERS, ""),
        ("up == 0", ANSWERS, ""),
        ("redis_no_such_metric > 1", MISSING, "metric redis_no_such_metric is not here"),
        ("redis_no_such_metric or redis_up", ANSWERS, ""),
        ("redis_no_such_metric or vector(0)", MISSING, "metric redis_no_such_metric is not here"),
        ('redis_up{namespace="a"}', MISSING, "metric redis_up has no label namespace"),
        ('redis_up{namespace!="a"}', ANSWERS, ""),
        ('celery_task_sent_total{hostname="a"}', SWITCH, "setting celery.task_hosts for the label hostname"),
        ("redis_commands_latencies_usec_bucket", SWITCH, "job redis in prometheus/jobs.yml"),
        ('redis_up{namespace=~"$namespace"}', ANSWERS, ""),
        ('redis_up{job="other"}', MISSING, "metric redis_up has job exporter or redis, not =other"),
        ('redis_up{job=~"redis|exporter"}', ANSWERS, ""),
        ('{__name__=~"redis_.*"}', ANSWERS, ""),
        ('{__name__=~"mysql_.*"}', MISSING, "no metric here has a name like mysql_.*"),
        ("rate(redis_up", MISSING, "cannot be parsed: "),
        ("sum(ops_http_request_duration_seconds_bucket) by (le)", ANSWERS, ""),
        (
            "celery_task_runtime_seconds_bucket",
            MISSING,
            "metric celery_task_runtime_seconds_bucket is not here",
        ),
    ],
)
def test_a_query_is_judged_by_its_names_labels_and_jobs(expression: str, status: str, reason: str) -> None:
    found = verdict(expression)
    assert found.status == status
    assert "".join(found.reasons).startswith(reason)
    assert bool(found.reasons) == bool(reason)


@pytest.mark.parametrize(
    "expression",
    [
        "rate(a[$__rate_interval])",
        "rate(a[[[interval]]])",
        "rate(a[${interval}])",
        "a offset $shift",
        "topk($limit, a)",
        "a{$filter}",
        'a{b="c",$filter}',
        "histogram_quantile(0.$q, sum(rate(a[$interval:$resolution])) by (le))",
        'a{b=~"${b:regex}"} / a{b=~"[[b]]"}',
        "increase(a[$__range]) / $__range_s",
        '$a{b="c"}',
        'label_replace(a, "b", "$1", "c", "(.*)")',
        "sum without (b) (a @ end())",
    ],
)
def test_variables_are_filled_in_wherever_they_stand(expression: str) -> None:
    names = {it.name for reading in readings(expression, {"a": "a"}) for it in reading}
    assert names == {"a"}


def test_the_command_reports_and_its_status_says_whether_all_answer() -> None:
    found = run(FOLDER / "redis.json")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines()[-1] == "22 of 22 queries find their metrics and labels as they are"
    found = run(FOLDER / "rules.yml")
    assert found.returncode == 1
    assert "switch on  alert 'RedisDown': redis_up{job=\"redis\"} == 0" in found.stdout
    assert found.stdout.splitlines()[-1].startswith("4 do once this is switched on: job celery-exporter in")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", "{", "cannot be read"),
        ("a.json", json.dumps({"name": "x"}), "has neither panels nor groups"),
        ("a.yml", "- 1", "holds no mapping"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", f'{{"panels": {"[" * 500}{"]" * 500}}}', "nested too deeply"),
        ("a.json", f'{{"panels": "{"x" * 10_000_000}"}}', "has 10000014 bytes; expected at most"),
        ("a.yml", "panels: &a [*a, *a]", "has over 500000 values"),
        ("a.yml", f"groups: {'[' * 3000}", "nested too deeply"),
    ],
)
def test_what_is_no_dashboard_and_no_rule_file_is_refused(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UnreadableFile, match=reason):
        read_queries(tmp_path / name)


def test_odd_parts_of_a_file_are_no_queries(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps(
            {"panels": [1, {"targets": [None, {"expr": "up"}]}], "templating": [], "annotations": None}
        )
    )
    (tmp_path / "a.yml").write_text("groups: [null, {rules: null}, {rules: [null, [x], {record: r}]}]")
    assert [it.expression for it in read_queries(tmp_path / "a.json").queries] == ["up"]
    assert read_queries(tmp_path / "a.yml").recorded == {"r"}


@pytest.mark.parametrize(
    "expression", ["-" * 5000 + "up", "(" * 4000 + "up" + ")" * 4000, "up + " * 9000 + "up"]
)
def test_expressions_that_no_parser_can_take_are_told(expression: str) -> None:
    found = verdict(expression)
    assert found.status == MISSING
    assert found.reasons[0].startswith("cannot be parsed: ")


def test_a_pattern_that_takes_forever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_time, "LONGEST", 0.1)
    query = Query("panel", "P", '{__name__=~"(([a-z_]+)+)+Z"}')
    assert in_time.judge_in_time(query, {}, ()).reasons == ("cannot be judged within 0.1 s",)


def test_prometheus_is_asked_for_the_series(prometheus: StartPrometheus, tmp_path: Path) -> None:
    server = prometheus({"scrape_configs": []})
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: a, rules: [{alert: A, expr: 'redis_up == 0 or mysql_up == 0'}]}]")
    found = run(rules, "--prometheus", server.url)
    assert found.returncode == 0
    assert "- Prometheus has no series redis_up{} now" in found.stdout
    assert found.stdout.splitlines()[-1] == "0 of 1 have all their series in this Prometheus now"
    unreachable = run(rules, "--prometheus", "http://127.0.0.1:1")
    assert unreachable.returncode == 2
    assert unreachable.stderr.startswith("Prometheus at http://127.0.0.1:1 cannot be read")
