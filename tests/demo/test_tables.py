"""The tables carry the columns that the contract lists."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Table

from demo.storage import tables
from demo.storage.tables import metadata, resources

CONTRACT = Path(__file__).parents[2] / "../shared/reference/BACKEND.md"
# What the exporter reads, and must find under these names.
READ = {
    resources: ("ingestion_status", "sparse_embedding", "sparse_embedding_model",
    "sparse_embedding_updated_at",
                "embedding", "quality_score", "created_at"),
    tables.user_interactions: ("user_id", "interaction_type", "interaction_timestamp", "is_positive"),
    tables.recommendation_feedback: ("feedback_type", "feedback_value", "context", "created_at"),
    tables.users: ("tier", "is_active", "created_at"),
    tables.annotations: ("resource_id", "created_at"),
    tables.collections: ("owner_id", "created_at"),
}  # fmt: skip


@pytest.mark.parametrize("table", READ, ids=str)
def test_columns_that_are_read_from_outside_exist(table: Table) -> None:
    assert set(READ[table]) <= set(table.columns.keys())


def listed() -> dict[str, set[str]]:
    """Tables and columns as the contract lists them."""
    lines = CONTRACT.read_text("utf-8").splitlines() if CONTRACT.exists() else []
    found = {}
    for line in lines:
        match = re.match(r"\*\*(\w+)\*\*: (.*NOT NULL.*)", line)
        if match:
            found[match[1]] = set(re.findall(r"(?:^|, )(\w+): [A-Z]", match[2]))
    return found


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not here")
def test_tables_have_exactly_the_columns_of_the_contract() -> None:
    ours = {name: set(table.columns.keys()) for name, table in metadata.tables.items()}
    theirs = {name: columns for name, columns in listed().items() if name in ours}
    assert len(theirs) >= 12
    assert {name: ours[name] for name in theirs} == theirs
