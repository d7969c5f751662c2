"""What simulated users share: known resources and users, and the client."""

import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any

import httpx2

from demo.storage.sample_data import PEOPLE, TITLE_TEMPLATES, TOPICS

MAX_RESOURCES = 300


@dataclass
class TrafficContext:
    """The shared state of simulated users, and their random generator."""

    client: httpx2.AsyncClient
    rng: random.Random = field(default_factory=random.Random)
    resources: list[str] = field(default_factory=list)
    collections: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)

    async def request(self, method: str, path: str, **rest: Any) -> Any:
        """The JSON body of a response, or None unless it is a success."""
        answer = await self.client.request(method, path, **rest)
        if answer.status_code >= 400 or not answer.content:
            return None
        return answer.json()

    async def discover(self) -> None:
        """Load the ids of existing resources, collections and annotations."""
        for path, known in (("/resources", self.resources), ("/collections", self.collections),
                            ("/annotations", self.annotations)):  # fmt: skip
            found = await self.request("GET", path, params={"limit": 100})
            if found:
                known[:] = list(dict.fromkeys([row["id"] for row in found["items"]] + known))[:MAX_RESOURCES]

    async def sign_in(self, name: str, password: str) -> str | None:
        """Sign in; a token, None if refused. Stores the user's id."""
        found = await self.request("POST", "/api/auth/login", data={"username": name, "password": password})
        if not found:
            return None
        self.users[name] = decode_claims(found["access_token"])["user_id"]
        return str(found["access_token"])

    def user_name(self) -> str:
        """A random user name."""
        return self.rng.choice(PEOPLE)

    def user_id(self) -> str:
        """The id of a random user who signed in before."""
        return self.rng.choice(list(self.users.values())) if self.users else "nobody"

    def resource(self) -> str:
        """A random resource, newer ones more often."""
        if not self.resources:
            return "unknown"
        return self.resources[int(len(self.resources) * self.rng.betavariate(1, 2.5))]

    def popular_resource(self) -> str:
        """One of the few popular resources, which the cache holds."""
        if not self.resources:
            return "unknown"
        return self.resources[int(len(self.resources) * self.rng.betavariate(1, 14))]

    def word(self) -> str:
        """A random search term."""
        return self.rng.choice(self.rng.choice(list(TOPICS.values())))

    def popular_word(self) -> str:
        """A popular search term."""
        return self.rng.choice(("star", "cache", "basalt", "fugue", "harbour", "moss"))

    def text(self) -> tuple[str, str]:
        """A title and a text on one topic; one in five hundred has no text, as in life."""
        words = self.rng.choice(list(TOPICS.values()))
        title = self.rng.choice(TITLE_TEMPLATES).format(*self.rng.sample(words, 2)).capitalize()
        return title, "" if self.rng.random() < 0.002 else " ".join(self.rng.choices(words, k=40))


def decode_claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
