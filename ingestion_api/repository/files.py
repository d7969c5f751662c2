"""The files of a checkout that people wrote: text, not binary, not vendored, not too large."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion_api.repository.rules import CloneLimits

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
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_LOOKED_AT = 8192


@dataclass(frozen=True)
class TextFile:
    """One text file of a repository; `path` is relative, with forward slashes."""

    path: str
    text: str


def candidates(root: Path, limits: CloneLimits) -> list[str]:
    """Return the relative paths, in order, of files that are not vendored, generated or too large."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _VENDORED_FOLDERS]
        here = Path(folder)
        found += [
            (here / name).relative_to(root).as_posix() for name in names if _is_candidate(here / name, limits)
        ]
    return sorted(found)


def text_files(root: Path, limits: CloneLimits) -> Iterator[TextFile]:
    """Yield the text files of a checkout in the order of their paths."""
    for path in candidates(root, limits):
        text = read_text(root / path)
        if text is not None:
            yield TextFile(_storable(path), text)


def _storable(path: str) -> str:
    # names that are not UTF-8 reach Python as lone surrogates, which no database takes
    return path.encode(errors="surrogateescape").decode(errors="replace")


def read_text(path: Path) -> str | None:
    """Return a file's text, or None when it is binary, empty or only a pointer to large-file storage."""
    raw = path.read_bytes()
    if not raw.strip() or raw.startswith(_LFS_POINTER) or b"\0" in raw[:_LOOKED_AT]:
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    # PostgreSQL refuses NUL in text, wherever in the file it comes
    return None if "\0" in text else text


def _is_candidate(path: Path, limits: CloneLimits) -> bool:
    # a link may point out of the checkout, so links are never followed
    if path.is_symlink() or not path.is_file():
        return False
    if path.name in _GENERATED_NAMES or path.name.endswith(_GENERATED_ENDS):
        return False
    return path.stat().st_size <= limits.file_bytes
