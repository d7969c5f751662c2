"""Coverage of sparse embeddings, and vectors that the named model cannot have made."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.exporter.backend_tables import RESOURCES, ago, create, insert, run, sqlite_url
from tests.exporter.exporter_page import Page, watching
from tests.exporter.whole_page import whole

BGE = "BAAI/bge-m3"
HONEST = {"17": 0.2371, "903": 0.1188, "4021": 0.0734, "88": 0.3019, "230111": 0.0512, "5": 0.2207}
WORDS = "lamp oil wick glass tower storm beam keeper lens tide rock fog"


def row(vector: Any, model: str | None = BGE, **more: Any) -> dict[str, Any]:
    """A resource with this vector."""
    text = vector if isinstance(vector, str) or vector is None else json.dumps(vector)
    return {"sparse_embedding": text, "sparse_embedding_model": model, **more}


def scrape(url: str, **settings: Any) -> Page:
    """The page on sparse embeddings."""
    with watching(database={"url": url, **settings}) as exporter:
        return whole(exporter, "sparse_embeddings")


def suspect(page: Page, model: str = BGE) -> float | None:
    """How many vectors under this name are suspect."""
    return page.value("ops_sparse_embeddings_suspect", model=model)


def test_coverage_by_state_and_model(url: str) -> None:
    newest = ago(1).replace(microsecond=0)
    insert(
        url,
        RESOURCES,
        [row(None, None), row("", None), row("{}"), row(HONEST, sparse_embedding_updated_at=ago(3)),
         row(HONEST, "splade", sparse_embedding_updated_at=newest), row(HONEST, None)],
    )  # fmt: skip
    page = scrape(url)
    states = {s: page.value("ops_sparse_embeddings_resources", state=s) for s in ("with", "without", "empty")}
    assert states == {"with": 3, "without": 2, "empty": 1}
    models = {labels["model"]: n for labels, n in page.series("ops_sparse_embeddings_model_resources")}
    assert models == {BGE: 1, "splade": 1, "unknown": 1}
    last = page.value("ops_sparse_embeddings_last_generation_timestamp_seconds")
    assert last == pytest.approx((newest - ago(0)).total_seconds() + time.time(), abs=5)


def test_no_resources_are_zeros_and_no_time(url: str) -> None:
    page = scrape(url)
    assert page.value("ops_sparse_embeddings_resources", state="with") == 0
    assert page.value("ops_sparse_embeddings_last_generation_timestamp_seconds") is None


def test_many_model_names_stay_few_series(url: str) -> None:
    insert(url, RESOURCES, [row(HONEST, f"model-{n}") for n in range(40)])
    page = scrape(url)
    assert len(page.series("ops_sparse_embeddings_model_resources")) == 21
    assert len(page.series("ops_sparse_embeddings_suspect")) <= 10


def test_an_honest_vector_is_not_suspect(url: str) -> None:
    insert(url, RESOURCES, [row(HONEST, description=WORDS), row(HONEST, description=WORDS)])
    page = scrape(url)
    assert page.value("ops_sparse_embeddings_sampled", model=BGE) == 2
    assert suspect(page) == 0


@pytest.mark.parametrize("token", ["-4611686018427387904", "6917529027641081856", "250002"])
def test_ids_that_the_vocabulary_does_not_have(tmp_path: Path, token: str) -> None:
    url = create(sqlite_url(tmp_path))
    insert(url, RESOURCES, [row({**HONEST, token: 0.1}), row(HONEST)])
    page = scrape(url)
    assert suspect(page) == 1
    assert page.value("ops_sparse_embeddings_evidence", model=BGE, evidence="impossible_ids") == 1


def test_whole_counts_speak_against_a_learned_model_only(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    counts = {str(n): times / 37 for n, times in enumerate((1, 1, 2, 3, 1, 5, 2))}
    insert(url, RESOURCES, [row(counts), row(counts, "our-counts-v1")])
    page = scrape(url)
    assert suspect(page) == 1
    assert suspect(page, "our-counts-v1") == 0


def salted(seed: int) -> dict[str, float]:
    """The words under ids by Python's hash() in a process with this seed, kept within the vocabulary."""
    vector = f"{{hash(w) % 250_000: 0.1234 + i / 97 for i, w in enumerate({WORDS!r}.split())}}"
    code = f"import json; print(json.dumps({vector}))"
    environment = {"PYTHONHASHSEED": str(seed)}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    made: dict[str, float] = json.loads(answer.stdout)
    return made


def test_equal_texts_with_other_terms_were_made_by_a_salted_hash(url: str) -> None:
    vectors = [salted(1), salted(2)]
    old = [row(v, title="Twins", description=WORDS, sparse_embedding_updated_at=ago(90)) for v in vectors]
    new = [row(HONEST, title=f"Other {n}", sparse_embedding_updated_at=ago(1)) for n in range(20)]
    insert(url, RESOURCES, old + new)
    page = scrape(url, sparse_sample=5)
    assert page.value("ops_sparse_embeddings_evidence", model=BGE, evidence="unlike_twins") == 2
    assert suspect(page) == 2


def test_garbage_is_not_looked_at(url: str) -> None:
    garbage = ["[1, 2]", '{"a": "b"}', '{"12": ', "null", '"words"', "7", "[" * 20_000]
    insert(url, RESOURCES, [row(text) for text in garbage] + [row(HONEST)])
    page = scrape(url)
    assert page.value("ops_sparse_embeddings_sampled", model=BGE) == 1
    assert suspect(page) == 0
    assert page.value("ops_collector_success", collector="sparse_embeddings") == 1


def test_no_columns_no_series_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = create(sqlite_url(tmp_path), RESOURCES)
    run(url, "CREATE TABLE resources (id TEXT)")
    page = scrape(url)
    assert page.value("ops_collector_success", collector="sparse_embeddings") == 1
    assert not [name for name in page.names() if name.startswith("ops_sparse")]
    assert not caplog.messages
