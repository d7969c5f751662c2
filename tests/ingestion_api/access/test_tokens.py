"""Which tokens open something, how a file of one is read, how one is made."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ingestion_api.access.tokens import InvalidToken, Token, check_tokens, operator_token, webhook_token
from ingestion_api.settings import Settings

GOOD = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
EXPECTED = "expected at least 32 characters, 8 of them different"


@pytest.fixture
def of_file(tmp_path: Path) -> Token:
    """A token that is looked for in `token` of the test's folder."""
    return operator_token(Settings(token_file=tmp_path / "token"))


@pytest.mark.parametrize("token", [GOOD, f"  {GOOD}\n", "the keeper's own word, known to nobody else"])
def test_a_good_token_opens(token: str) -> None:
    assert operator_token(Settings(token=SecretStr(token))).matches(token.strip())


@pytest.mark.parametrize(
    ("token", "flaw"),
    [
        ("", "is empty"),
        (" \t\n", "is empty"),
        (GOOD[:31], "holds a weak token"),
        ("abcdefg" * 10, "holds a weak token"),
        (" " * 40 + GOOD[:20], "holds a weak token"),
        (f"{GOOD}\n{OTHER}", "holds more than one line of text"),
    ],
)
def test_a_weak_token_opens_nothing_wherever_it_stands(
    tmp_path: Path, of_file: Token, token: str, flaw: str
) -> None:
    (tmp_path / "token").write_text(token)
    for found, place in (
        (operator_token(Settings(token=SecretStr(token))), "SERVICE_TOKEN"),
        (of_file, f"the file of SERVICE_TOKEN_FILE, {tmp_path}/token,"),
    ):
        assert not found.matches(token.strip())
        with pytest.raises(InvalidToken) as error:
            found.check()
        assert str(error.value).startswith(f"{place} {flaw}; expected ")
        assert str(tmp_path) not in error.value.detail


def _folder(file: Path) -> None:
    file.mkdir()


def _pipe(file: Path) -> None:
    os.mkfifo(file)


def _bytes(file: Path) -> None:
    file.write_bytes(b"\xff" * 40)


def _long(file: Path) -> None:
    file.write_text(GOOD * 200)


def _loop(file: Path) -> None:
    file.symlink_to(file)


def _nothing(file: Path) -> None:
    del file


@pytest.mark.parametrize(
    ("put", "flaw"),
    [
        (_nothing, "is missing"),
        (_folder, "is not a regular file"),
        (_pipe, "is not a regular file"),
        (_bytes, "is not text in UTF-8"),
        (_long, "is longer than 4096 bytes"),
        (_loop, "cannot be read: Too many levels of symbolic links"),
    ],
)
def test_whatever_is_no_file_of_a_token_opens_nothing(
    tmp_path: Path, of_file: Token, put: Callable[[Path], None], flaw: str
) -> None:
    put(tmp_path / "token")
    with pytest.raises(InvalidToken, match=flaw):
        of_file.check()
    assert not of_file.matches("")


def test_a_replaced_file_is_noticed_even_with_the_time_and_length_of_the_old_one(
    tmp_path: Path, of_file: Token
) -> None:
    file, new = tmp_path / "token", tmp_path / "new"
    file.write_text(GOOD)
    os.utime(file, (1, 1))
    assert of_file.matches(GOOD)
    new.write_text(OTHER)
    os.utime(new, (1, 1))
    new.replace(file)
    assert (of_file.matches(GOOD), of_file.matches(OTHER)) == (False, True)
    file.write_text(GOOD)
    os.utime(file, (1, 1))
    assert (of_file.matches(GOOD), of_file.matches(OTHER)) == (True, False)


def test_what_becomes_of_a_token_is_logged_once_a_change(
    tmp_path: Path, of_file: Token, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    file = tmp_path / "token"
    for text in (GOOD, "", OTHER):
        file.write_text(text)
        for _ in range(3):
            of_file.matches(GOOD)
    file.unlink()
    for _ in range(3):
        of_file.matches(GOOD)
    place = f"The operators' token opens nothing: the file of SERVICE_TOKEN_FILE, {file},"
    assert [(it.levelname, it.getMessage()) for it in caplog.records] == [
        ("ERROR", f"{place} is empty; {EXPECTED}."),
        ("INFO", "The operators' token was replaced or is valid again."),
        ("ERROR", f"{place} is missing; {EXPECTED}."),
    ]


def test_a_byte_order_mark_is_no_part_of_a_token(tmp_path: Path, of_file: Token) -> None:
    (tmp_path / "token").write_text(f"\N{ZERO WIDTH NO-BREAK SPACE}{GOOD}\r\n")
    assert of_file.matches(GOOD)


def test_the_token_itself_is_not_kept(tmp_path: Path, of_file: Token) -> None:
    (tmp_path / "token").write_text(GOOD)
    for token in (of_file, operator_token(Settings(token=SecretStr(GOOD)))):
        assert token.matches(GOOD)
        assert GOOD not in str(vars(token))


def test_a_token_is_made_where_none_is_given(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    made = operator_token(settings)
    file = tmp_path / "service" / "token"
    text = file.read_text()
    assert made.matches(text.strip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    operator_token(settings)
    assert [it.name for it in file.parent.iterdir()] == ["token"]
    assert file.read_text() == text


def test_a_token_that_several_make_at_once_is_one(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    with ThreadPoolExecutor(max_workers=8) as threads:
        found = set(threads.map(lambda _: operator_token(settings).check(), range(40)))
    assert len(found) == 1


def test_a_made_token_that_vanishes_is_not_made_again_meanwhile(tmp_path: Path) -> None:
    made = operator_token(Settings(run_dir=tmp_path))
    (tmp_path / "service" / "token").unlink()
    with pytest.raises(InvalidToken) as error:
        made.check()
    assert error.value.detail.startswith("the file service/token of the run directory is missing")


def test_a_folder_that_takes_no_token_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "service").write_text("no folder")
    with pytest.raises(InvalidToken, match=r"cannot be made in .*/service/token: File exists"):
        operator_token(Settings(run_dir=tmp_path))


@pytest.mark.parametrize("name", ["token", "webhook_token"])
def test_of_two_places_none_is_chosen(tmp_path: Path, name: str) -> None:
    (tmp_path / "t").write_text(GOOD)
    both: dict[str, Any] = {name: SecretStr(GOOD), f"{name}_file": tmp_path / "t"}
    with pytest.raises(
        InvalidToken, match=r"^SERVICE_\w+ and SERVICE_\w+_FILE are both set; expected one of them"
    ):
        check_tokens(Settings(run_dir=tmp_path, **both))


def test_a_check_makes_nothing(tmp_path: Path) -> None:
    check_tokens(Settings(run_dir=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_a_token_of_its_own_the_webhook_has_none() -> None:
    assert webhook_token(Settings()) is None
