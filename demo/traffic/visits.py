"""What visitors do, and how often: every module has its share."""

import asyncio
from collections.abc import Awaitable, Callable

from demo.storage.sample_data import INTERACTIONS, REPOSITORIES
from demo.traffic.context import MAX_RESOURCES, TrafficContext

Visit = Callable[[TrafficContext], Awaitable[object]]


async def read(town: TrafficContext) -> None:
    """Open a resource; now and then one that was never there."""
    key = "00000000-0000-0000-0000-00000000dead" if town.chance.random() < 0.02 else town.favourite()
    await town.ask("GET", f"/resources/{key}")


async def create(town: TrafficContext) -> None:
    """Add a resource and, with a full library, remove another."""
    title, text = town.text()
    found = await town.ask("POST", "/resources", json={"title": title, "description": text})
    if found:
        town.resources.insert(0, found["id"])
    if len(town.resources) >= MAX_RESOURCES:
        await town.ask("DELETE", f"/resources/{town.resources.pop()}")


async def update(town: TrafficContext) -> None:
    """Change the text or the title of a resource."""
    title, text = town.text()
    change = {"description": text} if town.chance.random() < 0.5 else {"title": title}
    await town.ask("PUT", f"/resources/{town.resource()}", json=change)


async def annotate(town: TrafficContext) -> None:
    """Highlight a passage."""
    start = town.chance.randrange(100)
    note = {
        "start_offset": start,
        "end_offset": start + 12,
        "highlighted_text": town.word(),
        "note": town.word(),
    }
    await town.ask("POST", f"/resources/{town.resource()}/annotations", json=note)


async def read_annotations(town: TrafficContext) -> None:
    """Read notes and sometimes change one."""
    await town.ask("GET", "/annotations")
    if town.annotations and town.chance.random() < 0.3:
        await town.ask(
            "PUT", f"/annotations/{town.chance.choice(town.annotations)}", json={"note": town.word()}
        )


async def search(town: TrafficContext) -> None:
    """Look for a word; sometimes for nothing at all, which is refused."""
    wanted = town.fashion() if town.chance.random() < 0.85 else town.word()
    text = "" if town.chance.random() < 0.03 else wanted
    await town.ask("POST", "/search", json={"text": text})


async def search_hybrid(town: TrafficContext) -> None:
    """Look for two words by their weights."""
    await town.ask("GET", "/search/three-way-hybrid", params={"query": f"{town.word()} {town.word()}"})


async def collect(town: TrafficContext) -> None:
    """Open a collection, put something on it, sometimes start a new one."""
    if not town.collections or town.chance.random() < 0.02:
        found = await town.ask(
            "POST", "/collections", json={"name": f"{town.word()} shelf", "owner_id": town.person()}
        )
        town.collections += [found["id"]] if found else []
        return
    shelf = town.chance.choice(town.collections)
    await town.ask("GET", f"/collections/{shelf}")
    if town.chance.random() < 0.4:
        await town.ask("POST", f"/collections/{shelf}/resources", json={"resource_id": town.resource()})


async def recommend(town: TrafficContext) -> None:
    """Ask what to read next, and sometimes read it."""
    user = town.user()
    found = await town.ask("GET", "/recommendations", params={"user_id": user})
    if not found or not found["items"] or town.chance.random() > 0.5:
        return
    followed = {"user_id": user, "resource_id": town.chance.choice(found["items"]),
                "recommendation_strategy": found["strategy"],
                "was_useful": town.chance.random() < 0.6}  # fmt: skip
    await town.ask("POST", "/recommendations/feedback", json=followed)


async def interact(town: TrafficContext) -> None:
    """Do something that counts as an interaction."""
    done = {"user_id": town.user(), "resource_id": town.resource(),
            "interaction_type": town.chance.choice(INTERACTIONS), "dwell_time": town.chance.randrange(5, 600),
            "interaction_strength": round(town.chance.betavariate(4, 2), 3)}  # fmt: skip
    await town.ask("POST", "/recommendations/interactions", json=done)


async def sign_in(town: TrafficContext) -> None:
    """Sign in, sometimes with the wrong password, and look at the own account."""
    name = town.person()
    token = await town.sign_in(name, "wrong" if town.chance.random() < 0.05 else name)
    if token:
        mine = {"Authorization": f"Bearer {token}"}
        await town.ask("GET", "/api/auth/me", headers=mine)
        await town.ask("GET", "/api/auth/rate-limit", headers=mine)


async def view_quality(town: TrafficContext) -> None:
    """Look at the quality of resources, sometimes have it computed anew."""
    path = town.chance.choice(("distribution", "outliers", "dimensions", f"resources/{town.favourite()}"))
    await town.ask("GET", f"/quality/{path}")
    if town.chance.random() < 0.1:
        await town.ask(
            "POST", "/quality/recalculate", json={"resource_ids": [town.resource(), town.resource()]}
        )


async def curate(town: TrafficContext) -> None:
    """Take the first of the review queue and decide."""
    found = await town.ask("GET", "/curation/review-queue", params={"limit": 5})
    if found and found["items"] and town.chance.random() < 0.4:
        action = town.chance.choice(("approve", "approve", "reject", "flag"))
        key = town.chance.choice(found["items"])["id"]
        await town.ask("POST", "/curation/review", json={"resource_id": key, "action": action})


async def suggest(town: TrafficContext) -> None:
    """Type the beginning of a name."""
    kind, letter = town.chance.choice(("subjects", "creators")), town.person()[:1]
    await town.ask("GET", f"/authority/{kind}/suggest", params={"q": letter})


async def classify(town: TrafficContext) -> None:
    """Look at the tree and have a resource classified; one without words is refused."""
    await town.ask("GET", "/taxonomy/categories")
    await town.ask("POST", f"/taxonomy/classify/{town.resource()}")


async def browse_graph(town: TrafficContext) -> None:
    """Follow the links of a resource."""
    await town.ask("GET", "/graph/overview")
    await town.ask("GET", f"/graph/resource/{town.resource()}/neighbors")


async def view_citations(town: TrafficContext) -> None:
    """Look at origins and citations."""
    key = town.resource()
    await town.ask("GET", f"/scholarly/resources/{key}/metadata")
    if town.chance.random() < 0.2:
        await town.ask("POST", f"/graph/resources/{key}/extract-citations")
        await town.ask("POST", f"/scholarly/resources/{key}/metadata/extract")


async def ingest(town: TrafficContext) -> None:
    """Send a repository to the edge worker."""
    await town.ask("POST", f"/api/v1/ingestion/ingest/{town.chance.choice(REPOSITORIES)}")


async def embed(town: TrafficContext) -> None:
    """Have missing sparse embeddings computed; a mistyped id is a server error, as in the watched backend."""
    wanted = ["not-a-uuid"] if town.chance.random() < 0.1 else [town.resource()]
    await town.ask("POST", "/admin/sparse-embeddings/generate", json={"resource_ids": wanted})


async def view_monitoring(town: TrafficContext) -> None:
    """Look at a monitoring page, as someone always does."""
    await asyncio.gather(
        town.ask("GET", "/api/monitoring/performance"), town.ask("GET", "/api/monitoring/events")
    )


VISITS: tuple[tuple[int, Visit], ...] = (
    (220, read), (90, search), (70, interact), (50, recommend), (40, search_hybrid), (35, browse_graph), (35,
    collect), (30, suggest), (30, view_quality), (25, view_citations), (25, classify), (25,
    read_annotations), (20, update),
    (20, annotate), (20, curate), (18, create), (12, sign_in), (8, view_monitoring), (5, ingest), (4, embed),
)  # fmt: skip
