"""The checked-in rules are generated from thresholds.yml, valid, and fire as their promtool tests expect."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prometheus.__main__ import main
from prometheus.groups import rule_files
from prometheus.thresholds import FILE, load
from stack.settings import ROOT
from tests.prometheus.needed_rules import cases_apart
from tests.prometheus.rule_files import CASES, FILES, FOLDER, alerts, read

PROMTOOL = shutil.which("promtool") or "promtool"


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def generate(*words: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "prometheus", *words)


def test_the_checked_in_rules_are_current() -> None:
    checked = generate("--check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_generation_is_deterministic() -> None:
    assert rule_files(load(), []) == rule_files(load(), [])


def test_a_changed_level_is_reported_as_drift_and_then_written(tmp_path: Path) -> None:
    changed = tmp_path / "thresholds.yml"
    changed.write_text(
        FILE.read_text().replace("{warning: 50, critical: 100}", "{warning: 50, critical: 200}")
    )
    checked = generate("--check", "--thresholds", str(changed))
    assert checked.returncode == 1
    assert checked.stderr == "prometheus/rules/thresholds.yml is not what `make rules` writes; run it\n"
    folder = tmp_path / "rules"
    written = generate("--thresholds", str(changed), "--into", str(folder))
    assert written.returncode == 0
    assert written.stdout.endswith("a running Prometheus takes them after a reload: POST /-/reload\n")
    assert "vector(200)" in (folder / "thresholds.yml").read_text()


def refusal(tmp_path: Path, text: str, wrong: str) -> str:
    """What is said to thresholds.yml with this mistake, which keeps the rules in force."""
    folder = shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    bad = tmp_path / "thresholds.yml"
    bad.write_text(FILE.read_text().replace(text, wrong))
    refused = generate("--thresholds", str(bad), "--into", str(folder))
    assert refused.returncode == 2
    assert {it.name: it.read_text() for it in folder.iterdir()} == {it.name: it.read_text() for it in FILES}
    return refused.stderr


def test_an_invalid_file_keeps_the_rules_in_force(tmp_path: Path) -> None:
    said = refusal(tmp_path, "{warning: 50, critical: 100}", "{warning: 500, critical: 100}")
    assert said == (
        "thresholds.yml: signals.worker_queue_length has warning 500 beyond critical 100, but its direction "
        "is above\nthe rules in force stay as they are\n"
    )


def test_an_expression_that_prometheus_refuses_keeps_the_rules_in_force(tmp_path: Path) -> None:
    said = refusal(tmp_path, "min(fast:ops_backend_up)", "min((fast:ops_backend_up)")
    place, _, told = said.partition(": ")
    assert place == "fast.yml"
    assert '"BackendDown"' in told
    assert told.endswith("unclosed left parenthesis\nthe rules in force stay as they are\n")


def test_an_obsolete_rule_file_is_removed(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    (folder / "old.yml").write_text("groups: []\n")
    assert generate("--into", str(folder)).returncode == 0
    assert sorted(it.name for it in folder.iterdir()) == sorted(it.name for it in FILES)


def test_jobs_are_switched_on_in_the_configuration_and_in_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is to be written is told, and what was; then there is nothing to write."""
    folder, jobs, configuration = (
        tmp_path / "new" / "rules",
        tmp_path / "jobs.yml",
        tmp_path / "prometheus.yml",
    )
    jobs.write_text((FOLDER / "jobs.yml").read_text().replace("postgres: false", "postgres: true"))
    shutil.copy(FOLDER / "prometheus.yml", configuration)
    words = ["prometheus", f"--jobs={jobs}", f"--configuration={configuration}", f"--into={folder}"]
    monkeypatch.setattr(sys, "argv", [*words, "--check"])
    assert (main(), folder.exists()) == (1, False)
    stale = {line.split()[0] for line in capsys.readouterr().err.splitlines()}
    monkeypatch.setattr(sys, "argv", words)
    assert main() == 0
    *told, reload = capsys.readouterr().out.splitlines()
    assert reload.startswith("a running Prometheus takes them")
    written = {line.removesuffix(" written") for line in told}
    files = {*(f"prometheus/rules/{it.name}" for it in folder.iterdir()), "prometheus/prometheus.yml"}
    assert stale == written == files > {"prometheus/rules/earlier-names.yml"}
    assert "- job_name: postgres" in configuration.read_text()
    assert (main(), capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize(("option", "told"), [("--jobs", "jobs.yml: "), ("--thresholds", "thresholds.yml: ")])
def test_either_wrong_file_is_an_error_and_no_drift(tmp_path: Path, option: str, told: str) -> None:
    wrong = tmp_path / f"{option.removeprefix('--')}.yml"
    wrong.write_text("{}")
    refused = generate("--check", option, str(wrong))
    assert (refused.returncode, refused.stderr.startswith(told)) == (2, True)
    assert refused.stderr.endswith("the rules in force stay as they are\n")


def test_prometheus_accepts_the_rules() -> None:
    checked = run(PROMTOOL, "check", "rules", "--lint=all", "--lint-fatal", *map(str, FILES))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_prometheus_accepts_the_configuration(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "prometheus", ignore=shutil.ignore_patterns("*.py", "__*"))
    token = tmp_path / ".run" / "demo" / "token"
    token.parent.mkdir(parents=True)
    token.write_text("ours")
    checked = run(PROMTOOL, "check", "config", str(folder / "prometheus.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(FILES)} rule files found" in checked.stdout


def test_the_commented_remote_write_is_valid(tmp_path: Path) -> None:
    lines = (FOLDER / "prometheus.yml").read_text().splitlines()
    begin = lines.index("# remote_write:")
    end = lines.index("", begin)
    lines[begin:end] = [line.removeprefix("# ") for line in lines[begin:end]]
    text = (
        "\n".join(lines).replace("    # replica: a", "    replica: a").replace("/run/secrets", str(tmp_path))
    )
    text = text.replace("../.run/demo/token", str(tmp_path / "remote-write-token"))
    (tmp_path / "remote-write-token").write_text("ours")
    (tmp_path / "prometheus.yml").write_text(text)
    checked = run(PROMTOOL, "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    written = read(tmp_path / "prometheus.yml")
    assert len(written["remote_write"]) == 1
    dropped = written["alerting"]["alert_relabel_configs"][0]["regex"].split("|")
    assert set(dropped) == written["global"]["external_labels"].keys()


def test_the_fast_lane_has_the_measured_settings() -> None:
    job = next(
        it for it in read(FOLDER / "prometheus.yml")["scrape_configs"] if it["job_name"] == "exporter-fast"
    )
    assert (job["scrape_interval"], job["scrape_timeout"]) == ("250ms", "250ms")
    groups = {it["name"]: it["interval"] for it in read(FOLDER / "rules" / "fast.yml")["groups"]}
    assert groups == {"fast": "250ms", "fast-requests": "250ms", "fast-1s": "1s"}
    assert read(FOLDER / "prometheus.yml")["alerting"]["alertmanagers"][0]["timeout"] == "500ms"


@pytest.mark.parametrize("file", CASES, ids=lambda it: it.stem)
def test_promtool_cases_pass(file: Path, tmp_path: Path) -> None:
    tried = run(PROMTOOL, "test", "rules", *map(str, cases_apart(file, tmp_path)))
    assert tried.returncode == 0, tried.stdout + tried.stderr


@pytest.mark.fuzz
@pytest.mark.parametrize("file", CASES, ids=lambda it: it.stem)
def test_promtool_cases_pass_beside_all_rules(file: Path) -> None:
    tried = run(PROMTOOL, "test", "rules", file.name, cwd=file.parent)
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_every_alert_and_severity_has_a_case_quiet_firing_and_resolved() -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    for file in CASES:
        for case in read(file)["tests"]:
            for name, severity, stage in stages(case.get("alert_rule_test", [])):
                seen.setdefault((name, severity), set()).add(stage)
    wanted = {(it.name, it.labels["severity"]) for it in alerts()}
    assert seen.keys() == wanted
    lacking = {key: {"quiet", "firing", "over"} - stages for key, stages in seen.items()}
    # the one that must never be quiet
    assert lacking.pop(("Watchdog", "info")) == {"quiet", "over"}
    assert not {key: stages for key, stages in lacking.items() if stages}


def stages(checks: list[dict[str, object]]) -> list[tuple[str, str, str]]:
    """For each alert and severity of a case whether it is quiet, firing and resolved."""
    found: list[tuple[str, str, str]] = []
    for name in {str(check["alertname"]) for check in checks}:
        moments = [fired(check) for check in checks if check["alertname"] == name]
        for severity in set().union(*moments):
            first = next(at for at, fire in enumerate(moments) if severity in fire)
            found.append((name, severity, "firing"))
            found += [(name, severity, "quiet")] if first > 0 else []
            found += [(name, severity, "over")] if severity not in moments[-1] else []
    return found


def fired(check: dict[str, object]) -> set[str]:
    """The expected severities."""
    expected = check["exp_alerts"]
    assert isinstance(expected, list)
    return {it["exp_labels"]["severity"] for it in expected}
