"""Corpus statistics: a row a term in place of one document for all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOST_TERMS = 5_000_000

# the database reads its JSON itself: 50 MB of it would be a gigabyte of Python's numbers
TOTALS = {
    "sqlite": "CAST(json_extract(statistics, '$.tokens') AS INTEGER)",
    "postgresql": "CAST(statistics ->> 'tokens' AS BIGINT)",
}
TERMS = {
    "sqlite": """
        SELECT corpora.id, CAST(each.key AS INTEGER) AS token, CAST(each.value AS INTEGER) AS documents
        FROM corpora JOIN encoder_versions ON encoder_versions.id = :version
        JOIN json_each(encoder_versions.statistics, '$.frequencies') AS each""",
    "postgresql": """
        SELECT corpora.id, CAST(each.key AS BIGINT) AS token, CAST(each.value AS INTEGER) AS documents
        FROM corpora JOIN encoder_versions ON encoder_versions.id = :version
        CROSS JOIN json_each_text(encoder_versions.statistics -> 'frequencies') AS each""",
}
DOCUMENTS = {
    "sqlite": """
        json_object('documents', documents, 'tokens', tokens, 'frequencies', json(coalesce((
            SELECT json_group_object(CAST(corpus_terms.token AS TEXT), corpus_terms.documents)
            FROM corpus_terms WHERE corpus_terms.corpus_id = :corpus), '{}')))""",
    "postgresql": """
        json_build_object('documents', documents, 'tokens', tokens, 'frequencies', coalesce((
            SELECT json_object_agg(CAST(corpus_terms.token AS TEXT), corpus_terms.documents)
            FROM corpus_terms WHERE corpus_terms.corpus_id = :corpus), CAST('{}' AS JSON)))""",
}


def upgrade() -> None:
    """Make the tables, bring the newest statistics over, forget the documents."""
    _make_tables()
    op.add_column(
        "encoder_versions", sa.Column("tokens", sa.BigInteger(), nullable=False, server_default="0")
    )
    connection = op.get_bind()
    kind = connection.dialect.name
    connection.execute(sa.text(f"UPDATE encoder_versions SET tokens = {TOTALS[kind]}"))  # noqa: S608 - our own text
    newest = connection.scalar(sa.text("SELECT max(id) FROM encoder_versions WHERE documents > 0"))
    if newest is not None:
        _bring_over(connection, newest)
    op.drop_column("encoder_versions", "statistics")


def downgrade() -> None:
    """Give each version the document of the statistics that are in force, then drop the tables."""
    connection = op.get_bind()
    op.add_column("encoder_versions", sa.Column("statistics", sa.JSON(), nullable=False, server_default="{}"))
    corpus = connection.scalar(sa.text("SELECT max(id) FROM corpora WHERE state = 'current'"))
    document = DOCUMENTS[connection.dialect.name]
    statement = f"UPDATE encoder_versions SET statistics = {document}"  # noqa: S608 - our own text
    connection.execute(sa.text(statement), {"corpus": corpus})
    op.drop_column("encoder_versions", "tokens")
    for name in ("counted_texts", "corpus_terms", "corpora"):
        op.drop_table(name)


def _make_tables() -> None:
    op.create_table(
        "corpora",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.Integer(), nullable=False),
        sa.Column("prune_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("corpora_by_model", "corpora", ["model", "state"], unique=False)
    op.create_table(
        "corpus_terms",
        sa.Column("corpus_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("corpus_id", "token"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counted_texts",
        sa.Column("corpus_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("corpus_id", "resource_id"),
        sqlite_with_rowid=False,
    )


def _bring_over(connection: sa.Connection, version: int) -> None:
    """Make one corpus of the statistics that the newest version holds."""
    given = {"version": version, "most": MOST_TERMS}
    connection.execute(
        sa.text(
            "INSERT INTO corpora (model, state, job_id, documents, tokens, terms, prune_at, created_at) "
            "SELECT name, 'current', NULL, documents, tokens, 0, 0, created_at "
            "FROM encoder_versions WHERE id = :version"
        ),
        {"version": version},
    )
    terms = TERMS[connection.dialect.name]
    connection.execute(
        sa.text(
            f"INSERT INTO corpus_terms (corpus_id, token, documents) {terms} "
            "WHERE CAST(each.value AS INTEGER) > 0 ORDER BY documents DESC LIMIT :most"
        ),
        given,
    )
    connection.execute(sa.text("UPDATE corpora SET terms = (SELECT count(*) FROM corpus_terms)"))
    if connection.dialect.name == "postgresql":
        # until it is analyzed, a table that was just filled is read in whole
        connection.execute(sa.text("ANALYZE corpus_terms"))
