"""The formulas of rules.py against the rules themselves: drawn windows of ten seconds, judged by promtool."""

import subprocess
from pathlib import Path

import numpy as np
import yaml

from benchmarks.calm.rules import SHORT, Numbers, short_share
from prometheus.thresholds import Thresholds
from stack.settings import ROOT

SAMPLES = SHORT + 1
MOMENT = 10_100  # milliseconds: the window holds 40 samples, as it does between two scrapes
BASE = 100_000  # a counter that began long ago


def check_windows(thresholds: Thresholds, count: int, folder: Path, seed: int = 7) -> tuple[int, str]:
    """How many windows pass the warning level, and promtool's report, which is empty if it agrees."""
    rng = np.random.default_rng(seed)
    windows = [drawn_window(rng) for _ in range(count)]
    signal = thresholds.signals["api_error_ratio"]
    if signal.share is None:
        raise ValueError("api_error_ratio has no share; expected one")
    shares, series = [], [series_of("fast:ops_exporter_start_time_seconds", np.full(SAMPLES + 1, -3600.0))]
    for number, (bad, total) in enumerate(windows):
        module = f'module="m{number:03}"'
        shares.append(float(short_share(bad, total, signal.share.significance)[1][-1]))
        series.append(series_of(f"fast:ops_http_request_errors_total{{{module}}}", bad))
        series.append(series_of(f'fast:ops_http_requests_total{{{module},code="2xx"}}', total))
    levels = signal.levels.given()
    expected = [
        {"labels": f'{{module="m{number:03}",severity="{severity}"}}', "value": 1}
        for number, share in enumerate(shares)
        for severity, level in levels.items()
        if share > level
    ]
    proven = [
        {"labels": f'{{module="m{number:03}",signal="api_error_ratio"}}', "value": round(share, 6)}
        for number, share in enumerate(shares)
        if not np.isnan(share)
    ]
    report = run_promtool(folder, series, expected, proven)
    return sum(share > levels["warning"] for share in shares), report


def drawn_window(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Counters of ten seconds of a module whose share of errors lies near the levels."""
    total = rng.poisson(rng.uniform(0.2, 30) / 4, SAMPLES)
    bad = rng.binomial(total, rng.uniform(0.0, 0.25))
    return BASE + np.cumsum(bad).astype(float), BASE + np.cumsum(total).astype(float)


def series_of(name: str, values: Numbers) -> dict[str, str]:
    """An input series; the first of promtool's samples is at 0, which the window does not hold."""
    held = values if values.size > SAMPLES else np.append(values[0], values)
    return {"series": name, "values": " ".join(f"{it:g}" if it < 0 else f"{it:.0f}" for it in held)}


def run_promtool(folder: Path, series: list[dict[str, str]], fired: object, proven: object) -> str:
    """What promtool finds wrong."""
    firing = 'count by (module, severity) (ALERTS{alertname="ApiErrorsHigh",alertstate="firing"})'
    latest = 'round(ops:signal:latest{signal="api_error_ratio"}, 0.000001)'
    moment = f"{MOMENT}ms"
    tests = [
        {"expr": expression, "eval_time": moment, "exp_samples": samples}
        for expression, samples in ((firing, fired), (latest, proven))
    ]
    rules = ROOT / "prometheus" / "rules"
    body = {
        "rule_files": [str(rules / f"{name}.yml") for name in ("thresholds", "fast")],
        "group_eval_order": ["levels", "thresholds", "fast", "fast-requests", "fast-1s"],
        "evaluation_interval": moment,
        "tests": [{"interval": "250ms", "input_series": series, "promql_expr_test": tests}],
    }
    file = folder / "windows.yml"
    file.write_text(yaml.safe_dump(body))
    command = ["promtool", "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603  (a fixed command)
    return "" if done.returncode == 0 else done.stdout + done.stderr
