"""What the visitors know: which resources there are, who they are, and how to ask."""

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
    """The visitors' shared memory and their one source of chance."""

    client: httpx2.AsyncClient
    chance: random.Random = field(default_factory=random.Random)
    resources: list[str] = field(default_factory=list)
    collections: list[str] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **rest: Any) -> Any:
        """The decoded answer of one request, or None where it is not a success."""
        answer = await self.client.request(method, path, **rest)
        if answer.status_code >= 400 or not answer.content:
            return None
        return answer.json()

    async def look_around(self) -> None:
        """Learn what there is by asking, as any visitor must."""
        for path, known in (("/resources", self.resources), ("/collections", self.collections),
                            ("/annotations", self.annotations)):  # fmt: skip
            found = await self.ask("GET", path, params={"limit": 100})
            if found:
                known[:] = list(dict.fromkeys([row["id"] for row in found["items"]] + known))[:MAX_RESOURCES]

    async def sign_in(self, name: str, password: str) -> str | None:
        """A token for this visitor, whose id is remembered."""
        found = await self.ask("POST", "/api/auth/login", data={"username": name, "password": password})
        if not found:
            return None
        self.users[name] = decode_claims(found["access_token"])["user_id"]
        return str(found["access_token"])

    def person(self) -> str:
        """Somebody's name."""
        return self.chance.choice(PEOPLE)

    def user(self) -> str:
        """The id of somebody who signed in before."""
        return self.chance.choice(list(self.users.values())) if self.users else "nobody"

    def resource(self) -> str:
        """Some resource, newer ones more often."""
        if not self.resources:
            return "unknown"
        return self.resources[int(len(self.resources) * self.chance.betavariate(1, 2.5))]

    def favourite(self) -> str:
        """One of the few resources that everyone reads; these are what a cache is for."""
        if not self.resources:
            return "unknown"
        return self.resources[int(len(self.resources) * self.chance.betavariate(1, 14))]

    def word(self) -> str:
        """A word that someone might look for."""
        return self.chance.choice(self.chance.choice(list(TOPICS.values())))

    def fashion(self) -> str:
        """A word that everyone looks for these days."""
        return self.chance.choice(("star", "cache", "basalt", "fugue", "harbour", "moss"))

    def text(self) -> tuple[str, str]:
        """A title and a text on one topic; one in five hundred has no text, as in life."""
        words = self.chance.choice(list(TOPICS.values()))
        title = self.chance.choice(TITLE_TEMPLATES).format(*self.chance.sample(words, 2)).capitalize()
        return title, "" if self.chance.random() < 0.002 else " ".join(self.chance.choices(words, k=40))


def decode_claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
