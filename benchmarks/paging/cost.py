"""What the fast lane costs: processor time, samples and bytes, with it and without it."""

import time

import httpx2
import yaml

from benchmarks.paging.testbed import Testbed
from benchmarks.system import cpu_seconds
from stack.settings import ROOT

FAST = "exporter-fast"
Row = tuple[str, ...]


def rows(testbed: Testbed, seconds: float) -> list[Row]:
    """One row with the fast lane, one without it, and what it evaluates."""
    whole = testbed.prometheus_file.read_text()
    with_it = measured(testbed, seconds)
    document = yaml.safe_load(whole)
    document["scrape_configs"] = [it for it in document["scrape_configs"] if it["job_name"] != FAST]
    rules = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    document["rule_files"] = [str(it) for it in rules if it.stem != "fast"]
    reload(testbed, yaml.safe_dump(document))
    without = measured(testbed, seconds)
    reload(testbed, whole)
    return [("with the fast lane", *with_it), ("without it", *without)]


def groups(testbed: Testbed) -> list[Row]:
    """How long the groups of the fast lane take each time, and how many evaluations were left out."""
    found: list[Row] = []
    for name, interval in intervals():
        which = f'{{rule_group=~".*;{name}"}}'
        took = value(testbed, f"max(avg_over_time(prometheus_rule_group_last_duration_seconds{which}[1m]))")
        missed, every = (
            value(testbed, f"sum(increase(prometheus_rule_group_iterations_{kind}total{which}[1m]))")
            for kind in ("missed_", "")
        )
        found.append((f"`{name}`", interval, f"{1000 * took:.1f} ms", f"{missed:.0f} of {every:.0f}"))
    return found


def intervals() -> list[tuple[str, str]]:
    """The groups that decide, and how often they are evaluated."""
    files = (ROOT / "prometheus" / "rules" / f"{name}.yml" for name in ("fast", "thresholds"))
    return [
        (it["name"], it["interval"]) for file in files for it in yaml.safe_load(file.read_text())["groups"]
    ]


def measured(testbed: Testbed, seconds: float) -> Row:
    """Processor time of Prometheus and the exporter, samples a second, growth of the write-ahead log."""
    time.sleep(5)
    processes = (testbed.prometheus.pid, testbed.exporter.pid, testbed.alertmanager.pid)
    began, before = time.monotonic(), [cpu_seconds(pid) for pid in processes]
    samples, log = appended(testbed), written(testbed)
    time.sleep(seconds)
    took = time.monotonic() - began
    spent = [100 * (cpu_seconds(pid) - then) / took for pid, then in zip(processes, before, strict=True)]
    return (
        *(f"{share:.1f} %" for share in spent),
        f"{(appended(testbed) - samples) / took:.0f}",
        f"{(written(testbed) - log) / took * 3600 / 1e6:.1f} MB",
    )


def appended(testbed: Testbed) -> float:
    """Samples that Prometheus has taken in, from its own page."""
    return own(testbed, "prometheus_tsdb_head_samples_appended_total")


def written(testbed: Testbed) -> float:
    """Bytes of the write-ahead log."""
    folder = testbed.prometheus_file.parent / "prometheus" / "wal"
    return float(sum(it.stat().st_size for it in folder.iterdir() if it.is_file()))


def own(testbed: Testbed, name: str) -> float:
    """A figure of Prometheus' own page, now."""
    page = httpx2.get(f"{testbed.prometheus_url}/metrics", timeout=10).text
    return sum(
        float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith((f"{name} ", f"{name}{{"))
    )


def value(testbed: Testbed, expression: str) -> float:
    """The one value of an expression, 0 where there is none."""
    found = testbed.query(expression)
    return found[0][1] if found else 0.0


def reload(testbed: Testbed, text: str) -> None:
    """Give Prometheus another configuration."""
    testbed.prometheus_file.write_text(text)
    httpx2.post(f"{testbed.prometheus_url}/-/reload", timeout=30).raise_for_status()
