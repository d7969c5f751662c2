"""The command behind `make run`: `python -m stack`."""

import fcntl
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stack import configuration, ingestion, ports, receivers, settings
from stack.check import tell_what_is_seen
from stack.errors import StackError
from stack.health import Absence, HealthMonitor, checks
from stack.modules import with_modules
from stack.runner import Runner
from stack.service import Service
from stack.services import ROOT, Plan, exporter, services
from stack.settings import Settings
from stack.shown import shown
from stack.table import Row, table
from stack.watched import watched

NO_GRAFANA: Row = ("grafana", "left out", "GRAFANA=no; `make run` without it has the dashboards, too")


def main() -> int:
    """Run until Ctrl-C or SIGTERM; 1 is the exit status when something went wrong."""
    try:
        run(settings.read())
    except StackError as error:
        say(str(error), sys.stderr.fileno())
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def run(chosen: Settings) -> None:
    """Check, start, tell, wait, stop."""
    prepare(chosen.home)
    lock = lock_of(chosen.home)
    plan = plan_of(chosen)
    ports.check(services(plan))
    plan = replace(plan, watched=with_modules(chosen, plan.watched, say))
    its = exporter(plan)
    tell_what_is_seen(plan.watched, its.command, its.environment, say)
    entries = services(plan)
    for sentence in configure(plan, [entry.name for entry in entries]):
        say(sentence)
    say(f"starting {', '.join(entry.name for entry in entries)}; logs are in {shown(logs_of(chosen))}")
    # honcho hands its objects to forked processes; newer Pythons choose another way by default
    multiprocessing.set_start_method("fork")
    try:
        monitor = HealthMonitor(checks(entries, exporter(plan).url))
        runner = Runner(entries, logs_of(chosen), chosen.ready_seconds, monitor)
        runner.run(lambda: say(told(plan, entries, monitor.tell())), say_when)
    finally:
        (chosen.home / "prometheus" / "lock").unlink(missing_ok=True)
        os.close(lock)
    say("all stopped")


def plan_of(chosen: Settings) -> Plan:
    """What is watched, and where the configurations for it will be."""
    return Plan(chosen, watched(chosen), chosen.home / "prometheus.yml", chosen.home / "alertmanager.yml")


def configure(plan: Plan, run: list[str]) -> list[str]:
    """Write the configurations for these services; the sentences that someone should read."""
    chosen, source = plan.settings, ROOT / "alertmanager" / "alertmanager.yml"
    configuration.prometheus(ROOT / "prometheus" / "prometheus.yml", chosen, plan.watched, run)
    receivers.webhook_token(chosen)
    written = configuration.read(configuration.alertmanager(source, chosen, run))
    receivers.check_files(written, source.with_name("receivers.yml"))
    return [*receivers.silent(written, chosen)]


def prepare(home: Path) -> None:
    """Make the folders of a run; StackError when that is not allowed."""
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"{home} cannot be made ({error.strerror}); choose another place with RUN_DIR"
        ) from None


def lock_of(home: Path) -> int:
    """Hold the folder of this run, without a lock file; StackError when another run holds it."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StackError(
            f"another `make run` uses {shown(home)}; stop it, or choose another folder with RUN_DIR"
        ) from None
    return folder


def logs_of(chosen: Settings) -> Path:
    """The folder of the logs."""
    return chosen.home / "logs"


def told(plan: Plan, entries: list[Service], absences: Sequence[Absence] = ()) -> str:
    """The table, with what is away now, how to get what is missing and how to stop."""
    names = {entry.name for entry in entries}
    degraded = {it.name: it.sentence for it in absences if it.name in names}
    further: list[Row] = []
    if plan.watched.demo is None:
        further.append(("backend", plan.watched.url, "the watched system, as BACKEND_URL says"))
    further += ingestion.rows(plan.watched, run=any(entry.name == "service-worker" for entry in entries))
    if not any(entry.name == "grafana" for entry in entries):
        further.append(NO_GRAFANA)
    away = [it.about for it in absences if it.name not in names]
    said = f"\nNot responding now: {', '.join(away)}. Changes are printed below.\n" if away else ""
    return f"\n{table(entries, further, degraded)}\n{said}\nCtrl-C stops everything."


def say_when(sentence: str) -> None:
    """A change, with the time at which it was noticed."""
    say(f"{time.strftime('%H:%M:%S')}  {sentence}")


def say(text: str, where: int = 1) -> None:
    """One write for the person at the terminal, who may have gone."""
    try:
        os.write(where, f"{text}\n".encode())
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
