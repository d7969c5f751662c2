"""Which files of a repository are read, and in which encoding."""
# ruff: noqa: RUF001 - letters of other scripts are no misprints of Latin ones

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_api.repository import CloneLimits, Snapshot, read_text_files
from ingestion_api.repository.files import ReadCounts, is_wanted, read_text
from ingestion_api.repository.snapshot import TreeEntry

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


FRENCH = "Le gardien du phare a été étonné: la lumière était éteinte, et la mer très agitée."
GERMAN = "Die Größe der Häuser an der Küste überrascht die Wärter."
POLISH = "Latarnia na wybrzeżu świeci żółtym światłem, łódź płynie do portu."
RUSSIAN = "Смотритель маяка живёт у моря. Каждую ночь он зажигает лампу, чтобы корабли не разбились о скалы."
GREEK = "Ο φάρος φωτίζει τη θάλασσα κάθε βράδυ."
HEBREW = "המגדלור מאיר את הים בכל לילה, והשומר כותב ביומן את מזג האוויר. הבית שלו עומד על חוף גבוה."
JAPANESE = "灯台守は毎晩、霧の中でも灯りをともして船を導く。郵便局は月曜日から金曜日まで開いている。"
CODE = "def turn(lamp):\n    return lamp.angle + 1\n" * 500


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (FRENCH, "utf-8", "utf-8"),
        (FRENCH, "utf-8-sig", "utf-8"),
        (FRENCH, "latin-1", "cp1252"),
        ("café", "latin-1", None),
        ("lumière", "latin-1", None),
        (GERMAN, "cp1252", None),
        (POLISH, "cp1250", "cp1250"),
        (RUSSIAN, "cp1251", "cp1251"),
        (RUSSIAN, "koi8_r", "koi8_r"),
        (GREEK, "cp1253", "cp1253"),
        (HEBREW, "cp1255", "cp1255"),
        (JAPANESE, "shift_jis", "cp932"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (JAPANESE, "iso2022_jp", "iso2022_jp"),
        ("图书馆每天早上八点开门,读者可以借阅五本书。", "gb18030", "gb18030"),
        ("圖書館每天早上八點開門,讀者可以借閱五本書。", "big5", "big5"),
        (FRENCH, "utf-16", "utf-16"),
        (JAPANESE, "utf-16", "utf-16"),
        (FRENCH, "utf-16-le", "utf-16-le"),
        (f"lamp {JAPANESE}\nhorn\n", "utf-16-be", "utf-16-be"),
        (JAPANESE, "utf-32", "utf-32"),
        (f"{CODE}# {JAPANESE}\n{CODE}", "shift_jis", "cp932"),
        (f"{CODE}# la lumière du phare est éteinte\n{CODE}", "latin-1", None),
        (f"# -*- coding: euc-jp -*-\n# 灯台\n{CODE}", "euc_jp", "euc_jp"),
        ('<?xml version="1.0" encoding="koi8-r"?><a>маяк</a>', "koi8_r", "koi8-r"),
    ],
)
def test_a_text_is_read_in_its_encoding(text: str, encoding: str, named: str | None) -> None:
    tally = ReadCounts()
    assert read_text(text.encode(encoding), tally) == text
    assert named is None or dict(tally.read) == {named: 1}
    assert tally.read.total() == 1


def test_a_text_with_one_bad_byte_is_read_without_it() -> None:
    tally = ReadCounts()
    assert read_text(JAPANESE.encode() + b"\xff", tally) == JAPANESE + "\ufffd"
    assert dict(tally.read) == {"utf-8 with errors": 1}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        ("\ufeff".encode(), "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "large-file pointer"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"a" * 9000 + b"\0", "binary"),
        (bytes(range(256)) * 20, "binary"),
        (random.Random(7).randbytes(20_000), "binary"),
        (random.Random(7).randbytes(20_000).replace(b"\0", b"x"), "binary"),
        (b"".join(n.to_bytes(2, "little") for n in range(1, 500)), "binary"),
        ("\ud800".encode("utf-16-le", "surrogatepass") * 10 + b"a\0" * 100, "binary"),
        (b"# coding: rot13\n" + b"\x81\x8d\x8f\x90\x9d" * 40, "in an unknown encoding"),
    ],
)
def test_what_is_no_text_is_counted_by_its_reason(raw: bytes, reason: str) -> None:
    tally = ReadCounts()
    assert read_text(raw, tally) is None
    assert (dict(tally.read), dict(tally.left_out)) == ({}, {reason: 1})


def test_the_counts_are_told_in_words() -> None:
    tally = ReadCounts()
    for raw in (b"a", b"b", JAPANESE.encode("shift_jis"), b"\0", b""):
        read_text(raw, tally)
    assert str(tally) == "read 3 files (2 utf-8, 1 cp932), left out 2 (1 binary, 1 empty)"
    assert tally.notes() == [str(tally)]


def test_files_of_utf8_alone_are_not_worth_a_note() -> None:
    tally = ReadCounts()
    read_text("灯台".encode(), tally)
    assert str(tally) == "read 1 file (1 utf-8)"
    assert tally.notes() == []


@pytest.mark.parametrize(
    "raw",
    [
        bytes(byte | 0x80 for byte in os.urandom(1_000_000)),
        b"\xe9" * 1_000_000,
        b"\xe9\n" * 500_000,
        (FRENCH * 12_000).encode("latin-1"),
        b"\x82\xa0" * 500_000,
        b"coding:" * 140_000 + b"\xff",
    ],
    ids=["noise", "one letter", "short lines", "french", "one kana", "declarations"],
)
def test_a_megabyte_of_anything_takes_a_second_or_so(raw: bytes) -> None:
    began = time.process_time()
    text = read_text(raw)
    assert time.process_time() - began < 3
    assert text is None or text.encode()


STARTS = (
    b"",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xff\xfe\0\0",
    b"\xef\xbb\xbf",
    b"\x1b$B",
    b"# coding: utf-7\n",
    b"coding=idna",
)


@settings(deadline=None)
@given(
    st.sampled_from(STARTS),
    st.binary(max_size=300)
    | st.text(max_size=100).map(lambda text: text.encode("utf-16-le", "surrogatepass")),
)
def test_whatever_is_read_can_be_stored(start: bytes, rest: bytes) -> None:
    """As UTF-8 without NUL, and each file is counted once."""
    tally = ReadCounts()
    text = read_text(start + rest, tally)
    assert tally.read.total() + tally.left_out.total() == 1
    assert (text is not None) == bool(tally.read)
    assert "\0" not in (text or "").encode().decode()
