"""Every alert has its runbook, every runbook its alert, and the link of an alert ends at its runbook."""

import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import promql_parser as ql
import pytest

from docs.alert_list import alert_summaries
from docs.alerts_page import alerts_page
from docs.generate import FOLDER
from docs.runbook_files import load_runbooks
from prometheus import thresholds
from prometheus.config_file import ConfigFileError
from stack.settings import ROOT
from tests.prometheus.known_series import known_series
from tests.prometheus.promql import selectors
from tests.prometheus.rule_files import alerts, rules
from tests.servers.fixtures import StartPrometheus

NAMES = sorted({it.name for it in alerts()})


def test_every_alert_has_one_runbook_and_every_runbook_an_alert() -> None:
    assert sorted(load_runbooks()) == NAMES


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{}", "docs/runbooks/ has no runbook for DiskFull; expected means, confirm, causes and act"),
        ("DiskFull: {means: It is full soon.}", "full.yml: DiskFull.confirm is missing"),
        ("DiskFull: {means: Full.}", "full.yml: DiskFull.means is 'Full.'; expected to have at least 10"),
    ],
)
def test_a_missing_or_wrong_runbook_is_told_in_a_sentence(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "full.yml").write_text(written)
    with pytest.raises(ConfigFileError, match=re.escape(told)):
        load_runbooks(tmp_path)["DiskFull"]


@pytest.mark.parametrize("page", ["alerts.md", "alerts.html"])
def test_every_alert_has_one_heading_in_the_page(page: str) -> None:
    text = (FOLDER / page).read_text()
    found = re.findall(
        r"^## (\w+)$" if page.endswith(".md") else r'<h2 id="\w+">(\w+)</h2>', text, re.MULTILINE
    )
    # the one heading that is not an alert's
    assert sorted(set(found) - {"Signals"}) == NAMES
    assert len(found) == len(set(found))


def test_every_signal_is_in_the_table() -> None:
    text = (FOLDER / "alerts.md").read_text()
    for name, signal in thresholds.load().signals.items():
        assert f"| `{name}` | [{signal.alert}](#{signal.alert.lower()}) | {signal.meaning} |" in text


def test_every_query_of_a_runbook_asks_for_series_that_exist() -> None:
    there = {
        *known_series(),
        *(it.name for it in rules()),
        "ALERTS",
        "prometheus_rule_group_last_duration_seconds",
    }
    for alert, query in queries():
        for selector in selectors(ql.parse(query)):
            assert selector.name in there, f"{alert}: {query}"


def queries() -> Iterator[tuple[str, str]]:
    """The queries of all runbooks."""
    for alert, runbook in load_runbooks().items():
        yield from ((alert, look.query) for look in runbook.confirm if look.query)


def test_a_runbook_names_only_alerts_that_exist() -> None:
    for alert, runbook in load_runbooks().items():
        for sentence in (*runbook.causes, *runbook.act):
            named = set(re.findall(r"\b(?:for|see|at|If|and) ([A-Z][a-z]+(?:[A-Z][a-z]+)+)\b", sentence))
            assert named <= {*NAMES, "PostgreSQL", "FlagEmbedding"}, f"{alert}: {sentence}"


def test_a_second_runbook_for_an_alert_is_refused(tmp_path: Path) -> None:
    text = next(iter(sorted((FOLDER / "runbooks").glob("*.yml")))).read_text()
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigFileError, match=r"b\.yml has a second runbook for BackendDown; expected one"):
        load_runbooks(tmp_path)


def test_prometheus_serves_the_runbook_where_the_alert_links_to(prometheus: StartPrometheus) -> None:
    server = prometheus("scrape_configs: []\n", f"--web.user-assets={ROOT / 'docs'}")
    address = f"{server.url}/user/alerts.html#databasedown"
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  (our own server)
        text = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/html")
    assert '<h2 id="databasedown">' in text
    link = next(it for it in re.findall(r'href="(/graph[^"]+)"', text))
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(link.replace("&amp;", "&")).query)
    assert asked["g0.expr"] == ["ops_backend_up"]


def test_each_alert_says_which_single_event_can_raise_it() -> None:
    table = alerts_page().split("## What one event can raise")[1].split("## Signals")[0]
    rows = dict(re.findall(r"^\| \[(\w+)\]\(#\w+\) \| [a-z, ]+ \| (.+) \|$", table, re.MULTILINE))
    summaries = list(alert_summaries(thresholds.load()))
    assert rows == {it.name: it.single_event for it in summaries}
    assert {rows["DatabaseDown"], rows["RedisDown"]} == {
        "a refused connection; of silence none, two pings in a row must remain without a response"
    }
