"""The tables of the contract, and rows for the table resources."""

import json
import zlib
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CHAR,
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from demo.sparse_encoders import tokenize

metadata = MetaData()


def id_column() -> Column[str]:
    """The UUID primary key that every table has."""
    return Column("id", CHAR(36), primary_key=True)


def foreign_key(name: str, table: str, required: bool = True, primary: bool = False) -> Column[str]:
    """A UUID that refers to the id of another table."""
    return Column(name, CHAR(36), ForeignKey(f"{table}.id"), nullable=not required, primary_key=primary)


def string(name: str, length: int | None = None, required: bool = False) -> Column[str]:
    """A short text, VARCHAR with or without a length."""
    return Column(name, String(length), nullable=not required)


def long_text(name: str, required: bool = False) -> Column[str]:
    """A text of any length."""
    return Column(name, Text, nullable=not required)


def timestamp(name: str, required: bool = False) -> Column[object]:
    """A naive time in UTC, as the contract stores them."""
    return Column(name, DateTime, nullable=not required)


def real(name: str, required: bool = False) -> Column[float]:
    """A fraction or measure."""
    return Column(name, Float, nullable=not required)


def integer(name: str, required: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=not required)


def boolean(name: str) -> Column[bool]:
    """A required yes or no."""
    return Column(name, Boolean, nullable=False)


def json_value(name: str, required: bool = False) -> Column[object]:
    """A JSON value."""
    return Column(name, JSON, nullable=not required)


_DUBLIN_CORE = (
    string("title", required=True), long_text("description"), string("creator"), string("publisher"),
    string("contributor"), timestamp("date_created"), timestamp("date_modified"), string("type"),
    string("format"),
    string("identifier"), string("source"), string("language", 16), string("coverage"), string("rights"),
    json_value("subject", required=True), json_value("relation", required=True),
)  # fmt: skip
_WORKFLOW = (
    string("classification_code"), string("read_status", required=True), real("quality_score", required=True),
    string("ingestion_status", required=True), long_text("ingestion_error"),
    timestamp("ingestion_started_at"),
    timestamp("ingestion_completed_at"), string("curation_status", required=True),
    string("assigned_curator", 255),
)  # fmt: skip
_EMBEDDINGS = (
    long_text("embedding"), long_text("sparse_embedding"), string("sparse_embedding_model", 100),
    timestamp("sparse_embedding_updated_at"), long_text("search_vector"),
)  # fmt: skip
_SCHOLARLY = (
    long_text("authors"), long_text("affiliations"), string("doi", 255), string("pmid", 50),
    string("arxiv_id", 50),
    string("isbn", 20), string("journal"), string("conference"), string("volume", 50), string("issue", 50),
    string("pages", 50), integer("publication_year"), long_text("funding_sources"),
    long_text("acknowledgments"),
    integer("equation_count", True), integer("table_count", True), integer("figure_count", True),
    integer("reference_count"), long_text("equations"), long_text("tables"), long_text("figures"),
    real("metadata_completeness_score"), real("extraction_confidence"), boolean("requires_manual_review"),
)  # fmt: skip
_QUALITY = (
    real("quality_accuracy"), real("quality_completeness"), real("quality_consistency"),
    real("quality_timeliness"), real("quality_relevance"), real("quality_overall"),
    long_text("quality_weights"), timestamp("quality_last_computed"),
    string("quality_computation_version", 50),
    boolean("is_quality_outlier"), real("outlier_score"), long_text("outlier_reasons"),
    boolean("needs_quality_review"), real("summary_coherence"), real("summary_consistency"),
    real("summary_fluency"), real("summary_relevance"),
)  # fmt: skip
_OCR = (
    boolean("is_ocr_processed"),
    real("ocr_confidence"),
    integer("ocr_corrections_applied"),
)
_HISTORY = (integer("version", True), timestamp("created_at", True), timestamp("updated_at", True))

resources = Table(
    "resources",
    metadata,
    id_column(),
    *_DUBLIN_CORE,
    *_WORKFLOW,
    *_EMBEDDINGS,
    *_SCHOLARLY,
    *_QUALITY,
    *_OCR,
    *_HISTORY,
)


