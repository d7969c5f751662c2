"""`--rotate-key`: end whatever the service has signed, also while it runs."""

from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from ingestion_api.access.signing_key import rotate
from ingestion_api.clock import utc_now
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate


class RotationError(Exception):
    """The key was not replaced; the text says why."""


def rotate_key(settings: Settings) -> str:
    """Replace the signing key and say where; RotationError when the database is not there."""
    address = make_url(settings.database)
    shown = address.render_as_string(hide_password=True)
    # a new file somewhere else would end no session
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise RotationError(
            f"nothing was rotated: there is no database at {shown}; see RUN_DIR and database_url"
        )
    store = Store.at(settings.database)
    try:
        migrate(store.engine)
        rotate(store, utc_now())
    except SQLAlchemyError as error:
        why = f"does not answer ({type(error).__name__})"
        raise RotationError(f"nothing was rotated: {shown} {why}") from None
    except CommandError as error:
        raise RotationError(f"nothing was rotated: {shown} is of another version ({error})") from None
    finally:
        store.close()
    return f"The signing key in {shown} is new; within a second all sessions end."
