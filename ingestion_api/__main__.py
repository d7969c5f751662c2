"""`python -m ingestion_api`: serve, only check the settings, or replace the signing key."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from ingestion_api.access.signing import RotationError, rotate_key
from ingestion_api.access.token_registry import check_all_tokens
from ingestion_api.access.tokens import InvalidToken
from ingestion_api.app import create_app
from ingestion_api.check import check_report
from ingestion_api.errors import configure_logging
from ingestion_api.pages.templates import load_templates
from ingestion_api.server.run import run
from ingestion_api.settings import Settings
from ingestion_api.settings_load import SettingsError, load_settings, misspelled_variables
from ingestion_api.store.migrate import migrate
from ingestion_api.warm_up import start_warm_up


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; 0 when all went well, 2 when a setting or a token is wrong.

    With --check, 1 when something cannot be opened.
    """
    given = _parser().parse_args(arguments)
    unknown = misspelled_variables(os.environ)
    try:
        settings = load_settings(given.config)
        if given.rotate_key:
            print(rotate_key(settings))  # noqa: T201 - the answer to --rotate-key
            return 0
        check_all_tokens(settings)
        if given.check:
            sys.stderr.writelines(f"{sentence}\n" for sentence in unknown)
            text, opened = check_report(settings)
            print(f"The settings are right.\n{text}")  # noqa: T201 - the answer to --check
            return 0 if opened else 1
        configure_logging(settings.log_level)
        for sentence in unknown:
            logging.getLogger("ingestion_api").warning(sentence)
        return serve(settings)
    except (SettingsError, InvalidToken, RotationError) as error:
        print(error, *unknown, sep="\n", file=sys.stderr)  # noqa: T201 - what the caller reads
        return 1 if isinstance(error, RotationError) else 2


def serve(settings: Settings) -> int:
    """Serve until stopped; 1 when the database file cannot be opened. Raises InvalidToken."""
    app = create_app(settings)
    if not can_open_database(app.state.service.store.engine):
        print("The service's database file cannot be opened; see database_url.", file=sys.stderr)  # noqa: T201 - as above
        return 1
    load_templates()
    start_warm_up(app.state.service, app.state.registry, app.state.preparation)
    run(app, settings)
    return 0


def can_open_database(engine: Engine) -> bool:
    """Tell whether the database opens now, or is a server for which the service can wait."""
    if engine.dialect.name != "sqlite":
        return True
    try:
        migrate(engine)
    except OperationalError:
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingestion_api", description=__doc__)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file; SERVICE_... variables win over it"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--check", action="store_true", help="check the settings, open what they name, and stop"
    )
    only.add_argument(
        "--rotate-key",
        action="store_true",
        help="make a new signing key, which revokes all sessions, and stop",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
