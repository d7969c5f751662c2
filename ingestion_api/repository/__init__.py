"""Repositories: which URLs are let in, how they are cloned, which of their files are read."""

from ingestion_api.repository.addresses import check_addresses
from ingestion_api.repository.clone import clone
from ingestion_api.repository.errors import (
    RepositoryError,
    RepositoryNotCloned,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUrlRefused,
)
from ingestion_api.repository.files import TextFile, candidates, text_files
from ingestion_api.repository.rules import CloneLimits, UrlRules
from ingestion_api.repository.scratch import sweep
from ingestion_api.repository.urls import RepositoryUrl, check_url

__all__ = [
    "CloneLimits",
    "RepositoryError",
    "RepositoryNotCloned",
    "RepositoryTooLarge",
    "RepositoryUnreachable",
    "RepositoryUrl",
    "RepositoryUrlRefused",
    "TextFile",
    "UrlRules",
    "candidates",
    "check_addresses",
    "check_url",
    "clone",
    "sweep",
    "text_files",
]
