"""The walks of the architecture name files that are there, and things that these files define."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
PLACES = (
    "",
    "exporter",
    "exporter/sources/backend",
    "exporter/collectors",
    "ingestion_api",
    "prometheus",
    "alertmanager",
)
PATHS = sorted(set(re.findall(r"`([\w/]+\.(?:py|yml|json|toml))`", TEXT)))
FOLDERS = sorted(set(re.findall(r"`([\w/]+/)`", TEXT)))


def test_every_file_and_folder_that_it_names_is_there() -> None:
    assert len(PATHS) > 30
    missing = [it for it in [*PATHS, *FOLDERS] if not any((ROOT / place / it).exists() for place in PLACES)]
    assert missing == []


def test_each_walk_has_ten_steps() -> None:
    walks = TEXT.partition("## Three walks")[2].partition("\n## ")[0].split("\n**")[1:]
    assert [len(re.findall(r"^\d+\. ", it, re.MULTILINE)) for it in walks] == [10, 10, 10]
