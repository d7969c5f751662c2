"""A package that is signed is run only if what is run lies inside it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.grafana.package import ADVICE, download, unpacked_home
from stack.grafana.repository import Repository
from tests.stack.grafana.refusal import refusal
from tests.stack.grafana.repository import SignedRepository, install_stand_in

Change = Callable[[Path], object]


def replace_by_link(name: str, target: str) -> Change:
    """Put a link in place of a file or folder of the package."""

    def change(content: Path) -> None:
        path = content / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return change


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside, with a whole Grafana at each of the places to which the links of these tests lead."""
    folder = tmp_path / "outside"
    for home in ("usr/share/grafana", "share/grafana", "grafana", "."):
        install_stand_in(folder / home)
    return folder


@pytest.mark.parametrize(
    "link",
    [
        ("usr", "usr"),
        ("usr/share", "share"),
        ("usr/share/grafana", "grafana"),
        ("usr/share/grafana/bin", "bin"),
        ("usr/share/grafana/bin/grafana", "bin/grafana"),
        ("usr/share/grafana/conf", "nothing there"),
        ("usr/share/grafana/conf/defaults.ini", "conf/defaults.ini"),
    ],
)
def test_a_link_outside_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, outside: Path, link: tuple[str, str]
) -> None:
    name, target = link
    repository.build(replace_by_link(name, str(outside / target)))
    told = f"{name} is a link to {outside / target}; expected one that stays in the package"
    assert refusal(wanted, cache) == f"Grafana was refused: in grafana_12.4.3_all.deb, {told}; {ADVICE}"
    assert not (cache / "new").exists()
    assert not (cache / "unpacked").exists()


def test_a_link_that_climbs_out_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, outside: Path
) -> None:
    climbing = "../../../../../../outside/grafana"
    repository.build(replace_by_link("usr/share/grafana", climbing))
    assert f"usr/share/grafana is a link to {climbing}; expected" in refusal(wanted, cache)


def test_a_link_behind_a_link_inside_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, outside: Path
) -> None:
    def change(content: Path) -> None:
        (content / "usr" / "share" / "grafana").rename(content / "usr" / "grafana")
        (content / "usr" / "share" / "grafana").symlink_to("../grafana")
        (content / "usr" / "grafana" / "public").symlink_to(outside)

    repository.build(change)
    assert f"usr/grafana/public is a link to {outside}; expected" in refusal(wanted, cache)


def test_links_inside_and_links_that_nothing_follows_are_accepted(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    def change(content: Path) -> None:
        (content / "usr" / "share" / "grafana").rename(content / "usr" / "grafana")
        (content / "usr" / "share" / "grafana").symlink_to("../grafana")
        (content / "usr" / "grafana" / "loop").symlink_to("loop")
        (content / "etc").mkdir()
        (content / "etc" / "grafana").symlink_to("/etc/grafana")

    repository.build(change)
    assert (download(wanted, cache, lambda _: None) / "bin" / "grafana").is_file()


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6711])
def test_a_file_that_gives_rights_away_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, mode: int
) -> None:
    repository.build(lambda content: (content / "usr/share/grafana/bin/grafana").chmod(mode))
    told = f"usr/share/grafana/bin/grafana has the mode {mode:04o}; expected none with setuid or setgid"
    assert told in refusal(wanted, cache)


def test_what_is_no_file_is_refused(repository: SignedRepository, wanted: Repository, cache: Path) -> None:
    repository.build(lambda content: os.mkfifo(content / "usr" / "pipe"))
    assert "usr/pipe is a device, pipe or socket; expected a file" in refusal(wanted, cache)


@pytest.mark.parametrize("name", ["usr", "usr/share/grafana", "usr/share/grafana/bin"])
def test_a_package_without_grafana_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, name: str
) -> None:
    repository.build(lambda content: shutil.rmtree(content / name))
    assert "it has no usr/share/grafana/bin/grafana; " in refusal(wanted, cache)


@pytest.mark.parametrize("name", ["usr/share/grafana", "usr/share/grafana/bin/grafana"])
def test_one_that_was_unpacked_earlier_is_looked_at_too(
    wanted: Repository, cache: Path, outside: Path, name: str
) -> None:
    home = download(wanted, cache, lambda _: None)
    assert unpacked_home(wanted, cache) == home
    replace_by_link(name, str(outside / Path(name).relative_to("usr/share")))(cache / "unpacked")
    assert unpacked_home(wanted, cache) is None


def test_a_cache_behind_a_link_is_as_good(wanted: Repository, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to("disk")
    home = download(wanted, tmp_path / "cache", lambda _: None)
    assert unpacked_home(wanted, tmp_path / "cache") == home