users = Table(
    "users", metadata, id_column(),
    string("username", 50, True), string("email", 255, True), string("hashed_password", 255, True),
    string("full_name", 255), long_text("bio"), string("avatar_url", 512), string("role", 20, True),
    string("tier", 20,
    True), boolean("is_active"), boolean("is_verified"), timestamp("last_login"), timestamp("created_at",
    True),
    timestamp("updated_at", True),
)  # fmt: skip
user_profiles = Table(
    "user_profiles", metadata, id_column(), foreign_key("user_id", "users"),
    long_text("research_domains"), string("active_domain", 255), long_text("preferred_taxonomy_ids"),
    long_text("preferred_authors"), long_text("preferred_sources"), long_text("excluded_sources"),
    real("diversity_preference", True), real("novelty_preference", True), real("recency_bias", True),
    integer("total_interactions", True), real("avg_session_duration"), timestamp("last_active_at"),
    timestamp("created_at", True), timestamp("updated_at", True),
)  # fmt: skip
user_interactions = Table(
    "user_interactions", metadata, id_column(), foreign_key("user_id", "users"),
    foreign_key("resource_id", "resources"), string("interaction_type", 50, True),
    real("interaction_strength", True), integer("dwell_time"), real("scroll_depth"),
    integer("annotation_count", True), integer("return_visits", True), integer("rating"),
    string("session_id", 255),
    timestamp("interaction_timestamp", True), integer("is_positive", True), real("confidence", True),
    timestamp("created_at", True), timestamp("updated_at", True),
)  # fmt: skip
recommendation_feedback = Table(
    "recommendation_feedback", metadata, id_column(), foreign_key("user_id", "users"),
    foreign_key("resource_id", "resources"), string("feedback_type", 50, True), real("feedback_value", True),
    json_value("context"), timestamp("created_at", True),
)  # fmt: skip
annotations = Table(
    "annotations", metadata, id_column(), foreign_key("resource_id", "resources"),
    string("user_id", 255, True),
    integer("start_offset", True), integer("end_offset", True), long_text("highlighted_text", True),
    long_text("note"),
    long_text("tags"), string("color", 7, True), json_value("embedding"), string("context_before", 50),
    string("context_after", 50), integer("is_shared", True), long_text("collection_ids"),
    timestamp("created_at", True),
    timestamp("updated_at", True),
)  # fmt: skip
collections = Table(
    "collections", metadata, id_column(), string("name", 255, True), long_text("description"),
    string("owner_id", 255, True), string("visibility", 20, True), foreign_key("parent_id", "collections",
    required=False), json_value("embedding"), timestamp("created_at", True), timestamp("updated_at", True),
)  # fmt: skip
collection_resources = Table(
    "collection_resources", metadata, foreign_key("collection_id", "collections", primary=True),
    foreign_key("resource_id", "resources", primary=True), timestamp("added_at", True),
)  # fmt: skip
document_chunks = Table(
    "document_chunks", metadata, id_column(), foreign_key("resource_id", "resources"),
    string("embedding_id", 36),
    long_text("content", True), integer("chunk_index", True), json_value("chunk_metadata"),
    timestamp("created_at", True),
)  # fmt: skip
citations = Table(
    "citations", metadata, id_column(), foreign_key("source_resource_id", "resources"),
    foreign_key("target_resource_id", "resources", required=False), long_text("target_url"),
    string("citation_type",
    50, True), real("importance_score"), timestamp("created_at", True),
)  # fmt: skip
taxonomy_nodes = Table(
    "taxonomy_nodes", metadata, id_column(), string("name", 255, True), string("slug", 255, True),
    foreign_key("parent_id", "taxonomy_nodes", required=False), integer("level", True),
    integer("resource_count",
    True), timestamp("created_at", True), timestamp("updated_at", True),
)  # fmt: skip
resource_taxonomy = Table(
    "resource_taxonomy", metadata, id_column(), foreign_key("resource_id", "resources"),
    foreign_key("taxonomy_node_id", "taxonomy_nodes"), real("confidence", True),
    integer("is_predicted", True),
    string("predicted_by", 100), integer("needs_review", True), real("review_priority"),
    timestamp("created_at",
    True), timestamp("updated_at", True),
)  # fmt: skip
graph_edges = Table(
    "graph_edges", metadata, id_column(), foreign_key("source_id", "resources"),
    foreign_key("target_id", "resources"),
    string("edge_type", 50, True), real("weight", True), timestamp("created_at", True),
)  # fmt: skip
authority_subjects = Table(
    "authority_subjects", metadata, id_column(), string("canonical_form", 255, True),
    json_value("variants", True),
    integer("usage_count", True), timestamp("created_at", True),
)  # fmt: skip
authority_creators = Table(
    "authority_creators", metadata, id_column(), string("canonical_form", 255, True),
    json_value("variants", True),
    integer("usage_count", True), timestamp("created_at", True),
)  # fmt: skip
curation_reviews = Table(
    "curation_reviews", metadata, id_column(), foreign_key("resource_id", "resources"),
    string("action", 50, True),
    string("curator", 255, True), long_text("comment"), timestamp("created_at", True),
)  # fmt: skip
model_versions = Table(
    "model_versions", metadata, id_column(), string("model_name", 100, True), string("version", 50, True),
    string("model_type", 50, True), string("model_path", 512, True), json_value("config"),
    json_value("metrics"),
    boolean("is_active"), timestamp("deployed_at"), timestamp("created_at", True), string("created_by", 255),
)  # fmt: skip
retraining_runs = Table(
    "retraining_runs", metadata, id_column(), string("model_name", 100, True), json_value("config", True),
    string("trigger", 50, True), string("status", 20, True), timestamp("started_at"),
    timestamp("completed_at"),
    json_value("metrics"), long_text("error_message"), foreign_key("resulting_model_id", "model_versions",
    required=False), timestamp("created_at", True),
)  # fmt: skip
rag_evaluations = Table(
    "rag_evaluations", metadata, id_column(), long_text("query", True), long_text("expected_answer"),
    long_text("generated_answer"), json_value("retrieved_chunk_ids", True), real("faithfulness_score"),
    real("answer_relevance_score"), real("context_precision_score"), timestamp("created_at", True),
)  # fmt: skip


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
    found = tokenize(text)
    if not found:
        return None
    counts = [0.0] * 16
    for word in found:
        counts[zlib.crc32(word.encode()) % 16] += 1
    length = sum(value * value for value in counts) ** 0.5
    return json.dumps([round(value / length, 4) for value in counts])
