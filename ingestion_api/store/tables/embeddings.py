"""The versions of the encoder, and the corpora whose statistics BM25 uses, with one row a term."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base


class EncoderVersion(Base):
    """The model of one job, and how large its corpus was when the job began to embed."""

    __tablename__ = "encoder_versions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's way

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    job_id: Mapped[int | None] = mapped_column(unique=True)  # used again when the job resumes
    documents: Mapped[int]
    tokens: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime]


class Corpus(Base):
    """All texts that one model has encoded: their number and their tokens."""

    __tablename__ = "corpora"
    __table_args__ = (
        Index("corpora_by_model", "model", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    job_id: Mapped[int | None]  # the job that fills it, and resumes it after an interruption
    documents: Mapped[int]
    tokens: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[int]  # its rows in corpus_terms, as counting millions of rows takes seconds
    prune_at: Mapped[int] = mapped_column(BigInteger)  # the token at which the next pruning begins
    created_at: Mapped[datetime]


class CorpusTerm(Base):
    """The document frequency of a term in a corpus."""

    __tablename__ = "corpus_terms"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's way

    corpus_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    documents: Mapped[int]


class CountedText(Base):
    """A text that a corpus has counted; no text is counted twice."""

    __tablename__ = "counted_texts"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's way

    corpus_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    resource_id: Mapped[str] = mapped_column(Text, primary_key=True)
    tokens: Mapped[int]
