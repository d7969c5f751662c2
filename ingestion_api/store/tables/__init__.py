"""All tables of the service."""

from ingestion_api.store.tables.alert_texts import AlertLabel, AlertText
from ingestion_api.store.tables.alerts import Alert
from ingestion_api.store.tables.base import Base, WriteProbeRow
from ingestion_api.store.tables.embeddings import Corpus, CorpusTerm, CountedText, EncoderVersion
from ingestion_api.store.tables.incidents import AlertCoverage, AlertSilence, IncidentEvent
from ingestion_api.store.tables.jobs import IdempotencyKey, Job, JobEvent
from ingestion_api.store.tables.notices import Notice, NoticePreference
from ingestion_api.store.tables.operators import AuditRow, Preference, RevokedSession, SigningKey
from ingestion_api.store.tables.resources import IngestedFile, Resource
from ingestion_api.store.tables.retention import RemovedTotal
from ingestion_api.store.tables.workers import Worker

__all__ = [
    "Alert",
    "AlertCoverage",
    "AlertLabel",
    "AlertSilence",
    "AlertText",
    "AuditRow",
    "Base",
    "Corpus",
    "CorpusTerm",
    "CountedText",
    "EncoderVersion",
    "IdempotencyKey",
    "IncidentEvent",
    "IngestedFile",
    "Job",
    "JobEvent",
    "Notice",
    "NoticePreference",
    "Preference",
    "RemovedTotal",
    "Resource",
    "RevokedSession",
    "SigningKey",
    "Worker",
    "WriteProbeRow",
]
