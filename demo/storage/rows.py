"""Rows with every required column of the contract filled."""

import json
import zlib
from datetime import datetime
from typing import Any

from demo.learning.sparse import words_of


def resource_row(key: str, title: str, text: str, topic: str | None, made: datetime) -> dict[str, Any]:
    """A new row of resources, pending, with a dense embedding if the text has words."""
    return {
        "id": key, "title": title, "description": text, "creator": "", "subject": [topic] if topic else [],
        "relation": [], "type": "article", "language": "en", "source": f"https://library.example/{key[:8]}",
        "classification_code": topic, "read_status": "unread", "quality_score": 0.5,
        "ingestion_status": "pending", "ingestion_started_at": made, "curation_status": "pending",
        "equation_count": 0, "table_count": 0, "figure_count": 0, "requires_manual_review": False,
        "is_quality_outlier": False, "needs_quality_review": False, "is_ocr_processed": False, "version": 1,
        "created_at": made, "updated_at": made, "embedding": dense_embedding(text), "sparse_embedding": None,
        "sparse_embedding_model": None, "sparse_embedding_updated_at": None, "quality_overall": None,
        "ingestion_completed_at": None,
    }  # fmt: skip


def dense_embedding(text: str) -> str | None:
    """Sixteen hashed word counts of unit length as JSON; None for a text without words."""
    found = words_of(text)
    if not found:
        return None
    counts = [0.0] * 16
    for word in found:
        counts[zlib.crc32(word.encode()) % 16] += 1
    length = sum(value * value for value in counts) ** 0.5
    return json.dumps([round(value / length, 4) for value in counts])
