"""Where Alembic finds the connection: `migrate` gives it one, and it is never opened from a file."""

from alembic import context

from ingestion_api.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
context.run_migrations()
