"""`--rotate-key`: end whatever the service has signed, also while it runs."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from ingestion_api.access.signing_key import rotate_key_row
from ingestion_api.clock import utc_now
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Job


class RotationError(Exception):
    """The key was not replaced; the text says why."""


def rotate_key(settings: Settings) -> str:
    """Replace the signing key and say where; RotationError when no service has used this database."""
    address = make_url(settings.database)
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        # to open it would make it
        raise _key_not_used(shown)
    store = Store.at(settings.database)
    try:
        if not inspect(store.engine).has_table(Job.__tablename__):
            raise _key_not_used(shown)
        migrate(store.engine)
        rotate_key_row(store, utc_now())
    except SQLAlchemyError as error:
        why = f"does not answer ({type(error).__name__})"
        raise RotationError(f"nothing was rotated: {shown} {why}") from None
    except CommandError as error:
        raise RotationError(f"nothing was rotated: {shown} is of another version ({error})") from None
    finally:
        store.close()
    return f"The signing key in {shown} is new; within a second all sessions end."


def _key_not_used(shown: str) -> RotationError:
    # a new key in a wrong database would end no session
    return RotationError(f"nothing was rotated: no service has used {shown}; see RUN_DIR and database_url")
