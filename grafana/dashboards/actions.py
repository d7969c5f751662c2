"""What can be pressed: links to the service's pages, which ask before they change anything."""

from grafana.grafana_json import Panel
from grafana.sizes import Size
from grafana.texts import text

PAGES = (
    ("Acknowledge alerts", "/alerts"),
    ("Jobs", "/jobs"),
    ("Failed jobs", "/jobs?state=failed"),
    ("Workers", "/workers"),
    ("Clear the cache", "/cache"),
    ("Ingest a repository", "/ingest"),
    ("Sparse embeddings", "/embeddings"),
)
ABOUT = "Pages of the service. A link only opens a page; nothing happens before you press a button there."


def actions(size: Size) -> Panel:
    """Every page that acts."""
    pages = " &nbsp;·&nbsp; ".join(f"[**{title}**](${{service}}{path})" for title, path in PAGES)
    return text("Actions", size, ABOUT, pages)
