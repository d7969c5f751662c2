"""Scratch folders go, however deep; those that resist are set aside, and nothing fails by them."""

import logging
import os
from pathlib import Path

import pytest

from ingestion_api.repository import CloneLimits, CloningUnavailable, UrlRules, sweep_scratch
from ingestion_api.repository import scratch as scratch_module
from ingestion_api.repository.scratch import remove_folder, scratch_directory
from tests.ingestion_api.hostile import killed, nest_folders
from tests.ingestion_api.repository.clones import refusal


@pytest.mark.usefixtures("no_deep_folders")
def test_a_sweep_removes_a_thousand_nested_folders(scratch: Path) -> None:
    """Their path is longer than any that the system takes."""
    nest_folders(killed(scratch), 1100)
    assert sweep_scratch(scratch) == 1
    assert not list(scratch.iterdir())


def test_no_link_is_followed(scratch: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    folder = killed(scratch)
    (folder / "link").symlink_to(kept)
    (scratch / "watchroom-clone-link").symlink_to(kept)
    remove_folder(folder)
    sweep_scratch(scratch)
    assert (kept / "file").exists()


def test_folders_that_may_not_be_written_to_go(scratch: Path) -> None:
    folder = killed(scratch)
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0o500)
    assert sweep_scratch(scratch) == 1


def test_what_resists_is_set_aside_told_once_and_tried_again(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = killed(scratch)
    nest_folders(folder, 150)

    def a_little(path: Path) -> None:
        remove_folder(path, most=100)

    monkeypatch.setattr(scratch_module, "remove_folder", a_little)
    with caplog.at_level(logging.WARNING):
        assert sweep_scratch(scratch) == 0
        assert [path.name for path in scratch.iterdir()] == ["watchroom-set-aside-watchroom-clone-dead"]
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "was set aside" in caplog.text
        assert sweep_scratch(scratch) == 1
        assert len(caplog.records) == 1
    assert not list(scratch.iterdir())


def test_work_whose_folder_resists_is_not_lost(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def resist(_path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(scratch_module, "remove_folder", resist)
    with scratch_directory(scratch) as home:
        (home / "file").touch()
    assert [path.name.startswith("watchroom-set-aside-") for path in scratch.iterdir()] == [True]


def test_only_what_nobody_uses_is_swept(scratch: Path) -> None:
    """A folder in use is locked; one that was only just made is not locked yet."""
    (scratch / "watchroom-new-now").mkdir(parents=True)
    old = scratch / "watchroom-new-old"
    old.mkdir()
    os.utime(old, (0, 0))
    (scratch / "watchroom-clone-file").touch()
    (scratch / "somebody's own").mkdir()
    with scratch_directory(scratch) as home:
        sweep_scratch(scratch)
        assert home.exists()
    names = {path.name for path in scratch.iterdir()}
    assert names == {"watchroom-new-now", "watchroom-clone-file", "somebody's own"}


def test_a_scratch_folder_that_is_not_there_is_swept(tmp_path: Path) -> None:
    assert sweep_scratch(tmp_path / "nowhere") == 0


def test_a_full_disk_is_told_as_ours(scratch: Path) -> None:
    """Nothing is asked of the host then."""
    error = refusal(
        "https://tower.invalid/lamp", UrlRules(resolve=never), scratch, CloneLimits(free_bytes=2**60)
    )
    assert isinstance(error, CloningUnavailable)
    assert "the worker's scratch folder has" in str(error)


def never(host: str, port: int) -> list[str]:
    """A resolver that must not be asked."""
    raise AssertionError("the host was looked up")


def test_a_scratch_folder_that_cannot_be_made_is_told_as_ours(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CloningUnavailable, match="cannot be written to"),
        scratch_directory(tmp_path / "file"),
    ):
        pass
