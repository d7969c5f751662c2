"""The set-up installs what is missing, does nothing the second time, and reports what it cannot do.

Its programs are stand-ins that record their calls, in a copy of the checkout.
"""

import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from tests.stack.machine import APT, UV, SetupMachine

POLICY = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def machine(tmp_path: Path) -> SetupMachine:
    return SetupMachine(tmp_path)


def test_the_first_time_makes_the_environment_from_the_locked_packages(machine: SetupMachine) -> None:
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    calls = machine.called()
    assert [call.split()[1] for call in calls] == ["venv", "pip", "pip"]
    assert "--require-hashes" in calls[1]
    assert calls[1].endswith("-r requirements.txt")
    assert "--no-deps" in calls[2]


def test_the_second_time_does_nothing_and_takes_no_time(machine: SetupMachine) -> None:
    machine.set_up()
    machine.called()
    begun = time.monotonic()
    done = machine.set_up()
    assert time.monotonic() - begun < 1.0
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.called() == []


@pytest.mark.parametrize("file", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_makes_it_work_again(machine: SetupMachine, file: str) -> None:
    machine.set_up()
    machine.called()
    with (machine.checkout / file).open("a") as changed:
        changed.write("# changed\n")
    assert machine.set_up().returncode == 0
    # the environment stays, what is missing in it is added
    assert [call.split()[1] for call in machine.called()] == ["pip", "pip"]


def test_a_failed_set_up_is_reported_and_tried_again(machine: SetupMachine) -> None:
    machine.put(
        "uv", f'{UV}[ "$1" != pip ] || {{ echo "error: Failed to fetch: a dns error" >&2; exit 2; }}\n'
    )
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr == (
        "set-up: the Python packages could not be installed: error: Failed to fetch: a dns error "
        "(all of it in .run/setup.log); check the network, "
        "or the settings of uv or pip if you use an index of your own, then try again.\n"
    )
    machine.put("uv", UV)
    assert machine.set_up().returncode == 0


def test_root_installs_what_is_missing_with_services_held_back(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server", "prometheus", "prometheus-alertmanager", "alertmanager")
    assert machine.set_up().returncode == 0
    installation = machine.called()[0]
    assert "install prometheus prometheus-alertmanager redis-server; policy: exit 101" in installation
    assert "--no-install-recommends" in installation
    assert not machine.policy.exists()


def test_tests_need_more_than_a_run(machine: SetupMachine) -> None:
    machine.root()
    machine.without("promtool", "amtool")
    assert machine.set_up("run").returncode == 0
    assert not any("apt-get" in call for call in machine.called())
    assert machine.set_up("test").returncode == 0
    assert "install prometheus prometheus-alertmanager" in machine.called()[0]


def test_the_policy_of_the_administrator_stays(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server")
    machine.policy.write_text(POLICY)
    assert machine.set_up().returncode == 0
    assert machine.called()[0].endswith("policy: exit 0")
    assert machine.policy.read_text() == POLICY


def test_a_guard_left_by_a_killed_set_up_is_removed(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server")
    mark = "# from Watchroom's set-up, only while it installs packages"
    machine.policy.write_text(f"#!/bin/sh\n{mark}\nexit 101\n")
    assert machine.set_up().returncode == 0
    assert not machine.policy.exists()


def test_the_lists_are_fetched_only_when_the_first_try_fails(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server")
    machine.put("apt-get", f'{APT}[ "$(grep -c apt-get "$CALLS")" -ne 1 ]\n')
    assert machine.set_up().returncode == 0
    verbs = [call.split(";")[0].rsplit("Timeout=30 ")[1] for call in machine.called() if "apt-get" in call]
    assert verbs == ["install redis-server", "update", "install redis-server"]


def test_packages_that_cannot_be_had_are_reported_with_the_reason(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server")
    machine.put("apt-get", 'echo "E: Unable to locate package redis-server" >&2; exit 100\n')
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr.startswith(
        "set-up: apt-get could not install redis-server (E: Unable to locate package redis-server); check "
    )
    assert failed.stderr.count("\n") == 1
    assert not machine.policy.exists()


def test_without_rights_the_command_for_an_administrator_is_reported(machine: SetupMachine) -> None:
    machine.user()
    machine.without("prometheus-alertmanager", "alertmanager")
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr == (
        "set-up: packages are missing and keeper is neither root nor allowed to use sudo; "
        "let an administrator run 'apt-get install --no-install-recommends prometheus-alertmanager', "
        "then try again.\n"
    )


def test_sudo_is_used_where_it_is_allowed(machine: SetupMachine) -> None:
    machine.user()
    machine.without("redis-server")
    machine.put("sudo", '[ "$1" = -n ] && shift\necho "sudo $*" >>"$CALLS"\n"$@"\n')
    assert machine.set_up().returncode == 0
    calls = machine.called()
    assert "sudo bash stack/packages.sh redis-server" in calls
    assert any(call.startswith("apt-get") for call in calls)


def test_without_apt_the_packages_are_reported(machine: SetupMachine) -> None:
    machine.root()
    machine.without("redis-server", "apt-get")
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr.startswith("set-up: redis-server missing, and this system has no apt-get; install ")


def test_an_old_python_is_reported(machine: SetupMachine) -> None:
    machine.put("python3", '[ "$1" = -V ] && echo Python 3.9.2\n')
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr.startswith(
        "set-up: no Python 3.11 or newer found (python3 is Python 3.9.2); install one"
    )
    assert "PYTHON=/path/to/python3.11 make run" in failed.stderr


def test_without_uv_pip_makes_the_environment(machine: SetupMachine) -> None:
    machine.without("uv")
    python = (machine.programs / "python3").resolve()
    # a Python that records `-m` calls and prints its own path
    machine.put(
        "python3",
        'case "$1 $2" in\n'
        '"-m "*) echo "python $*" >>"$CALLS"; mkdir -p .venv/bin; cp -n "$0" .venv/bin/python;;\n'
        f'"-c import sys; sys"*) echo "$0";;\n*) exec {shlex.quote(str(python))} "$@";;\nesac\n',
    )
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    calls = machine.called()
    assert [call.split()[2] for call in calls] == ["venv", "ensurepip", "pip", "pip"]
    assert "--require-hashes" in calls[2]


def test_two_set_ups_take_turns(machine: SetupMachine) -> None:
    slow = f'{UV}echo begin >>"$CALLS"; sleep 0.2; echo end >>"$CALLS"\n'
    machine.put("uv", slow)
    script = f'"{machine.checkout}/stack/setup.sh" run & "{machine.checkout}/stack/setup.sh" run; wait'
    environment = {"PATH": str(machine.programs), "CALLS": str(machine.calls), "HOME": os.environ["HOME"]}
    subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
    turns = [line for line in machine.called() if line in ("begin", "end")]
    assert turns == ["begin", "end"] * (len(turns) // 2)


def test_browsers_that_cannot_be_had_stop_nothing(machine: SetupMachine) -> None:
    machine.root()
    machine.without("chromium")
    machine.put("apt-get", 'case "$*" in *chromium*) exit 100;; esac\n')
    done = machine.set_up("test")
    assert done.returncode == 0, done.stderr
    assert "without chromium: the tests that need them are left out" in done.stdout + done.stderr
