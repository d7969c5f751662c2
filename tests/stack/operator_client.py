"""An operator of the service without a browser: by its pages or its routes."""

import re
from pathlib import Path
from typing import Any

import httpx2

FORM_KEY = re.compile(r'name="form_key" value="([0-9a-f]+)"')


class OperatorClient:
    """A client with the token of a run."""

    def __init__(self, address: str, token_file: Path) -> None:
        self.token = token_file.read_text().strip()
        self.pages = httpx2.Client(
            base_url=address, headers={"accept": "text/html", "origin": address}, timeout=20
        )
        self.routes = httpx2.Client(
            base_url=address, headers={"authorization": f"Bearer {self.token}"}, timeout=20
        )

    def page(self, path: str) -> str:
        """The text of a page."""
        response = self.pages.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return response.text

    def form(self, path: str, **fields: str) -> str:
        """Send the form of this page, and return where it redirects to."""
        found = FORM_KEY.search(self.page(path))
        assert found, f"{path} has no form"
        response = self.pages.post(path, data={"form_key": found[1], **fields})
        assert response.status_code == 303, (path, response.status_code, response.text)
        return response.headers["location"]

    def get(self, path: str) -> Any:
        """The JSON of a route."""
        return self._read(self.routes.get(path))

    def post(self, path: str, **body: Any) -> Any:
        """The JSON of a route for this body."""
        return self._read(self.routes.post(path, json=body))

    def leave(self) -> None:
        """Close the connections."""
        self.pages.close()
        self.routes.close()

    @staticmethod
    def _read(response: httpx2.Response) -> Any:
        assert response.is_success, (response.status_code, response.text)
        return response.json()
