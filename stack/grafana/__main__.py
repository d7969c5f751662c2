"""`python -m stack.grafana`: becomes Grafana, downloaded first where none is installed."""

import json
import os
import sys
from pathlib import Path

from ingestion_api.access.token_file import create_token_file
from stack.errors import StackError
from stack.grafana import package, server
from stack.ports import bind_error
from stack.settings import Settings, read_settings


def main() -> None:
    """Become Grafana, or exit with status 1 and one sentence on stderr and in the status file."""
    settings = read_settings()
    server.data_dir(settings).mkdir(parents=True, exist_ok=True)
    status = server.data_dir(settings) / "status"
    try:
        command = prepare(settings, status)
        status.unlink(missing_ok=True)
        os.execv(command[0], command)  # noqa: S606 - a command of ours, without a shell
    except (StackError, OSError) as error:
        # also where the program's interpreter is missing: Grafana's own builds are static and need none
        sentence = str(error) if isinstance(error, StackError) else f"Grafana cannot be started: {error}"
        status.write_text(sentence)
        sys.stderr.write(f"{sentence}\n")
        sys.exit(1)


def prepare(settings: Settings, status: Path) -> tuple[str, ...]:
    """Find or download Grafana, write its files, and return its command. Raises StackError and OSError."""
    server.targets_file(settings).unlink(missing_ok=True)

    def report(sentence: str) -> None:
        status.write_text(sentence)

    home = server.find_home(settings) or package.download(
        server.repository_of(settings), server.cache_dir(settings), report
    )
    # the port was free at the start of the run, which may be minutes before
    if why := bind_error(settings.grafana_port, str(settings.grafana_host)):
        raise StackError(f"Grafana's port {settings.grafana_port} {why}; free it, or set GRAFANA_PORT")
    create_token_file(server.password_file(settings))
    (server.data_dir(settings) / "grafana.ini").write_text(
        "# `make run` passes all settings in the environment\n"
    )
    server.targets_file(settings).write_text(
        json.dumps([{"targets": [server.grafana_url(settings).partition("//")[2]]}])
    )
    return server.command(home, settings)


if __name__ == "__main__":
    main()
