"""The command: `python -m exporter [--config FILE] [--check] [--list]`."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from exporter import __version__
from exporter.errors import configure_logging, log
from exporter.memory import block_unused_imports, freeze_gc
from exporter.settings import Settings
from exporter.settings_load import SettingsError, load_settings, unknown_variables

if TYPE_CHECKING:
    from starlette.applications import Starlette


def main() -> int:
    """Serve until stopped, or run the check.

    Exit status: 2 for invalid settings; of a check, 1 where something configured cannot be seen.
    """
    arguments = parser().parse_args()
    block_unused_imports()
    # it imports the libraries that would import the blocked modules
    from exporter.app import build  # noqa: PLC0415

    unknown = unknown_variables(os.environ)
    try:
        settings = load_settings(arguments.config)
        app = build(settings)
    except (SettingsError, OSError) as error:
        sys.stderr.write("\n".join((str(error), *unknown, "")))
        return 2
    if arguments.check:
        from exporter.check.run import main as check  # noqa: PLC0415  (the server needs none of it)

        sys.stderr.writelines(f"{sentence}\n" for sentence in unknown)
        return check(settings)
    configure_logging(settings.log_level)
    for sentence in unknown:
        log.warning(sentence)
    freeze_gc()
    serve(settings, app)
    return 0


def serve(settings: Settings, app: "Starlette") -> None:
    """Serve with one process: several would each hold a part of the state."""
    web = settings.web
    config = uvicorn.Config(
        app,
        host=web.host,
        port=web.port,
        ssl_certfile=web.tls_certificate,
        ssl_keyfile=web.tls_key,
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = argparse.ArgumentParser(
        prog="python -m exporter",
        description="Export metrics of a backend that uses FastAPI, SQLAlchemy, Redis and Celery.",
        epilog="Environment: BACKEND_URL, BACKEND_TOKEN or BACKEND_TOKEN_FILE, DATABASE_URL, REDIS_URL, "
        "CELERY_BROKER_URL, CELERY_RESULT_BACKEND, EXPORTER_PORT; OPS_SECTION__FIELD for any other setting.",
    )
    command_line.add_argument(
        "--config", type=Path, metavar="FILE", help="settings in YAML (default: exporter.yml if it exists)"
    )
    command_line.add_argument(
        "--check",
        action="store_true",
        help="try every source once, print what can be seen and what it costs, propose modules",
    )
    command_line.add_argument("--version", action="version", version=__version__)
    return command_line


if __name__ == "__main__":
    sys.exit(main())
