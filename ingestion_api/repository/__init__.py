"""Repositories: which URLs are allowed, how they are cloned, which of their files are read."""

from ingestion_api.repository.addresses import check_addresses
from ingestion_api.repository.clone import clone
from ingestion_api.repository.errors import (
    CloningUnavailable,
    RepositoryEmpty,
    RepositoryError,
    RepositoryHeadMissing,
    RepositoryNotCloned,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
    RepositoryUrlRefused,
)
from ingestion_api.repository.files import ReadCounts, TextFile, read_text_files
from ingestion_api.repository.limits import CloneLimits
from ingestion_api.repository.scratch import sweep_scratch
from ingestion_api.repository.snapshot import Snapshot
from ingestion_api.repository.urls import RepositoryUrl, UrlRules, check_url

__all__ = [
    "CloneLimits",
    "CloningUnavailable",
    "ReadCounts",
    "RepositoryEmpty",
    "RepositoryError",
    "RepositoryHeadMissing",
    "RepositoryNotCloned",
    "RepositoryTooLarge",
    "RepositoryUnreachable",
    "RepositoryUnreadable",
    "RepositoryUrl",
    "RepositoryUrlRefused",
    "Snapshot",
    "TextFile",
    "UrlRules",
    "check_addresses",
    "check_url",
    "clone",
    "read_text_files",
    "sweep_scratch",
]
