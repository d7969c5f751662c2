"""The pages for people: server-rendered, whole without JavaScript, live with it."""

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from ingestion_api.pages import (
    alert_list,
    alerts,
    cache,
    documentation,
    embeddings,
    home,
    incident,
    jobs,
    noise,
    notices,
    preferences,
    sign_in,
    workers,
)
from ingestion_api.pages.page_route import install_html_404
from ingestion_api.pages.templates import STATIC


def include_pages(app: FastAPI) -> None:
    """Add the pages and their files to the application that has the JSON routes."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    subjects = (
        sign_in,
        home,
        alert_list,
        alerts,
        incident,
        jobs,
        workers,
        embeddings,
        cache,
        noise,
        notices,
        preferences,
        documentation,
    )
    for subject in subjects:
        # their routes are made already: an app that includes a router makes each anew, in its first request
        app.router.routes.extend(subject.router.routes)
    install_html_404(app)
