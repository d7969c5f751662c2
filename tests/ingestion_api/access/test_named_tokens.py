"""A token for each person: how the file is read, what each role may do, how long a session lasts."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.__main__ import main
from ingestion_api.access.named_tokens import parse_tokens
from ingestion_api.access.tokens import TokenSource
from tests.ingestion_api.alerts.test_webhook import notice
from tests.ingestion_api.pages.visits import Visits
from tests.ingestion_api.processes import TOKEN

ANA, BEN, EVA = (f"{name}'s own long token, known to nobody else" for name in ("ana", "ben", "eva"))
BELL = "the bell that only Alertmanager rings"
DIGEST = hashlib.sha256(EVA.encode()).hexdigest()
BEN_NAME = "ben@tower.example"
FILE = f"""# who may do what

ana viewer {ANA}
{BEN_NAME} operator {BEN}
eva admin sha256:{DIGEST}
bell webhook {BELL}
"""
NO_NAME = "the first word is no name; expected at most 64 of A-Z a-z 0-9 . _ @ + -"
NO_ROLE = "the second word is no role; expected viewer, operator, admin or webhook"
WEAK = "holds a weak token; expected at least 32 characters, 8 of them different"
WEBHOOK = "/api/v1/alerts/webhook"
PLACE = TokenSource("the file", "the file of here")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Four tokens, one of each role."""
    (tmp_path / "tokens").write_text(FILE)
    return tmp_path / "tokens"


@pytest.fixture
def people(start: Callable[..., TestClient], file: Path) -> TestClient:
    """A service with these tokens and no other."""
    client = start(token=None, tokens_file=file)
    client.headers.pop("authorization")
    client.follow_redirects = False
    return client


def status(client: TestClient, token: str, method: str, path: str, **more: object) -> int:
    answer = client.request(method, path, headers={"authorization": f"Bearer {token}"}, **more)  # type: ignore[arg-type]
    return answer.status_code


def test_each_role_does_what_it_may_and_403_says_what_is_missing(people: TestClient) -> None:
    cases: tuple[tuple[str, str, dict[str, object], tuple[int, ...]], ...] = (
        ("GET", "/api/v1/alerts", {}, (200, 200, 200, 403)),
        ("POST", "/api/v1/alerts/1/acknowledge", {"json": {}}, (403, 404, 404, 403)),
        ("DELETE", "/api/v1/preferences/pool_use", {}, (403, 403, 200, 403)),
        ("GET", "/api/v1/audit", {}, (403, 403, 200, 403)),
        ("POST", WEBHOOK, {"json": {"alerts": []}}, (403, 200, 200, 200)),
    )
    for method, path, body, expected in cases:
        found = tuple(status(people, token, method, path, **body) for token in (ANA, BEN, EVA, BELL))
        assert found == expected, path
    said = people.get("/api/v1/audit", headers={"authorization": f"Bearer {ANA}"}).json()["detail"]
    assert said == "ana has the role viewer; expected admin."
    assert status(people, TOKEN, "GET", "/api/v1/alerts") == 401


def visits(client: TestClient, token: str) -> Visits:
    assert isinstance(client.app, FastAPI)
    client.cookies.clear()
    found = Visits(client, client.app)
    assert found.post("/sign-in", token=token).status_code == 303
    return found


def test_the_name_stands_in_the_audit_log_and_on_the_page(people: TestClient) -> None:
    ben = visits(people, BEN)
    assert BEN_NAME in ben.get("/jobs").text
    assert ben.post("/ingest", repo_url="https://github.com/tower/lamp").status_code == 303
    audit = people.get("/api/v1/audit", headers={"authorization": f"Bearer {EVA}"}).json()["changes"]
    assert [(row["actor"], row["action"]) for row in audit] == [(BEN_NAME, "ingest")]


def test_a_viewer_reads_pages_and_sends_no_form(people: TestClient) -> None:
    ana = visits(people, ANA)
    assert ana.get("/jobs").status_code == 200
    answer = ana.post("/ingest", repo_url="https://github.com/tower/lamp")
    assert (answer.status_code, "ana has the role viewer; expected at least operator." in answer.text) == (
        403,
        True,
    )


PAGES = (
    "/", "/alerts", "/alerts/1", "/notices", "/ingest", "/jobs", "/workers", "/embeddings", "/cache",
    "/preferences", "/preferences?signal=worker_queue_length",
)  # fmt: skip
FORM = re.compile(r'<form[^>]*method="post" action="([^"]+)"|formaction="([^"]+)"')
FOR_EVERYBODY = {"/sign-out", "/notices/preferences"}


def shown_forms(person: Visits) -> set[str]:
    """Where the forms of all pages are sent."""
    pages = [person.get(page) for page in PAGES]
    assert {page.status_code for page in pages} == {200}
    return {"".join(found) for page in pages for found in FORM.findall(page.text)}


def test_a_page_shows_nobody_a_form_that_the_role_does_not_suffice_for(people: TestClient) -> None:
    told = {"version": "4", "alerts": [notice("firing", "f1") | {"labels": {"alertname": "QueueFull"}}]}
    people.post(WEBHOOK, json=told, headers={"authorization": f"Bearer {BELL}"})
    assert shown_forms(visits(people, ANA)) == FOR_EVERYBODY
    operators = shown_forms(visits(people, BEN)) - FOR_EVERYBODY
    assert {
        "/alerts/1/acknowledge",
        "/alerts/1/close",
        "/ingest",
        "/embeddings",
        "/cache/dry-run",
    } <= operators
    admins = shown_forms(visits(people, EVA)) - FOR_EVERYBODY
    assert operators - admins == set()
    # the operator's button to set levels is not shown; the form is there to try them
    assert "Set these levels" not in visits(people, BEN).get(PAGES[-1]).text
    assert "Set these levels" in visits(people, EVA).get(PAGES[-1]).text


