"""Pictures of dashboards in documents: shown once `make pictures` has taken them."""

import argparse
import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "pictures"
README = Path(__file__).parents[1] / "README.md"
THEMES = ("dark", "light")
ON_README = (("watchroom-overview", "Overview"),)
BEGIN, END = "<!-- pictures: written by `make pictures` -->", "<!-- end of pictures -->"


def file_name(uid: str, theme: str) -> str:
    """The name of a dashboard's picture."""
    return f"{uid}-{theme}.png"


def picture_html(uid: str, title: str, place: str = "pictures", folder: Path = FOLDER) -> str:
    """The dashboard's picture in the reader's theme, as HTML in Markdown; empty while it is not taken."""
    if not all((folder / file_name(uid, theme)).is_file() for theme in THEMES):
        return ""
    dark, light = (f"{place}/{file_name(uid, theme)}" for theme in THEMES)
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="The dashboard {title}"></picture>\n'
    )


def insert_pictures(text: str, folder: Path = FOLDER) -> str:
    """README's text with the pictures that are there between its two marks."""
    shown = "".join(picture_html(uid, title, "docs/pictures", folder) for uid, title in ON_README)
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", f"{BEGIN}\n{shown}{END}", text, flags=re.DOTALL)


def main() -> int:
    """Write README.md, and say so when it changes."""
    text = README.read_text()
    if (new := insert_pictures(text)) != text:
        README.write_text(new)
        sys.stdout.write("README.md is new\n")
    return 0


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m docs.picture_list", description=__doc__).parse_args()
    sys.exit(main())
