"""The key that signs what browsers keep for the service."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class SigningKey(Base):
    """The one row of the random key; useless without the operators' token, with which it is combined."""

    __tablename__ = "signing_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
