"""The command behind `make run`: `python -m stack`."""

import argparse
import fcntl
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stack import configuration, ingestion, receivers
from stack.errors import StackError
from stack.health import HealthMonitor, Outage, health_checks
from stack.ports import require_free_ports
from stack.preflight import add_route_prefixes, print_check
from stack.process_spec import ProcessSpec
from stack.processes import RunContext, exporter_process, process_specs
from stack.runner import Runner
from stack.settings import ROOT, Settings, read_settings
from stack.table import Row, format_table, short_path
from stack.target_system import target_system

HELP = (
    "Start everything, print the addresses, stop on Ctrl-C. All settings are environment variables: "
    "docs/settings.md lists them."
)
NO_GRAFANA_ROW: Row = ("grafana", "left out", "GRAFANA=no; `make run` without it starts the dashboards, too")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; the exit status is 1 when something went wrong."""
    argparse.ArgumentParser(prog="python -m stack", description=HELP).parse_args(arguments)
    try:
        run_stack(read_settings())
    except StackError as error:
        print_line(str(error), sys.stderr.fileno())
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def run_stack(settings: Settings) -> None:
    """Check, start, report, wait, stop. Raises StackError."""
    make_run_dir(settings.home)
    lock = lock_run_dir(settings.home)
    context = make_context(settings)
    require_free_ports(process_specs(context))
    context = replace(context, target=add_route_prefixes(settings, context.target, print_line))
    exporter = exporter_process(context)
    print_check(context.target, exporter.command, exporter.environment, print_line)
    processes = process_specs(context)
    names = [process.name for process in processes]
    for sentence in write_configurations(context, names):
        print_line(sentence)
    logs = settings.home / "logs"
    print_line(f"starting {', '.join(names)}; logs are in {short_path(logs)}")
    # honcho hands its objects to forked processes; newer Pythons use another start method by default
    multiprocessing.set_start_method("fork")
    try:
        monitor = HealthMonitor(health_checks(processes, exporter.url))
        runner = Runner(processes, logs, settings.ready_seconds, monitor)
        runner.run(lambda: print_line(summary(context, processes, monitor.report())), print_change)
    finally:
        (settings.home / "prometheus" / "lock").unlink(missing_ok=True)
        os.close(lock)
    print_line("all stopped")


def make_context(settings: Settings) -> RunContext:
    """The target system, and where its configurations will be."""
    home = settings.home
    return RunContext(settings, target_system(settings), home / "prometheus.yml", home / "alertmanager.yml")


def write_configurations(context: RunContext, run: list[str]) -> list[str]:
    """Write the configurations for these processes; a sentence for each receiver that does not listen."""
    settings, source = context.settings, ROOT / "alertmanager" / "alertmanager.yml"
    configuration.write_prometheus(ROOT / "prometheus" / "prometheus.yml", settings, context.target, run)
    receivers.make_webhook_token(settings)
    alerting = configuration.read_yaml(configuration.write_alertmanager(source, settings, run))
    receivers.require_secret_files(alerting, source.with_name("receivers.yml"))
    return [*receivers.unreachable_webhooks(alerting, settings)]


def make_run_dir(home: Path) -> None:
    """Make the folders of a run. Raises StackError."""
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"{home} cannot be made ({error.strerror}); choose another folder with RUN_DIR"
        ) from None


def lock_run_dir(home: Path) -> int:
    """Lock the folder of this run itself, without a lock file. Raises StackError: another run holds it."""
    folder = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StackError(
            f"another `make run` uses {short_path(home)}; stop it, or choose another folder with RUN_DIR"
        ) from None
    return folder


def summary(context: RunContext, processes: list[ProcessSpec], outages: Sequence[Outage] = ()) -> str:
    """The table of addresses, the outages, how to start what is left out, and how to stop."""
    names = {process.name for process in processes}
    further: list[Row] = []
    if context.target.demo is None:
        further.append(("backend", context.target.url, "the monitored system, as set by BACKEND_URL"))
    further += ingestion.table_rows(context.target, has_worker="service-worker" in names)
    if "grafana" not in names:
        further.append(NO_GRAFANA_ROW)
    table = format_table(processes, further, {it.part: it.message for it in outages if it.part in names})
    down = [it.subject for it in outages if it.part not in names]
    line = f"\nNot responding now: {', '.join(down)}. Changes are printed below.\n" if down else ""
    return f"\n{table}\n{line}\nCtrl-C stops everything."


def print_change(sentence: str) -> None:
    """Print a change and the time."""
    print_line(f"{time.strftime('%H:%M:%S')}  {sentence}")


def print_line(text: str, descriptor: int = 1) -> None:
    """Write the line in one piece; a terminal that is gone is no error."""
    try:
        os.write(descriptor, f"{text}\n".encode())
    except OSError:
        return


if __name__ == "__main__":
    sys.exit(main())
