"""Every table but resources, with the names and columns of the contract."""

from sqlalchemy import Table

from demo.storage.columns import count, document, key, number, points_to, prose, truth, when, word
from demo.storage.resources import metadata

users = Table(
    "users", metadata, key(),
    word("username", 50, True), word("email", 255, True), word("hashed_password", 255, True),
    word("full_name", 255), prose("bio"), word("avatar_url", 512), word("role", 20, True), word("tier", 20,
    True), truth("is_active"), truth("is_verified"), when("last_login"), when("created_at", True),
    when("updated_at", True),
)  # fmt: skip
user_profiles = Table(
    "user_profiles", metadata, key(), points_to("user_id", "users"),
    prose("research_domains"), word("active_domain", 255), prose("preferred_taxonomy_ids"),
    prose("preferred_authors"), prose("preferred_sources"), prose("excluded_sources"),
    number("diversity_preference", True), number("novelty_preference", True), number("recency_bias", True),
    count("total_interactions", True), number("avg_session_duration"), when("last_active_at"),
    when("created_at", True), when("updated_at", True),
)  # fmt: skip
user_interactions = Table(
    "user_interactions", metadata, key(), points_to("user_id", "users"),
    points_to("resource_id", "resources"), word("interaction_type", 50, True),
    number("interaction_strength", True), count("dwell_time"), number("scroll_depth"),
    count("annotation_count", True), count("return_visits", True), count("rating"), word("session_id", 255),
    when("interaction_timestamp", True), count("is_positive", True), number("confidence", True),
    when("created_at", True), when("updated_at", True),
)  # fmt: skip
recommendation_feedback = Table(
    "recommendation_feedback", metadata, key(), points_to("user_id", "users"),
    points_to("resource_id", "resources"), word("feedback_type", 50, True), number("feedback_value", True),
    document("context"), when("created_at", True),
)  # fmt: skip
annotations = Table(
    "annotations", metadata, key(), points_to("resource_id", "resources"), word("user_id", 255, True),
    count("start_offset", True), count("end_offset", True), prose("highlighted_text", True), prose("note"),
    prose("tags"), word("color", 7, True), document("embedding"), word("context_before", 50),
    word("context_after", 50), count("is_shared", True), prose("collection_ids"), when("created_at", True),
    when("updated_at", True),
)  # fmt: skip
collections = Table(
    "collections", metadata, key(), word("name", 255, True), prose("description"),
    word("owner_id", 255, True), word("visibility", 20, True), points_to("parent_id", "collections",
    required=False), document("embedding"), when("created_at", True), when("updated_at", True),
)  # fmt: skip
collection_resources = Table(
    "collection_resources", metadata, points_to("collection_id", "collections", primary=True),
    points_to("resource_id", "resources", primary=True), when("added_at", True),
)  # fmt: skip
document_chunks = Table(
    "document_chunks", metadata, key(), points_to("resource_id", "resources"), word("embedding_id", 36),
    prose("content", True), count("chunk_index", True), document("chunk_metadata"), when("created_at", True),
)  # fmt: skip
citations = Table(
    "citations", metadata, key(), points_to("source_resource_id", "resources"),
    points_to("target_resource_id", "resources", required=False), prose("target_url"), word("citation_type",
    50, True), number("importance_score"), when("created_at", True),
)  # fmt: skip
taxonomy_nodes = Table(
    "taxonomy_nodes", metadata, key(), word("name", 255, True), word("slug", 255, True),
    points_to("parent_id", "taxonomy_nodes", required=False), count("level", True), count("resource_count",
    True), when("created_at", True), when("updated_at", True),
)  # fmt: skip
resource_taxonomy = Table(
    "resource_taxonomy", metadata, key(), points_to("resource_id", "resources"),
    points_to("taxonomy_node_id", "taxonomy_nodes"), number("confidence", True), count("is_predicted", True),
    word("predicted_by", 100), count("needs_review", True), number("review_priority"), when("created_at",
    True), when("updated_at", True),
)  # fmt: skip
graph_edges = Table(
    "graph_edges", metadata, key(), points_to("source_id", "resources"), points_to("target_id", "resources"),
    word("edge_type", 50, True), number("weight", True), when("created_at", True),
)  # fmt: skip
authority_subjects = Table(
    "authority_subjects", metadata, key(), word("canonical_form", 255, True), document("variants", True),
    count("usage_count", True), when("created_at", True),
)  # fmt: skip
authority_creators = Table(
    "authority_creators", metadata, key(), word("canonical_form", 255, True), document("variants", True),
    count("usage_count", True), when("created_at", True),
)  # fmt: skip
curation_reviews = Table(
    "curation_reviews", metadata, key(), points_to("resource_id", "resources"), word("action", 50, True),
    word("curator", 255, True), prose("comment"), when("created_at", True),
)  # fmt: skip
model_versions = Table(
    "model_versions", metadata, key(), word("model_name", 100, True), word("version", 50, True),
    word("model_type", 50, True), word("model_path", 512, True), document("config"), document("metrics"),
    truth("is_active"), when("deployed_at"), when("created_at", True), word("created_by", 255),
)  # fmt: skip
retraining_runs = Table(
    "retraining_runs", metadata, key(), word("model_name", 100, True), document("config", True),
    word("trigger", 50, True), word("status", 20, True), when("started_at"), when("completed_at"),
    document("metrics"), prose("error_message"), points_to("resulting_model_id", "model_versions",
    required=False), when("created_at", True),
)  # fmt: skip
rag_evaluations = Table(
    "rag_evaluations", metadata, key(), prose("query", True), prose("expected_answer"),
    prose("generated_answer"), document("retrieved_chunk_ids", True), number("faithfulness_score"),
    number("answer_relevance_score"), number("context_precision_score"), when("created_at", True),
)  # fmt: skip
