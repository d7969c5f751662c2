"""`python -m stack.grafana`: becomes Grafana, downloaded first where none is installed."""

import json
import os
import sys
from pathlib import Path

from ingestion_api.access.token_file import create_token_file
from stack import ports, settings
from stack.errors import StackError
from stack.grafana import package, server
from stack.grafana.service import targets_file
from stack.settings import Settings


def main() -> None:
    """Become Grafana; ends with status 1 and one sentence, also in the status file, when it cannot."""
    chosen = settings.read_settings()
    server.folder(chosen).mkdir(parents=True, exist_ok=True)
    status = server.folder(chosen) / "status"
    try:
        command = prepare(chosen, status)
    except (StackError, OSError) as error:
        status.write_text(str(error))
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    status.unlink(missing_ok=True)
    os.execv(command[0], command)  # noqa: S606 - a command of ours, without a shell


def prepare(chosen: Settings, status: Path) -> tuple[str, ...]:
    """Find or download Grafana, write what it reads; its command. Raises StackError and OSError."""
    targets_file(chosen).unlink(missing_ok=True)

    def tell(sentence: str) -> None:
        status.write_text(sentence)

    home = server.find_home(chosen) or package.download(server.repository(chosen), server.cache(chosen), tell)
    # the port was free at the start of the run, which may be minutes ago
    if why := ports.bind_error(chosen.grafana_port, str(chosen.grafana_host)):
        raise StackError(f"Grafana's port {chosen.grafana_port} {why}; free it, or set GRAFANA_PORT")
    create_token_file(server.password_file(chosen))
    (server.folder(chosen) / "grafana.ini").write_text("# `make run` sets everything by the environment\n")
    targets_file(chosen).write_text(json.dumps([{"targets": [server.url(chosen).partition("//")[2]]}]))
    return server.command(home, chosen)


if __name__ == "__main__":
    main()
