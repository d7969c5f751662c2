"""What can be pressed: links to the service's pages, which ask before they change anything."""

from grafana.grafana_json import Panel
from grafana.old_panels import text

PAGES = (
    ("Ingest a repository", "/ingest"),
    ("Jobs", "/jobs"),
    ("Failed jobs", "/jobs?state=failed"),
    ("Sparse embeddings", "/embeddings"),
    ("Clear the cache", "/cache"),
    ("Workers", "/workers"),
    ("Acknowledge alerts", "/alerts"),
)
ABOUT = "Pages of the service. A link only opens a page; nothing happens before you press a button there."


def actions() -> Panel:
    """Every page that acts."""
    pages = " &nbsp;·&nbsp; ".join(f"[**{title}**](${{service}}{path})" for title, path in PAGES)
    return text("Quick actions", pages, ABOUT)
