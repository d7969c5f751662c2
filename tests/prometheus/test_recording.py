"""Recorded series: the windows of objectives, and the input of anomaly detection, which no alert reads."""

import subprocess
from pathlib import Path

import pytest
import yaml

from prometheus.freshness import newest_sample
from prometheus.recording import ANOMALY_INPUT, MODULE_SERIES, finite_values
from prometheus.slo import burn_windows, long_window_rules, short_window_rules, window_seconds
from prometheus.thresholds import load

RULES = Path(__file__).parents[2] / "prometheus" / "rules"


def rules() -> list[dict[str, str]]:
    """All rules of all files."""
    files = sorted(RULES.glob("*.yml"))
    return [
        rule
        for file in files
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


def test_every_signal_but_states_is_input_of_anomaly_detection() -> None:
    first, *others = [rule["expr"] for rule in rules() if rule.get("record") == ANOMALY_INPUT]
    names = set(first.split('"')[1].split("|"))
    assert names == {name for name, it in load().signals.items() if it.unit != "state"}
    assert set(others) == {finite_values(newest_sample(it, "slow")) for it in MODULE_SERIES.values()}
    assert set(MODULE_SERIES.values()) <= {str(rule.get("record")) for rule in rules()}


def test_nan_and_infinity_are_not_recorded(tmp_path: Path) -> None:
    """Promtool evaluates the expression over one series per kind of value."""
    kinds = {"nan": "NaN", "up": "+Inf", "down": "-Inf", "one": "1", "zero": "0"}
    tests = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "input_series": [{"series": f'x{{kind="{it}"}}', "values": of} for it, of in kinds.items()],
                "promql_expr_test": [
                    {
                        "expr": finite_values("x"),
                        "eval_time": "0m",
                        "exp_samples": [
                            {"labels": 'x{kind="one"}', "value": 1},
                            {"labels": 'x{kind="zero"}', "value": 0},
                        ],
                    }
                ],
            }
        ],
    }
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(tests))
    told = subprocess.run(
        ["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("window", "seconds"), [("5m", 300), ("360m", 21_600), ("6h", 21_600), ("3d", 259_200)]
)
def test_a_window_is_known_in_seconds(window: str, seconds: int) -> None:
    assert window_seconds(window) == seconds


def test_windows_up_to_six_hours_are_evaluated_with_the_rates() -> None:
    content = load()
    burns = [it.model_copy(update={"long": "360m", "short": "361m"}) for it in content.burns]
    changed = content.model_copy(update={"burns": burns})
    assert burn_windows(changed) == ["360m", "361m", "30d"]
    short, long = (
        {it.record for it in rules if it.record.startswith("slo:events:")}
        for rules in (short_window_rules(changed), long_window_rules(changed))
    )
    assert (short, long) == ({"slo:events:360m"}, {"slo:events:361m", "slo:events:30d"})


def test_no_alert_depends_on_anomalies() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert alerts
    assert [
        rule["alert"] for rule in alerts if "anomal" in rule["expr"] or ANOMALY_INPUT in rule["expr"]
    ] == []
