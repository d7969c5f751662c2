"""The address of the list of alerts: everything that chooses is in it, so that it can be shared."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args
from urllib.parse import urlencode

from pydantic import ValidationError

from ingestion_api.alerts.alert_query import AlertQuery
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import Order
from ingestion_api.errors import BadRequest

ORDERS: Sequence[str] = get_args(Order)
DEFAULT_ORDER = "gravest"
_SINGLE = ("state", "text", "since", "until", "acknowledged", "order", "before")
_AS_IN_THE_API = {"status": "state"}
_LISTS = ("severity", "module", "signal", "label")
_NO_ZONE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$")
_ACKNOWLEDGED = {"yes": True, "no": False}
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class AlertAddress:
    """What chooses the alerts, in the order of the address, without what is empty."""

    pairs: Pairs

    @classmethod
    def read(cls, given: Iterable[tuple[str, str]]) -> "AlertAddress":
        """The address of a request: any other name is that of a label, as links of dashboards have it."""
        pairs = []
        for given_name, value in given:
            if not value or given_name == "notice":
                continue
            name = _AS_IN_THE_API.get(given_name, given_name)
            known = name in _SINGLE or name in _LISTS
            pairs.append((name, value) if known else ("label", f"{name}={value}"))
        return cls(tuple(dict.fromkeys(pairs)))

    def all(self, name: str) -> list[str]:
        """All values of a name."""
        return [value for key, value in self.pairs if key == name]

    def one(self, name: str) -> str:
        """The last value of a name, or nothing."""
        return (self.all(name) or [""])[-1]

    @property
    def order(self) -> Order:
        """The order of the list; BadRequest for one that there is not."""
        chosen = self.one("order") or DEFAULT_ORDER
        for order in ORDERS:
            if chosen == order:
                return order  # type: ignore[return-value]  # it is one of them
        raise BadRequest(f"order is {chosen[:80]!r}; expected one of {', '.join(ORDERS)}.")

    @cached_property
    def filter(self) -> AlertFilter:
        """What it chooses; BadRequest that names what is wrong."""
        values: dict[str, object] = {name: self.all(name) for name in _LISTS}
        values |= {name: with_zone(self.one(name)) for name in ("since", "until") if self.one(name)}
        values |= {"text": self.one("text"), "status": self.one("state") or None}
        if chosen := self.one("acknowledged"):
            values["acknowledged"] = _ACKNOWLEDGED.get(chosen, chosen)
        try:
            return AlertQuery.model_validate(values).filter()
        except ValidationError as error:
            raise BadRequest(_sentence(error.errors(include_url=False)[0])) from None

    @property
    def chooses(self) -> bool:
        """Whether it leaves anything out."""
        return self.narrows or bool(self.one("state"))

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out of a state."""
        return any(name not in ("state", "order", "before") for name, _ in self.pairs)

    @property
    def filters(self) -> bool:
        """Whether it has more than what the first row of the form asks for."""
        return any(name not in ("state", "text", "order", "before") for name, _ in self.pairs)

    def url(self, path: str = "/alerts", **changes: str) -> str:
        """The address with other values in place of some; a page of its own only where it is one of them."""
        kept = [(name, value) for name, value in self.pairs if name not in {"before", *changes}]
        kept += [(name, value) for name, value in changes.items() if value]
        return f"{path}?{urlencode(kept)}" if kept else path

    @property
    def here(self) -> str:
        """This very address."""
        return self.url(before=self.one("before"))


def with_zone(moment: str) -> str:
    """A moment as a form gives it is in UTC."""
    return f"{moment}Z" if _NO_ZONE.match(moment) else moment


def _sentence(error: Mapping[str, object]) -> str:
    place = error["loc"]
    name = str(place[0]) if isinstance(place, tuple) and place else "The address"
    name = "state" if name == "status" else name
    message = str(error["msg"]).removeprefix("Value error, ")
    if str(error["type"]).startswith("value_error"):
        return f"{name} {message}."
    return f"{name} is {str(error['input'])[:80]!r}: {message[0].lower()}{message[1:]}."
