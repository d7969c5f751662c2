"""receivers.yml: what is switched on ends up in alertmanager.yml, and a mistake is told in one sentence."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertmanager.__main__ import render
from alertmanager.receivers import FILE, Receivers, ReceiversError, load
from alertmanager.routing import configuration
from stack.settings import ROOT

EVERYTHING = {
    "service": {"url": "https://watchroom.example.org/webhook", "token_file": "/run/secrets/token"},
    "pagerduty": {"key_file": "/run/secrets/pagerduty-key"},
    "slack": {"webhook_file": "/run/secrets/slack-webhook", "channel": "#operations"},
    "email": {
        "to": "operations@example.org", "from": "watchroom@example.org", "smarthost": "mail.example.org:587",
        "username": "watchroom", "password_file": "/run/secrets/mail-password",
    },
    "deadman": {"url": "https://deadman.example.org/ping"},
    "mute": [
        {
            "name": "evenings", "days": ["monday:friday"], "from": "20:00", "to": "24:00",
            "location": "Europe/Berlin",
        },
        {"name": "sundays", "days": ["sunday"], "from": "00:00", "to": "24:00"},
    ],
}  # fmt: skip


def body() -> Any:
    return yaml.safe_load(yaml.safe_dump(EVERYTHING))


def generate(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alertmanager", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "receivers.yml"
    file.write_text(text)
    with pytest.raises(ReceiversError) as refused:
        load(file)
    return str(refused.value)


def test_the_routing_is_what_make_rules_writes() -> None:
    checked = generate("--check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_bad_file_leaves_the_routing_in_force(tmp_path: Path) -> None:
    bad, out = tmp_path / "receivers.yml", tmp_path / "alertmanager.yml"
    bad.write_text("service: {url: nowhere}")
    out.write_text("as it was")
    refused = generate("--receivers", str(bad), "--into", str(out))
    assert refused.returncode == 2
    assert refused.stderr == (
        "receivers.yml: service.url is wrong; expected to match pattern '^https?://[^\\s@]+$'\n"
        "the routing in force stays as it is\n"
    )
    assert out.read_text() == "as it was"


def test_alertmanager_accepts_everything_switched_on(tmp_path: Path) -> None:
    written = render(Receivers.model_validate(body()))
    written = written.replace("templates/*.tmpl", str(ROOT / "alertmanager" / "templates" / "*.tmpl"))
    file = tmp_path / "alertmanager.yml"
    file.write_text(written)
    checked = subprocess.run(
        ["amtool", "check-config", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "5 receivers" in checked.stdout


def test_pages_wake_people_and_warnings_only_tell_them() -> None:
    written = {it["name"]: it.keys() for it in configuration(Receivers.model_validate(body()))["receivers"]}
    people = {"webhook_configs", "email_configs", "slack_configs"}
    assert written["page"] == {"name", *people, "pagerduty_configs"}
    assert written["warn"] == {"name", *people}
    assert written["record"] == {"name", "webhook_configs"}


def test_mute_times_hold_back_warnings_and_never_pages() -> None:
    routes = configuration(Receivers.model_validate(body()))["route"]["routes"]
    for route in routes:
        assert ("mute_time_intervals" in route) == (route["receiver"] == "warn")


def test_the_dead_man_hears_the_watchdog_beside_the_service() -> None:
    receivers = configuration(Receivers.model_validate(body()))["receivers"]
    deadman = next(it for it in receivers if it["name"] == "deadman")
    assert [hook["url"] for hook in deadman["webhook_configs"]] == [
        "https://watchroom.example.org/webhook",
        "https://deadman.example.org/ping",
    ]


def test_the_examples_in_the_file_are_right_when_they_are_switched_on(tmp_path: Path) -> None:
    lines = []
    for line in FILE.read_text().splitlines():
        off = line.endswith((": null", ": []"))
        example = line.startswith(("# pagerduty:", "# slack:", "# email:", "# deadman:", "# mute:", "#   "))
        lines.append("" if off else line.removeprefix("# ") if example else line)
    file = tmp_path / "receivers.yml"
    file.write_text("\n".join(lines))
    receivers = load(file)
    assert receivers.pagerduty
    assert receivers.slack
    assert receivers.email
    assert receivers.deadman
    assert receivers.mute


FLAWS: list[tuple[str, str, Any, str]] = [
    ("service", "url", "http://user:secret@host/", "service.url is wrong; expected to match pattern"),
    ("service", "token", "secret", "service.token is not a key that is known here"),
    ("slack", "channel", "operations", "slack.channel is wrong; expected to match pattern '^[#@]'"),
    (
        "email",
        "smarthost",
        "mail.example.org",
        "email.smarthost is wrong; expected to match pattern ':\\d+$'",
    ),
    ("email", "password", "secret", "email.password is not a key that is known here"),
    ("pagerduty", "key_file", "", "pagerduty.key_file is wrong; expected to have at least 1 character"),
]


@pytest.mark.parametrize(
    ("part", "key", "value", "told"), FLAWS, ids=[f"{part}.{key}" for part, key, *_ in FLAWS]
)
def test_a_wrong_receiver_is_told_without_its_secret(
    tmp_path: Path, part: str, key: str, value: Any, told: str
) -> None:
    whole = body()
    whole[part][key] = value
    said = refusal(tmp_path, yaml.safe_dump(whole))
    assert said.startswith(f"receivers.yml: {told}")
    assert "\n" not in said
    assert "secret" not in said


MUTES = [
    (
        {"from": "22:00", "to": "06:00"},
        "mute.0 goes from 22:00 to 06:00; expected a later end, and two entries over",
    ),
    ({"from": "24:30", "to": "24:00"}, "mute.0.from is wrong; expected to match pattern"),
    (
        {"from": "08:00", "to": "09:00", "days": ["someday"]},
        "mute.0.days.0 is wrong; expected to match pattern",
    ),
    (
        {"from": "08:00", "to": "09:00", "location": "Berlin"},
        "mute.0.location is no time zone; expected one like",
    ),
]


@pytest.mark.parametrize(("hours", "told"), MUTES)
def test_wrong_mute_times_are_told(tmp_path: Path, hours: Any, told: str) -> None:
    whole = {**body(), "mute": [{"name": "nights", **hours}]}
    assert refusal(tmp_path, yaml.safe_dump(whole)).startswith(f"receivers.yml: {told}")


def test_two_mute_times_of_one_name_are_told(tmp_path: Path) -> None:
    hours = {"name": "nights", "from": "08:00", "to": "09:00"}
    said = refusal(tmp_path, yaml.safe_dump({**body(), "mute": [hours, hours]}))
    assert said == "receivers.yml: has two mute times named nights; expected a name for each"


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    assert "\n" not in refusal(tmp_path, "")
    assert refusal(tmp_path, "service: {}\n") == "receivers.yml: service.url is missing"


def test_a_receiver_that_stands_twice_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, "slack: null\nslack: null\n") == "receivers.yml has 'slack' twice (line 2)"
