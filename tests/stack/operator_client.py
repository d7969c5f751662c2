"""An operator at the service's desk, without a browser: by its pages or its routes."""

import re
from pathlib import Path
from typing import Any

import httpx2

FORM_KEY = re.compile(r'name="form_key" value="([0-9a-f]+)"')


class OperatorClient:
    """Whoever can read the token's file of a run."""

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
        answer = self.pages.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def form(self, path: str, **fields: str) -> str:
        """Where the form of this page leads."""
        found = FORM_KEY.search(self.page(path))
        assert found, f"{path} has no form"
        answer = self.pages.post(path, data={"form_key": found[1], **fields})
        assert answer.status_code == 303, (path, answer.status_code, answer.text)
        return answer.headers["location"]

    def get(self, path: str) -> Any:
        """The answer of a route."""
        return self._read(self.routes.get(path))

    def post(self, path: str, **body: Any) -> Any:
        """The answer of a route to this body."""
        return self._read(self.routes.post(path, json=body))

    def leave(self) -> None:
        """Close the connections."""
        self.pages.close()
        self.routes.close()

    @staticmethod
    def _read(answer: httpx2.Response) -> Any:
        assert answer.is_success, (answer.status_code, answer.text)
        return answer.json()
