"""Configuration files that are no YAML, name a key twice, or are away: one sentence that says where."""

from pathlib import Path

import pytest

from prometheus.config_file import ConfigFileError, read_yaml
from prometheus.peer_jobs import load_jobs
from prometheus.thresholds import ThresholdsError, load


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"signals:\n  a: [\n", "is no YAML at line 3"),
        (b"a: 1\nb: : 2\n", "is no YAML at line 2"),
        # of a character that is never in YAML no line is known
        (b"a: \x01\n", "is no YAML at line 1"),
        (b"a: \xff\n", "is no UTF-8"),
        (b"signals:\n  one: {}\n  one: {}\n", "has 'one' twice (line 3)"),
        (b"a: 1\nb: 2\na: 3\n", "has 'a' twice (line 3)"),
        (b"signals: {{ mine }}\n", "found unhashable key (line 1)"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "any.yml"
    file.write_bytes(content)
    with pytest.raises(ConfigFileError) as refused:
        read_yaml(file)
    assert str(refused.value) == f"any.yml {told}"


def test_a_file_that_is_away_is_told_with_its_folder(tmp_path: Path) -> None:
    told = rf"{tmp_path}/none\.yml cannot be read: No such file or directory"
    with pytest.raises(ThresholdsError, match=told):
        load(tmp_path / "none.yml")
    with pytest.raises(ConfigFileError, match=told):
        load_jobs(tmp_path / "none.yml")


def test_a_mapping_may_take_over_several_others(tmp_path: Path) -> None:
    file = tmp_path / "any.yml"
    file.write_text("one: &one {a: 1}\ntwo: &two {b: 2}\nboth: {<<: *one, <<: *two}\n")
    assert read_yaml(file)["both"] == {"a": 1, "b": 2}
