"""The command: `python -m exporter [--config FILE] [--check] [--list]`."""

import argparse
import gc
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from exporter import __version__
from exporter.app import build
from exporter.errors import configure_logging
from exporter.memory import block_unused_imports, collect_garbage
from exporter.settings import Settings
from exporter.settings_load import SettingsError, load_settings


def main() -> int:
    """Serve until told to stop, or check what can be seen.

    Exit status: 2 for wrong settings; of a check 1 where something that is configured cannot be seen.
    """
    arguments = parser().parse_args()
    block_unused_imports()
    try:
        settings = load_settings(arguments.config)
        app = build(settings)
    except (SettingsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if arguments.check:
        from exporter.check.run import main as check  # noqa: PLC0415  (what serves the page needs none of it)

        return check(settings)
    configure_logging(settings.log_level)
    freeze_gc()
    serve(settings, app)
    return 0


def freeze_gc() -> None:
    """Spare what the start has made from garbage collection, which would stop scrapes for 60 ms and more."""
    collect_garbage()
    gc.freeze()


def serve(settings: Settings, app: Starlette) -> None:
    """Serve the page with one process: more would each hold a part of what was seen."""
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
    it = argparse.ArgumentParser(
        prog="python -m exporter",
        description="Watch a backend of FastAPI, SQLAlchemy, Redis and Celery; export what is seen.",
        epilog="Environment: BACKEND_URL, BACKEND_TOKEN or BACKEND_TOKEN_FILE, DATABASE_URL, REDIS_URL, "
        "CELERY_BROKER_URL, CELERY_RESULT_BACKEND, EXPORTER_PORT; OPS_SECTION__FIELD for any other setting.",
    )
    it.add_argument(
        "--config", type=Path, metavar="FILE", help="settings in YAML (default: exporter.yml if there)"
    )
    it.add_argument(
        "--check",
        action="store_true",
        help="try once what can be seen with these settings and what it costs, print it, and propose modules",
    )
    it.add_argument("--version", action="version", version=__version__)
    return it


if __name__ == "__main__":
    sys.exit(main())
