"""The data the demo starts with: a small library, its readers and what they did last month."""

import json
import random
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from demo import sparse_encoders
from demo.api.auth import hash_password
from demo.storage import tables
from demo.storage.engine import now
from demo.storage.sample_data import INTERACTIONS, PEOPLE, STRATEGIES, TITLE_TEMPLATES, TOPICS
from demo.storage.tables import resource_row, resources

RESOURCES = 240
Row = dict[str, Any]


class SeedFactory:
    """Makes the rows of every table from one seeded source of chance."""

    def __init__(self, moment: datetime) -> None:
        self.chance = random.Random(20)  # noqa: S311  a reproducible library, nothing secret
        self.moment = moment
        self.resources: list[Row] = []
        self.users: list[Row] = []

    def fill(self, db: Connection) -> None:
        """Insert everything, parents before children."""
        self.users = [self.user(name) for name in PEOPLE]
        self.resources = [self.resource(place) for place in range(RESOURCES)]
        # Twins: the same text twice, so that anyone can see whether an encoder is deterministic.
        for field in ("title", "description", "sparse_embedding", "sparse_embedding_model"):
            self.resources[1][field] = self.resources[0][field]
        for table, rows in (
            (tables.users, self.users),
            (resources, self.resources),
            (tables.user_profiles, [self.profile(user) for user in self.users]),
            (tables.user_interactions, [self.interaction() for _ in range(1500)]),
            (tables.recommendation_feedback, [self.feedback() for _ in range(900)]),
            (tables.annotations, [self.annotation() for _ in range(160)]),
            (tables.document_chunks, [self.chunk(place) for place in range(300)]),
            (tables.citations, [self.citation() for _ in range(200)]),
            (tables.graph_edges, [self.edge() for _ in range(400)]),
            (tables.taxonomy_nodes, [self.topic(name) for name in TOPICS]),
            (tables.authority_subjects, [self.subject(name) for name in TOPICS]),
            (tables.authority_creators, [self.subject(name.title()) for name in PEOPLE]),
        ):
            db.execute(table.insert(), rows)
        self.shelve(db)

    def id(self) -> str:
        """A UUID from the seeded source."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def past(self, days: float = 30) -> datetime:
        """A moment of the last days."""
        return self.moment - timedelta(days=self.chance.random() * days)

    def user(self, name: str) -> Row:
        """A reader who can sign in with the own name as password."""
        made = self.past(300)
        return {
            "id": self.id(), "username": name, "email": f"{name}@library.example", "hashed_password":
            hash_password(name), "full_name": name.title(), "role": "admin" if name == "ada" else "user",
            "tier": self.chance.choice(("free", "free", "premium")), "is_active": True, "is_verified": True,
            "created_at": made, "updated_at": made,
        }  # fmt: skip

    def profile(self, user: Row) -> Row:
        """What a reader prefers."""
        return {
            "id": self.id(), "user_id": user["id"], "diversity_preference": 0.5, "novelty_preference": 0.3,
            "recency_bias": 0.4, "total_interactions": self.chance.randrange(20, 120),
            "avg_session_duration": round(self.chance.uniform(120, 1500), 1), "last_active_at": self.past(9),
            "created_at": user["created_at"], "updated_at": user["created_at"],
        }  # fmt: skip

    def resource(self, place: int) -> Row:
        """A text on one topic; one in 120 has none, every fifth no sparse embedding."""
        topic = self.chance.choice(list(TOPICS))
        words = self.chance.sample(TOPICS[topic], 4)
        title = self.chance.choice(TITLE_TEMPLATES).format(*words).capitalize()
        text = "" if place % 120 == 119 else " ".join(self.chance.choices(TOPICS[topic], k=40))
        made = self.past(60)
        row = resource_row(self.id(), title, text, topic, made)
        row["creator"] = self.chance.choice(PEOPLE).title()
        row["quality_score"] = round(self.chance.betavariate(6, 2), 3)
        row["quality_overall"] = round(self.chance.betavariate(6, 2), 3)
        row["ingestion_status"] = self.chance.choices(("completed", "failed", "error"), (94, 4, 2))[0]
        row["ingestion_completed_at"] = made + timedelta(seconds=self.chance.uniform(0.5, 9))
        if place % 5 != 4 or not text:
            self.embed(row, text, place)
        return row

    def embed(self, row: Row, text: str, place: int) -> None:
        """Give a row the vector of one of two encoders; a text without words gets the empty one."""
        model = sparse_encoders.BM25 if place % 3 else sparse_encoders.TF
        row["sparse_embedding"] = sparse_encoders.ENCODERS[model](text)
        row["sparse_embedding_model"] = model
        row["sparse_embedding_updated_at"] = self.past(5)

    def interaction(self) -> Row:
        """Something that a reader did with a resource."""
        at = self.past(21)
        strength = round(self.chance.betavariate(4, 2), 3)
        kind = self.chance.choices(INTERACTIONS, (60, 12, 12, 6, 10))[0]
        return {
            "id": self.id(), "user_id": self.chance.choice(self.users)["id"],
            "resource_id": self.any_resource(), "interaction_type": kind, "interaction_strength": strength,
            "dwell_time": self.chance.randrange(5, 900), "annotation_count": int(kind == "annotation"),
            "return_visits": 0, "session_id": f"s{self.id()[:8]}", "rating": self.chance.randrange(1,
            6) if kind == "rating" else None, "interaction_timestamp": at,
            "is_positive": int(strength > 0.4), "confidence": 0.8, "created_at": at, "updated_at": at,
        }  # fmt: skip

    def feedback(self) -> Row:
        """A recommendation that was shown, and whether it was followed."""
        strategy = self.chance.choice(STRATEGIES)
        clicked = self.chance.random() < 0.1 + 0.04 * STRATEGIES.index(strategy)
        useful = clicked and self.chance.random() < 0.7
        return {
            "id": self.id(), "user_id": self.chance.choice(self.users)["id"],
            "resource_id": self.any_resource(), "feedback_type": "click" if clicked else "view",
            "feedback_value": 1.0 if useful else float(clicked) / 2,
            "context": {"recommendation_strategy": strategy, "was_clicked": clicked, "was_useful": useful},
            "created_at": self.past(21),
        }  # fmt: skip

    def annotation(self) -> Row:
        """A highlighted passage."""
        start, at = self.chance.randrange(100), self.past()
        return {
            "id": self.id(), "resource_id": self.any_resource(), "user_id": self.chance.choice(PEOPLE),
            "start_offset": start, "end_offset": start + 20, "highlighted_text": "a passage worth keeping",
            "note": "see also the next page", "tags": json.dumps(["later"]), "color": "#ffcc00",
            "is_shared": 0, "created_at": at, "updated_at": at,
        }  # fmt: skip

    def chunk(self, place: int) -> Row:
        """A part of a resource's text."""
        owner = self.resources[place % RESOURCES]
        return {
            "id": self.id(), "resource_id": owner["id"], "content": owner["description"][:120] or "(empty)",
            "chunk_index": place // RESOURCES, "chunk_metadata": {"words": 20},
            "created_at": owner["created_at"],
        }  # fmt: skip

    def citation(self) -> Row:
        """One resource that cites another."""
        return {
            "id": self.id(), "source_resource_id": self.any_resource(),
            "target_resource_id": self.any_resource(), "citation_type": "reference",
            "importance_score": round(self.chance.random(), 3), "created_at": self.past(),
        }  # fmt: skip

    def edge(self) -> Row:
        """A link of the knowledge graph."""
        return {
            "id": self.id(), "source_id": self.any_resource(), "target_id": self.any_resource(),
            "edge_type": self.chance.choice(("similar", "cites", "co_read")),
            "weight": round(self.chance.random(), 3), "created_at": self.past(),
        }  # fmt: skip

    def topic(self, name: str) -> Row:
        """A root of the taxonomy."""
        return {
            "id": self.id(), "name": name, "slug": name.lower(), "level": 0, "resource_count": 0,
            "created_at": self.moment, "updated_at": self.moment,
        }  # fmt: skip

    def subject(self, name: str) -> Row:
        """A name in its one agreed form."""
        return {
            "id": self.id(), "canonical_form": name, "variants": [name.lower(), name.upper()],
            "usage_count": self.chance.randrange(1, 50), "created_at": self.moment,
        }  # fmt: skip

    def any_resource(self) -> str:
        """The id of some resource, early ones more often, as in any library."""
        return str(self.resources[int(RESOURCES * self.chance.betavariate(1, 2))]["id"])

    def shelve(self, db: Connection) -> None:
        """Put resources into collections."""
        for name in TOPICS:
            made, shelf = self.past(), self.id()
            row = {
                "id": shelf, "name": f"{name} shelf", "owner_id": self.chance.choice(PEOPLE),
                "visibility": "public", "created_at": made, "updated_at": made,
            }  # fmt: skip
            db.execute(tables.collections.insert(), row)
            chosen = {str(found["id"]) for found in self.chance.sample(self.resources, 12)}
            links = [
                {"collection_id": shelf, "resource_id": found, "added_at": made} for found in sorted(chosen)
            ]
            db.execute(tables.collection_resources.insert(), links)


def seed(db: Connection) -> None:
    """Fill empty tables with the library."""
    SeedFactory(now()).fill(db)
