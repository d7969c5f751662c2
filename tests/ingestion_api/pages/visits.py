"""A browser without pictures: it keeps cookies and sends forms with the key that the page gave it."""

import re
from dataclasses import dataclass

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

FORM_KEY = re.compile(r'name="form_key" value="([0-9a-f]+)"')


@dataclass(frozen=True)
class Visits:
    """Visits to the pages of an application."""

    client: TestClient
    app: FastAPI

    def get(self, address: str, **headers: str) -> Response:
        """Open an address as a browser does."""
        return self.client.get(address, headers={"accept": "text/html", **headers})

    def form_key(self) -> str:
        """Return the key that forms carry in this session."""
        response = self.get("/ingest")
        if response.status_code == 303:
            response = self.get("/sign-in")
        found = FORM_KEY.search(response.text)
        assert found
        return found[1]

    def post(self, address: str, origin: str = "http://testserver", **fields: str) -> Response:
        """Send a form from our own page."""
        if "form_key" not in fields:
            fields["form_key"] = self.form_key()
        return self.client.post(address, data=fields, headers={"accept": "text/html", "origin": origin})
