"""The list of alerts: filtered, in an order, page by page, and as a file."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from fastapi import APIRouter, Request, Response

from ingestion_api.alerts.chosen_texts import choose_texts
from ingestion_api.alerts.export import csv_pieces, read_pieces
from ingestion_api.alerts.filters import MAX_TEXTS, is_search_partial
from ingestion_api.alerts.queries import PageRequest, list_chosen
from ingestion_api.pages.alert_address import ORDERS, AlertAddress
from ingestion_api.pages.alerts import alert_links
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.routes.alert_search import json_pieces
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert
from ingestion_api.web.downloads import csv_piece_download, json_download

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MAX_MODULES = 100  # in the list of choices
TABS = 20


@router.get("/alerts")
def show_alerts(request: Request, _: Operator) -> Response:
    """Show the alerts that the address chooses."""
    service, address = current_service(request), AlertAddress.read(request.query_params.multi_items())
    wanted = address.filter
    asked = PageRequest(address.order, service.clock(), before=address.one("before"))
    with service.store.read() as session:
        texts = choose_texts(session, wanted)
        page = list_chosen(session, wanted, asked, texts)
        partial = is_search_partial(session, wanted)
    counts = service.alert_counter.count_choices(wanted, texts)
    return render_page(
        request,
        "alerts.html",
        page=page,
        counts=counts,
        module_counts=[(name, number) for name, number in counts.by_module.items() if name][:TABS],
        module_choices=_module_choices(counts.by_module, wanted.modules),
        moments={"since": _form_moment(wanted.since), "until": _form_moment(wanted.until)},
        address=address,
        orders=ORDERS,
        here=address.here,
        links=alert_links,
        searched=MAX_TEXTS if partial else None,
    )


def _module_choices(known: Iterable[str], chosen: Sequence[str]) -> list[tuple[str, str]]:
    names = dict.fromkeys((*chosen, *islice(filter(None, known), MAX_MODULES)))
    return [("", "Any"), *((name, name) for name in sorted(names))]


def _form_moment(moment: datetime | None) -> str:
    """A moment as a field of a form takes it, in UTC."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds").removesuffix(":00") if moment else ""


@router.get("/alerts.csv")
def download_csv(request: Request, _: Operator) -> Response:
    """Take all of them home as a table."""
    return csv_piece_download(csv_pieces(_pieces(request)), "alerts.csv")


@router.get("/alerts.json")
def download_json(request: Request, _: Operator) -> Response:
    """Take all of them home as JSON."""
    return json_download("alerts", json_pieces(_pieces(request)), "alerts.json")


def _pieces(request: Request) -> Iterator[Sequence[Alert]]:
    address = AlertAddress.read(request.query_params.multi_items())
    return read_pieces(current_service(request).store, address.filter)
