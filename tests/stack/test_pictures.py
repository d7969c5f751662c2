"""`make pictures` takes the project's own dashboards from a Grafana; a stand-in page is taken here."""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import pictures
from stack.errors import StackError
from stack.pictures import Grafana, open_browser, page_height, read_dashboards, take_pictures
from stack.settings import ROOT
from tests.servers.ports import free_port
from tests.stack.stub_server import StubServer

Json = dict[str, Any]
# panels come late and load for a while, in the colour of the requested theme
PAGE = """<!doctype html><style>body { margin: 0 } section { height: 300px }</style><body><script>
const theme = new URLSearchParams(location.search).get("theme")
setTimeout(() => {
  document.body.innerHTML = '<section data-testid="data-testid Panel header One">' +
    '<div aria-label="Panel loading bar">loading</div></section>'
}, 200)
setTimeout(() => {
  document.querySelector("div").remove()
  document.body.style.background = theme === "dark" ? "rgb(10, 20, 30)" : "rgb(200, 210, 220)"
}, 1500)
</script>"""
PIXEL = """async address => {
  const image = new Image(); image.src = address; await image.decode()
  const canvas = document.createElement("canvas"); canvas.width = image.width; canvas.height = image.height
  const context = canvas.getContext("2d"); context.drawImage(image, 0, 0)
  return [image.width, image.height, ...context.getImageData(image.width - 1, 400, 1, 1).data.slice(0, 3)]
}"""

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, pictures.BROWSERS)), reason="no Chromium is installed; `make setup` installs it"
)


@pytest.fixture
def board() -> Json:
    """The overview, as the project has it."""
    return next(
        it for it in read_dashboards(ROOT / "grafana" / "generated") if it["uid"] == "watchroom-overview"
    )


@pytest.fixture
def grafana(board: Json) -> Iterator[StubServer]:
    """A stand-in that has loaded it."""
    with StubServer() as server:
        loaded = {"dashboard": board | {"id": 7, "version": 3, "schemaVersion": 42}}
        server.responses["/api/dashboards/uid/watchroom-overview"] = (200, json.dumps(loaded))
        server.responses["/d/watchroom-overview"] = (200, PAGE)
        yield server


@pytest.mark.starts_process
@needs_chromium
def test_each_theme_is_taken_once_nothing_loads(grafana: StubServer, board: Json, tmp_path: Path) -> None:
    names = list(take_pictures(Grafana(grafana.url), [board], tmp_path / "pictures"))
    assert names == ["watchroom-overview-dark.png", "watchroom-overview-light.png"]
    with open_browser() as browser:
        page = browser.new_page()
        found = {}
        for name in names:
            content = base64.b64encode((tmp_path / "pictures" / name).read_bytes()).decode()
            found[name] = page.evaluate(PIXEL, f"data:image/png;base64,{content}")
    assert found == {
        "watchroom-overview-dark.png": [1366, page_height(board), 10, 20, 30],
        "watchroom-overview-light.png": [1366, page_height(board), 200, 210, 220],
    }
    assert any("kiosk&theme=dark" in path for path in grafana.requests)


def test_another_dashboard_is_not_shown_as_the_projects_own(
    grafana: StubServer, board: Json, tmp_path: Path
) -> None:
    other = json.loads(json.dumps(board))
    next(panel for panel in other["panels"] if panel.get("targets"))["targets"][0]["expr"] = "vector(1)"
    grafana.responses["/api/dashboards/uid/watchroom-overview"] = (200, json.dumps({"dashboard": other}))
    with pytest.raises(
        StackError, match=r"watchroom-overview of .* is not the project's own; run `make dash"
    ):
        list(take_pictures(Grafana(grafana.url), [board], tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, "", r"responds with 401; expected 200; set GRAFANA_TOKEN"),
        (404, "", r"responds with 404; expected 200"),
        (200, "<html>", r"gives no dashboard .*; is GRAFANA_URL right\?"),
    ],
)
def test_another_server_is_reported(grafana: StubServer, status: int, body: str, sentence: str) -> None:
    grafana.responses["/api/dashboards/uid/watchroom-overview"] = (status, body)
    with pytest.raises(StackError, match=sentence):
        Grafana(grafana.url).dashboard("watchroom-overview")


def test_the_command_ends_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_URL", f"http://127.0.0.1:{free_port()}/")
    assert pictures.main() == 1
    message = capsys.readouterr().err
    assert message.startswith(f"{os.environ['GRAFANA_URL']}api/dashboards/uid/")
    assert message.count("\n") == 1


def test_a_picture_holds_the_whole_board() -> None:
    panels = [{"gridPos": {"x": 0, "y": y, "w": 12, "h": 9}} for y in (0, 40)]
    assert page_height({"panels": panels}) >= 49 * 38
    assert page_height({"panels": []}) == 768