def test_the_webhooks_token_signs_nobody_in(people: TestClient) -> None:
    people.cookies.clear()
    assert isinstance(people.app, FastAPI)
    answer = Visits(people, people.app).post("/sign-in", token=BELL)
    assert (answer.status_code, "bell is no person" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "changed",
    [
        FILE.replace(ANA, BEN.replace("ben", "ann")),
        FILE.replace("ana viewer", "ana operator"),
        FILE.replace("ana viewer", "anna viewer"),
        FILE.replace(f"ana viewer {ANA}\n", ""),
    ],
    ids=["another token", "another role", "another name", "no line"],
)
def test_a_changed_line_ends_its_sessions_and_no_other(people: TestClient, file: Path, changed: str) -> None:
    bens = dict(visits(people, BEN).client.cookies)
    ana = visits(people, ANA)
    anas = dict(people.cookies)
    file.write_text(changed)
    assert ana.get("/jobs").status_code == 303
    for cookies, expected in ((anas, 303), (bens, 200)):
        people.cookies.clear()
        people.cookies.update(cookies)
        assert people.get("/jobs").status_code == expected


def test_a_token_is_replaced_without_a_gap(people: TestClient, file: Path) -> None:
    """Two lines of one name are both valid; a session belongs to the token that it was begun with."""
    new = BEN.replace("long", "new")
    ben = visits(people, BEN)
    file.write_text(f"{FILE}{BEN_NAME} operator {new}\n")
    assert ben.get("/jobs").status_code == 200
    assert [status(people, token, "GET", "/api/v1/alerts") for token in (BEN, new)] == [200, 200]
    file.write_text(FILE.replace(BEN, new))
    assert ben.get("/jobs").status_code == 303
    assert [status(people, token, "GET", "/api/v1/alerts") for token in (BEN, new)] == [401, 200]


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ("ana viewer", "it has 2 of 3 words; expected NAME ROLE TOKEN"),
        (f"ana boss {ANA}", NO_ROLE),
        (f"a:na viewer {ANA}", NO_NAME),
        (f"stranger viewer {ANA}", NO_NAME),
        ("ana viewer short", WEAK),
        ("ana viewer sha256:12", "it has no digest after sha256:; expected 64 hexadecimal digits"),
    ],
)
def test_a_wrong_line_opens_nothing_and_the_others_stay(line: str, flaw: str) -> None:
    """No word of it is quoted: any of them could be the token."""
    found = parse_tokens(f"ben operator {BEN}\n{line}", PLACE)
    assert [it.name for it in found.identities] == ["ben"]
    assert [str(it) for it in found.flaws] == [f"the file of here line 2: {flaw}"]


def test_of_two_contradicting_lines_none_is_chosen() -> None:
    found = parse_tokens(f"ana viewer {ANA}\nana admin {BEN}\neva admin {EVA}\nben admin {EVA}", PLACE)
    assert found.identities == []
    assert [str(it).partition("line ")[2] for it in found.flaws] == [
        "1: its name has another role in line 2; expected one role for each name",
        "2: its name has another role in line 1; expected one role for each name",
        "3: its token stands in line 4 too; expected one line for each token",
        "4: its token stands in line 3 too; expected one line for each token",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing; expected lines of NAME ROLE TOKEN"),
        ("# nobody\n", "holds no token; expected lines of NAME ROLE TOKEN"),
        (f"\n\nana {ANA}\n", f"line 3: {NO_ROLE}"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_no_start(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    said: str,
) -> None:
    monkeypatch.delenv("SERVICE_TOKEN", raising=False)
    file, config = tmp_path / "tokens", tmp_path / "service.yml"
    if text is not None:
        file.write_text(text)
    config.write_text(f"run_dir: {tmp_path}\ntokens_file: {file}\n")
    for check in ((), ("--check",)):
        assert main([*check, "--config", str(config)]) == 2
        error = capsys.readouterr().err
        assert error == f"the file of SERVICE_TOKENS_FILE, {file}, {said}\n"
    assert not (tmp_path / "service").exists()


def test_while_the_file_opens_nothing_nobody_gets_in_and_the_log_says_it_once(
    people: TestClient, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ben = visits(people, BEN)
    file.write_text("ben")
    for _ in range(3):
        assert ben.get("/jobs").status_code == 303
        assert status(people, BEN, "GET", "/api/v1/alerts") == 401
    assert (
        "Nobody can sign in: the file of SERVICE_TOKENS_FILE line 1: it has 1 of 3"
        in ben.get("/sign-in").text
    )
    assert [it.levelname for it in caplog.records if "named token" in it.getMessage()] == ["ERROR"]
    file.write_text(FILE)
    assert status(people, BEN, "GET", "/api/v1/alerts") == 200


def test_the_token_of_the_settings_stays_beside_the_file(
    start: Callable[..., TestClient], file: Path, tmp_path: Path
) -> None:
    """Its name is operator, and it may do all; without it none is made."""
    client = start(tokens_file=file)
    assert client.get("/api/v1/audit").status_code == 200
    assert status(client, ANA, "GET", "/api/v1/alerts") == 200
    assert not (tmp_path / "run" / "service" / "token").exists()
