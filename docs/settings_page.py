"""docs/settings.md: everything that can be set, by name and environment variable."""

from collections.abc import Iterable

import demo.settings
import ingestion_api.settings_load
import stack.settings
from docs.markdown import code, table
from exporter.inventory import SettingEntry, list_settings

HEAD = """# Settings

Written by `make docs` from the settings themselves; not to be edited.

## The exporter

From one YAML file (`exporter.yml` where it is started, or `--config FILE`) and from the environment, which
wins. In the file `backend.url` is the field `url` of the section `backend`; lists and tables in the
environment are JSON. `python -m exporter --check` checks them and tries every source.

"""
SERVICE = """
## The ingestion service

From the environment of the service and of its workers, which wins, or from one YAML file; `--config FILE`
names it to the service, `SERVICE_CONFIG` to the workers. In it `SERVICE_QUEUE_LIMIT` is `queue_limit`. Commas
separate the words of a list. `python -m ingestion_api --check` checks them
and opens what they name: databases, the queue's broker as Celery opens it, the cache.

"""
STACK = """
## `make run`

From the environment.

"""
DEMO = """
## The demo

From the environment; they matter where `BACKEND_URL` is not set.

"""
VARIABLES = ("Environment variable", "Default", "Meaning")
Described = Iterable[tuple[str, str, str]]


def settings_page() -> str:
    """The whole page."""
    exporter = table(("Setting", *VARIABLES), (row(choice) for choice in list_settings()))
    return "".join(
        (
            HEAD,
            exporter,
            SERVICE,
            table(VARIABLES, rows(ingestion_api.settings_load.describe_settings())),
            STACK,
            table(VARIABLES, rows(stack.settings.describe_settings())),
            DEMO,
            table(VARIABLES, rows(demo.settings.setting_rows())),
        )
    )


def row(choice: SettingEntry) -> tuple[str, ...]:
    """What is said of one setting of the exporter."""
    variables = ", ".join(map(code, choice.variables))
    return code(choice.name), variables, code(choice.default), choice.about


def rows(described: Described) -> Iterable[tuple[str, ...]]:
    """What is said of the settings of the stack and of the demo."""
    return ((code(name), code(default), about) for name, default, about in described)
