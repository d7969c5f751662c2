"""docs/alerts.html: the runbooks, served by Prometheus, with links to their queries."""

import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from docs.alert_list import AlertSummary, alert_summaries
from docs.runbook_files import ConfirmationStep, Runbook, load_runbooks
from prometheus.thresholds import load

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Watchroom: runbooks</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 0 auto; padding: 1rem; }
h2 { border-top: 1px solid; padding-top: 1rem; margin-top: 2rem; }
h2:target { outline: 3px solid; outline-offset: .3rem; }
h3 { font-size: 1rem; margin-bottom: 0; }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
nav ul { columns: 15rem; }
</style>
</head>
<body>
<h1>Runbooks</h1>
<p>Written by <code>make docs</code>; not to be edited. Queries open in this Prometheus.</p>
"""
END = "</body>\n</html>\n"


def alerts_html() -> str:
    """The page."""
    alerts, written = list(alert_summaries(load())), load_runbooks()
    links = (f'<a href="#{alert.name.lower()}">{alert.name}</a>' for alert in alerts)
    sections = (line for alert in alerts for line in section(alert, written[alert.name]))
    contents = f'<nav aria-label="All alerts">\n{html_list(links)}</nav>\n<main>\n'
    return "".join((HEAD, contents, *sections, "</main>\n", END))


def section(alert: AlertSummary, runbook: Runbook) -> Iterator[str]:
    """The runbook of one alert; alerts link to its id."""
    yield f'<h2 id="{alert.name.lower()}">{alert.name}</h2>\n<p>{sentence_html(runbook.means)}</p>\n'
    yield f"<p><em>{' and '.join(alert.severities)}.</em> {sentence_html(alert.when)}</p>\n"
    yield f"<h3>To confirm</h3>\n{html_list(map(step_html, runbook.confirm))}"
    yield f"<h3>Likely causes here</h3>\n{html_list(map(sentence_html, runbook.causes))}"
    yield f"<h3>What to do</h3>\n{html_list(map(sentence_html, runbook.act))}"
    yield (
        f"<p>Dashboard <code>watchroom-{alert.dashboard}</code>; act on page "
        f"<code>{alert.page}</code> of the service. The alert links to both.</p>\n"
    )


def step_html(it: ConfirmationStep) -> str:
    """A command, or a query with a link that runs it."""
    shown = f"<code>{html.escape(it.query or it.run)}</code>"
    if it.query:
        address = html.escape("/graph?" + urlencode({"g0.expr": it.query, "g0.tab": "1"}))
        shown = f'<a href="{address}">{shown}</a>'
    return f"{shown}: {sentence_html(it.see)}"


def html_list(items: Iterable[str]) -> str:
    """A list in HTML."""
    return f"<ul>\n{''.join(f'<li>{item}</li>{chr(10)}' for item in items)}</ul>\n"


def sentence_html(sentence: str) -> str:
    """A sentence in HTML; words in backticks become code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(sentence, quote=False))
