"""The input of anomaly detection, and that no alert depends on anomalies."""

import subprocess
from pathlib import Path

import yaml

from prometheus.freshness import newest_sample
from prometheus.recording import ANOMALY_INPUT, MODULE_SERIES, finite_values
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


def test_no_alert_depends_on_anomalies() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert alerts
    assert [
        rule["alert"] for rule in alerts if "anomal" in rule["expr"] or ANOMALY_INPUT in rule["expr"]
    ] == []
