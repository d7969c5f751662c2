"""The learned encoders on tiny random models: `make test-encoders` installs what they need and runs this."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion_api.encoder import DeviceSettings, EncoderOutOfMemory, EncoderUnavailable, Vector
from ingestion_api.encoder.neural import (
    NeuralEncoder,
    lexical_weights,
    load_bge_m3,
    load_splade,
    splade_weights,
)
from tests.ingestion_api.encoder import tiny_models
from tests.ingestion_api.encoder.tiny_models import WORDS

torch = pytest.importorskip("torch", reason="torch is not installed; make test-encoders brings it")
transformers = pytest.importorskip("transformers", reason="transformers is not installed; as above")

Load = Callable[..., NeuralEncoder]
CPU = DeviceSettings("cpu", "full", 10_000_000)


def texts_of(number: int, longest: int = 50) -> list[str]:
    chance = random.Random(7)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, longest))) for _ in range(number)]


@pytest.fixture(scope="module", params=["splade", "bge-m3"])
def load(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A function that loads a tiny model of each kind on a device."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "splade":
        made, loader = tiny_models.make_splade(folder, torch, transformers), load_splade
    else:
        made, loader = tiny_models.make_bge_m3(folder, torch, transformers), load_bge_m3
    return lambda choice=CPU: loader(str(made), choice)


def alike(found: list[Vector], wanted: list[Vector], within: float) -> bool:
    return all(
        abs(one.get(token, 0.0) - other.get(token, 0.0)) < within
        for one, other in zip(found, wanted, strict=True)
        for token in {*one, *other}
    )


def test_vectors_do_not_depend_on_their_batch(load: Load) -> None:
    """Nor on the order; a text without words has none."""
    encoder = load()
    texts = ["", *texts_of(40), " \n "]
    together = encoder.encode(texts)
    assert alike(together, [encoder.encode_query(text) for text in texts], 0.001)
    assert alike(encoder.encode(texts[::-1]), together[::-1], 0.001)
    assert together[0] == together[-1] == {}
    assert all(together[1:-1])
    assert all(weight > 0 for vector in together for weight in vector.values())


def test_little_memory_gives_the_same_in_more_batches(load: Load) -> None:
    texts = texts_of(40)
    few = load(DeviceSettings("cpu", "full", 1_000_000))
    assert alike(few.encode(texts), load().encode(texts), 0.001)


def test_a_batch_out_of_memory_costs_only_itself(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch tells it; what is too long even alone is read in parts."""
    encoder = load()
    texts = texts_of(40)
    usual = encoder.encode(texts)
    weigh = encoder.model.weigh

    def small(ids: Any, mask: Any) -> Any:
        if ids.numel() > 40:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return weigh(ids, mask)

    object.__setattr__(encoder.model, "weigh", small)
    found = encoder.encode(texts)
    short = [number for number, text in enumerate(texts) if len(text.split()) + 2 <= 40]
    assert len(short) > 10
    assert alike([found[n] for n in short], [usual[n] for n in short], 0.001)
    assert all(found)


def test_other_errors_are_not_taken_for_that(load: Load) -> None:
    encoder = load()

    def broken(_ids: Any, _mask: Any) -> Any:
        raise RuntimeError("CUDA error: device-side assert triggered")

    object.__setattr__(encoder.model, "weigh", broken)
    with pytest.raises(RuntimeError, match="device-side assert"):
        encoder.encode(["lamp"])


def test_a_device_that_is_full_is_told(load: Load) -> None:
    encoder = load()

    def full(_ids: Any, _mask: Any) -> Any:
        raise MemoryError

    object.__setattr__(encoder.model, "weigh", full)
    with pytest.raises(EncoderOutOfMemory, match="cpu is out of memory"):
        encoder.encode(["lamp"])


def test_a_text_longer_than_the_model_is_read_as_far_as_it_goes(load: Load) -> None:
    """A million words, or one of a million letters, take no time."""
    encoder = load()
    long = texts_of(1, 1)[0] + " lamp" * 1_000_000
    began = time.process_time()
    vectors = encoder.encode([long, "x" * 1_000_000, "lamp"])
    assert time.process_time() - began < 5
    assert len(vectors) == 3


@pytest.mark.parametrize("precision", ["half", "bfloat16"])
def test_less_precision_gives_nearly_the_same(load: Load, precision: str) -> None:
    texts = texts_of(10)
    assert alike(load(DeviceSettings("cpu", precision)).encode(texts), load().encode(texts), 0.05)


def test_a_device_that_is_not_there_is_told(load: Load) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a card here")
    with pytest.raises(EncoderUnavailable, match="encoder_device is 'cuda:3', which torch cannot use here"):
        load(DeviceSettings("cuda:3"))


@pytest.mark.parametrize("loader", [load_splade, load_bge_m3])
def test_a_missing_model_is_named_and_never_fetched(loader: Load, tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=r"needs the model .* which is not on this machine"):
        loader(str(tmp_path / "no-model"), CPU)


def test_splade_takes_the_largest_saturated_logit_of_the_real_positions() -> None:
    logits = torch.tensor([[[1.0, -3.0, 0.0], [0.5, 2.0, 0.0], [9.0, 9.0, 9.0]]])
    wanted = torch.log1p(torch.tensor([[1.0, 2.0, 0.0]]))
    assert torch.allclose(splade_weights(torch, logits, torch.tensor([[1, 1, 0]])), wanted)


def test_bge_m3_takes_the_largest_weight_of_each_word() -> None:
    ids, weights = torch.tensor([[3, 1, 3]]), torch.tensor([[0.2, 0.0, 0.5]])
    assert torch.equal(lexical_weights(torch, ids, weights, 4), torch.tensor([[0.0, 0.0, 0.0, 0.5]]))


def test_texts_a_second(load: Load) -> None:
    """On a tiny model this tells what the work around it costs."""
    encoder = load()
    texts = texts_of(2_000)
    began = time.perf_counter()
    encoder.encode(texts)
    rate = len(texts) / (time.perf_counter() - began)
    print(f"{encoder.name.rpartition('/')[2]} on {encoder.device.name}: {rate:,.0f} texts a second")  # noqa: T201 - the figure is the point
    assert rate > 50
