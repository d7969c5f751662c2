"""Documents have a place for pictures of the dashboards, and show those that are there."""

from pathlib import Path

from docs.picture_list import BEGIN, END, README, THEMES, file_name, insert_pictures, picture_html

UID = "watchroom-overview"


def test_readme_shows_the_pictures_that_are_there() -> None:
    text = README.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert insert_pictures(text) == text, "run `make docs`"


def test_without_pictures_there_is_no_frame(tmp_path: Path) -> None:
    (tmp_path / file_name(UID, "dark")).touch()
    assert picture_html(UID, "Overview", folder=tmp_path) == ""
    assert insert_pictures(f"a\n{BEGIN}\nold\n{END}\nb", tmp_path) == f"a\n{BEGIN}\n{END}\nb"


def test_the_reader_sees_the_theme_of_their_browser(tmp_path: Path) -> None:
    for theme in THEMES:
        (tmp_path / file_name(UID, theme)).touch()
    assert picture_html(UID, "Overview", folder=tmp_path) == (
        '<picture><source media="(prefers-color-scheme: dark)" srcset="pictures/watchroom-overview-dark.png">'
        '<img src="pictures/watchroom-overview-light.png" alt="The dashboard Overview"></picture>\n'
    )
    assert "docs/pictures/watchroom-overview-light.png" in insert_pictures(f"{BEGIN}\n{END}", tmp_path)
