"""BGE-M3: the lexical weights of a multilingual model."""

from collections.abc import Callable
from typing import Any

from ingestion_api.encoder.device import Device, DeviceChoice, find_device
from ingestion_api.encoder.extras import missing_model, required_module
from ingestion_api.encoder.learned import LearnedEncoder, Model, positions_of

MODEL = "BAAI/bge-m3"
_LONGEST = 8192
_HEAD = "sparse_linear.pt"
_ACTIVATIONS = 34  # numbers that a layer holds for each of a token's hidden ones, while it works


def load_bge_m3(model: str = MODEL, choice: DeviceChoice | None = None) -> LearnedEncoder:
    """Load the model from this machine; raise EncoderUnavailable without it, its packages or the device."""
    torch = required_module("torch", "bge-m3")
    transformers = required_module("transformers", "bge-m3")
    device = find_device(torch, choice or DeviceChoice())
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
        loaded = transformers.AutoModel.from_pretrained(model, local_files_only=True)
        file = transformers.utils.cached_file(model, _HEAD, local_files_only=True)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, ValueError) as error:
        raise missing_model(model, "bge-m3", error) from error
    config = loaded.config
    head = torch.nn.Linear(config.hidden_size, 1)
    head.load_state_dict(weights)
    unweighed = _unweighed(torch, tokenizer, device)
    found = Model(
        weigh=_weigh(torch, _placed(loaded, device), _placed(head, device), unweighed),
        longest=min(_LONGEST, positions_of(config)),
        bytes_per_token=_ACTIVATIONS * config.hidden_size * device.dtype.itemsize,
        bytes_per_text=8 * config.vocab_size,
    )
    return LearnedEncoder(torch, tokenizer, found, device, model)


def lexical(torch: Any, ids: Any, weights: Any, words: int) -> Any:
    """Return each word's largest weight over the positions that hold it, in full precision.

    Shapes: (texts, positions), (texts, positions) -> (texts, words).
    """
    found = torch.zeros(ids.shape[0], words, device=ids.device)
    return found.scatter_reduce_(1, ids, weights.float(), "amax")


def _weigh(torch: Any, model: Any, head: Any, unweighed: Any) -> Callable[[Any, Any], Any]:
    def weigh(ids: Any, mask: Any) -> Any:
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = torch.relu(head(hidden)).squeeze(-1)
        weights = weights.masked_fill((mask == 0) | torch.isin(ids, unweighed), 0.0)
        return lexical(torch, ids, weights, model.config.vocab_size)

    return weigh


def _unweighed(torch: Any, tokenizer: Any, device: Device) -> Any:
    # the model's own code leaves these out: they stand for no word
    names = ("cls_token_id", "eos_token_id", "pad_token_id", "unk_token_id")
    found = {getattr(tokenizer, name) for name in names} - {None}
    return torch.tensor(sorted(found), device=device.name)


def _placed(module: Any, device: Device) -> Any:
    return module.eval().to(device=device.name, dtype=device.dtype)
