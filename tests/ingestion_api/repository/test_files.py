"""Which files of a repository are read."""

from pathlib import Path

import pytest

from ingestion_api.repository import CloneLimits, Snapshot, read_text_files
from ingestion_api.repository.files import is_wanted
from ingestion_api.repository.tree import TreeEntry

LIMITS = CloneLimits(file_bytes=10_000)


def texts(folder: Path, files: dict[str, bytes]) -> dict[str, str]:
    """The texts among these files, as a clone gives them."""
    entries = tuple(TreeEntry(path, f"{number:040x}", len(files[path])) for number, path in enumerate(files))
    wanted = tuple(entry for entry in entries if is_wanted(entry, LIMITS))
    with (folder / "contents").open("wb") as contents:
        for entry in wanted:
            contents.write(f"{entry.blob} blob {entry.size}\n".encode() + files[entry.path] + b"\n")
    snapshot = Snapshot("1" * 40, wanted, contents_file=folder / "contents")
    return {file.path: file.text for file in read_text_files(snapshot)}


def test_text_is_read_in_the_order_of_paths(tmp_path: Path) -> None:
    files = {"a.md": b"\xef\xbb\xbfThe light \xe2\x98\x80\n", "b/keeper.py": b"lamp = 1\n"}
    assert list(texts(tmp_path, files).items()) == [("a.md", "The light ☀\n"), ("b/keeper.py", "lamp = 1\n")]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("lamp.png", b"\x89PNG\0\0"),
        ("late-nul.txt", b"a" * 9000 + b"\0"),
        ("empty.txt", b" \n"),
        ("nothing.txt", b""),
        ("large.txt", b"a" * 10_001),
        ("node_modules/x/index.js", b"x"),
        ("src/vendor/y.go", b"y"),
        ("src/.GIT/config", b"[core]"),
        ("static/app.min.js", b"z"),
        ("package-lock.json", b"{}"),
        ("model.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
    ],
)
def test_binary_empty_vendored_generated_and_large_files_are_left_out(
    tmp_path: Path, path: str, content: bytes
) -> None:
    assert texts(tmp_path, {path: content, "src/vendors.py": b"kept"}) == {"src/vendors.py": "kept"}
