"""The variables that dashboards share, with defaults that show something at once."""

from collections.abc import Mapping
from typing import Any

from grafana import links
from grafana.grafana_json import DATASOURCE, Variable, variable
from grafana.palette import STATUS_NUMBERS

ALL = {"selected": True, "text": ["All"], "value": ["$__all"]}
SEVERAL = {"includeAll": True, "multi": True, "allValue": ".+"}
HIDDEN = 2
# the fast scrape holds a few of the same series again, which would count everything twice
SLOW_JOBS = "/^(?!.*-fast$).+$/"


def shared_variables() -> list[Variable]:
    """What every dashboard has, so that a link can always hand it on; hidden, since it is seldom chosen."""
    return [datasource(), job(), instance(), service()]


def visible_variables() -> list[Variable]:
    """The shared variables where they can be chosen: on the dashboard of the stack."""
    return [datasource(hide=0), job(hide=0), instance(hide=0), service(hide=0)]


def datasource(hide: int = HIDDEN) -> Variable:
    """Which Prometheus."""
    current = {"selected": True, "text": "Prometheus", "value": "prometheus"}
    return variable("datasource", "prometheus", current, type="datasource", label="Data source", hide=hide)


def job(hide: int = HIDDEN) -> Variable:
    """The scrape job of the exporter."""
    return one_of_label("job", "ops_collector_success", "job", "Job", "exporter", regex=SLOW_JOBS, hide=hide)


def instance(hide: int = HIDDEN) -> Variable:
    """Which exporters, where several watch."""
    return of_label("instance", 'ops_collector_success{job="$job"}', "instance", "Instance", hide=hide)


def service(hide: int = HIDDEN) -> Variable:
    """Where browsers reach the service; shown on the dashboard of the stack, handed on by every link."""
    address = links.service_address()
    current = {"selected": True, "text": address, "value": address}
    given = {"type": "textbox", "label": "Service", "hide": hide, "options": [dict(current)]}
    return variable("service", address, current, **given)


def module() -> Variable:
    """One module, the search at first."""
    return one_of_label("module", 'ops_module_status{job="$job"}', "module", "Module", "search")


def modules() -> Variable:
    """Which modules, all at first."""
    return of_label("module", 'ops_module_status{job="$job"}', "module", "Module")


def status() -> Variable:
    """Which statuses, all at first; their values are the numbers of the recorded status."""
    return choice("status", "Status", STATUS_NUMBERS)


def of_label(name: str, metric: str, label: str, title: str, hide: int = 0) -> Variable:
    """The values of one label of one metric, any number of them, all at first."""
    return label_values(name, metric, label, dict(ALL), label=title, hide=hide, **SEVERAL)


def one_of_label(name: str, metric: str, label: str, title: str, first: str, **more: Any) -> Variable:
    """One value of a label, `first` until another is chosen."""
    current = {"selected": True, "text": first, "value": first}
    return label_values(name, metric, label, current, label=title, **more)


def label_values(name: str, metric: str, label_name: str, current: dict[str, Any], **fields: Any) -> Variable:
    """A variable that is asked of Prometheus, and again when the time range changes."""
    text = f"label_values({metric}, {label_name})"
    query = {"query": text, "refId": f"variable-{name}", "qryType": 1}
    return variable(name, query, current, dataSource=dict(DATASOURCE), refresh=2, sort=1, **fields)


def choice(name: str, title: str, values: Mapping[str, object]) -> Variable:
    """Fixed words to choose from, all at first, each with the value that it stands for."""
    options = [{"selected": False, "text": text, "value": str(value)} for text, value in values.items()]
    query = ",".join(f"{text} : {value}" for text, value in values.items())
    return variable(name, query, dict(ALL), type="custom", label=title, options=options, **SEVERAL)
