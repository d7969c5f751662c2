"""The files of a repository that people wrote: text, not binary, not vendored, not too large."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingestion_api.repository.rules import CloneLimits
from ingestion_api.repository.snapshot import Snapshot
from ingestion_api.repository.text import ReadCounts, read_text
from ingestion_api.repository.tree import TreeEntry

# fmt: off
_VENDORED_FOLDERS = frozenset((
    ".git", ".hg", ".svn", "node_modules", "bower_components", "jspm_packages", "vendor",
    "vendored", "third_party", "third-party", "thirdparty", "Godeps", "Pods", "Carthage", ".venv",
    "venv", "site-packages", "dist", ".tox", ".nox", "__pycache__", ".gradle", ".yarn", ".next",
    ".terraform",
))
_GENERATED_NAMES = frozenset((
    "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock",
    "uv.lock", "Pipfile.lock", "pdm.lock", "Cargo.lock", "composer.lock", "Gemfile.lock", "go.sum",
    "flake.lock",
))
# fmt: on
_GENERATED_ENDS = (".min.js", ".min.css", ".js.map", ".css.map", ".svg")


@dataclass(frozen=True)
class TextFile:
    """One text file of a repository; `path` is relative, with forward slashes."""

    path: str
    text: str


def is_wanted(entry: TreeEntry, limits: CloneLimits) -> bool:
    """Tell whether a file is neither vendored, generated, empty nor too large."""
    *folders, name = entry.path.split("/")
    if any(folder in _VENDORED_FOLDERS or folder.lower() == ".git" for folder in folders):
        return False
    if name in _GENERATED_NAMES or name.endswith(_GENERATED_ENDS):
        return False
    return 0 < entry.size <= limits.file_bytes


def read_text_files(snapshot: Snapshot, tally: ReadCounts | None = None) -> Iterator[TextFile]:
    """Yield the text files of a snapshot in the order of their paths; count what was read and left out."""
    for entry, raw in snapshot.contents():
        text = read_text(raw, tally)
        if text is not None:
            yield TextFile(entry.path, text)
