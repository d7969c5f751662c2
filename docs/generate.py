"""Writes the documents that can be derived: `python -m docs.generate`, or `make docs`."""

import argparse
import sys
from pathlib import Path

from docs.alerts_html import alerts_html
from docs.alerts_page import alerts_page
from docs.dashboards_page import dashboards_page
from docs.metrics_page import metrics_page
from docs.packages_picture import architecture_page
from docs.settings_page import settings_page
from prometheus.config_file import ConfigFileError
from prometheus.thresholds import ThresholdsError

FOLDER = Path(__file__).parent
PAGES = {
    "alerts.html": alerts_html,
    "alerts.md": alerts_page,
    "architecture.md": architecture_page,
    "dashboards.md": dashboards_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
}


def main() -> int:
    """Write every page and say which ones are new; 2, and none is written, where a source is wrong."""
    try:
        pages = {name: made() for name, made in PAGES.items()}
    except (ConfigFileError, ThresholdsError) as error:
        sys.stderr.write(f"{error}\nthe pages stay as they are\n")
        return 2
    for name, text in pages.items():
        path = FOLDER / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"docs/{name} is new\n")
    return 0


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__).parse_args()
    sys.exit(main())
