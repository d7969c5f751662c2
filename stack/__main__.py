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
from stack.check import print_check
from stack.errors import StackError
from stack.health import HealthMonitor, Outage, health_checks
from stack.modules import add_route_prefixes
from stack.process_spec import ProcessSpec
from stack.processes import RunContext, exporter_process, process_specs
from stack.runner import Runner
from stack.settings import ROOT, Settings
from stack.shown import short_path
from stack.table import Row, format_table
from stack.target_system import target_system

NO_GRAFANA_ROW: Row = ("grafana", "left out", "GRAFANA=no; `make run` without it has the dashboards, too")


def main() -> int:
    """Run until Ctrl-C or SIGTERM; 1 is the exit status when something went wrong."""
    try:
        run_stack(settings.read_settings())
    except StackError as error:
        print_line(str(error), sys.stderr.fileno())
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def run_stack(chosen: Settings) -> None:
    """Check, start, tell, wait, stop."""
    make_run_dir(chosen.home)
    lock = lock_run_dir(chosen.home)
    plan = make_context(chosen)
    ports.require_free_ports(process_specs(plan))
    plan = replace(plan, watched=add_route_prefixes(chosen, plan.watched, print_line))
    its = exporter_process(plan)
    print_check(plan.watched, its.command, its.environment, print_line)
    entries = process_specs(plan)
    for sentence in write_configurations(plan, [entry.name for entry in entries]):
        print_line(sentence)
    print_line(
        f"starting {', '.join(entry.name for entry in entries)}; logs are in {short_path(logs_dir(chosen))}"
    )
    # honcho hands its objects to forked processes; newer Pythons choose another way by default
    multiprocessing.set_start_method("fork")
    try:
        monitor = HealthMonitor(health_checks(entries, exporter_process(plan).url))
        runner = Runner(entries, logs_dir(chosen), chosen.ready_seconds, monitor)
        runner.run(lambda: print_line(summary(plan, entries, monitor.tell())), print_change)
    finally:
        (chosen.home / "prometheus" / "lock").unlink(missing_ok=True)
        os.close(lock)
    print_line("all stopped")


def make_context(chosen: Settings) -> RunContext:
    """What is watched, and where the configurations for it will be."""
    return RunContext(
        chosen, target_system(chosen), chosen.home / "prometheus.yml", chosen.home / "alertmanager.yml"
    )


def write_configurations(plan: RunContext, run: list[str]) -> list[str]:
    """Write the configurations for these services; the sentences that someone should read."""
    chosen, source = plan.settings, ROOT / "alertmanager" / "alertmanager.yml"
    configuration.write_prometheus(ROOT / "prometheus" / "prometheus.yml", chosen, plan.watched, run)
    receivers.make_webhook_token(chosen)
    written = configuration.read_yaml(configuration.write_alertmanager(source, chosen, run))
    receivers.require_secret_files(written, source.with_name("receivers.yml"))
    return [*receivers.unreachable_webhooks(written, chosen)]


def make_run_dir(home: Path) -> None:
    """Make the folders of a run; StackError when that is not allowed."""
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"{home} cannot be made ({error.strerror}); choose another place with RUN_DIR"
        ) from None


def lock_run_dir(home: Path) -> int:
    """Hold the folder of this run, without a lock file; StackError when another run holds it."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StackError(
            f"another `make run` uses {short_path(home)}; stop it, or choose another folder with RUN_DIR"
        ) from None
    return folder


def logs_dir(chosen: Settings) -> Path:
    """The folder of the logs."""
    return chosen.home / "logs"


def summary(plan: RunContext, entries: list[ProcessSpec], absences: Sequence[Outage] = ()) -> str:
    """The table, with what is away now, how to get what is missing and how to stop."""
    names = {entry.name for entry in entries}
    degraded = {it.name: it.sentence for it in absences if it.name in names}
    further: list[Row] = []
    if plan.watched.demo is None:
        further.append(("backend", plan.watched.url, "the watched system, as BACKEND_URL says"))
    further += ingestion.table_rows(
        plan.watched, run=any(entry.name == "service-worker" for entry in entries)
    )
    if not any(entry.name == "grafana" for entry in entries):
        further.append(NO_GRAFANA_ROW)
    away = [it.about for it in absences if it.name not in names]
    said = f"\nNot responding now: {', '.join(away)}. Changes are printed below.\n" if away else ""
    return f"\n{format_table(entries, further, degraded)}\n{said}\nCtrl-C stops everything."


def print_change(sentence: str) -> None:
    """A change, with the time at which it was noticed."""
    print_line(f"{time.strftime('%H:%M:%S')}  {sentence}")


def print_line(text: str, where: int = 1) -> None:
    """One write for the person at the terminal, who may have gone."""
    try:
        os.write(where, f"{text}\n".encode())
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
