"""Settings: a file and the environment, and every wrong value as one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from exporter.__main__ import parser
from exporter.settings_load import WELL_KNOWN, SettingsError, load_settings, unknown_variables


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in WELL_KNOWN:
        monkeypatch.delenv(name, raising=False)


def written(text: str) -> Path:
    """A settings file with this text."""
    Path("settings.yml").write_text(text)
    return Path("settings.yml")


def refused(text: str) -> str:
    """The sentence with which this file is refused."""
    with pytest.raises(SettingsError) as caught:
        load_settings(written(text))
    return str(caught.value)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_URL", "http://there:1")
    monkeypatch.setenv("OPS_BACKEND__TIMEOUT", "3")
    settings = load_settings(written("backend: {url: 'http://here:1', period: 7}"))
    assert (settings.backend.url, settings.backend.timeout, settings.backend.period) == (
        "http://there:1",
        3,
        7,
    )


def test_a_variable_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_ANOMALIES__PERIOD", "30")
    monkeypatch.setenv("CHRISTMAS", "2026-12-25")
    monkeypatch.setenv("OPS_ANOMALIES__HOLIDAYS", "2026-12-25")
    with pytest.raises(SettingsError, match=r"^OPS_ANOMALIES__HOLIDAYS is no JSON; expected a list as"):
        load_settings()


def test_anomaly_detection_is_off_where_a_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_URL", "http://there:9090")
    assert load_settings().anomalies.source_url == "http://there:9090"
    assert load_settings(written("anomalies: {enabled: false}")).anomalies.source_url is None


def test_the_page_is_served_over_tls_where_both_files_are_named() -> None:
    web = load_settings(written("web: {tls_key: key.pem, tls_certificate: certificate.pem}")).web
    assert (web.tls_key, web.tls_certificate) == (Path("key.pem"), Path("certificate.pem"))


def test_holidays_are_those_of_a_part_of_a_country() -> None:
    anomalies = load_settings(written("anomalies: {holiday_country: DE, holiday_subdivision: BY}")).anomalies
    assert (anomalies.holiday_country, anomalies.holiday_subdivision) == ("DE", "BY")


def test_the_thirteen_modules_are_watched_without_any_setting() -> None:
    assert len(load_settings().modules) == 13


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("backend: {timeout: soon}", "backend.timeout is 'soon'; expected a valid number"),
        ("backend: {timeout: 0}", "backend.timeout is 0; expected greater than 0"),
        ("backend: {url: 'ftp://x'}", "backend.url is 'ftp://x'; expected http:// or https:// and a host"),
        ("backend: {tiemout: 1}", "backend.tiemout is not a setting"),
        ("web: {port: 70000}", "web.port is 70000; expected less than or equal to 65535"),
        ("modules: [{name: 'No Way'}]", "modules.0.name is 'No Way'; expected to match"),
        (
            "celery: {broker_url: 'guest:hunter2@x'}",
            "celery.broker_url is a hidden value that is no Redis",
        ),
        (
            "redis: {url: 'redis://x:port/0'}",
            "redis.url is a hidden value that is no Redis URL; expected redis://",
        ),
        ("log_level: loud", "log_level is 'loud'; expected 'debug', 'info', 'warning' or 'error'"),
        ("web: {tls_key: key.pem}", "web names one of tls_certificate and tls_key; expected both or neither"),
        (
            "anomalies: {holiday_country: Prussia}",
            "anomalies.holiday_country is 'Prussia'; expected the code of a country (ISO 3166-1",
        ),
        (
            "anomalies: {holiday_country: DE, holiday_subdivision: TX}",
            "anomalies.holiday_subdivision is 'TX'; expected a part of DE: BB, BE, BW, BY",
        ),
        (
            "anomalies: {holiday_subdivision: BY}",
            "anomalies.holiday_subdivision is 'BY', but anomalies.holiday_country is not set; expected both",
        ),
        ("backend: [", "the settings file settings.yml is no YAML at line 1"),
    ],
)
def test_a_wrong_value_is_one_sentence(text: str, sentence: str) -> None:
    said = refused(text)
    assert said.startswith(sentence)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "backend: {url: 'ftp://x'}",
            "backend.url is 'ftp://x'; expected http:// or https:// and a host, without credentials "
            "(environment: BACKEND_URL)",
        ),
        (
            "service: {url: 'http://u:p@x'}",
            "service.url is a hidden value; expected http:// or https:// and a host, without credentials "
            "(environment: SERVICE_URL)",
        ),
        (
            "web: {port: 70000}",
            "web.port is 70000; expected less than or equal to 65535 (environment: EXPORTER_PORT)",
        ),
        ("web: {host: 7}", "web.host is 7; expected a valid string (environment: EXPORTER_HOST)"),
        (
            "backend: {token: [1]}",
            "backend.token is a hidden value; expected a valid string (environment: BACKEND_TOKEN)",
        ),
        ("redis: {url: 7}", "redis.url is a hidden value; expected a valid string (environment: REDIS_URL)"),
        ("limits: {budget: 0}", "limits.budget is 0; expected greater than 0"),
        (
            "log_level: " + 200 * "x",
            f"log_level is '{79 * 'x'}; expected 'debug', 'info', 'warning' or 'error'",
        ),
        (
            "backend: {tiemout: 1}",
            "backend.tiemout is not a setting; docs/settings.md lists those that are",
        ),
        ("backend: {}\nweb: [", "the settings file settings.yml is no YAML at line 2"),
        ("backend: 'a\tb\x00", "the settings file settings.yml is no YAML at line 1"),
    ],
)
def test_a_sentence_names_the_value_and_where_else_it_can_be_set(text: str, sentence: str) -> None:
    assert refused(text) == sentence


def test_each_wrong_value_has_a_sentence_of_its_own() -> None:
    said = refused("web: {port: -1}\nlimits: {budget: soon}\nbackend: {timeout: 0}").splitlines()
    assert [line.split()[0] for line in said] == ["web.port", "backend.timeout", "limits.budget"]


def test_a_password_in_a_wrong_value_is_not_shown() -> None:
    assert "hunter2" not in refused("backend: {url: 'redis://user:hunter2@x'}")
    assert "hunter2" not in refused("celery: {broker_url: 'guest:hunter2@x'}")
    assert "hunter2" not in refused("anomalies: {prometheus_url: 'http://user:hunter2@x'}")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yml does not exist"):
        load_settings(Path("nowhere.yml"))


def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a person would use it."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_check_says_what_is_wrong_and_fails() -> None:
    done = command("--check", "--config", str(written("celery: {tasks: 0}")))
    assert (done.returncode, done.stderr) == (2, "celery.tasks is 0; expected greater than or equal to 1\n")


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("OPS_BACKEND_URL", "did you mean OPS_BACKEND__URL? "),
        ("ops_redis_prefix", ""),
        ("OPS_JUDGMENT__FAILURES", "did you mean OPS_JUDGEMENT__FAILURES? "),
        ("OPS_LOG_LEVEL__FOO", ""),
    ],
)
def test_a_variable_that_is_no_setting_is_told(name: str, guess: str) -> None:
    assert unknown_variables([name, "OPS_WEB__PORT", "OPS_MODULES", "ops_log_level", "PATH"]) == [
        f"{name} is not a setting and has no effect; {guess}docs/settings.md lists those that are"
    ]


def test_what_kubernetes_sets_for_a_service_called_ops_is_not_told() -> None:
    ends = (
        "SERVICE_HOST",
        "SERVICE_PORT",
        "SERVICE_PORT_HTTP",
        "PORT",
        "PORT_8000_TCP",
        "PORT_8000_TCP_ADDR",
    )
    assert unknown_variables([f"OPS_{end}" for end in ends] + ["OPS_WEB_PORT_80_TCP_PROTO"]) == []


def test_a_wrong_value_does_not_hide_a_variable_that_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_BACKEND_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPS_WEB__PORT", "x")
    done = command("--check")
    assert (done.returncode, [line.split()[0] for line in done.stderr.splitlines()]) == (
        2,
        ["web.port", "OPS_BACKEND_URL"],
    )


def test_check_tells_of_a_variable_that_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_BACKEND_URL", "http://127.0.0.1:9")
    done = command("--check")
    assert "OPS_BACKEND_URL is not a setting" in done.stderr
    assert "Checked in" in done.stdout


def test_help_names_the_environment() -> None:
    assert "BACKEND_TOKEN_FILE" in command("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "config", "check"),
    [([], None, False), (["--check"], None, True), (["--config", "a.yml"], Path("a.yml"), False)],
)
def test_a_command_names_its_file(arguments: list[str], config: Path | None, check: bool) -> None:
    found = parser().parse_args(arguments)
    assert (found.config, found.check) == (config, check)
