"""Which files of a checkout are read."""

import os
from pathlib import Path

from ingestion_api.repository import CloneLimits, candidates, text_files


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read(root: Path, limits: CloneLimits) -> dict[str, str]:
    return {file.path: file.text for file in text_files(root, limits)}


def test_text_is_read_in_the_order_of_paths(tmp_path: Path) -> None:
    write(tmp_path, {"b/keeper.py": b"lamp = 1\n", "a.md": b"\xef\xbb\xbfThe light \xe2\x98\x80\n"})
    assert list(read(tmp_path, CloneLimits()).items()) == [
        ("a.md", "The light ☀\n"),
        ("b/keeper.py", "lamp = 1\n"),
    ]


def test_binary_empty_vendored_generated_and_large_files_are_left_out(tmp_path: Path) -> None:
    left_out = {
        "lamp.png": b"\x89PNG\0\0",
        "latin.txt": b"caf\xe9",
        "late-nul.txt": b"a" * 9000 + b"\0",
        "empty.txt": b" \n",
        "large.txt": b"a" * 11_000,
        "node_modules/x/index.js": b"x",
        "src/vendor/y.go": b"y",
        ".git/config": b"[core]",
        "static/app.min.js": b"z",
        "package-lock.json": b"{}",
        "model.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    }
    write(tmp_path, {**left_out, "src/vendors.py": b"kept = True"})
    assert read(tmp_path, CloneLimits(file_bytes=10_000)) == {"src/vendors.py": "kept = True"}


def test_links_are_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    write(outside, {"secret.txt": b"the keeper's own"})
    inside = tmp_path / "checkout"
    inside.mkdir()
    (inside / "file.txt").symlink_to(outside / "secret.txt")
    (inside / "folder").symlink_to(outside)
    assert read(inside, CloneLimits()) == {}


def test_a_name_that_is_not_utf8_becomes_one_that_can_be_stored(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"coffee")
    assert read(tmp_path, CloneLimits()) == {"caf�.txt": "coffee"}


def test_candidates_tell_how_many_files_there_are_to_look_at(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"a", "b.bin": b"\0", "vendor/c.txt": b"c"})
    assert candidates(tmp_path, CloneLimits()) == ["a.txt", "b.bin"]
