"""The table resources, with the columns of the contract."""

from sqlalchemy import MetaData, Table

from demo.storage.columns import count, document, key, number, prose, truth, when, word

metadata = MetaData()

_DUBLIN_CORE = (
    word("title", required=True), prose("description"), word("creator"), word("publisher"),
    word("contributor"), when("date_created"), when("date_modified"), word("type"), word("format"),
    word("identifier"), word("source"), word("language", 16), word("coverage"), word("rights"),
    document("subject", required=True), document("relation", required=True),
)  # fmt: skip
_WORKFLOW = (
    word("classification_code"), word("read_status", required=True), number("quality_score", required=True),
    word("ingestion_status", required=True), prose("ingestion_error"), when("ingestion_started_at"),
    when("ingestion_completed_at"), word("curation_status", required=True), word("assigned_curator", 255),
)  # fmt: skip
_EMBEDDINGS = (
    prose("embedding"), prose("sparse_embedding"), word("sparse_embedding_model", 100),
    when("sparse_embedding_updated_at"), prose("search_vector"),
)  # fmt: skip
_SCHOLARLY = (
    prose("authors"), prose("affiliations"), word("doi", 255), word("pmid", 50), word("arxiv_id", 50),
    word("isbn", 20), word("journal"), word("conference"), word("volume", 50), word("issue", 50),
    word("pages", 50), count("publication_year"), prose("funding_sources"), prose("acknowledgments"),
    count("equation_count", True), count("table_count", True), count("figure_count", True),
    count("reference_count"), prose("equations"), prose("tables"), prose("figures"),
    number("metadata_completeness_score"), number("extraction_confidence"), truth("requires_manual_review"),
)  # fmt: skip
_QUALITY = (
    number("quality_accuracy"), number("quality_completeness"), number("quality_consistency"),
    number("quality_timeliness"), number("quality_relevance"), number("quality_overall"),
    prose("quality_weights"), when("quality_last_computed"), word("quality_computation_version", 50),
    truth("is_quality_outlier"), number("outlier_score"), prose("outlier_reasons"),
    truth("needs_quality_review"), number("summary_coherence"), number("summary_consistency"),
    number("summary_fluency"), number("summary_relevance"),
)  # fmt: skip
_OCR = (truth("is_ocr_processed"), number("ocr_confidence"), count("ocr_corrections_applied"))
_HISTORY = (count("version", True), when("created_at", True), when("updated_at", True))

resources = Table(
    "resources",
    metadata,
    key(),
    *_DUBLIN_CORE,
    *_WORKFLOW,
    *_EMBEDDINGS,
    *_SCHOLARLY,
    *_QUALITY,
    *_OCR,
    *_HISTORY,
)
