"""What all panels have in common: a title that fits, a description, words for an empty one, queries."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from inspect import signature
from string import ascii_uppercase
from typing import Any, ParamSpec, TypeVar

from grafana.grafana_json import DATASOURCE, Panel, Query
from grafana.links import Link
from grafana.queries.live import gate
from grafana.sizes import Size, check_title
from grafana.units import check_units

Json = dict[str, Any]
P = ParamSpec("P")
Made = TypeVar("Made")


@dataclass(frozen=True)
class PanelOptions:
    """What a panel means, what an empty one means, its unit, and where a click leads.

    `signal` draws the levels in force, and gives the unit; `decades` needs a logarithmic axis.
    """

    about: str
    empty: str = ""
    unit: str = "short"
    links: Sequence[Link] = ()
    signal: str = ""
    decades: bool = False

    def defaults(self, **own: Any) -> Json:
        """The field defaults of the panel."""
        linked = {"links": list(self.links)} if self.links else {}
        return {"unit": self.unit, "noValue": self.empty, **linked, **own}


def constructor(make: Callable[P, Made]) -> Callable[P, Made]:
    """The constructor, which says of an argument that it does not have where it belongs.

    Raises ValueError with the title of the panel, or the name of the cell, in the place of a TypeError.
    """
    there = list(signature(make).parameters)
    in_options = {it.name for it in fields(PanelOptions)} if "options" in there else set()

    @wraps(make)
    def checked(*args: P.args, **given: P.kwargs) -> Made:
        for name, value in given.items():
            if name not in there:
                title = args[0] if args else given.get(there[0])
                wanted = f"PanelOptions({name}=...)" if name in in_options else f"one of {', '.join(there)}"
                raise ValueError(f"{make.__name__} {title!r} is given {name}={value!r}; expected {wanted}")
        return make(*args, **given)

    return checked


def panel(kind: str, title: str, size: Size, about: str, **json: Any) -> Panel:
    """A panel of this kind and size. Raises DoesNotFit where Grafana would cut its title."""
    check_title(title, size)
    check_sentence(title, about)
    made = Panel(kind=kind, size=size, **json)
    made.title, made.description = title, about
    return made


def set_queries(made: Panel, queries: Iterable[Query]) -> Panel:
    """The panel with its queries, A first. Raises ValueError where it has a unit that is none."""
    check_units(made)
    made.targets = list(queries)
    for letter, query in zip(ascii_uppercase, made.targets, strict=False):
        query.refId = letter
    made.dataSource = dict(DATASOURCE)
    return made


def check_sentence(title: str, about: str) -> None:
    """Raise ValueError where a panel does not say what it means."""
    if not about.rstrip().endswith((".", "?")):
        raise ValueError(f"{title!r} is described by {about!r}; expected a sentence that ends in a full stop")


def gate_query(query: Query, otherwise: str = "") -> Query:
    """The query, silent or `otherwise` as soon as its numbers are only memories."""
    query.expr = " or ".join([gate(str(query.expr)), *([otherwise] if otherwise else [])])
    return query
