"""Grafana's package is unpacked when its repository is signed by the pinned key, and refused otherwise."""

import re
from pathlib import Path

import pytest

from stack.errors import StackError
from stack.grafana.package import download, unpacked_home
from stack.grafana.repository import FILE, Repository, read_repository
from tests.servers.ports import free_port
from tests.stack.grafana.refusal import refusal
from tests.stack.grafana.repository import FileServer, SignedRepository, Signer, serve


def test_the_package_is_unpacked_and_kept(wanted: Repository, server: FileServer, cache: Path) -> None:
    progress: list[str] = []
    home = download(wanted, cache, progress.append)
    assert (home / "bin" / "grafana").stat().st_mode & 0o100
    assert progress == [
        f"grafana 12.4.* is being downloaded from {server.url}",
        "grafana_12.4.3_all.deb is being unpacked",
    ]
    requests = len(server.requested)
    assert unpacked_home(wanted, cache) == home
    assert len(server.requested) == requests
    # the download and apt's own files are gone
    assert sorted(path.name for path in cache.iterdir()) == ["unpacked", "unpacked-from"]


def test_another_version_is_not_the_kept_one(wanted: Repository, cache: Path) -> None:
    download(wanted, cache, lambda _: None)
    assert unpacked_home(wanted.model_copy(update={"version": "13.*"}), cache) is None


def test_a_file_of_several_keys_yields_the_pinned_one(
    repository: SignedRepository, stranger: Signer, wanted: Repository, cache: Path
) -> None:
    (repository.root / "key").write_bytes(stranger.public() + repository.signer.public())
    assert download(wanted, cache, lambda _: None).is_dir()


def test_another_key_is_refused(
    repository: SignedRepository, stranger: Signer, wanted: Repository, cache: Path
) -> None:
    (repository.root / "key").write_bytes(stranger.public())
    assert refusal(wanted, cache).startswith(
        f"Grafana was refused: the key at {wanted.key_url} has the fingerprint {stranger.fingerprint()}; "
        f"expected {wanted.fingerprint};"
    )


def test_a_page_in_place_of_the_key_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    (repository.root / "key").write_text("<html>Please sign in to this network</html>")
    assert "has no fingerprint, since it holds no key; expected" in refusal(wanted, cache)


def test_a_repository_signed_by_another_key_is_refused(
    repository: SignedRepository, stranger: Signer, wanted: Repository, cache: Path
) -> None:
    repository.signer = stranger
    repository.sign()
    # also where the right key and the wrong one are served together
    (repository.root / "key").write_bytes(stranger.public() + (repository.root / "key").read_bytes())
    assert f"is not signed by the key {wanted.fingerprint}" in refusal(wanted, cache)


@pytest.mark.parametrize("signature", ["missing", "broken"])
def test_a_repository_without_its_signature_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, signature: str
) -> None:
    signed = repository.release.with_name("InRelease")
    text = signed.read_text()
    signed.unlink()
    if signature == "broken":
        signed.write_text(text.replace("Suite: stable", "Suite: stabel"))
    assert "is not signed by the key" in refusal(wanted, cache)


def test_an_index_of_long_ago_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    repository.sign(valid_until="Mon, 01 Jan 2024 00:00:00 GMT")
    assert refusal(wanted, cache).startswith(f"Grafana was refused: the index of {wanted.uri} is expired (")


@pytest.mark.parametrize("change", ["longer", "other"])
def test_a_tampered_package_is_refused(
    repository: SignedRepository, wanted: Repository, cache: Path, change: str
) -> None:
    content = bytearray(repository.package.read_bytes())
    content[200] ^= 1
    repository.package.write_bytes(bytes(content) + (b"x" if change == "longer" else b""))
    assert "is not what its signed index names" in refusal(wanted, cache)


def test_a_tampered_index_is_refused(repository: SignedRepository, wanted: Repository, cache: Path) -> None:
    [index] = repository.root.rglob("Packages")
    index.write_text(index.read_text().replace("a stand-in", "a stand-on"))
    assert "is not what its signed index names" in refusal(wanted, cache)


