"""All tables of the service."""

from ingestion_api.store.tables.alerts import Alert
from ingestion_api.store.tables.audit import AuditRow
from ingestion_api.store.tables.base import Base
from ingestion_api.store.tables.encoders import Corpus, CorpusTerm, CountedText, EncoderVersion
from ingestion_api.store.tables.jobs import IdempotencyKey, Job, JobEvent
from ingestion_api.store.tables.preferences import Preference
from ingestion_api.store.tables.probe import WriteProbeRow
from ingestion_api.store.tables.resources import IngestedFile, Resource
from ingestion_api.store.tables.sessions import RevokedSession
from ingestion_api.store.tables.signing_keys import SigningKey
from ingestion_api.store.tables.workers import Worker

__all__ = [
    "Alert",
    "AuditRow",
    "Base",
    "Corpus",
    "CorpusTerm",
    "CountedText",
    "EncoderVersion",
    "IdempotencyKey",
    "IngestedFile",
    "Job",
    "JobEvent",
    "Preference",
    "Resource",
    "RevokedSession",
    "SigningKey",
    "Worker",
    "WriteProbeRow",
]
