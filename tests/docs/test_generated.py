"""The documents that are derived are up to date, and nothing in them is left unsaid."""

import pytest

from docs.generate import FOLDER, PAGES
from docs.markdown import table
from exporter.collectors import COLLECTORS
from exporter.inventory import list_metrics, list_pollers, list_settings


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_derived_document_is_what_make_docs_would_write(name: str) -> None:
    text = PAGES[name]()
    assert text == PAGES[name](), "the page is not the same twice"
    assert (FOLDER / name).read_text() == text, f"docs/{name} is out of date; run `make docs`"


def test_every_metric_is_explained_in_a_sentence() -> None:
    for entry in list_metrics():
        about = entry.metric.about
        assert about[:1].isupper(), f"{entry.metric.name}: {about!r} does not begin like a sentence"
        assert about.endswith("."), f"{entry.metric.name}: {about!r} does not end like a sentence"


def test_every_metric_is_declared_by_one_part_only_or_with_the_same_words() -> None:
    meanings: dict[str, str] = {}
    for entry in list_metrics():
        about = meanings.setdefault(entry.metric.name, entry.metric.about)
        assert about == entry.metric.about, f"{entry.metric.name} has two meanings"


def test_every_setting_says_what_it_means() -> None:
    assert [choice.name for choice in list_settings() if not choice.about] == []


def test_no_two_questions_have_the_same_name() -> None:
    names = [question.name for question in list_pollers()]
    assert len(names) == len(set(names))


def test_every_collector_is_in_the_metrics_page() -> None:
    page = PAGES["metrics.md"]()
    for collector in COLLECTORS:
        assert f"\n## `{collector.name}`\n" in page


def test_a_cell_cannot_break_its_table() -> None:
    assert table(["a"], [["x | y\n\x06"]]).splitlines()[2] == r"| x \| y\n\x06 |"