def test_a_dead_address_is_reported_with_the_reason(
    repository: SignedRepository, tmp_path: Path, cache: Path
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    sentence = refusal(read_repository(repository.described(tmp_path / "dead.yml", address)), cache)
    assert sentence.startswith(f"Grafana cannot be downloaded: {address}/key cannot be reached (")
    assert "Connection refused" in sentence


def test_a_repository_that_is_gone_is_reported(
    repository: SignedRepository, wanted: Repository, tmp_path: Path, cache: Path
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "key").write_bytes(repository.signer.public())
    with serve(keys) as elsewhere:
        alone = wanted.model_copy(
            update={"key_url": f"{elsewhere.url}/key", "uri": f"http://127.0.0.1:{free_port()}"}
        )
        assert f"{alone.uri} cannot be reached" in refusal(alone, cache)


def test_a_version_that_is_not_there_is_reported(wanted: Repository, cache: Path) -> None:
    older = wanted.model_copy(update={"version": "11.6.*"})
    assert f"{wanted.uri} has no grafana=11.6.*" in refusal(older, cache)


def test_a_refusal_leaves_the_earlier_one(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    home = download(wanted, cache, lambda _: None)
    repository.package.write_bytes(b"no package")
    with pytest.raises(StackError, match="is not what its signed index names"):
        download(wanted, cache, lambda _: None)
    assert unpacked_home(wanted, cache) == home
    assert sorted(path.name for path in cache.iterdir()) == ["unpacked", "unpacked-from"]


def test_a_signed_file_that_is_no_package_is_reported(
    repository: SignedRepository, wanted: Repository, cache: Path
) -> None:
    repository.package.write_bytes(b"no package")
    repository.index()
    repository.sign()
    assert refusal(wanted, cache).startswith("Grafana cannot be unpacked: grafana_12.4.3_all.deb: dpkg-deb: ")


def test_a_password_in_an_address_is_not_told(
    repository: SignedRepository, server: FileServer, tmp_path: Path, cache: Path
) -> None:
    address = server.url.replace("//", "//bob:hunter2@")
    protected = read_repository(repository.described(tmp_path / "protected.yml", address))
    progress: list[str] = []
    assert download(protected, cache, progress.append).is_dir()
    assert progress[0].endswith(f"is being downloaded from {server.url}")
    server.errors["InRelease"] = 403
    assert "hunter2" not in refusal(protected, tmp_path / "another cache")
    with pytest.raises(StackError, match=r"uri is 'http://127[^@]*'") as refused:
        read_repository(repository.described(tmp_path / "wrong.yml", f"{address}/ /"))
    assert "hunter2" not in str(refused.value)


def test_a_system_without_apt_is_reported(
    wanted: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "this system has no apt-get" in refusal(wanted, cache)


def test_nothing_of_the_system_is_touched(wanted: Repository, cache: Path) -> None:
    system = [
        Path("/var/lib/apt/lists"),
        Path("/var/lib/dpkg/status"),
        Path("/etc/apt"),
        Path("/var/cache/apt"),
    ]
    before = [path.stat().st_mtime_ns for path in system]
    download(wanted, cache, lambda _: None)
    assert [path.stat().st_mtime_ns for path in system] == before


def test_the_project_names_the_vendors_repository_in_one_file() -> None:
    vendor = read_repository(FILE)
    assert vendor.fingerprint == "B53AE77BADB630A683046005963FA27710458545"
    assert vendor.uri.startswith("https://")
    assert vendor.key_url.startswith(f"{vendor.uri}/")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"- a: [", b"[]", b""])
def test_a_file_that_names_no_repository_is_reported(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "repository.yml"
    file.write_bytes(content)
    with pytest.raises(
        StackError, match=f"^{re.escape(str(file))}(: the file is| cannot be read: )"
    ) as refused:
        read_repository(file)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fingerprint", "B53A"),
        ("uri", "ftp://x"),
        ("version", "12.4 --allow"),
        ("suite", "a b"),
        ("color", "red"),
    ],
)
def test_a_wrong_entry_of_the_file_is_reported(tmp_path: Path, name: str, value: str) -> None:
    file = tmp_path / "repository.yml"
    file.write_text(FILE.read_text() + f"{name}: {value!r}\n")
    with pytest.raises(StackError, match=rf"{name} is '{value}'"):
        read_repository(file)
