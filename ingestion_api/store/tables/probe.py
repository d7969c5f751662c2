"""One row that is written to see whether the database can be written."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class WriteProbeRow(Base):
    """When the database could be written last."""

    __tablename__ = "write_probe"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
