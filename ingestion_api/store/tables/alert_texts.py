"""What the incidents of one alert have in common: their labels and words, once for all of them."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base

LABEL_LENGTH = 255


class AlertText(Base):
    """Labels and texts that incidents share; a search reads these few rows, and not each incident."""

    __tablename__ = "alert_texts"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    severity_rank: Mapped[int]  # 0 is the gravest
    module: Mapped[str] = mapped_column(String(255))
    signal: Mapped[str] = mapped_column(String(255))
    # lower case; what only one incident says, as a value, is masked
    text: Mapped[str] = mapped_column(Text)


class AlertLabel(Base):
    """One label of them; a longer name or value is cut."""

    __tablename__ = "alert_labels"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's way

    name: Mapped[str] = mapped_column(String(LABEL_LENGTH), primary_key=True)
    value: Mapped[str] = mapped_column(String(LABEL_LENGTH), primary_key=True)
    text_id: Mapped[int] = mapped_column(
        ForeignKey("alert_texts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
