"""PostgreSQL's settings in base units, whatever units the server gives them in."""

import pytest

from exporter.sources.database.server_settings import factor, is_known_unit, server_setting
from exporter.sources.database.views import number, view_row


@pytest.mark.parametrize(
    ("unit", "base"),
    [
        ("", 1), ("us", 1e-6), ("ms", 0.001), ("s", 1), ("min", 60), ("h", 3600), ("d", 86_400),
        ("B", 1), ("kB", 1024), ("8kB", 8192), ("16MB", 16 * 2**20), ("GB", 2**30), ("TB", 2**40),
    ],
)  # fmt: skip
def test_a_unit_is_so_many_seconds_or_bytes(unit: str, base: float) -> None:
    assert factor(unit) == base
    assert is_known_unit(unit)


@pytest.mark.parametrize("unit", ["furlong", "8", "8sheets"])
def test_a_unit_of_a_later_server_is_not_known(unit: str) -> None:
    assert not is_known_unit(unit)


@pytest.mark.parametrize(
    ("value", "unit", "is_switch", "name", "shown"),
    [
        ("on", "", True, "a_b", 1.0), ("off", "", True, "a_b", 0.0), ("0.5", "", False, "a_b", 0.5),
        ("2", "min", False, "a_b_seconds", 120.0), ("3", "8kB", False, "a_b_bytes", 24_576.0),
    ],
)  # fmt: skip
def test_a_setting_has_the_name_of_its_unit(
    value: str, unit: str, is_switch: bool, name: str, shown: float
) -> None:
    setting = server_setting("a.b", value, unit, is_switch, "about")
    assert (setting.name, setting.value, setting.about) == (name, shown, "about")


def test_a_row_of_a_view_is_its_labels_and_its_numbers() -> None:
    row = view_row(("a", None, True, None, "text", 5), 2, ["w", "x", "y", "z"])
    assert row.labels == ("a", "")
    assert row.values == {"w": 1.0, "x": None, "y": None, "z": 5.0}
    assert number("5") is None
